use http::Method;
use strongroom_server::http::{Refusal, Reply, Route, Routes};

async fn open_to_anybody() -> Result<Reply, Refusal> {
    unreachable!()
}

fn main() {
    let route = Route::new(Method::GET, "/v1/everything", "everything");
    let _ = Routes::new().add(route, open_to_anybody);
}
