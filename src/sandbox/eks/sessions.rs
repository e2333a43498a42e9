//! STS: who a caller is, and sessions of those who take on a role.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::errors::Refusal;
use super::model::Eks;
use super::signature::{self, Authorization, Caller, Who};
use super::{Context, Service, fields, sigv4};
use crate::sandbox::clock::{Millis, rfc3339_seconds};
use crate::sandbox::exchange::Call;

/// The shape of the answer, and the answer.
type Answered = Result<(Option<&'static str>, Value), Refusal>;

/// Seconds that a session lasts when nobody says it (source: STS, `AssumeRole`).
const HOUR: u64 = 3600;

/// The session of somebody who has taken on a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Session {
    account: String,
    /// The role's ARN.
    role: String,
    name: String,
    secret: String,
    token: String,
    expires_at: Millis,
}

impl Eks {
    /// Who signed a request, and that the signature is right where the secret is known here.
    pub(super) fn caller(&self, call: &Call, service: Service, now: Millis) -> Result<Caller, Refusal> {
        let authorization = Authorization::of(call).ok_or_else(|| Refusal::unsigned(service))?;
        let caller = signature::of_scope(&authorization.scope).ok_or_else(|| Refusal::unsigned(service))?;
        if caller.service != service.signing_name() {
            return Err(Refusal::wrongly_signed(
                service,
                &format!("Credential should be scoped to correct service: '{}'.", service.signing_name()),
            ));
        }
        let session = self.sessions.get(&caller.key);
        let secret = session.map(|session| session.secret.as_str()).or(signature::secret(&caller.key));
        if secret.is_some_and(|secret| !sigv4::signs(call, &authorization, secret)) {
            return Err(Refusal::wrongly_signed(
                service,
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
                 Access Key and signing method. Consult the service documentation for details.",
            ));
        }
        let Some(session) = session else { return Ok(caller) };
        if call.header("x-amz-security-token") != Some(session.token.as_str()) {
            return Err(Refusal::unknown_key(service));
        }
        if now >= session.expires_at {
            return Err(Refusal::expired(service));
        }
        Ok(session.caller(caller))
    }

    /// Who signed a URL for `GetCallerIdentity`, by the parts of its query; none where STS would not know them.
    pub(super) fn signer(
        &self,
        url: &url::Url,
        headers: &[(&str, &str)],
        token: Option<&str>,
        now: Millis,
    ) -> Option<Caller> {
        let scope = url.query_pairs().find(|(name, _)| name.eq_ignore_ascii_case("x-amz-credential"))?.1;
        let caller = signature::of_scope(&scope).filter(|caller| caller.service == "sts")?;
        let session = self.sessions.get(&caller.key);
        let secret = session.map(|session| session.secret.as_str()).or(signature::secret(&caller.key));
        if secret.is_some_and(|secret| !sigv4::signs_url(url, headers, secret)) {
            return None;
        }
        let Some(session) = session else { return Some(caller) };
        let good = token == Some(session.token.as_str()) && now < session.expires_at;
        good.then(|| session.caller(caller))
    }

    /// Carries out an action of STS.
    pub(super) fn identity_action(
        &mut self,
        context: &mut Context<'_>,
        caller: &Caller,
        action: &str,
        body: &Map<String, Value>,
    ) -> Answered {
        match action {
            "GetCallerIdentity" => {
                let user = match &caller.who {
                    Who::User(_) => caller.key.clone(),
                    Who::Session { name, .. } => format!("AROASANDBOX:{name}"),
                };
                let identity = json!({"Arn": caller.arn(), "UserId": user, "Account": caller.account});
                Ok((Some("sts.GetCallerIdentityResponse"), identity))
            }
            "AssumeRole" => {
                let read = fields::read("sts.AssumeRoleRequest", &Value::Object(body.clone()));
                let body = read.map_err(|violation| Refusal::unreadable(Service::Sts, &violation))?;
                self.assume_role(context, &body)
            }
            _ => Err(Refusal::new(
                400,
                "InvalidAction",
                format!("Could not find operation {action} for version 2011-06-15"),
            )),
        }
    }

    /// Every role trusts everybody: a fault refuses where a test needs it.
    fn assume_role(&mut self, context: &mut Context<'_>, body: &Map<String, Value>) -> Answered {
        let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (role, name) = (text("RoleArn"), text("RoleSessionName"));
        let parts: Vec<&str> = role.splitn(6, ':').collect();
        let ["arn", partition, "iam", "", account, resource] = parts.as_slice() else {
            return Err(Refusal::new(400, "ValidationError", format!("{role} is invalid")));
        };
        let Some(role_name) = resource.strip_prefix("role/").and_then(|path| path.rsplit('/').next()) else {
            return Err(Refusal::new(400, "ValidationError", format!("{role} is invalid")));
        };
        let seconds = body.get("DurationSeconds").and_then(Value::as_u64).unwrap_or(HOUR);
        let key = format!("ASIA{}", context.random.decimal(16));
        let session = Session {
            account: (*account).to_owned(),
            role: role.clone(),
            name: name.clone(),
            secret: context.random.hex(40),
            token: context.random.hex(64),
            expires_at: context.now + seconds * 1000,
        };
        let answer = json!({
            "Credentials": {"AccessKeyId": key, "SecretAccessKey": session.secret, "SessionToken": session.token,
                "Expiration": rfc3339_seconds(session.expires_at)},
            "AssumedRoleUser": {"AssumedRoleId": format!("AROASANDBOX:{name}"),
                "Arn": format!("arn:{partition}:sts::{account}:assumed-role/{role_name}/{name}")},
        });
        self.sessions.insert(key, session);
        Ok((Some("sts.AssumeRoleResponse"), answer))
    }
}

impl Session {
    /// The caller with this session's key, as the one that it stands for.
    fn caller(&self, caller: Caller) -> Caller {
        let who = Who::Session { role: self.role.clone(), name: self.name.clone() };
        Caller { account: self.account.clone(), who, ..caller }
    }
}
