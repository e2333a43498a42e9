//! Terraform's plugin protocol, for any provider.
//!
//! A provider implements [`Provider`], [`Resource`], [`DataSource`] and [`Function`], and its `main` calls
//! [`serve`](fn@serve). The parts, from the wire upwards:
//!
//! - [`proto`]: the messages as they travel; `serve` takes care of the process (who may connect, when it ends), `rpc`
//!   answers each procedure, `log` and `panic` speak to standard error in the way that hosts understand.
//! - Values: [`type_`] and [`value`] with [`number`], [`path`] and [`diag`]; [`codec`] makes bytes of them.
//! - [`schema`] says what a resource has, [`derived`] what follows from what, [`plan`] what will be, and
//!   [`self_check`] whether Terraform will accept it.
//! - The traits: [`provider`], [`resource`] with [`capability`], [`data_source`], [`function`]; and [`context`], what
//!   a running call has beside its arguments.

pub mod capability;
pub mod codec;
pub mod context;
pub mod data_source;
pub mod derived;
pub mod diag;
pub mod function;
mod log;
pub mod number;
mod panic;
pub mod path;
pub mod plan;
pub mod proto;
pub mod provider;
pub mod resource;
pub mod rpc;
pub mod schema;
pub mod self_check;
mod serve;
pub mod type_;
pub mod value;

pub use capability::{
    Identity, IdentityAttribute, IdentitySchema, Import, ImportBy, MoveSource, MoveState, Moved, UpgradeState,
};
pub use context::{Checkpoint, Context, Interruption, Operation};
pub use data_source::DataSource;
pub use derived::{Derived, Inputs};
pub use diag::{Diagnostic, Diagnostics};
pub use function::{Function, FunctionError, Parameter, Signature};
pub use number::Number;
pub use path::{AttributePath, Step};
pub use plan::{Action, Plan};
pub use provider::{Configure, Provider};
pub use resource::Resource;
pub use schema::{Attribute, Block, Schema};
pub use serve::{About, serve};
pub use type_::Type;
pub use value::Value;
