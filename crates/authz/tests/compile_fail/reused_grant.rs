//! A grant is spent by the operation that takes it.

use strongroom_authz::{DeleteSecret, Grant};

fn delete(_: Grant<DeleteSecret>) {}

fn twice(grant: Grant<DeleteSecret>) {
    delete(grant);
    delete(grant);
}

fn main() {}
