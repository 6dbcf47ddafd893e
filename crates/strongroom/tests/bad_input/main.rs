//! Bad input, over the wire: a clear 4xx, nothing written, nothing leaked, the server unharmed.

#[cfg(test)]
mod bodies;
#[cfg(test)]
mod connections;
#[cfg(test)]
mod cuts;
#[cfg(test)]
mod key_fields;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod urls;
