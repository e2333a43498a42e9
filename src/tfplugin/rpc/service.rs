//! All procedures of protocol 6, served or refused.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::Stream;
use tonic::{Request, Response, Status, Streaming};

use super::calls::{Call, Calls};
use super::catalog::Catalog;
use super::guard::{self, Answer};
use super::{
    apply, data_source, function, identity, import, move_state, plan, provider, read, upgrade, validate,
};
use crate::tfplugin::diag::Diagnostics;
use crate::tfplugin::proto::tfplugin6 as tf;
use crate::tfplugin::serve::Activity;
use crate::tfplugin::{FunctionError, Provider};

/// A provider as a gRPC service. [`serve`](fn@crate::tfplugin::serve) makes one; a test may make its own and call
/// the procedures without a process around them.
#[derive(Clone)]
pub struct Service {
    catalog: Arc<Catalog>,
    calls: Arc<Calls>,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("calls", &self.calls).finish_non_exhaustive()
    }
}

impl Service {
    /// A service for `provider`.
    pub fn new<P: Provider + 'static>(provider: P) -> Self {
        Self::with_activity(provider, Arc::default())
    }

    pub(in crate::tfplugin) fn with_activity<P: Provider + 'static>(
        provider: P,
        activity: Arc<Activity>,
    ) -> Self {
        let catalog = Arc::new(Catalog::new(Box::new(provider)));
        Self { catalog, calls: Arc::new(Calls::new(activity)) }
    }

    pub(in crate::tfplugin) fn calls(&self) -> Arc<Calls> {
        Arc::clone(&self.calls)
    }

    /// Runs a procedure that waits for something.
    async fn run<A: Answer, F>(
        &self,
        rpc: &'static str,
        about: &str,
        work: impl FnOnce(Arc<Catalog>, Call) -> F,
    ) -> Result<Response<A>, Status>
    where
        F: Future<Output = Result<A, Diagnostics>> + Send + 'static,
    {
        let catalog = Arc::clone(&self.catalog);
        guard::run(&self.calls, rpc, about, |call| work(catalog, call)).await
    }

    /// Runs a procedure that only computes.
    async fn compute<A: Answer>(
        &self,
        rpc: &'static str,
        about: &str,
        work: impl FnOnce(&Catalog) -> Result<A, Diagnostics> + Send + 'static,
    ) -> Result<Response<A>, Status> {
        self.run(rpc, about, |catalog, call| async move {
            let answer = work(&catalog);
            drop(call);
            answer
        })
        .await
    }
}

type Streamed<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// A host calls these only for what the schema offers, and ours offers none of it.
fn refused<T>(rpc: &str, what: &str) -> Result<Response<T>, Status> {
    Err(Status::unimplemented(format!("{rpc} is not served: this provider offers no {what}")))
}

#[async_trait]
impl tf::provider_server::Provider for Service {
    async fn get_metadata(
        &self,
        _: Request<tf::get_metadata::Request>,
    ) -> Result<Response<tf::get_metadata::Response>, Status> {
        self.compute("GetMetadata", "", |catalog| Ok(provider::metadata(catalog))).await
    }

    async fn get_provider_schema(
        &self,
        _: Request<tf::get_provider_schema::Request>,
    ) -> Result<Response<tf::get_provider_schema::Response>, Status> {
        self.compute("GetProviderSchema", "", provider::schema).await
    }

    async fn get_functions(
        &self,
        _: Request<tf::get_functions::Request>,
    ) -> Result<Response<tf::get_functions::Response>, Status> {
        self.compute("GetFunctions", "", |catalog| Ok(provider::functions(catalog))).await
    }

    async fn get_resource_identity_schemas(
        &self,
        _: Request<tf::get_resource_identity_schemas::Request>,
    ) -> Result<Response<tf::get_resource_identity_schemas::Response>, Status> {
        self.compute("GetResourceIdentitySchemas", "", |catalog| Ok(identity::schemas(catalog))).await
    }

    async fn validate_provider_config(
        &self,
        request: Request<tf::validate_provider_config::Request>,
    ) -> Result<Response<tf::validate_provider_config::Response>, Status> {
        let request = request.into_inner();
        self.compute("ValidateProviderConfig", "", move |catalog| provider::validate(catalog, &request)).await
    }

