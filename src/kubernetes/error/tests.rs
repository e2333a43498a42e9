use super::*;
use crate::kubernetes::rights::Verb;

fn patch() -> Right {
    Right::on(Verb::Patch, "", "configmaps", "nvidia-device-plugin", "gpuslice-device-plugin")
}

fn all() -> Vec<KubeError> {
    let server = || "https://10.0.0.1:6443".to_owned();
    let identity = || "the Google credentials of the provider".to_owned();
    let grant = || "A RoleBinding gives it rights.".to_owned();
    let right = || Box::new(patch());
    let message = || "the server's own words".to_owned();
    vec![
        KubeError::Settings { setting: "kubernetes.host", why: "\"x\" is no URL".to_owned() },
        KubeError::NoCredentials { identity: identity(), why: "Log in.".to_owned() },
        KubeError::NoAddress { server: server(), why: "Name or service not known".to_owned() },
        KubeError::Refused { server: server() },
        KubeError::Unreachable { server: server(), why: "No route to host".to_owned() },
        KubeError::Tls { server: server(), why: "invalid peer certificate: UnknownIssuer".to_owned() },
        KubeError::TimedOut { server: server(), right: right(), after: Duration::from_secs(30) },
        KubeError::Interrupted { right: right() },
        KubeError::Unauthorized { server: server(), identity: identity(), grant: grant() },
        KubeError::Forbidden { right: right(), identity: identity(), grant: grant(), message: message() },
        KubeError::Lacking { rights: vec![patch()], identity: identity(), grant: grant() },
        KubeError::Missing { right: right(), message: message() },
        KubeError::Conflict { right: right(), message: message() },
        KubeError::Rejected { right: right(), code: 500, message: message(), retry_after: None },
        KubeError::Broken { server: server(), right: right(), why: "connection reset".to_owned() },
        KubeError::Nonsense { server: server(), right: right(), why: "expected value".to_owned() },
        KubeError::SeveralConfigMaps {
            found: vec!["a/b (DaemonSet x)".to_owned(), "c/d (DaemonSet y)".to_owned()],
        },
        KubeError::NoDefault { config_map: "a/b".to_owned() },
        KubeError::Immutable { config_map: "a/b".to_owned() },
    ]
}

#[test]
fn errors_say_what_why_and_how_to_mend_it() {
    let shown: Vec<String> = all()
        .into_iter()
        .map(|error| {
            let reach = if error.is_out_of_reach() { " [out of reach]" } else { "" };
            format!("{:?}{reach}\n{}\n{}", error.kind(), error.summary(), error.detail())
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n\n"));
}

#[test]
fn errors_are_ready_for_the_provider() {
    for error in all() {
        assert!(!error.summary().ends_with('.') && error.detail().ends_with('.'), "{error}");
        let shown = PoolError::from(error.clone());
        assert_eq!(
            (shown.kind, shown.summary, shown.detail),
            (error.kind(), error.summary(), error.detail())
        );
    }
}
