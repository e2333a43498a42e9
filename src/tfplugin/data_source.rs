//! Data sources: what can be looked up and is never stored as ours.

use async_trait::async_trait;

use super::context::Context;
use super::diag::Diagnostics;
use super::schema::Schema;
use super::value::Value;

/// A kind of data source.
#[async_trait]
pub trait DataSource: Send + Sync {
    /// Asked once.
    fn schema(&self) -> Schema;

    /// Judges a configuration beyond what the schema says. Values may be unknown.
    fn validate(&self, _config: &Value, _diagnostics: &mut Diagnostics) {}

    /// Looks up. `config` is wholly known; the answer repeats it and fills the computed attributes. What is not
    /// found is an error: a data source that asks for nothing has no other way to say so.
    async fn read(&self, ctx: &Context, config: Value) -> Result<Value, Diagnostics>;
}
