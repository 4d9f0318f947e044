//! Tests that take long.
