//! A client that creates one key after the other while something else is measured.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use strongroom_types::KeyType;

use super::BenchError;
use crate::live::caller::{Caller, CallerError};

/// The client, in a thread of its own.
pub(crate) struct Drawing {
    enough: Arc<AtomicBool>,
    thread: JoinHandle<Result<usize, CallerError>>,
}

impl Drawing {
    /// Begins to create keys of this type. The round makes their names differ from those of others.
    /// The caller's own connections stay where they are: their runtime may wait for the load.
    pub(crate) fn begin(caller: Caller, key_type: KeyType, round: usize) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let enough = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&enough);
        let draw = async move {
            let caller = caller.elsewhere()?;
            let mut drawn = 0;
            while !asked.load(Ordering::Relaxed) {
                let word = format!("{round} {drawn}");
                caller.create_key(key_type, &word).await?;
                drawn += 1;
            }
            Ok(drawn)
        };
        let thread = thread::Builder::new()
            .name("drawing".to_owned())
            .spawn(move || runtime.block_on(draw))?;
        Ok(Self { enough, thread })
    }

    /// Waits for the key that is being drawn, so that nothing is left for what comes next; gives how
    /// many there were.
    pub(crate) fn end(self) -> Result<usize, BenchError> {
        self.enough.store(true, Ordering::Relaxed);
        match self.thread.join() {
            Ok(drawn) => Ok(drawn?),
            Err(_) => Err(BenchError::File {
                what: "creating keys beside the load",
                source: io::Error::other("its thread panicked"),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::time::{Duration, Instant};

    use axum::Router;
    use axum::http::StatusCode;
    use axum::routing::post;
    use tokio::net::TcpListener;

    use super::*;

    /// A server that answers each key with this status and counts them, and a client of it.
    fn server(status: StatusCode) -> (tokio::runtime::Runtime, Arc<AtomicUsize>, Caller) {
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        let create = move |body: String| async move {
            assert!(body.contains(r#""keyType":"rsa-4096""#), "{body}");
            counted.fetch_add(1, Ordering::Relaxed);
            (status, r#"{"identity":"kms-one"}"#)
        };
        let app = Router::new().route("/v1/kms/nl-01/keys", post(create));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let caller = Caller {
            endpoint: format!("http://{}", listener.local_addr().unwrap()),
            region: "nl-01".to_owned(),
            authorization: String::new(),
            organisation: String::new(),
            client: reqwest::Client::new(),
        };
        runtime.spawn(async { axum::serve(listener, app).await });
        (runtime, asked, caller)
    }

    #[test]
    fn keys_are_created_until_the_end_and_counted() {
        let (_runtime, asked, caller) = server(StatusCode::CREATED);
        let drawing = Drawing::begin(caller, KeyType::Rsa4096, 1).unwrap();
        while asked.load(Ordering::Relaxed) < 3 {
            thread::yield_now();
        }
        let drawn = drawing.end().unwrap();
        assert!(drawn >= 3);
        assert_eq!(drawn, asked.load(Ordering::Relaxed));
    }

    #[test]
    fn it_needs_nothing_of_the_runtime_that_its_caller_comes_from() {
        let (_runtime, asked, caller) = server(StatusCode::CREATED);
        let blocked = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let before = caller.create_key(KeyType::Rsa4096, "before");
        blocked.block_on(before).unwrap();
        let drawing = Drawing::begin(caller, KeyType::Rsa4096, 1).unwrap();
        let begun = Instant::now();
        while asked.load(Ordering::Relaxed) < 3 {
            assert!(begun.elapsed() < Duration::from_secs(20), "it hangs");
            thread::yield_now();
        }
        drawing.end().unwrap();
    }

    #[test]
    fn a_key_that_is_refused_is_no_silence() {
        let (_runtime, asked, caller) = server(StatusCode::SERVICE_UNAVAILABLE);
        let drawing = Drawing::begin(caller, KeyType::Rsa4096, 1).unwrap();
        while asked.load(Ordering::Relaxed) == 0 {
            thread::yield_now();
        }
        let refused = drawing.end();
        assert!(matches!(
            refused,
            Err(BenchError::Call(CallerError::Refused { status, .. }))
                if status == StatusCode::SERVICE_UNAVAILABLE
        ));
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }
}
