//! `strongroom secret …`

mod execute;
mod tree;
mod views;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use strongroom_client::{Description, EntryName, KeyId, Reference, SecretPath, Version};

use crate::Connection;
use crate::confirm::Consent;
use crate::labels::LabelArgs;
use crate::value::ValueArgs;

/// Work with secrets.
///
/// Values are read from standard input (`-`), from files, or drawn by the server. They are never
/// arguments: every user of the machine can see those, and the shell keeps them.
#[derive(Debug, Args)]
pub struct SecretArgs {
    #[command(subcommand)]
    command: SecretCommand,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Subcommand)]
enum SecretCommand {
    /// Create a secret with its first value.
    Create(Create),
    /// Write a value to standard output, exactly its bytes.
    Get(Get),
    /// Add a new version, which becomes the current one.
    Put(Put),
    /// List the secrets in a directory.
    Ls(List),
    /// Show the secrets below a directory as a tree.
    Tree {
        /// Where the tree starts, such as /app/production.
        #[arg(default_value = "/")]
        path: String,
    },
    /// Show what is known of a secret, without its value.
    Show {
        /// The secret, such as /app/production/db/password.
        path: SecretPath,
    },
    /// List a secret's versions.
    Versions {
        /// The secret.
        path: SecretPath,
    },
    /// Erase the value of one version for good.
    Destroy(Destroy),
    /// Delete a secret with all its versions for good.
    Delete {
        /// The secret.
        path: SecretPath,
        #[command(flatten)]
        consent: Consent,
    },
    /// Set or clear who may read and write a value, from where and when.
    #[command(subcommand)]
    Policy(PolicyCommand),
}

#[derive(Debug, Args)]
struct Create {
    /// Where the secret will live, such as /app/production/db/password.
    path: SecretPath,
    /// The key that protects it, by identity or slug.
    #[arg(long, value_name = "KEY")]
    kms_key: Reference<KeyId>,
    #[command(flatten)]
    value: ValueArgs,
    /// What the secret is for.
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    description: Description,
    #[command(flatten)]
    labels: LabelArgs,
    /// A JSON file with the access policy.
    #[arg(long, value_name = "FILE")]
    policy_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Get {
    /// The secret.
    path: SecretPath,
    /// Which version; without it, the current one.
    #[arg(long, value_name = "N")]
    version: Option<Version>,
    /// Which entry of a secret with named entries.
    #[arg(long, value_name = "NAME", conflicts_with = "json")]
    key: Option<EntryName>,
    /// Write the API's reply, with values in base64.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Put {
    /// The secret.
    path: SecretPath,
    #[command(flatten)]
    value: ValueArgs,
}

#[derive(Debug, Args)]
struct List {
    /// The directory, such as /app/production; with --recursive, how paths start.
    #[arg(default_value = "/")]
    path: String,
    /// List every secret whose path starts like this, however deep.
    #[arg(long, short)]
    recursive: bool,
}

#[derive(Debug, Args)]
struct Destroy {
    /// The secret.
    path: SecretPath,
    /// Which version.
    #[arg(long, value_name = "N")]
    version: Version,
    #[command(flatten)]
    consent: Consent,
}

#[derive(Debug, Subcommand)]
enum PolicyCommand {
    /// Set the access policy.
    Set {
        /// The secret.
        path: SecretPath,
        /// A JSON file with the policy, or `-` for standard input.
        file: PathBuf,
    },
    /// Remove the access policy, so that roles alone decide.
    Clear {
        /// The secret.
        path: SecretPath,
        #[command(flatten)]
        consent: Consent,
    },
}
