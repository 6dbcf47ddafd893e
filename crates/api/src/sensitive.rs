//! The one door through which secret bytes become text of a body, and back.
//!
//! Nothing else in the project serialises a `Plaintext`. Bodies are written by hand into one
//! buffer of the exact size, so that no half-written copy stays behind in memory that the
//! allocator took back, and the buffer is wiped when the last holder drops it.

use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use strongroom_types::{Plaintext, SecretValue};
use zeroize::Zeroizing;

/// A finished JSON body that holds a secret. It cannot be printed or copied, and is wiped on
/// drop; `bytes::Bytes::from_owner` makes it the body of a message without copying.
pub struct SensitiveBody(Zeroizing<Vec<u8>>);

impl AsRef<[u8]> for SensitiveBody {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// Writes one JSON object.
pub(crate) struct SensitiveJson {
    buffer: Zeroizing<Vec<u8>>,
    /// The buffer's capacity, which must never be outgrown: growing would leave a copy behind.
    room: usize,
}

/// How many bytes the base64 of `bytes` takes.
const fn base64_len(bytes: usize) -> usize {
    bytes.div_ceil(3) * 4
}

/// The most bytes that [`SensitiveJson::value`] writes.
pub(crate) fn value_len(value: &SecretValue) -> usize {
    // The longer field name, quotes, braces, colon, comma.
    const FRAME: usize = 32;
    match value {
        SecretValue::String(bytes) => FRAME + base64_len(bytes.len()),
        SecretValue::KeyValue(entries) => entries
            .iter()
            .map(|(name, bytes)| name.as_str().len() + base64_len(bytes.len()) + 6)
            .sum::<usize>()
            .saturating_add(FRAME),
    }
}

impl SensitiveJson {
    /// An object that will take at most `room` bytes.
    pub(crate) fn new(room: usize) -> Self {
        let mut buffer = Zeroizing::new(Vec::with_capacity(room));
        buffer.push(b'{');
        Self {
            room: buffer.capacity(),
            buffer,
        }
    }

    fn name(&mut self, name: &str) {
        if self.buffer.len() > 1 && self.buffer.last() != Some(&b'{') {
            self.buffer.push(b',');
        }
        self.buffer.push(b'"');
        self.buffer.extend_from_slice(name.as_bytes());
        self.buffer.extend_from_slice(b"\":");
    }

    /// A text whose alphabet needs no escapes in JSON: a path, an identity, a number.
    pub(crate) fn plain(&mut self, name: &str, value: &dyn std::fmt::Display) {
        self.name(name);
        self.buffer.push(b'"');
        self.display(value);
        self.buffer.push(b'"');
    }

    /// A number.
    pub(crate) fn number(&mut self, name: &str, value: u64) {
        self.name(name);
        self.display(&value);
    }

    fn display(&mut self, value: &dyn std::fmt::Display) {
        // Writing to a vector cannot fail.
        let _ = write!(Writer(&mut self.buffer), "{value}");
    }

    /// JSON that is finished already, such as an access policy or escaped text.
    pub(crate) fn json(&mut self, name: &str, value: &str) {
        self.name(name);
        self.buffer.extend_from_slice(value.as_bytes());
    }

    /// Secret bytes, as base64.
    pub(crate) fn secret(&mut self, name: &str, value: &Plaintext) {
        self.name(name);
        self.buffer.push(b'"');
        let start = self.buffer.len();
        self.buffer.resize(start + base64_len(value.len()), 0);
        if let Some(slot) = self.buffer.get_mut(start..) {
            let written = STANDARD.encode_slice(value.expose(), slot);
            debug_assert_eq!(
                written.ok(),
                Some(slot.len()),
                "the slot has the exact size"
            );
        }
        self.buffer.push(b'"');
    }

    /// A secret's value under the field that its format uses.
    pub(crate) fn value(&mut self, value: &SecretValue) {
        match value {
            SecretValue::String(bytes) => self.secret("secretString", bytes),
            SecretValue::KeyValue(entries) => {
                self.name("secretKeyValues");
                self.buffer.push(b'{');
                for (name, bytes) in entries {
                    self.secret(name.as_str(), bytes);
                }
                self.buffer.push(b'}');
            }
        }
    }

    /// Begins a list of objects, each between [`Self::open_item`] and [`Self::close_item`].
    pub(crate) fn open_list(&mut self, name: &str) {
        self.name(name);
        self.buffer.push(b'[');
    }

    /// Begins an object of a list.
    pub(crate) fn open_item(&mut self) {
        if self.buffer.last() == Some(&b'}') {
            self.buffer.push(b',');
        }
        self.buffer.push(b'{');
    }

    /// Ends an object of a list.
    pub(crate) fn close_item(&mut self) {
        self.buffer.push(b'}');
    }

    /// Ends a list.
    pub(crate) fn close_list(&mut self) {
        self.buffer.push(b']');
    }

    /// The finished body.
    pub(crate) fn finish(mut self) -> SensitiveBody {
        self.buffer.push(b'}');
        debug_assert_eq!(
            self.buffer.capacity(),
            self.room,
            "the buffer was moved while written"
        );
        SensitiveBody(self.buffer)
    }
}

struct Writer<'a>(&'a mut Vec<u8>);

impl std::fmt::Write for Writer<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_value_becomes_the_json_that_serde_reads(
            entries in proptest::collection::btree_map("[A-Za-z0-9_.-]{1,8}", any::<Vec<u8>>(), 0..5)
        ) {
            let value = SecretValue::KeyValue(
                entries
                    .iter()
                    .map(|(name, bytes)| (name.parse().unwrap(), Plaintext::new(bytes.clone())))
                    .collect(),
            );
            let mut json = SensitiveJson::new(value_len(&value) + 40);
            json.number("version", 7);
            json.value(&value);
            json.plain("path", &"/a");
            // `finish` asserts that the buffer never moved.
            let body = json.finish();
            let parsed: serde_json::Value = serde_json::from_slice(body.as_ref()).unwrap();
            let expected: BTreeMap<_, _> =
                entries.iter().map(|(name, bytes)| (name.clone(), STANDARD.encode(bytes))).collect();
            prop_assert_eq!(
                parsed,
                serde_json::json!({"version": 7, "secretKeyValues": expected, "path": "/a"})
            );
        }
    }
}
