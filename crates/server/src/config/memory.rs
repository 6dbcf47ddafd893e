//! The memory of the process.

use super::section::section;

section! {
    /// The memory of the process, where keys and values are.
    pub struct Memory {
        /// Whether to keep memory from being swapped out. Done only where the system sets no limit
        /// to it (`LimitMEMLOCK=infinity` under systemd); elsewhere the log says so at the level
        /// `debug`. Core dumps are off in any case.
        pub lock: bool = true,
    }
}
