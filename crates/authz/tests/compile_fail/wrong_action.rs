//! A grant for one action is no grant for another, although both have the same target.

use strongroom_authz::{Grant, ReadSecret, ReadSecretValue};

fn reveal(_: Grant<ReadSecretValue>) {}

fn main() {
    let read: fn() -> Grant<ReadSecret> = || unreachable!();
    reveal(read());
}
