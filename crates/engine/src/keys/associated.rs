//! Data that a caller binds a ciphertext to, without putting it inside.

use std::borrow::Cow;

/// The most bytes that a caller may give.
pub const MAX_ASSOCIATED_DATA: usize = 65_535;

/// Keeps what callers choose apart from what the service binds its own ciphertexts to.
const PURPOSE: &[u8] = b"strongroom/associated-data/1:";

/// What goes into the cipher: nothing for nothing.
pub(super) fn associated(given: &[u8]) -> Cow<'static, [u8]> {
    if given.is_empty() {
        return Cow::Borrowed(&[]);
    }
    Cow::Owned([PURPOSE, given].concat())
}
