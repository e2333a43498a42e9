//! The roles that are assumed. Limits are those of STS (source: AWS STS API reference, `AssumeRole` and
//! `AssumeRoleWithWebIdentity`).

use std::time::Duration;

use super::texts;
use crate::cloud::settings::{AssumeRole, AssumeRoleWithWebIdentity};
use crate::duration::GoDuration;
use crate::tfplugin::schema::Validator;
use crate::tfplugin::{Attribute, AttributePath, Diagnostic, Diagnostics, Type, Value};

/// How long a session may be.
const SHORTEST: Duration = Duration::from_secs(15 * 60);
const LONGEST: Duration = Duration::from_secs(12 * 3600);

/// The attribute `assume_role`.
pub(super) fn assume_role() -> Attribute {
    let mut attributes = vec![
        Attribute::string("role_arn").required().validate(role()).describe("The ARN of the role."),
        Attribute::string("external_id")
            .optional()
            .validate(Validator::not_empty())
            .describe("What the role's trust policy may demand of other accounts."),
        Attribute::string("source_identity")
            .optional()
            .validate(name("source identity"))
            .describe("Who is behind the session, for CloudTrail."),
        Attribute::map("tags", Type::String).optional().describe("Tags of the session."),
        Attribute::list("transitive_tag_keys", Type::String)
            .optional()
            .describe("Which of the tags go along to roles that are assumed from this one."),
    ];
    attributes.extend(common());
    Attribute::list_nested("assume_role", attributes).optional().describe(
        "The roles to assume, one after the other: each with the credentials of the one before it, the first with those \
         that are found otherwise.",
    )
}

/// The attribute `assume_role_with_web_identity`.
pub(super) fn with_web_identity() -> Attribute {
    let mut attributes = vec![
        Attribute::string("role_arn")
            .optional()
            .validate(role())
            .describe("The ARN of the role. Else AWS_ROLE_ARN."),
        Attribute::string("web_identity_token")
            .optional()
            .sensitive()
            .validate(Validator::not_empty())
            .describe("The token of another issuer, such as that of a CI system."),
        Attribute::string("web_identity_token_file").optional().validate(Validator::not_empty()).describe(
            "The path of a file that holds it, read anew each time. Else AWS_WEB_IDENTITY_TOKEN_FILE.",
        ),
    ];
    attributes.extend(common());
    Attribute::object("assume_role_with_web_identity", attributes)
        .optional()
        .describe("The role to assume with a token of another issuer, before those of `assume_role`.")
}

/// What both say of the session.
fn common() -> [Attribute; 4] {
    [
        Attribute::string("session_name").optional().validate(name("session name")).describe(
            "What the session is called, in CloudTrail and in the ARN of who acts. \"terraform-provider-gpuslice\" when \
             unset.",
        ),
        Attribute::string("duration").optional().validate(duration()).describe(
            "How long the session is good, from 15m to 12h; roles have a limit of their own. It is renewed when it ends. \
             1h when unset.",
        ),
        Attribute::string("policy").optional().validate(policy()).describe(
            "An IAM policy in JSON. What it does not permit too is not permitted.",
        ),
        Attribute::list("policy_arns", Type::String).optional().describe(
            "The ARNs of managed policies of the same effect.",
        ),
    ]
}

fn role() -> Validator {
    Validator::new("the ARN of a role", |value| match value.as_str() {
        Some(text) if !is_role(text) => Err(format!(
            "{text:?} is not the ARN of a role. Write one such as \"arn:aws:iam::123456789012:role/deploy\"."
        )),
        _ => Ok(()),
    })
}

fn is_role(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, "iam", "", account, resource] = parts.as_slice() else { return false };
    let digits = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let named = resource.strip_prefix("role/").is_some_and(|name| !name.is_empty());
    partition.starts_with("aws") && digits && named
}

/// 2 to 64 letters, digits and `_+=,.@-`.
fn name(what: &'static str) -> Validator {
    Validator::new(format!("a {what}"), move |value| {
        let Some(text) = value.as_str() else { return Ok(()) };
        let known = text.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c));
        if known && (2..=64).contains(&text.len()) {
            Ok(())
        } else {
            Err(format!("{text:?} is no {what}: 2 to 64 letters, digits and any of _+=,.@-"))
        }
    })
}

