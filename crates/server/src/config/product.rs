//! What the service accepts: values, keys, how many of what.

use super::section::{choice, section};

choice! {
    /// How a value in a request is read (contract 6.2).
    pub enum Encoding: "`strict` or `lenient`" {
        /// Standard base64 with padding, or 400.
        Strict,
        /// Base64 where it is that, otherwise the text as it stands.
        Lenient,
    }
}

choice! {
    /// What the `statements` of an access policy do (contract 6.1).
    pub enum Statements: "`enforce` or `store`" {
        /// They are enforced for each action.
        Enforce,
        /// They are kept and shown, never enforced.
        Store,
    }
}

section! {
    /// What a secret's value may be.
    pub struct Values {
        /// The longest value, or entry of a value, in bytes after decoding; at most 1,048,576.
        pub max_bytes: usize = 4_096,
        /// Entries in one key-value secret.
        pub max_entries: usize = 256,
        /// `strict` wants base64 as the API says. `lenient` also takes raw text from clients that
        /// send it, and marks that in the audit record.
        pub encoding: Encoding = Encoding::Strict,
        /// Whether a secret may be created without a value, to get one later.
        pub allow_empty_secret: bool = false,
        /// What the statements of an access policy do.
        pub statements: Statements = Statements::Enforce,
    }
}

section! {
    /// Keys.
    pub struct Kms {
        /// Whether reading or writing a secret's value needs the right to use its key as well.
        pub require_key_permission: bool = false,
        /// How many days a key waits between its deletion and its end.
        pub deletion_days: u32 = 30,
    }
}

section! {
    /// Tokens that the server issues for client credentials.
    pub struct Tokens {
        /// How long such a token lives, in seconds.
        pub access_seconds: u64 = 3_600,
    }
}

section! {
    /// How many of what there may be.
    pub struct Quotas {
        /// Secrets that one organisation may have, in all its projects and regions together; 0 sets
        /// no limit. Where several servers share a store, what one creates is counted by the others
        /// within about a minute, and until then they may together exceed the limit.
        pub secrets_per_organisation: u64 = 0,
        /// Versions that one secret may ever have; 0 sets no limit.
        pub versions_per_secret: u64 = 0,
        /// Labels, and annotations, of one object.
        pub labels: usize = 64,
        /// The longest name of a label, in characters.
        pub label_name_length: usize = 128,
        /// The longest value of a label, in characters.
        pub label_value_length: usize = 1_024,
        /// How often the times of last accesses are written down, in seconds. A clean stop
        /// writes what is left; a crash loses at most this much of them.
        pub access_time_seconds: u64 = 60,
    }
}
