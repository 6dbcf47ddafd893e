//! What a ciphertext is bound to.

/// Associated data in one canonical form: a purpose, then fields, each with its length before it.
///
/// Two different lists of fields never give the same bytes, and two purposes never meet.
pub(crate) struct Binding(Vec<u8>);

impl Binding {
    /// Starts with the purpose. Purposes are constants of this crate and end in a format number.
    pub(crate) fn new(purpose: &'static str) -> Self {
        Self(Vec::with_capacity(256)).field(purpose.as_bytes())
    }

    /// Adds one field.
    pub(crate) fn field(mut self, bytes: &[u8]) -> Self {
        // `usize` is at most 64 bits wide on every platform that Rust has.
        self.0
            .extend_from_slice(&(bytes.len() as u64).to_be_bytes());
        self.0.extend_from_slice(bytes);
        self
    }

    /// Adds a field that may be absent; absent differs from empty.
    pub(crate) fn optional(mut self, bytes: Option<&[u8]>) -> Self {
        match bytes {
            Some(bytes) => {
                self.0.push(1);
                self.field(bytes)
            }
            None => {
                self.0.push(0);
                self
            }
        }
    }

    /// Adds a number.
    pub(crate) fn number(self, number: u64) -> Self {
        self.field(&number.to_be_bytes())
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bound(fields: &[Option<Vec<u8>>]) -> Vec<u8> {
        let start = Binding::new("test/1");
        let all = fields
            .iter()
            .fold(start, |binding, field| binding.optional(field.as_deref()));
        all.as_bytes().to_vec()
    }

    #[test]
    fn the_form_is_pinned() {
        let binding = Binding::new("p").field(b"ab").optional(None).number(7);
        let expected = [
            &[0, 0, 0, 0, 0, 0, 0, 1][..],
            b"p",
            &[0, 0, 0, 0, 0, 0, 0, 2],
            b"ab",
            &[0],
            &[0, 0, 0, 0, 0, 0, 0, 8],
            &[0, 0, 0, 0, 0, 0, 0, 7],
        ]
        .concat();
        assert_eq!(binding.as_bytes(), expected);
    }

    proptest! {
        #[test]
        fn different_fields_never_give_the_same_bytes(
            left: Vec<Option<Vec<u8>>>,
            right: Vec<Option<Vec<u8>>>,
        ) {
            prop_assert_eq!(bound(&left) == bound(&right), left == right);
        }
    }
}
