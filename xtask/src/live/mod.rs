//! A server that runs, with data in it, and a client of it: what measuring and training share.

pub(crate) mod caller;
pub(crate) mod dataset;
pub(crate) mod process;
