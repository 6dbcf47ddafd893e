//! What the server is compared with: axum alone, with the same allocator and runtime.

use std::io::{self, Write as _};
use std::path::PathBuf;

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::group_commit::GroupCommit;

/// How the reference is started; the benchmark does it.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// How long the JSON body of a reply is, in bytes.
    #[arg(long, default_value_t = 256)]
    bytes: usize,
    /// Commit one record to this file before each reply.
    #[arg(long)]
    commit_to: Option<PathBuf>,
}

/// Why the reference does not serve.
#[derive(Debug, thiserror::Error)]
#[error("the reference server could not {doing}")]
pub(crate) struct ReferenceError {
    doing: &'static str,
    #[source]
    source: io::Error,
}

#[derive(Clone, Serialize)]
struct Hello {
    message: String,
}

/// Serves until it is told to stop; prints its address as the first line.
pub(crate) fn serve(options: &Options) -> Result<(), ReferenceError> {
    let failed = |doing| move |source| ReferenceError { doing, source };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(failed("start its runtime"))?;
    let commit = options
        .commit_to
        .as_deref()
        .map(GroupCommit::start)
        .transpose();
    let app = router(options.bytes, commit.map_err(failed("make its file"))?);
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .map_err(failed("listen"))?;
        let address = listener.local_addr().map_err(failed("listen"))?;
        println!("{{\"endpoint\":\"http://{address}\"}}");
        io::stdout().flush().map_err(failed("print its address"))?;
        let mut told = signal(SignalKind::terminate()).map_err(failed("listen to signals"))?;
        tokio::select! {
            served = async { axum::serve(listener, app).await } => served.map_err(failed("serve")),
            _ = told.recv() => Ok(()),
        }
    })
}

fn router(bytes: usize, commit: Option<GroupCommit>) -> Router {
    let hello = Hello {
        message: "x".repeat(bytes.saturating_sub("{\"message\":\"\"}".len())),
    };
    let handler = move |_body: Bytes| {
        let (hello, commit) = (hello.clone(), commit.clone());
        async move {
            match commit {
                Some(commit) if !commit.commit().await => {
                    StatusCode::SERVICE_UNAVAILABLE.into_response()
                }
                Some(_) | None => reply(&hello),
            }
        }
    };
    Router::new().route("/{*path}", any(handler))
}

fn reply(hello: &Hello) -> Response {
    match serde_json::to_vec(hello) {
        Ok(body) => ([(CONTENT_TYPE, "application/json")], body).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reply_has_the_size_asked_for() {
        for bytes in [64, 256, 1024] {
            let message = "x".repeat(bytes - 14);
            assert_eq!(serde_json::to_vec(&Hello { message }).unwrap().len(), bytes);
        }
    }
}
