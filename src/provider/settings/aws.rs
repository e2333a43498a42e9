//! What the provider block says about AWS.
//!
//! - `roles`: the roles that are assumed.

use url::Url;

use super::address::private;
use crate::cloud::AwsSettings;
use crate::cloud::settings::AwsEndpoints;
use crate::tfplugin::schema::Validator;
use crate::tfplugin::{Attribute, AttributePath, Diagnostic, Diagnostics, Type, Value};

mod roles;

/// An address, for messages.
const EXAMPLE: &str = "https://eks.us-east-1.amazonaws.com/";

/// Texts, in the order in which they are documented: name, whether it is a secret, what it is.
const TEXTS: &[(&str, bool, &str)] = &[
    ("access_key", false, "The id of an access key. Else AWS_ACCESS_KEY_ID. Goes with `secret_key`."),
    ("secret_key", true, "The access key's secret. Else AWS_SECRET_ACCESS_KEY."),
    ("token", true, "The session token of a temporary access key. Else AWS_SESSION_TOKEN."),
    (
        "profile",
        false,
        "The profile of the shared files; written here it wins over keys in the environment. Else AWS_PROFILE.",
    ),
    (
        "region",
        false,
        "The region whose STS is asked for credentials. Else AWS_REGION, AWS_DEFAULT_REGION, the profile's, the \
         cluster's. Node pools are always in the region of their `cluster_id`.",
    ),
    ("sts_region", false, "Another region for that purpose; it wins over `region`."),
    (
        "custom_ca_bundle",
        false,
        "The path of a PEM file of certificate authorities, which are trusted in place of the system's. Else \
         AWS_CA_BUNDLE.",
    ),
    (
        "http_proxy",
        true,
        "The proxy for addresses that begin with `http:`, such as \"http://proxy:3128\". Else HTTP_PROXY.",
    ),
    ("https_proxy", true, "The proxy for addresses that begin with `https:`. Else HTTPS_PROXY."),
    ("no_proxy", false, "Hosts that are reached without a proxy, separated by commas. Else NO_PROXY."),
];

/// Lists of texts.
const LISTS: &[(&str, &str)] = &[
    (
        "shared_config_files",
        "Config files in place of `~/.aws/config`; a later one wins. Else the one of AWS_CONFIG_FILE.",
    ),
    (
        "shared_credentials_files",
        "Credentials files in place of `~/.aws/credentials`; a later one wins. Else the one of \
         AWS_SHARED_CREDENTIALS_FILE.",
    ),
    ("allowed_account_ids", "The accounts that may be worked in. Any, when unset."),
    ("forbidden_account_ids", "The accounts that must not be worked in."),
];

/// Switches.
const SWITCHES: &[(&str, &str)] = &[
    (
        "use_fips_endpoint",
        "Whether the endpoints with FIPS 140 cryptography are used. Else AWS_USE_FIPS_ENDPOINT.",
    ),
    (
        "use_dualstack_endpoint",
        "Whether the endpoints that have IPv6 too are used. Else AWS_USE_DUALSTACK_ENDPOINT.",
    ),
];

/// Services: name, variable, what it is.
const ENDPOINTS: &[(&str, &str)] = &[
    ("eks", "Another address of EKS. Else AWS_ENDPOINT_URL_EKS."),
    ("ec2", "Another address of EC2. Else AWS_ENDPOINT_URL_EC2."),
    ("sts", "Another address of STS. Else AWS_ENDPOINT_URL_STS."),
    ("autoscaling", "Another address of EC2 Auto Scaling. Else AWS_ENDPOINT_URL_AUTO_SCALING."),
];

/// What goes only with what.
const GOES_WITH: &[(&str, &str)] =
    &[("access_key", "secret_key"), ("secret_key", "access_key"), ("token", "access_key")];

/// What cannot be written side by side, since one would silently win.
const EITHER: &[(&str, &str)] = &[
    ("access_key", "profile"),
    ("access_key", "assume_role_with_web_identity"),
    ("profile", "assume_role_with_web_identity"),
    ("allowed_account_ids", "forbidden_account_ids"),
];

/// The attribute `aws`.
pub(super) fn attribute() -> Attribute {
    let mut attributes: Vec<Attribute> = Vec::new();
    attributes.extend(TEXTS.iter().map(|(name, secret, description)| {
        let attribute = Attribute::string(*name).optional().describe(*description);
        let attribute = match *name {
            "region" | "sts_region" => attribute.validate(region()),
            "http_proxy" | "https_proxy" => attribute.validate(proxy()),
            _ => attribute.validate(Validator::not_empty()),
        };
        if *secret { attribute.sensitive() } else { attribute }
    }));
    attributes.extend(LISTS.iter().map(|(name, description)| {
        let attribute = Attribute::list(*name, Type::String).optional().describe(*description);
        if name.ends_with("account_ids") { attribute.validate(Validator::each(account())) } else { attribute }
    }));
    attributes.extend([roles::assume_role(), roles::with_web_identity(), endpoints()]);
    attributes.push(
        Attribute::number("max_retries").optional().validate(Validator::integer(Some(0), Some(100))).describe(
            "How often a request that failed in passing is sent again. Else AWS_MAX_ATTEMPTS, which counts the first \
             one too; 7 when nothing is said.",
        ),
    );
    attributes.extend(
        SWITCHES.iter().map(|(name, description)| Attribute::bool(*name).optional().describe(*description)),
    );
    Attribute::object("aws", attributes)
        .optional()
        .describe("Credentials and addresses for EKS, with the names that the AWS provider uses.")
}

