//! A value needs the second door: a grant alone does not open it.

use strongroom_authz::{Admitted, Grant, ReadSecretValue};

fn open(_: Admitted<ReadSecretValue>) {}

fn reveal(grant: Grant<ReadSecretValue>) {
    open(grant);
}

fn main() {}
