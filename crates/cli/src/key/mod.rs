//! `strongroom key …`

mod execute;
mod views;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use strongroom_client::{Description, DisplayName, KeyId, KeyType, Reference, Slug, Version};

use crate::Connection;
use crate::confirm::Consent;
use crate::labels::{LabelArgs, pair};
use crate::value::Dash;

/// Work with keys. Keys are named by identity or slug.
#[derive(Debug, Args)]
pub struct KeyArgs {
    #[command(subcommand)]
    command: KeyCommand,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Create a key.
    Create(Create),
    /// List keys.
    Ls(List),
    /// Count the keys of every region.
    Summary,
    /// Schedule a key's removal, after which nothing that it protects can ever be read.
    Delete(Delete),
    /// Encrypt standard input or a file, and print the ciphertext.
    Encrypt(Encrypt),
    /// Decrypt a ciphertext, and write exactly the bytes to standard output.
    Decrypt(Decrypt),
    #[command(flatten)]
    One(OneKey),
}

/// What is done with one key and answers with it.
#[derive(Debug, Subcommand)]
enum OneKey {
    /// Show a key and its versions.
    Show(Named),
    /// Give a key a new version; older ones still decrypt.
    Rotate(Named),
    /// Set whether and how often a key rotates by itself.
    Rotation(SetRotation),
    /// Switch a key off: no value that it protects can be read until it is enabled again.
    Disable(Named),
    /// Switch a key on again.
    Enable(Named),
    /// Call off a key's scheduled removal.
    CancelDeletion(Named),
}

#[derive(Debug, Args)]
struct Named {
    /// The key.
    key: Reference<KeyId>,
}

#[derive(Debug, Args)]
struct Create {
    /// What people will call it; its slug is made of this.
    name: DisplayName,
    /// What it is for.
    #[arg(long = "type", value_name = "TYPE", default_value = "aes256-gcm96")]
    key_type: KeyType,
    /// What it is for, in words.
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    description: Description,
    #[command(flatten)]
    labels: LabelArgs,
    /// Let its material be exported later; this can never be changed.
    #[arg(long)]
    exportable: bool,
    /// Rotate by itself, every so many days, 1 to 3650.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=3650))]
    rotate_every: Option<u32>,
}

#[derive(Debug, Args)]
struct List {
    /// Only the key of this name.
    #[arg(long)]
    name: Option<String>,
    /// Only the key of this slug.
    #[arg(long)]
    slug: Option<Slug>,
    /// Only keys with this label; repeat it for more.
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    label: Vec<(String, String)>,
}

#[derive(Debug, Args)]
struct SetRotation {
    /// The key.
    key: Reference<KeyId>,
    /// Rotate every so many days, 1 to 3650.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=3650))]
    #[arg(required_unless_present = "off", conflicts_with = "off")]
    every: Option<u32>,
    /// Do not rotate by itself.
    #[arg(long)]
    off: bool,
}

#[derive(Debug, Args)]
struct Delete {
    /// The key.
    key: Reference<KeyId>,
    #[command(flatten)]
    consent: Consent,
}

#[derive(Debug, Args)]
struct Encrypt {
    /// The key.
    key: Reference<KeyId>,
    /// Read standard input, every byte of it. (What is to be encrypted is never an argument:
    /// every user of the machine can see those.)
    #[arg(value_name = "-", num_args = 0.., value_parser = Dash::parse)]
    stdin: Vec<Dash>,
    /// Read a file, every byte of it.
    #[arg(long, value_name = "FILE")]
    from_file: Option<PathBuf>,
    /// Which version of the key; without it, the latest.
    #[arg(long, value_name = "N")]
    key_version: Option<Version>,
}

#[derive(Debug, Args)]
struct Decrypt {
    /// The key.
    key: Reference<KeyId>,
    /// A file with the ciphertext; without it, standard input.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "-",
        hide_default_value = true
    )]
    from_file: PathBuf,
}
