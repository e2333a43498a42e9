//! What a provider author writes first: the provider itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use super::context::Context;
use super::data_source::DataSource;
use super::diag::Diagnostics;
use super::function::Function;
use super::resource::Resource;
use super::schema::Schema;
use super::value::Value;

/// A provider: its configuration, and what it offers.
///
/// Everything but [`configure`](Self::configure) must work offline and without credentials: the host asks for
/// schemas, validation and moves before it configures, and starts processes that it never configures.
#[async_trait]
pub trait Provider: Send + Sync {
    /// The schema of the provider block. Asked once.
    fn schema(&self) -> Schema;

    /// Judges the provider block beyond what the schema says. Values may be unknown.
    fn validate(&self, _config: &Value, _diagnostics: &mut Diagnostics) {}

    /// Takes the provider block. While planning, values may be unknown (they come from a resource that does not
    /// exist yet): that is no error. Keep what is known, and let the calls that need the rest say so.
    async fn configure(&self, ctx: &Context, request: Configure) -> Result<(), Diagnostics>;

    /// Resources by their full type names, such as `random_pet`. Asked once.
    fn resources(&self) -> BTreeMap<String, Arc<dyn Resource>> {
        BTreeMap::new()
    }

    /// Data sources by their full type names. Asked once.
    fn data_sources(&self) -> BTreeMap<String, Arc<dyn DataSource>> {
        BTreeMap::new()
    }

    /// Functions by their names, which configurations use as `provider::random::NAME`. Asked once.
    fn functions(&self) -> BTreeMap<String, Arc<dyn Function>> {
        BTreeMap::new()
    }
}

/// What a host says when it configures a provider.
#[derive(Debug, Clone)]
pub struct Configure {
    /// The host's version, such as `1.11.4`: for the user agent.
    pub terraform_version: String,
    /// The provider block, which may hold unknown values.
    pub config: Value,
}
