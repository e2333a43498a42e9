//! What is wrong with credentials, and how to mend it.

use std::error::Error;
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;

use super::chain::Source;
use super::{AuthError, Identity};
use crate::cloud::eks::parts::Place;
use crate::cloud::words::{causes, sentence};

/// Where credentials are looked for when the settings name no source, in this order (source: AWS SDK for Rust, default
/// credentials chain).
const EVERYWHERE: &str = "Looked for, in this order: the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; the \
                          profile of AWS_PROFILE, or \"default\", in ~/.aws/config and ~/.aws/credentials; the token \
                          of AWS_WEB_IDENTITY_TOKEN_FILE; the role of the ECS task or the EKS pod; the role of the \
                          EC2 machine.";

/// How to get some.
const WAYS: &str = "Log in with `aws sso login` or `aws configure`, name a profile (aws.profile or AWS_PROFILE), or \
                    set aws.assume_role_with_web_identity in a CI system.";

/// The source gave no credentials.
pub(super) fn no_credentials(source: &Source, roles: &[String], error: &CredentialsError) -> AuthError {
    if *source == Source::Everywhere && matches!(error, CredentialsError::CredentialsNotLoaded(_)) {
        return AuthError::NoCredentials(format!("There are no AWS credentials. {EVERYWHERE} {WAYS}"));
    }
    // The error itself says only that there is one.
    let said = error.source().map_or_else(|| causes(error), causes);
    let whence = whence(source, roles);
    let remedy = remedy(source, roles, &said);
    AuthError::NoCredentials(format!("There are no AWS credentials {whence}: {} {remedy}", sentence(&said)))
}

/// The source did not answer.
pub(super) fn too_slow(source: &Source, roles: &[String], after: Duration) -> AuthError {
    AuthError::NoCredentials(format!(
        "No AWS credentials came {} within {} seconds. {}",
        whence(source, roles),
        after.as_secs(),
        remedy(source, roles, "")
    ))
}

fn whence(source: &Source, roles: &[String]) -> String {
    let source = match source {
        Source::Key => "by aws.access_key".to_owned(),
        Source::Profile(name) => format!("by the profile {name:?}"),
        Source::WebIdentity => "by aws.assume_role_with_web_identity".to_owned(),
        Source::Everywhere => "by any of the usual ways".to_owned(),
    };
    match roles {
        [] => source,
        roles => format!("{source} and the role {}", roles.join(", then ")),
    }
}

/// What helps, by what was said.
fn remedy(source: &Source, roles: &[String], said: &str) -> String {
    let said = said.to_lowercase();
    let profile = match source {
        Source::Profile(name) => format!(" --profile {name}"),
        _ => String::new(),
    };
    if said.contains("assumerole") && (said.contains("not authorized") || said.contains("accessdenied")) {
        let role = roles.last().map_or("the role", String::as_str);
        return format!(
            "The trust policy of {role} must allow who asks (with the external id and session tags that it demands), \
             and who asks must be allowed sts:AssumeRole on it."
        );
    }
    if said.contains("sso") {
        return format!("Log in again: `aws sso login{profile}`.");
    }
    if said.contains("expiredtoken") || said.contains("expired") {
        return "What it was to be assumed with has expired: get a new token or key.".to_owned();
    }
    if said.contains("profile") && matches!(source, Source::Profile(_) | Source::Everywhere) {
        return "`aws configure list-profiles` tells which profiles there are; aws.profile or AWS_PROFILE chooses one."
            .to_owned();
    }
    match source {
        Source::WebIdentity => {
            "The role's trust policy must name the token's issuer and subject, and the token must not have expired."
                .to_owned()
        }
        Source::Profile(_) => format!("`aws sts get-caller-identity{profile}` shows whether the profile works."),
        Source::Key | Source::Everywhere => WAYS.to_owned(),
    }
}

/// The credentials are not of the cluster's account.
pub(super) fn other_account(found: &Identity, place: Place<'_>) -> String {
    let Identity { account, arn } = found;
    let Place { account: wanted, cluster, .. } = place;
    format!(
        "The AWS credentials are those of {arn} in the account {account}, and the cluster {cluster} is in the account \
         {wanted}. Use credentials of that account: choose a profile (aws.profile or AWS_PROFILE), or a role there \
         (aws.assume_role). To work in several accounts, write one provider block with an alias for each."
    )
}

/// The settings do not name the account.
pub(super) fn not_allowed(found: &Identity, allowed: &[String]) -> String {
    let Identity { account, arn } = found;
    format!(
        "The AWS credentials are those of {arn} in the account {account}, and aws.allowed_account_ids names only {}. \
         Use other credentials, or add the account there.",
        allowed.join(", ")
    )
}

/// The settings forbid the account.
pub(super) fn forbidden(found: &Identity) -> String {
    let Identity { account, arn } = found;
    format!(
        "The AWS credentials are those of {arn} in the account {account}, which aws.forbidden_account_ids names. Use \
         other credentials."
    )
}
