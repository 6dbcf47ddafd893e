//! Typed async HTTP client for Strongroom.
