//! Only values are gated by a policy; nothing else can claim to have passed one.

use strongroom_authz::{Grant, ReadSecret};
use strongroom_types::Timestamp;

fn admit(grant: Grant<ReadSecret>, now: Timestamp) {
    let _admitted = grant.admit(None, now);
}

fn main() {}
