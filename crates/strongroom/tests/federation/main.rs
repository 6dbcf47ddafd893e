//! Workload identity federation, whole: a real issuer, real sockets, tokens like those of GitHub
//! Actions, GitLab and Kubernetes, and tokens that nobody should accept.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test fails by panicking"
)]

#[cfg(test)]
mod authority;
#[cfg(test)]
mod exchange;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod invited;
#[cfg(test)]
mod issuer;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod login;
#[cfg(test)]
mod manage;
#[cfg(test)]
mod own_tokens;
#[cfg(test)]
mod provider;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod sign_in;
