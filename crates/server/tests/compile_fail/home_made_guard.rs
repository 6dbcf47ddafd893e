use std::future::Future;

use strongroom_authz::ActionFacts;
use strongroom_server::http::{Guard, Knock, Refusal};

struct Anybody;

impl Guard for Anybody {
    const ACTION: Option<ActionFacts> = None;

    fn admit(_: Knock) -> impl Future<Output = Result<Self, Refusal>> + Send {
        async { Ok(Anybody) }
    }
}

fn main() {}
