//! go-plugin's own services. Two of them are there to be silent: a host keeps one stream open on each, and as long
//! as a stream is open its gRPC library does not take the connection for idle and close it in a quiet half hour.

use std::pin::Pin;

use futures_util::{Stream, StreamExt as _, stream};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

use crate::tfplugin::proto::plugin::grpc_broker_server::GrpcBroker;
use crate::tfplugin::proto::plugin::grpc_controller_server::GrpcController;
use crate::tfplugin::proto::plugin::grpc_stdio_server::GrpcStdio;
use crate::tfplugin::proto::plugin::{ConnInfo, Empty, StdioData};

/// All three services; `shutdown` is what the first of them triggers and the other two end on.
#[derive(Debug, Clone)]
pub(super) struct Control {
    shutdown: CancellationToken,
    /// A debugger's process outlives the hosts that visit it.
    ends_on_request: bool,
}

type Silence<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

impl Control {
    pub(super) fn new(shutdown: CancellationToken, ends_on_request: bool) -> Self {
        Self { shutdown, ends_on_request }
    }

    fn silence<T: Send + 'static>(&self) -> Response<Silence<T>> {
        let end = self.shutdown.clone().cancelled_owned();
        Response::new(Box::pin(stream::pending().take_until(Box::pin(end))))
    }
}

#[async_trait::async_trait]
impl GrpcController for Control {
    async fn shutdown(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        if self.ends_on_request {
            self.shutdown.cancel();
        }
        Ok(Response::new(Empty {}))
    }
}

#[async_trait::async_trait]
impl GrpcStdio for Control {
    type StreamStdioStream = Silence<StdioData>;

    async fn stream_stdio(&self, _: Request<()>) -> Result<Response<Self::StreamStdioStream>, Status> {
        Ok(self.silence())
    }
}

#[async_trait::async_trait]
impl GrpcBroker for Control {
    type StartStreamStream = Silence<ConnInfo>;

    async fn start_stream(
        &self,
        _: Request<Streaming<ConnInfo>>,
    ) -> Result<Response<Self::StartStreamStream>, Status> {
        Ok(self.silence())
    }
}
