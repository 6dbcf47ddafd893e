//! Durable ordered keys and sealed values behind one handle.
