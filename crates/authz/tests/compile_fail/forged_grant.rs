//! A grant cannot be written down: its fields are private.

use std::sync::Arc;

use strongroom_authz::{Caller, Grant, ReadSecret};
use strongroom_types::{Scope, SecretPath};

fn forge(caller: Arc<Caller>, scope: Scope, target: SecretPath) -> Grant<ReadSecret> {
    Grant { caller, scope, target }
}

fn main() {}
