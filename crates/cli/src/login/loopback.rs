//! The redirect that ends a sign-in at the provider, taken on this machine (RFC 8252, section 7.3).

use std::convert::Infallible;
use std::io;
use std::net::Ipv4Addr;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use url::form_urlencoded;

/// The ports of the redirect (contract 3.3): providers want to know them beforehand.
pub(super) const PORTS: RangeInclusive<u16> = 8765..=8770;
/// The path of the redirect.
const PATH: &str = "/callback";
/// Connections at the same time. Browsers open some that they do not use.
const MOST: usize = 32;
/// How long a connection may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(10);

/// What came back from the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Redirect {
    /// A code, to be exchanged for tokens, and whose it is, if it says so (RFC 9207).
    Code {
        code: String,
        issuer: Option<String>,
    },
    /// A refusal in the words of RFC 6749, 4.1.2.1.
    Refused { error: String, description: String },
}

/// A port of this machine at which the browser is expected.
pub(super) struct Loopback {
    listener: TcpListener,
    port: u16,
}

impl Loopback {
    /// The first port that is free.
    pub(super) async fn open(ports: RangeInclusive<u16>) -> io::Result<Self> {
        let mut last = io::Error::from(io::ErrorKind::AddrInUse);
        for port in ports {
            match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
                Ok(listener) => {
                    let port = listener.local_addr()?.port();
                    return Ok(Self { listener, port });
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Where the provider sends the browser back to.
    pub(super) fn url(&self) -> String {
        format!("http://{}:{}{PATH}", Ipv4Addr::LOCALHOST, self.port)
    }

    /// The one redirect that has this state. All others are turned away: anybody can send them.
    pub(super) async fn redirect(self, state: &str) -> io::Result<Redirect> {
        let state: Arc<str> = state.into();
        let (sender, mut receiver) = mpsc::channel(1);
        let mut serving = JoinSet::new();
        loop {
            tokio::select! {
                Some(redirect) = receiver.recv() => return Ok(redirect),
                accepted = self.listener.accept() => {
                    let (stream, _) = accepted?;
                    if serving.len() < MOST {
                        serving.spawn(serve(stream, Arc::clone(&state), sender.clone()));
                    }
                }
                Some(_) = serving.join_next(), if !serving.is_empty() => {}
            }
        }
    }
}

/// Answers one request, and hands its redirect on once the browser has the answer.
async fn serve(stream: TcpStream, state: Arc<str>, sender: mpsc::Sender<Redirect>) {
    let found = Mutex::new(None);
    let service = service_fn(|request: Request<Incoming>| {
        let (answer, redirect) = answer(&request, &state);
        if let Some(redirect) = redirect {
            *found.lock().unwrap_or_else(PoisonError::into_inner) = Some(redirect);
        }
        std::future::ready(Ok::<_, Infallible>(answer))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    // A browser that hangs up has still brought what it brought.
    let _hung_up = connection.await;
    let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(redirect) = found {
        // Nobody listens any more where another connection was faster.
        let _late = sender.send(redirect).await;
    }
}

fn answer(request: &Request<Incoming>, state: &str) -> (Response<Full<Bytes>>, Option<Redirect>) {
    let uri = request.uri();
    if uri.path() != PATH {
        return (page(StatusCode::NOT_FOUND, "There is nothing here."), None);
    }
    if request.method() != Method::GET {
        let page = page(
            StatusCode::METHOD_NOT_ALLOWED,
            "This is not how to come back.",
        );
        return (page, None);
    }
    match read(uri.query().unwrap_or_default(), state) {
        Some(redirect @ Redirect::Code { .. }) => {
            let text = "Strongroom has what it asked for. Go back to the terminal, which says \
                        whether you are signed in; this window can be closed.";
            (page(StatusCode::OK, text), Some(redirect))
        }
        Some(redirect @ Redirect::Refused { .. }) => {
            let text = "You were not signed in. The terminal says why; this window can be closed.";
            (page(StatusCode::OK, text), Some(redirect))
        }
        None => {
            let text = "This is not the answer that Strongroom waits for. Start again with the \
                        page that `strongroom login` opened or printed last.";
            (page(StatusCode::BAD_REQUEST, text), None)
        }
    }
}

/// What a query brings, if it has the right state.
fn read(query: &str, state: &str) -> Option<Redirect> {
    let field = |name: &str| {
        let mut fields = form_urlencoded::parse(query.as_bytes());
        let found = fields.find(|(field, _)| field == name);
        found.map(|(_, value)| value.into_owned())
    };
    if field("state")? != state {
        return None;
    }
    if let Some(error) = field("error") {
        let description = field("error_description").unwrap_or_default();
        return Some(Redirect::Refused { error, description });
    }
    let issuer = field("iss");
    field("code").map(|code| Redirect::Code { code, issuer })
}

/// A page without a script, a link or anything of the request.
fn page(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let body = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Strongroom</title>\
         <p>{text}</p></html>\n"
    );
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    for (name, value) in headers {
        let value = header::HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    async fn ask(port: u16, line: &str) -> String {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
            .await
            .unwrap();
        let request = format!("{line} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[test]
    fn a_redirect_counts_with_its_state_alone() {
        let code = |code: &str, issuer: Option<&str>| {
            Some(Redirect::Code {
                code: code.to_owned(),
                issuer: issuer.map(str::to_owned),
            })
        };
        for (query, expected) in [
            ("code=a%2Bb&state=s", code("a+b", None)),
            (
                "state=s&code=a&iss=https%3A%2F%2Fi",
                code("a", Some("https://i")),
            ),
            ("code=a&state=t", None),
            ("code=a&state=", None),
            ("code=a", None),
            ("state=s", None),
            ("", None),
            (
                "state=s&error=access_denied&error_description=no+way&code=a",
                Some(Redirect::Refused {
                    error: "access_denied".to_owned(),
                    description: "no way".to_owned(),
                }),
            ),
        ] {
            assert_eq!(read(query, "s"), expected, "{query}");
        }
    }

    #[tokio::test]
    async fn strangers_are_turned_away_until_the_right_redirect_comes() {
        let loopback = Loopback::open(0..=0).await.unwrap();
        let port = loopback.port;
        let silent = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
            .await
            .unwrap();
        let visits = async {
            for (line, status) in [
                ("GET /favicon.ico", "404"),
                ("POST /callback?code=x&state=right", "405"),
                ("GET /callback?code=evil&state=wrong", "400"),
                ("GET /callback?code=good&state=right", "200"),
            ] {
                let answer = ask(port, line).await;
                assert!(
                    answer.starts_with(&format!("HTTP/1.1 {status} ")),
                    "{answer}"
                );
                assert!(
                    !answer.contains("evil") && !answer.contains("good"),
                    "{answer}"
                );
            }
        };
        let (redirect, ()) = tokio::join!(loopback.redirect("right"), visits);
        let Redirect::Code { code, .. } = redirect.unwrap() else {
            panic!("no code")
        };
        assert_eq!(code, "good");
        drop(silent);
    }

    #[tokio::test]
    async fn a_taken_port_makes_room_for_the_next() {
        let first = Loopback::open(0..=0).await.unwrap();
        let taken = first.port;
        assert!(Loopback::open(taken..=taken).await.is_err());
        assert_eq!(first.url(), format!("http://127.0.0.1:{taken}/callback"));
    }
}
