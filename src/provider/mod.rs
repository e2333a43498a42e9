//! The HCL surface: the provider block and its resources, where Terraform, the node pools and the clouds meet.
//!
//! - [`settings`]: the provider block, and what it says.
//! - `clusters`: the connections to clusters' Kubernetes APIs.
//! - `looks`: what a refresh sees in them.
//! - `session`: what the provider knows once configured, shared by its resources.
//! - [`nodepool`]: the node-pool resources.
//! - `slice_check`: whether slices are seen, and the resource that demands it.
//! - `origin`: cloud or sandbox, never mixed up.
//! - `diagnostics`: the neutral problems and errors in Terraform's form.
//!
//! A cloud is seen only through [`CloudRules`](crate::nodepool::CloudRules) and
//! [`NodePools`](crate::nodepool::NodePools).

mod clusters;
mod diagnostics;
mod looks;
pub mod nodepool;
mod origin;
mod session;
pub mod settings;
mod slice_check;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use crate::cloud::Clouds;
use crate::tfplugin::{self, Configure, Context, Diagnostic, Diagnostics, Resource, Schema, Value};

use nodepool::{Kind, NodePoolResource};
use session::Session;
use slice_check::SliceCheckResource;

/// The provider `gpuslice`.
#[derive(Debug, Default)]
pub struct Provider {
    session: Arc<Session>,
}

#[async_trait]
impl tfplugin::Provider for Provider {
    fn schema(&self) -> Schema {
        settings::schema()
    }

    fn validate(&self, config: &Value, diagnostics: &mut Diagnostics) {
        settings::validate(config, diagnostics);
    }

    async fn configure(&self, ctx: &Context, request: Configure) -> Result<(), Diagnostics> {
        #[expect(clippy::disallowed_methods, reason = "the one variable that is the provider's own")]
        let sandbox = std::env::var(settings::SANDBOX).ok();
        let (settings, mut configured) =
            settings::configured(&request.config, sandbox, &request.terraform_version)?;
        if let Some(url) = &settings.sandbox {
            ctx.warn(Diagnostic::warning(
                "The provider talks to a sandbox",
                format!(
                    "{} is set, so every cloud is the sandbox at {url}, with invented credentials. Nothing real is \
                     read, created or deleted.",
                    settings::SANDBOX
                ),
            ));
        }
        configured.clouds = Some(Arc::new(Clouds::new(settings)));
        self.session.configure(configured);
        Ok(())
    }

    fn resources(&self) -> BTreeMap<String, Arc<dyn Resource>> {
        let pools = Kind::ALL.map(|kind| {
            let pool: Arc<dyn Resource> = Arc::new(NodePoolResource::new(kind, Arc::clone(&self.session)));
            (kind.resource_type().to_owned(), pool)
        });
        let check: Arc<dyn Resource> = Arc::new(SliceCheckResource::new(Arc::clone(&self.session)));
        pools.into_iter().chain([(SliceCheckResource::TYPE.to_owned(), check)]).collect()
    }
}
