//! A stable hash of short fields, for summaries.

/// FNV-1a over words of 8 bytes, then the finish of SplitMix64. It is kept on disk, so it stays as
/// it is. Whoever forces a collision makes a query read one segment more.
pub(crate) struct Hash(u64);

impl Hash {
    pub(crate) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Adds a field, with its length.
    pub(crate) fn with(self, bytes: &[u8]) -> Self {
        let (words, rest) = bytes.as_chunks::<8>();
        let mut last = [0; 8];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        let length = bytes.len() as u64;
        let hash = words
            .iter()
            .fold(self.0, |hash, word| Self::mix(hash, *word));
        Self(Self::mix(Self::mix(hash, last), length.to_le_bytes()))
    }

    fn mix(hash: u64, word: [u8; 8]) -> u64 {
        (hash ^ u64::from_le_bytes(word)).wrapping_mul(0x0000_0100_0000_01b3)
    }

    pub(crate) fn finish(self) -> u64 {
        let mut hash = self.0;
        hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        hash ^ (hash >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn fields_do_not_run_together() {
        let hashes: HashSet<_> = [
            Hash::new().with(b"ab").with(b"c"),
            Hash::new().with(b"a").with(b"bc"),
            Hash::new().with(b"abc").with(b""),
            Hash::new().with(b"abc"),
            Hash::new().with(b"abc\0"),
            Hash::new().with(b"abc\0\0\0\0\0"),
        ]
        .into_iter()
        .map(Hash::finish)
        .collect();
        assert_eq!(hashes.len(), 6);
    }
}
