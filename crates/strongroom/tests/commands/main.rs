//! The binary as people run it.

#[cfg(test)]
mod audit;
#[cfg(test)]
mod dev;
#[cfg(test)]
mod init;
#[cfg(test)]
mod printed;
#[cfg(test)]
mod process;
#[cfg(test)]
mod recipes;
#[cfg(test)]
mod server;
