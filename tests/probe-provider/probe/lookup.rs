//! `probe_lookup`: a data source.

use async_trait::async_trait;
use gpuslice::tfplugin::diag::Diagnostics;
use gpuslice::tfplugin::schema::{Attribute, Schema};
use gpuslice::tfplugin::value::Value;
use gpuslice::tfplugin::{Context, DataSource};

use super::{Settings, script};

pub(crate) struct Lookup {
    pub(super) settings: Settings,
}

#[async_trait]
impl DataSource for Lookup {
    fn schema(&self) -> Schema {
        Schema::new(0)
            .attribute(Attribute::string("name").required())
            .attribute(Attribute::string("script").optional())
            .attribute(Attribute::string("id").computed())
            .attribute(Attribute::string("store").computed().describe("What the provider block says."))
    }

    async fn read(&self, ctx: &Context, config: Value) -> Result<Value, Diagnostics> {
        script::run(ctx, config.lookup("script").as_str().unwrap_or_default(), &config).await?;
        let mut found = config;
        let store =
            match self.settings.lock().unwrap().as_ref().map(|settings| settings.lookup("store").clone()) {
                Some(store) if store.is_unknown() => Value::from("not known yet"),
                Some(store) => store,
                None => Value::from("not configured"),
            };
        let name = found.lookup("name").as_str().unwrap_or_default().to_owned();
        for (attribute, value) in [("id", Value::from(format!("thing-{name}"))), ("store", store)] {
            found.set_at(&attribute.into(), value).expect("the attribute exists");
        }
        Ok(found)
    }
}
