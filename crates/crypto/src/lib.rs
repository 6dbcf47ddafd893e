//! Algorithms, envelopes, key material and root key providers; the only room that names a crypto library.
