//! The probe provider: resources that sleep, fail, panic and checkpoint on demand.
//!
//! - `script.rs`: the little language in which a configuration says what is to go wrong
//! - `thing.rs`: the resource that does; `thing_schema.rs`: its attributes; `taking_over.rs`: import, move, identity
//! - `counter.rs`: a resource with an older schema version
//! - `lookup.rs`, `functions.rs`: a data source and the functions
//!
//! Real objects are files in the folder that the provider block names, so that a test can delete or change them.

mod counter;
mod functions;
mod lookup;
mod script;
mod taking_over;
mod thing;
mod thing_schema;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use gpuslice::tfplugin::diag::Diagnostics;
use gpuslice::tfplugin::schema::{Attribute, Schema};
use gpuslice::tfplugin::type_::Type;
use gpuslice::tfplugin::value::Value;
use gpuslice::tfplugin::{About, Configure, Context, DataSource, Function, Provider, Resource};

#[allow(dead_code, reason = "this module is compiled into the binary and into the tests")]
pub(crate) const ABOUT: About = About {
    name: "probe",
    address: "registry.terraform.io/gpuslice/probe",
    version: "0.0.0",
    log_targets: &["probe_provider"],
};

/// The type of a `probe_thing`, for tests that call the procedures themselves.
#[allow(dead_code, reason = "this module is compiled into the binary and into the tests")]
pub(crate) fn thing_type() -> Type {
    thing_schema::schema().ty()
}

/// The provider block, as far as it is known. `None` before it has arrived.
pub(crate) type Settings = Arc<Mutex<Option<Value>>>;

/// The provider.
#[derive(Default)]
pub(crate) struct Probe {
    settings: Settings,
}

#[async_trait]
impl Provider for Probe {
    fn schema(&self) -> Schema {
        Schema::new(0)
            .describe("A provider that misbehaves on demand.")
            .attribute(Attribute::string("store").optional().describe("Folder of the real objects."))
            .attribute(Attribute::string("script").optional().describe("What happens when it is configured."))
    }

    async fn configure(&self, ctx: &Context, request: Configure) -> Result<(), Diagnostics> {
        tracing::info!(target: "probe_provider", version = request.terraform_version, "configured");
        script::run(ctx, request.config.lookup("script").as_str().unwrap_or_default(), &Value::Null).await?;
        *self.settings.lock().unwrap() = Some(request.config);
        Ok(())
    }

    fn resources(&self) -> BTreeMap<String, Arc<dyn Resource>> {
        let thing: Arc<dyn Resource> = Arc::new(thing::Thing { settings: Arc::clone(&self.settings) });
        [("probe_thing".to_owned(), thing), ("probe_counter".to_owned(), Arc::new(counter::Counter))].into()
    }

    fn data_sources(&self) -> BTreeMap<String, Arc<dyn DataSource>> {
        let lookup: Arc<dyn DataSource> = Arc::new(lookup::Lookup { settings: Arc::clone(&self.settings) });
        [("probe_lookup".to_owned(), lookup)].into()
    }

    fn functions(&self) -> BTreeMap<String, Arc<dyn Function>> {
        functions::all()
    }
}
