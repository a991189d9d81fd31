//! The binary: see `planlint::cli`.
fn main() {}
