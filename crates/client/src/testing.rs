//! A server for tests: answers what the test wrote down and keeps what was asked.

use std::net::SocketAddr;

use strongroom_types::Plaintext;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::transport::Wire;
use crate::{Builder, Client, Credential};

/// The token that the test clients send.
pub(crate) const TOKEN: &str = "tc_pat_hunter2";

/// What the server answers to one request; the connection ends after it.
pub(crate) struct Answer {
    bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(status: u16, body: &str) -> Self {
        let head = format!(
            "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        Self {
            bytes: (head + body).into_bytes(),
        }
    }

    pub(crate) fn empty(status: u16) -> Self {
        let bytes = format!("HTTP/1.1 {status} X\r\nConnection: close\r\n\r\n").into_bytes();
        Self { bytes }
    }

    /// An answer that ends in the middle of its body.
    pub(crate) fn cut_off() -> Self {
        let mut answer = Self::json(200, "[    ]");
        answer.bytes.truncate(answer.bytes.len() - 3);
        answer
    }

    /// The same with one more header.
    pub(crate) fn with(self, name: &str, value: &str) -> Self {
        let text = String::from_utf8(self.bytes).unwrap();
        let text = text.replacen("\r\n", &format!("\r\n{name}: {value}\r\n"), 1);
        Self {
            bytes: text.into_bytes(),
        }
    }

    /// The same body in two chunks, so that its length is not announced.
    pub(crate) fn chunked(self) -> Self {
        let text = String::from_utf8(self.bytes).unwrap();
        let (_, body) = text.split_once("\r\n\r\n").unwrap();
        let (one, two) = body.split_at(body.len() / 2);
        let chunk = |part: &str| format!("{:x}\r\n{part}\r\n", part.len());
        let text = format!(
            "HTTP/1.1 200 X\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n{}{}0\r\n\r\n",
            chunk(one),
            chunk(two)
        );
        Self {
            bytes: text.into_bytes(),
        }
    }
}

/// A request as it arrived.
pub(crate) struct Received {
    pub(crate) line: String,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Received {
    fn read(head: &str, body: String) -> Self {
        let mut lines = head.split("\r\n");
        let line = lines.next().unwrap().to_owned();
        let headers = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        Self {
            line,
            headers,
            body,
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The path with its query.
    pub(crate) fn target(&self) -> &str {
        self.line.split(' ').nth(1).unwrap()
    }
}

/// The server.
pub(crate) struct Mock {
    address: SocketAddr,
    serving: JoinHandle<Vec<Received>>,
}

impl Mock {
    /// Answers as many requests as there are answers, in their order, then stops listening.
    pub(crate) async fn start<const N: usize>(script: [Answer; N]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        if N == 0 {
            // Nobody listens from the start, not only once the task has run.
            drop(listener);
            return Self {
                address,
                serving: tokio::spawn(async { Vec::new() }),
            };
        }
        let serving = tokio::spawn(async move {
            let mut requests = Vec::new();
            for answer in script {
                let (mut stream, _) = listener.accept().await.unwrap();
                requests.push(receive(&mut stream).await);
                stream.write_all(&answer.bytes).await.unwrap();
                stream.shutdown().await.unwrap();
            }
            requests
        });
        Self { address, serving }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Everything that was asked. Waits until the script is played out.
    pub(crate) async fn requests(self) -> Vec<Received> {
        self.serving.await.unwrap()
    }

    fn builder_at(address: SocketAddr) -> Builder {
        let token = Plaintext::new(TOKEN.as_bytes().to_vec());
        Client::builder(
            &format!("http://{address}"),
            Credential::token(token).unwrap(),
        )
        .organisation("acme".parse().unwrap())
        .project("shop".parse().unwrap())
    }

    pub(crate) fn builder(&self) -> Builder {
        Self::builder_at(self.address)
    }

    pub(crate) fn client_at(address: SocketAddr) -> Client {
        Self::builder_at(address).build().unwrap()
    }

    pub(crate) fn client(&self) -> Client {
        Self::client_at(self.address)
    }

    pub(crate) fn client_with_credentials(&self) -> Client {
        let secret = Plaintext::new(b"hunter2".to_vec());
        let credential = Credential::client_credentials("id", secret).unwrap();
        let endpoint = format!("http://{}", self.address);
        Client::builder(&endpoint, credential).build().unwrap()
    }

    pub(crate) fn wire(&self) -> Wire {
        let endpoint = format!("http://{}", self.address).parse().unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Wire::new(http, endpoint, 1 << 20)
    }
}

async fn receive(stream: &mut TcpStream) -> Received {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let request = Received::read(head, body.to_owned());
            let wanted = request
                .header("content-length")
                .map_or(0, |n| n.parse().unwrap());
            if body.len() >= wanted {
                return request;
            }
        }
        let read = stream.read(&mut buffer).await.unwrap();
        assert!(read > 0, "the request ended early: {text}");
        bytes.extend_from_slice(&buffer[..read]);
    }
}
