//! The listener over real sockets: limits, TLS and its renewal, HTTP/2, the graceful stop.

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod http2;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod stop;
#[cfg(test)]
mod tls;
