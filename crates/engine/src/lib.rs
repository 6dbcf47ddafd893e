//! The product: secrets, keys, identities, tokens, jobs.