fn duration() -> Validator {
    Validator::new("a duration from 15m to 12h", |value| {
        let Some(text) = value.as_str() else { return Ok(()) };
        let GoDuration(written) = text.parse().map_err(|error| format!("{error}."))?;
        if (SHORTEST..=LONGEST).contains(&written) {
            Ok(())
        } else {
            Err(format!("A session may last from 15m to 12h, and {text:?} is not between them."))
        }
    })
}

fn policy() -> Validator {
    Validator::new("an IAM policy in JSON", |value| {
        let Some(text) = value.as_str() else { return Ok(()) };
        match serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text) {
            Ok(_) => Ok(()),
            Err(error) => Err(format!("The policy is no object in JSON: {error}. `jsonencode` writes one.")),
        }
    })
}

/// Judges what is written together.
pub(super) fn validate(aws: &Value, diagnostics: &mut Diagnostics) {
    let path = AttributePath::parse("aws.assume_role_with_web_identity.web_identity_token_file");
    let web = aws.lookup("assume_role_with_web_identity");
    let written = |name: &str| !web.lookup(name).is_null() && !web.lookup(name).is_unknown();
    if !web.is_unknown() && written("web_identity_token") && written("web_identity_token_file") {
        diagnostics.push(
            Diagnostic::error(
                "web_identity_token and web_identity_token_file exclude each other",
                "Both say what the token is. Remove one of them from aws.assume_role_with_web_identity.",
            )
            .at(path),
        );
    }
    for (index, role) in aws.lookup("assume_role").as_elements().unwrap_or_default().iter().enumerate() {
        let tags = role.lookup("tags").as_map();
        let keys = role.lookup("transitive_tag_keys").as_elements().unwrap_or_default();
        if role.lookup("tags").is_unknown() {
            continue;
        }
        for key in keys.iter().filter_map(Value::as_str) {
            if tags.is_none_or(|tags| !tags.contains_key(key)) {
                let at =
                    AttributePath::parse("aws.assume_role").index(index).attribute("transitive_tag_keys");
                diagnostics.push(
                    Diagnostic::error(
                        format!("The session has no tag {key:?} that could go along"),
                        "Add it to the role's tags, or remove it from its transitive_tag_keys.",
                    )
                    .at(at),
                );
            }
        }
    }
}

/// What `assume_role` says.
pub(super) fn settings(roles: &Value) -> Vec<AssumeRole> {
    let one = |role: &Value| {
        let text = |name: &str| role.lookup(name).as_str().map(str::to_owned);
        let tags = role.lookup("tags").as_map().into_iter().flatten();
        AssumeRole {
            role_arn: text("role_arn").unwrap_or_default(),
            session_name: text("session_name"),
            external_id: text("external_id"),
            duration_seconds: seconds(role),
            policy: text("policy"),
            policy_arns: texts(role, "policy_arns"),
            source_identity: text("source_identity"),
            tags: tags.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect(),
            transitive_tag_keys: texts(role, "transitive_tag_keys"),
        }
    };
    roles.as_elements().unwrap_or_default().iter().map(one).collect()
}

/// What `assume_role_with_web_identity` says.
pub(super) fn web_settings(role: &Value) -> Option<AssumeRoleWithWebIdentity> {
    role.as_object()?;
    let text = |name: &str| role.lookup(name).as_str().map(str::to_owned);
    Some(AssumeRoleWithWebIdentity {
        role_arn: text("role_arn"),
        session_name: text("session_name"),
        web_identity_token: text("web_identity_token"),
        web_identity_token_file: text("web_identity_token_file"),
        duration_seconds: seconds(role),
        policy: text("policy"),
        policy_arns: texts(role, "policy_arns"),
    })
}

/// In whole seconds; the validator has let nothing else through.
fn seconds(role: &Value) -> Option<i32> {
    let GoDuration(written) = role.lookup("duration").as_str()?.parse().ok()?;
    i32::try_from(written.as_secs()).ok()
}