    async fn validate_resource_config(
        &self,
        request: Request<tf::validate_resource_config::Request>,
    ) -> Result<Response<tf::validate_resource_config::Response>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        self.compute("ValidateResourceConfig", &name, move |catalog| validate::resource(catalog, &request))
            .await
    }

    async fn validate_data_resource_config(
        &self,
        request: Request<tf::validate_data_resource_config::Request>,
    ) -> Result<Response<tf::validate_data_resource_config::Response>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        self.compute("ValidateDataResourceConfig", &name, move |catalog| {
            validate::data_source(catalog, &request)
        })
        .await
    }

    async fn configure_provider(
        &self,
        request: Request<tf::configure_provider::Request>,
    ) -> Result<Response<tf::configure_provider::Response>, Status> {
        let request = request.into_inner();
        self.run("ConfigureProvider", "", |catalog, call| provider::configure(catalog, call, request)).await
    }

    async fn upgrade_resource_state(
        &self,
        request: Request<tf::upgrade_resource_state::Request>,
    ) -> Result<Response<tf::upgrade_resource_state::Response>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        self.compute("UpgradeResourceState", &name, move |catalog| upgrade::state(catalog, &request)).await
    }

    async fn upgrade_resource_identity(
        &self,
        request: Request<tf::upgrade_resource_identity::Request>,
    ) -> Result<Response<tf::upgrade_resource_identity::Response>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        self.compute("UpgradeResourceIdentity", &name, move |catalog| identity::upgrade(catalog, &request))
            .await
    }

    async fn read_resource(
        &self,
        request: Request<tf::read_resource::Request>,
    ) -> Result<Response<tf::read_resource::Response>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        self.run("ReadResource", &name, |catalog, call| read::read(catalog, call, request)).await
    }

    async fn plan_resource_change(
        &self,
        request: Request<tf::plan_resource_change::Request>,
    ) -> Result<Response<tf::plan_resource_change::Response>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        self.compute("PlanResourceChange", &name, move |catalog| plan::plan(catalog, request)).await
    }

    async fn apply_resource_change(
        &self,
        request: Request<tf::apply_resource_change::Request>,
    ) -> Result<Response<tf::apply_resource_change::Response>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        self.run("ApplyResourceChange", &name, |catalog, call| apply::apply(catalog, call, request)).await
    }

    async fn import_resource_state(
        &self,
        request: Request<tf::import_resource_state::Request>,
    ) -> Result<Response<tf::import_resource_state::Response>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        self.run("ImportResourceState", &name, |catalog, call| import::import(catalog, call, request)).await
    }

    async fn move_resource_state(
        &self,
        request: Request<tf::move_resource_state::Request>,
    ) -> Result<Response<tf::move_resource_state::Response>, Status> {
        let request = request.into_inner();
        let name = request.target_type_name.clone();
        self.compute("MoveResourceState", &name, move |catalog| move_state::move_state(catalog, request))
            .await
    }

    async fn read_data_source(
        &self,
        request: Request<tf::read_data_source::Request>,
    ) -> Result<Response<tf::read_data_source::Response>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        self.run("ReadDataSource", &name, |catalog, call| data_source::read(catalog, call, request)).await
    }

    async fn call_function(
        &self,
        request: Request<tf::call_function::Request>,
    ) -> Result<Response<tf::call_function::Response>, Status> {
        let request = request.into_inner();
        let (catalog, name) = (Arc::clone(&self.catalog), request.name.clone());
        let called = guard::caught(&self.calls, "CallFunction", &name, |call| async move {
            let answer = function::call(&catalog, &request);
            drop(call);
            answer
        });
        Ok(Response::new(called.await.unwrap_or_else(|panicked| {
            let said = function::sentences(&panicked.diagnostics("CallFunction", &name));
            function::failed(&FunctionError::new(said))
        })))
    }

    /// Answered at once: the host waits for the running calls by itself.
    async fn stop_provider(
        &self,
        _: Request<tf::stop_provider::Request>,
    ) -> Result<Response<tf::stop_provider::Response>, Status> {
        tracing::info!("stopping the running calls");
        self.calls.stop();
        Ok(Response::new(tf::stop_provider::Response::default()))
    }

    async fn generate_resource_config(
        &self,
        _: Request<tf::generate_resource_config::Request>,
    ) -> Result<Response<tf::generate_resource_config::Response>, Status> {
        refused("GenerateResourceConfig", "generated configuration")
    }

    async fn validate_ephemeral_resource_config(
        &self,
        _: Request<tf::validate_ephemeral_resource_config::Request>,
    ) -> Result<Response<tf::validate_ephemeral_resource_config::Response>, Status> {
        refused("ValidateEphemeralResourceConfig", "ephemeral resources")
    }

    async fn open_ephemeral_resource(
        &self,
        _: Request<tf::open_ephemeral_resource::Request>,
    ) -> Result<Response<tf::open_ephemeral_resource::Response>, Status> {
        refused("OpenEphemeralResource", "ephemeral resources")
    }

    async fn renew_ephemeral_resource(
        &self,
        _: Request<tf::renew_ephemeral_resource::Request>,
    ) -> Result<Response<tf::renew_ephemeral_resource::Response>, Status> {
        refused("RenewEphemeralResource", "ephemeral resources")
    }

    async fn close_ephemeral_resource(
        &self,
        _: Request<tf::close_ephemeral_resource::Request>,
    ) -> Result<Response<tf::close_ephemeral_resource::Response>, Status> {
        refused("CloseEphemeralResource", "ephemeral resources")
    }

    type ListResourceStream = Streamed<tf::list_resource::Event>;

    async fn list_resource(
        &self,
        _: Request<tf::list_resource::Request>,
    ) -> Result<Response<Self::ListResourceStream>, Status> {
        refused("ListResource", "list resources")
    }

    async fn validate_list_resource_config(
        &self,
        _: Request<tf::validate_list_resource_config::Request>,
    ) -> Result<Response<tf::validate_list_resource_config::Response>, Status> {
        refused("ValidateListResourceConfig", "list resources")
    }

    async fn validate_state_store_config(
        &self,
        _: Request<tf::validate_state_store::Request>,
    ) -> Result<Response<tf::validate_state_store::Response>, Status> {
        refused("ValidateStateStoreConfig", "state stores")
    }

    async fn configure_state_store(
        &self,
        _: Request<tf::configure_state_store::Request>,
    ) -> Result<Response<tf::configure_state_store::Response>, Status> {
        refused("ConfigureStateStore", "state stores")
    }

    type ReadStateBytesStream = Streamed<tf::read_state_bytes::Response>;

    async fn read_state_bytes(
        &self,
        _: Request<tf::read_state_bytes::Request>,
    ) -> Result<Response<Self::ReadStateBytesStream>, Status> {
        refused("ReadStateBytes", "state stores")
    }

    async fn write_state_bytes(
        &self,
        _: Request<Streaming<tf::write_state_bytes::RequestChunk>>,
    ) -> Result<Response<tf::write_state_bytes::Response>, Status> {
        refused("WriteStateBytes", "state stores")
    }

    async fn lock_state(
        &self,
        _: Request<tf::lock_state::Request>,
    ) -> Result<Response<tf::lock_state::Response>, Status> {
        refused("LockState", "state stores")
    }

    async fn unlock_state(
        &self,
        _: Request<tf::unlock_state::Request>,
    ) -> Result<Response<tf::unlock_state::Response>, Status> {
        refused("UnlockState", "state stores")
    }

    async fn get_states(
        &self,
        _: Request<tf::get_states::Request>,
    ) -> Result<Response<tf::get_states::Response>, Status> {
        refused("GetStates", "state stores")
    }

    async fn delete_state(
        &self,
        _: Request<tf::delete_state::Request>,
    ) -> Result<Response<tf::delete_state::Response>, Status> {
        refused("DeleteState", "state stores")
    }

    async fn plan_action(
        &self,
        _: Request<tf::plan_action::Request>,
    ) -> Result<Response<tf::plan_action::Response>, Status> {
        refused("PlanAction", "actions")
    }

    type InvokeActionStream = Streamed<tf::invoke_action::Event>;

    async fn invoke_action(
        &self,
        _: Request<tf::invoke_action::Request>,
    ) -> Result<Response<Self::InvokeActionStream>, Status> {
        refused("InvokeAction", "actions")
    }

    async fn validate_action_config(
        &self,
        _: Request<tf::validate_action_config::Request>,
    ) -> Result<Response<tf::validate_action_config::Response>, Status> {
        refused("ValidateActionConfig", "actions")
    }
}
