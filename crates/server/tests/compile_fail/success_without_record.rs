use strongroom_server::http::Reply;

fn main() {
    let _ = Reply { body: axum::body::Body::empty(), is_empty: true };
}
