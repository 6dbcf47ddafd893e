//! Append-only evidence: record, hash chain, journal, verification.
