//! What would do.
