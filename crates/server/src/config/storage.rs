//! Where the data lies.

use std::path::PathBuf;

use super::section::section;

section! {
    /// Where the data lies.
    pub struct Store {
        /// The data directory, made by `strongroom init`. Only its owner may read it.
        pub data: PathBuf = PathBuf::from("/var/lib/strongroom"),
        /// Memory for the cache of sealed rows, in MiB.
        pub cache_mebibytes: usize = 160,
    }
}
