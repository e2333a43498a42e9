//! A token with each request, from a source that knows when it needs another.

use std::sync::Arc;

use http::Request;
use http::header::{AUTHORIZATION, HeaderValue};
use kube::Client;
use kube::client::Body;
use tower::BoxError;

use crate::kubernetes::identity::Identity;
use crate::nodepool::TokenSource;

/// The same client, which shows a token of the source.
pub(super) fn with_tokens(client: Client, source: Arc<dyn TokenSource>, identity: Identity) -> Client {
    let namespace = client.default_namespace().to_owned();
    let service = tower::service_fn(move |mut request: Request<Body>| {
        let (client, source, identity) = (client.clone(), Arc::clone(&source), identity.clone());
        async move {
            let token = source.token().await?;
            identity.saw(&token);
            let mut value = HeaderValue::from_str(&format!("Bearer {}", token.trim()))?;
            value.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, value);
            Ok::<_, BoxError>(client.send(request).await?)
        }
    });
    Client::new(service, namespace)
}

/// A token that never changes.
#[derive(Clone)]
pub(super) struct Fixed(pub(super) String);

impl std::fmt::Debug for Fixed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fixed(hidden)")
    }
}

#[async_trait::async_trait]
impl TokenSource for Fixed {
    async fn token(&self) -> Result<String, crate::nodepool::PoolError> {
        Ok(self.0.clone())
    }
}
