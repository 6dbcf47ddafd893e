//! Marked secrets through the whole life of a server that logs everything: afterwards no mark is
//! anywhere but in the answers that were asked for it.

#[cfg(test)]
mod client;
#[cfg(test)]
#[path = "../common/mod.rs"]
mod common;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod life;
#[cfg(test)]
mod marks;
#[cfg(test)]
mod run;
