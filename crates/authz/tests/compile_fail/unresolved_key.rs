//! A grant for a reference says nothing about the key that it names.

use strongroom_authz::{EncryptWithKey, Grant, Resolved};

fn encrypt(_: Resolved<EncryptWithKey>) {}

fn hasty(grant: Grant<EncryptWithKey>) {
    encrypt(grant);
}

fn main() {}
