//! A grant cannot be copied.

use strongroom_authz::{DeleteSecret, Grant};

fn copy(grant: &Grant<DeleteSecret>) -> Grant<DeleteSecret> {
    Clone::clone(grant)
}

fn main() {}
