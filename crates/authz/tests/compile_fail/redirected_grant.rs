//! A grant cannot be pointed at another target.

use strongroom_authz::{Grant, ReadSecret};
use strongroom_types::SecretPath;

fn redirect(mut grant: Grant<ReadSecret>, target: SecretPath) -> Grant<ReadSecret> {
    grant.target = target;
    grant
}

fn main() {}
