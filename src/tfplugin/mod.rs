//! Terraform's plugin protocol, for any provider.
//!
//! Values: [`type_`] and [`value`] with [`number`], [`path`] and [`diag`]; [`codec`] makes bytes of them.
//! [`schema`] says what a resource has, [`derived`] what follows from what, [`plan`] what will be, and
//! [`self_check`] whether Terraform would agree.

pub mod codec;
pub mod derived;
pub mod diag;
pub mod number;
pub mod path;
pub mod plan;
pub mod schema;
pub mod self_check;
pub mod type_;
pub mod value;
