//! Looking up what is not ours.

use std::sync::Arc;

use super::calls::Call;
use super::catalog::Catalog;
use super::outcome::outcome;
use super::{check, wire};
use crate::tfplugin::diag::Diagnostics;
use crate::tfplugin::proto::tfplugin6 as tf;
use crate::tfplugin::{Context, Operation};

pub(super) async fn read(
    catalog: Arc<Catalog>,
    call: Call,
    request: tf::read_data_source::Request,
) -> Result<tf::read_data_source::Response, Diagnostics> {
    let kind = catalog.data_source(&request.type_name)?;
    let ty = &kind.shape().ty;
    let config = wire::decode(request.config.as_ref(), ty, "the configuration")?;
    if config.is_null() {
        return Err(Diagnostics::error(
            "A data source was asked about nothing",
            "Terraform sent no configuration with the request, not even an empty one. This is a bug in Terraform, or in \
             whatever speaks in its place.",
        ));
    }
    let ctx = Context::new(Operation::Read).with_cancellation(call.token.clone());
    let (found, mut diagnostics) = outcome(&ctx, kind.data_source.read(&ctx, config).await);
    let state = match found {
        Some(found) => {
            let found = check::wholly_known(found, "what was looked up", &mut diagnostics);
            Some(wire::encode(&found, ty, "what was looked up")?)
        }
        None => None,
    };
    Ok(tf::read_data_source::Response { state, diagnostics: wire::diagnostics(&diagnostics), deferred: None })
}
