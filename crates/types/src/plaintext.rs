//! Bytes that must not leak.

use zeroize::Zeroizing;

/// Secret bytes: a value, key material, a token, a passphrase.
///
/// It cannot be printed, compared, copied or serialised, and is wiped when dropped. The one way
/// to the bytes is [`Plaintext::expose`], whose call sites are listed in `docs/expose-sites.txt`.
///
/// ```
/// let secret = strongroom_types::Plaintext::new(vec![1]);
/// assert_eq!(secret.expose(), [1]);
/// ```
/// ```compile_fail,E0277
/// println!("{:?}", strongroom_types::Plaintext::new(vec![1]));
/// ```
/// ```compile_fail,E0277
/// println!("{}", strongroom_types::Plaintext::new(vec![1]));
/// ```
/// ```compile_fail,E0599
/// strongroom_types::Plaintext::new(vec![1]).clone();
/// ```
/// ```compile_fail,E0369
/// strongroom_types::Plaintext::new(vec![1]) == strongroom_types::Plaintext::new(vec![1]);
/// ```
pub struct Plaintext(Zeroizing<Vec<u8>>);

impl Plaintext {
    /// Takes the bytes over; the vector is wiped when this is dropped.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The secret bytes. Whoever calls this answers for where they go.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The whole buffer, still wiped on drop, for a writer that fills it in place.
    pub fn into_zeroizing(self) -> Zeroizing<Vec<u8>> {
        self.0
    }
}
