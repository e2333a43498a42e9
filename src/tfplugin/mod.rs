//! Terraform's plugin protocol.

pub mod proto;
