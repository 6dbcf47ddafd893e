//! Nobody passes a secret's access policy without asking it.

use strongroom_authz::{Admitted, Grant, ReadSecretValue};

fn forge(grant: Grant<ReadSecretValue>) -> Admitted<ReadSecretValue> {
    Admitted { grant }
}

fn main() {}
