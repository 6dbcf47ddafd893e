//! An installation as its operators have it: made with `init`, configured by file and environment,
//! served with TLS, renewed, stopped and looked at.

#[cfg(test)]
#[path = "../common/mod.rs"]
mod common;
#[cfg(test)]
mod configuration;
#[cfg(test)]
mod evidence;
#[cfg(test)]
mod fail_closed;
#[cfg(test)]
mod hsm;
#[cfg(test)]
mod installation;
#[cfg(test)]
mod memory;
#[cfg(test)]
mod root_key;
#[cfg(test)]
mod rotation;
#[cfg(test)]
mod sealed;
#[cfg(test)]
mod stop;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod traces;
