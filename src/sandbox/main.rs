//! The sandbox's binary.
fn main() {}
