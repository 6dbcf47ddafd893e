//! A plain TCP connection, for bytes that no HTTP library would send.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// How long the other end may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection.
pub struct Wire {
    stream: TcpStream,
    read: Vec<u8>,
}

/// A reply, cut by its `Content-Length` or by the end of the connection.
#[derive(Debug)]
pub struct WireReply {
    /// The status.
    pub status: u16,
    /// The status line and the headers.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Wire {
    /// Connects.
    pub fn to(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self {
            stream,
            read: Vec::new(),
        }
    }

    /// Writes bytes. What the other end no longer wants to hear is no fault: it has its say in
    /// the reply.
    pub fn write(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        match self.stream.write_all(bytes.as_ref()) {
            Ok(()) => {}
            Err(error) if hung_up(error.kind()) => {}
            Err(error) => panic!("the connection failed: {error}"),
        }
        self
    }

    /// Says that no more bytes will come.
    pub fn finish(&mut self) -> &mut Self {
        let _already_gone = self.stream.shutdown(Shutdown::Write);
        self
    }

    /// The next reply; nothing if the connection ends without one.
    pub fn reply(&mut self) -> Option<WireReply> {
        let head_length = loop {
            if let Some(place) = find(&self.read, b"\r\n\r\n") {
                break place + 4;
            }
            if !self.more() {
                return None;
            }
        };
        let head: Vec<u8> = self.read.drain(..head_length).collect();
        let head = String::from_utf8(head).unwrap();
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse::<usize>().unwrap())
        });
        while length.is_none_or(|length| self.read.len() < length) && self.more() {}
        let length = length.unwrap_or(self.read.len()).min(self.read.len());
        let body = self.read.drain(..length).collect();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Some(WireReply {
            status,
            head,
            body: String::from_utf8(body).unwrap(),
        })
    }

    /// Whether the other end closes the connection without a further byte.
    pub fn is_closed(&mut self) -> bool {
        self.read.is_empty() && !self.more()
    }

    fn more(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(0) => false,
            Ok(length) => {
                self.read.extend_from_slice(&buffer[..length]);
                true
            }
            Err(error) if hung_up(error.kind()) => false,
            Err(error) => panic!("the connection failed: {error}"),
        }
    }
}

fn hung_up(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted
    )
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}