fn endpoints() -> Attribute {
    let attributes = ENDPOINTS.iter().map(|(name, description)| {
        let rule = private("an address such as \"https://eks.us-east-1.amazonaws.com/\"", EXAMPLE, false);
        Attribute::string(*name).optional().validate(rule).describe(*description)
    });
    Attribute::object("endpoints", attributes.collect()).optional().describe(
        "Other addresses of AWS's services, such as those of a VPC's endpoints. AWS_ENDPOINT_URL, and `endpoint_url` in \
         profiles, count where nothing is said for a service.",
    )
}

fn region() -> Validator {
    Validator::new("a region of AWS", |value| match value.as_str() {
        Some(text) if !is_region(text) => {
            Err(format!("{text:?} is no region of AWS. Write one such as \"us-east-1\"."))
        }
        _ => Ok(()),
    })
}

fn is_region(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    text.chars().all(plain) && text.contains('-') && text.ends_with(|c: char| c.is_ascii_digit())
}

fn account() -> Validator {
    Validator::new("an account id of twelve digits", |value| match value.as_str() {
        Some(text) if text.len() != 12 || !text.bytes().all(|byte| byte.is_ascii_digit()) => {
            Err(format!("{text:?} is no account id: twelve digits such as \"123456789012\", in quotes."))
        }
        _ => Ok(()),
    })
}

fn proxy() -> Validator {
    Validator::new("the address of a proxy", |value| {
        let Some(text) = value.as_str() else { return Ok(()) };
        let url = Url::parse(text).ok().filter(Url::has_host);
        // The text may hold a password.
        match url.as_ref().map(Url::scheme) {
            Some("http" | "https") => Ok(()),
            _ => Err("It is no address of a proxy. Write one such as \"http://proxy.example.com:3128\"."
                .to_owned()),
        }
    })
}

/// Judges what is written together.
pub(super) fn validate(aws: &Value, diagnostics: &mut Diagnostics) {
    if aws.is_null() || aws.is_unknown() {
        return;
    }
    let path = |name: &str| AttributePath::parse("aws").attribute(name);
    let open = |name: &str| aws.lookup(name).is_null();
    // An unknown value is not null, but it may become null.
    let written = |name: &str| !open(name) && !aws.lookup(name).is_unknown();
    for (one, other) in GOES_WITH {
        if written(one) && open(other) {
            diagnostics.push(
                Diagnostic::error(
                    format!("aws.{one} goes with aws.{other}"),
                    format!("Set aws.{other} too, or remove aws.{one}."),
                )
                .at(path(one)),
            );
        }
    }
    for (one, other) in EITHER {
        if written(one) && written(other) {
            diagnostics.push(
                Diagnostic::error(
                    format!("aws.{one} and aws.{other} exclude each other"),
                    format!(
                        "Both are set, and only one of them can be used. Remove aws.{one} or aws.{other}."
                    ),
                )
                .at(path(other)),
            );
        }
    }
    roles::validate(aws, diagnostics);
}

/// What the block says.
pub(super) fn settings(aws: &Value) -> AwsSettings {
    let text = |name: &str| aws.lookup(name).as_str().map(str::to_owned);
    let retries = aws.lookup("max_retries").as_u64();
    AwsSettings {
        access_key: text("access_key"),
        secret_key: text("secret_key"),
        token: text("token"),
        profile: text("profile"),
        region: text("region"),
        shared_config_files: texts(aws, "shared_config_files"),
        shared_credentials_files: texts(aws, "shared_credentials_files"),
        assume_role: roles::settings(aws.lookup("assume_role")),
        assume_role_with_web_identity: roles::web_settings(aws.lookup("assume_role_with_web_identity")),
        endpoints: AwsEndpoints {
            eks: text("endpoints.eks"),
            ec2: text("endpoints.ec2"),
            sts: text("endpoints.sts"),
            autoscaling: text("endpoints.autoscaling"),
        },
        sts_region: text("sts_region"),
        max_retries: retries.and_then(|retries| u32::try_from(retries).ok()),
        use_fips_endpoint: aws.lookup("use_fips_endpoint").as_bool(),
        use_dualstack_endpoint: aws.lookup("use_dualstack_endpoint").as_bool(),
        custom_ca_bundle: text("custom_ca_bundle"),
        http_proxy: text("http_proxy"),
        https_proxy: text("https_proxy"),
        no_proxy: text("no_proxy"),
        allowed_account_ids: texts(aws, "allowed_account_ids"),
        forbidden_account_ids: texts(aws, "forbidden_account_ids"),
    }
}

fn texts(block: &Value, name: &str) -> Vec<String> {
    let elements = block.lookup(name).as_elements().unwrap_or_default();
    elements.iter().filter_map(|element| element.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests;
