//! Tokens of other issuers that an application trusts, sent to Microsoft Entra ID in place of a secret.

use azure_core::Error;
use azure_core::credentials::Secret;
use azure_core::error::ErrorKind;
use azure_core::http::headers::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, HeaderName};
use azure_core::http::{
    ClientMethodOptions, Context, Method, Pipeline, PipelineSendOptions, RawResponse, Request,
};
use azure_identity::ClientAssertion;
use serde::Deserialize;
use url::Url;

use super::certificate::Signer;

/// Whom a token of GitHub's must be for (source: Microsoft Entra workload identity federation).
const AUDIENCE: &str = "api://AzureADTokenExchange";

/// The version of the API that gives out tokens in Azure Pipelines.
const PIPELINES_VERSION: &str = "7.1";

/// Where the token comes from.
#[derive(Debug, Clone)]
pub(super) enum Assertion {
    /// It is written.
    Token(Secret),
    /// It is in this file, which others write anew before the token expires.
    File(String),
    /// GitHub Actions give it out.
    GitHub(Requested),
    /// Azure Pipelines give it out, for a service connection.
    AzureDevOps(Requested, String),
    /// It is signed with the application's certificate.
    Certificate(Signer),
}

/// Where a token is asked for, and with what right.
#[derive(Debug, Clone)]
pub(super) struct Requested {
    pub(super) url: Url,
    pub(super) token: Secret,
    pub(super) pipeline: Pipeline,
}

#[async_trait::async_trait]
impl ClientAssertion for Assertion {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        match self {
            Assertion::Token(token) => Ok(token.secret().to_owned()),
            Assertion::File(path) => file(path).await,
            Assertion::GitHub(requested) => github(requested).await,
            Assertion::AzureDevOps(requested, connection) => azure_devops(requested, connection).await,
            Assertion::Certificate(signer) => signer.sign().map_err(unusable),
        }
    }
}

fn unusable(message: String) -> Error {
    Error::with_message(ErrorKind::Credential, message)
}

async fn file(path: &str) -> azure_core::Result<String> {
    let text = tokio::fs::read_to_string(path)
        .await
        .map_err(|error| unusable(format!("the token file {path:?} cannot be read: {error}")))?;
    let token = text.trim();
    if token.is_empty() {
        return Err(unusable(format!("the token file {path:?} is empty")));
    }
    Ok(token.to_owned())
}

#[derive(Deserialize)]
struct GitHubToken {
    value: Option<String>,
}

async fn github(requested: &Requested) -> azure_core::Result<String> {
    let mut url = requested.url.clone();
    if !url.query_pairs().any(|(name, _)| name == "audience") {
        url.query_pairs_mut().append_pair("audience", AUDIENCE);
    }
    let answer = ask(requested, Request::new(url, Method::Get)).await?;
    let token: Option<GitHubToken> = answer.body().json().ok();
    token.and_then(|token| token.value).ok_or_else(|| no_token(requested, &answer))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PipelinesToken {
    oidc_token: Option<String>,
}

async fn azure_devops(requested: &Requested, connection: &str) -> azure_core::Result<String> {
    let mut url = requested.url.clone();
    let given = |name: &str| requested.url.query_pairs().any(|(known, _)| known == name);
    if !given("api-version") {
        url.query_pairs_mut().append_pair("api-version", PIPELINES_VERSION);
    }
    if !given("serviceConnectionId") {
        url.query_pairs_mut().append_pair("serviceConnectionId", connection);
    }
    let mut request = Request::new(url, Method::Post);
    request.insert_header(CONTENT_LENGTH, "0");
    // Without it a wrong token is answered with a redirection to a page to log in at.
    request.insert_header(HeaderName::from_static("x-tfs-fedauthredirect"), "Suppress");
    let answer = ask(requested, request).await?;
    let token: Option<PipelinesToken> = answer.body().json().ok();
    token.and_then(|token| token.oidc_token).ok_or_else(|| no_token(requested, &answer))
}

async fn ask(requested: &Requested, mut request: Request) -> azure_core::Result<RawResponse> {
    request.insert_header(AUTHORIZATION, format!("Bearer {}", requested.token.secret()));
    request.insert_header(ACCEPT, "application/json");
    let options = PipelineSendOptions { skip_checks: true, ..PipelineSendOptions::default() };
    let answer = requested.pipeline.send(&Context::new(), &mut request, Some(options)).await?;
    if answer.status().is_success() { Ok(answer) } else { Err(no_token(requested, &answer)) }
}

fn no_token(requested: &Requested, answer: &RawResponse) -> Error {
    let host = requested.url.host_str().unwrap_or_default();
    let status = u16::from(answer.status());
    // An answer that holds a token is not quoted, whatever shape it has.
    let text = String::from_utf8_lossy(answer.body());
    let text: String = text.chars().take(200).collect();
    if answer.status().is_success() {
        unusable(format!("{host} answered HTTP {status} without a token in it"))
    } else {
        unusable(format!("{host} answered HTTP {status}: {text}"))
    }
}
