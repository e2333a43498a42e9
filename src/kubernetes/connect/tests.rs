use std::sync::Arc;

use k8s_openapi::api::core::v1::Node;
use kube::api::ListParams;
use url::Url;

use super::*;
use crate::kubernetes::testing::{call, tls_server};
use crate::kubernetes::{Cluster, KubernetesSettings, Right, Verb};
use crate::nodepool::TokenSource;
use crate::nodepool::access::ClientCertificate;

const EMPTY_LIST: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n\
                          {\"apiVersion\":\"v1\",\"kind\":\"NodeList\",\"metadata\":{},\"items\":[]}";

fn access(server: &str, trust: Trust) -> Reach {
    let source: Arc<dyn TokenSource> = Arc::new(bearer::Fixed("abc".to_owned()));
    Reach::Cloud(ClusterAccess {
        server: Url::parse(server).unwrap(),
        trust,
        credential: Credential::Bearer(source),
        identity: "the test's token".to_owned(),
        grant: "Ask the test.".to_owned(),
    })
}

async fn ask_for(reach: &Reach, time: Duration) -> Result<usize, KubeError> {
    let cluster = Cluster::connect(reach, "gpuslice/test").await?;
    let (api, options) = (cluster.all::<Node>(), ListParams::default());
    let right = Right::everywhere(Verb::List, "", "nodes");
    cluster.once(&call(time), &right, api.list(&options)).await.map(|list| list.items.len())
}

async fn ask(reach: &Reach) -> Result<usize, KubeError> {
    ask_for(reach, Duration::from_secs(30)).await
}

#[tokio::test]
async fn a_cluster_is_reached_with_its_own_authority_and_a_token() {
    let (server, pem, heads) = tls_server(EMPTY_LIST).await;
    assert_eq!(ask(&access(&server, Trust::Authority(pem))).await, Ok(0));
    let heads = heads.lock().unwrap();
    let head = heads[0].to_ascii_lowercase();
    assert!(head.starts_with("get /api/v1/nodes?"), "{head}");
    assert!(
        head.contains("authorization: bearer abc\r\n") && head.contains("user-agent: gpuslice/test\r\n"),
        "{head}"
    );
}

#[tokio::test]
async fn an_impostor_is_told_from_the_cluster() {
    let (server, _, heads) = tls_server(EMPTY_LIST).await;
    let (_, other, _) = tls_server(EMPTY_LIST).await;
    let error = ask(&access(&server, Trust::Authority(other))).await.unwrap_err();
    let KubeError::Tls { why, .. } = &error else { panic!("{error:?}") };
    assert!(why.contains("certificate"), "{why}");
    assert!(error.is_out_of_reach());
    assert_eq!(heads.lock().unwrap().len(), 0, "no token went there");
    assert!(matches!(ask(&access(&server, Trust::System)).await, Err(KubeError::Tls { .. })));
}

#[tokio::test]
async fn nobody_listens() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = format!("https://{}", listener.local_addr().unwrap());
    drop(listener);
    assert_eq!(ask(&access(&server, Trust::System)).await, Err(KubeError::Refused { server }));
}

#[tokio::test]
async fn a_name_without_an_address() {
    let error = ask(&access("https://cluster.invalid", Trust::System)).await.unwrap_err();
    let KubeError::NoAddress { why, .. } = &error else { panic!("{error:?}") };
    assert!(!why.is_empty() && !why.contains("ServiceError"), "{why}");
}

#[tokio::test]
async fn a_silent_server_is_waited_for_no_longer_than_the_call() {
    let (server, pem, _) = tls_server("").await;
    let error =
        ask_for(&access(&server, Trust::Authority(pem)), Duration::from_millis(300)).await.unwrap_err();
    assert!(matches!(error, KubeError::TimedOut { .. }), "{error:?}");
}

#[tokio::test]
async fn a_connection_that_breaks() {
    for answer in ["HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{", "no HTTP"] {
        let (server, pem, _) = tls_server(answer).await;
        let error = ask(&access(&server, Trust::Authority(pem))).await.unwrap_err();
        assert!(matches!(error, KubeError::Broken { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn an_unknown_identity_is_named() {
    let (server, pem, _) = tls_server(
        "HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n\
         {\"kind\":\"Status\",\"status\":\"Failure\",\"message\":\"Unauthorized\",\"reason\":\"Unauthorized\",\"code\":401}",
    )
    .await;
    let error = ask(&access(&server, Trust::Authority(pem))).await.unwrap_err();
    let text = error.to_string();
    assert!(
        matches!(error, KubeError::Unauthorized { .. })
            && text.contains("Used: the test's token. Ask the test."),
        "{text}"
    );
}

#[derive(Debug)]
struct Broke;

#[async_trait::async_trait]
impl TokenSource for Broke {
    async fn token(&self) -> Result<String, crate::nodepool::PoolError> {
        Err(crate::nodepool::PoolError {
            kind: crate::nodepool::pools::ErrorKind::Unauthenticated,
            summary: "No login".to_owned(),
            detail: "Log in.".to_owned(),
            attribute: None,
        })
    }
}

#[tokio::test]
async fn without_a_token_nothing_is_asked() {
    let (server, pem, heads) = tls_server(EMPTY_LIST).await;
    let Reach::Cloud(mut access) = access(&server, Trust::Authority(pem)) else { unreachable!() };
    access.credential = Credential::Bearer(Arc::new(Broke));
    let error = ask(&Reach::Cloud(access)).await.unwrap_err();
    assert_eq!(
        error,
        KubeError::NoCredentials {
            identity: "the test's token".to_owned(),
            why: "No login. Log in.".to_owned()
        }
    );
    assert_eq!(heads.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn a_client_certificate_is_taken() {
    let pair = rcgen::generate_simple_self_signed(["client".to_owned()]).unwrap();
    let (server, pem, heads) = tls_server(EMPTY_LIST).await;
    let Reach::Cloud(mut access) = access(&server, Trust::Authority(pem)) else { unreachable!() };
    access.credential = Credential::Certificate(ClientCertificate {
        certificate: pair.cert.pem(),
        key: pair.signing_key.serialize_pem(),
    });
    assert_eq!(ask(&Reach::Cloud(access.clone())).await, Ok(0));
    assert!(!heads.lock().unwrap()[0].contains("authorization"));
    access.credential =
        Credential::Certificate(ClientCertificate { certificate: "x".into(), key: "y".into() });
    assert!(matches!(ask(&Reach::Cloud(access)).await, Err(KubeError::Settings { .. })));
}

fn at(server: &str, pem: &str) -> KubernetesSettings {
    KubernetesSettings {
        host: Some(server.to_owned()),
        token: Some("abc".to_owned()),
        cluster_ca_certificate: Some(pem.to_owned()),
        ..KubernetesSettings::default()
    }
}

#[tokio::test]
async fn an_address_of_the_configuration_is_reached() {
    let (server, pem, _) = tls_server(EMPTY_LIST).await;
    let packed = STANDARD.encode(&pem);
    for settings in [at(&server, &pem), at(&server, &packed), at(server.trim_start_matches("https://"), &pem)]
    {
        assert_eq!(ask(&Reach::Settings(settings)).await, Ok(0));
    }
}

/// A folder with a kubeconfig for this server.
fn kubeconfig(server: &str, pem: &str, user: &str) -> (tempfile::TempDir, KubernetesSettings) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ca.pem"), pem).unwrap();
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: here\n\
         contexts:\n- name: here\n  context: {{cluster: c, user: u}}\n- name: lost\n  context: {{cluster: gone, user: u}}\n\
         clusters:\n- name: c\n  cluster: {{server: {server:?}, certificate-authority: ca.pem}}\n\
         users:\n- name: u\n  user: {user}\n"
    );
    let path = folder.path().join("config");
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, KubernetesSettings { config_path: Some(path), ..KubernetesSettings::default() })
}

#[tokio::test]
async fn a_kubeconfigs_token_and_authority_are_used() {
    let (server, pem, heads) = tls_server(EMPTY_LIST).await;
    let (_folder, settings) = kubeconfig(&server, &pem, "{token: of-the-file}");
    assert_eq!(ask(&Reach::Settings(settings)).await, Ok(0));
    assert!(heads.lock().unwrap()[0].contains("Bearer of-the-file"));
}

#[cfg(unix)]
#[tokio::test]
async fn a_credential_plugin_is_run_and_its_token_kept() {
    let (server, pem, heads) = tls_server(EMPTY_LIST).await;
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    let script = format!(
        "echo \"$KUBERNETES_EXEC_INFO $GREETING\" >> {}; \
         printf '{{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":{{\"token\":\"of-the-plugin\"}}}}'",
        runs.display()
    );
    let user = serde_json::json!({"exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": ["-c", script],
        "env": [{"name": "GREETING", "value": "hello"}],
        "provideClusterInfo": true, "interactiveMode": "IfAvailable",
    }});
    let (_config, settings) = kubeconfig(&server, &pem, &user.to_string());
    let cluster = Cluster::connect(&Reach::Settings(settings), "gpuslice/test").await.unwrap();
    for _ in 0..2 {
        let (api, options) = (cluster.all::<Node>(), ListParams::default());
        let right = Right::everywhere(Verb::List, "", "nodes");
        cluster.ask(&call(Duration::from_secs(30)), &right, || api.list(&options)).await.unwrap();
    }
    assert!(heads.lock().unwrap().iter().all(|head| head.contains("Bearer of-the-plugin")));
    let runs = std::fs::read_to_string(runs).unwrap();
    assert_eq!(runs.lines().count(), 1, "a token without an end is kept: {runs}");
    assert!(
        runs.contains("\"interactive\":false") && runs.contains(&server) && runs.contains("hello"),
        "{runs}"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_token_near_its_end_is_not_used_again() {
    let user = serde_json::json!({
        "apiVersion": "client.authentication.k8s.io/v1", "command": "sh",
        "args": ["-c", "printf '{\"status\":{\"token\":\"%s\",\"expirationTimestamp\":\"2020-01-01T00:00:00Z\"}}' $$"],
    });
    let plugin = serde_json::from_value(user).unwrap();
    let exec::Given::Tokens(plugin) = exec::ask(plugin, None).await.unwrap() else { panic!("no token") };
    assert_ne!(plugin.token().await.unwrap(), plugin.token().await.unwrap());
}

#[cfg(unix)]
#[tokio::test]
async fn a_failing_plugin_is_quoted() {
    let (_, pem, _) = tls_server("").await;
    let cases = [
        (
            serde_json::json!({"command": "sh", "args": ["-c", "echo 'please log in' >&2; exit 3"]}),
            "saying: please log in",
        ),
        (serde_json::json!({"command": "no-such-plugin", "installHint": "Install it."}), "it does not start"),
        (serde_json::json!({"command": "sh", "args": ["-c", "echo secret"]}), "no ExecCredential in JSON"),
        (
            serde_json::json!({"command": "sh", "args": ["-c", "echo {}"]}),
            "neither a token nor a certificate",
        ),
        (serde_json::json!({"command": "sh", "interactiveMode": "Always"}), "a terminal"),
    ];
    for (exec, wanted) in cases {
        let user = serde_json::json!({"exec": exec});
        let (_folder, settings) = kubeconfig("https://10.0.0.1", &pem, &user.to_string());
        let error = ask(&Reach::Settings(settings)).await.unwrap_err();
        let KubeError::NoCredentials { identity, why } = &error else { panic!("{error:?}") };
        assert!(why.contains(wanted) && !why.contains("secret"), "{why}");
        assert!(identity.contains("the user \"u\" of the context \"here\""), "{identity}");
    }
}

#[tokio::test]
async fn what_is_set_wrongly_is_named() {
    let (folder, file) = kubeconfig("https://10.0.0.1", "", "{auth-provider: {name: azure, config: {}}}");
    let (plain_folder, plain) = kubeconfig("http://10.0.0.1", "", "{token: x}");
    let ok = at("https://10.0.0.1", "");
    let cases = [
        (KubernetesSettings::default(), "The kubernetes block"),
        (
            KubernetesSettings { config_path: Some("/no/such/file".into()), ..KubernetesSettings::default() },
            "kubernetes.config_path",
        ),
        (
            KubernetesSettings { config_context: Some("other".into()), ..file.clone() },
            "kubernetes.config_context",
        ),
        (
            KubernetesSettings { config_context: Some("lost".into()), ..file.clone() },
            "kubernetes.config_path",
        ),
        (KubernetesSettings { token: Some("x".into()), ..file.clone() }, "kubernetes.token"),
        (KubernetesSettings { host: Some("https://x".into()), ..file }, "kubernetes.host"),
        (plain, "kubernetes.config_path"),
        (KubernetesSettings { cluster_ca_certificate: None, token: None, ..ok.clone() }, "kubernetes.token"),
        (
            KubernetesSettings { cluster_ca_certificate: Some("not base64!".into()), ..ok.clone() },
            "kubernetes.cluster_ca_certificate",
        ),
        (KubernetesSettings { host: Some("http://10.0.0.1".into()), ..ok.clone() }, "kubernetes.host"),
        (KubernetesSettings { host: Some("https://".into()), ..ok.clone() }, "kubernetes.host"),
        (KubernetesSettings { config_context: Some("x".into()), ..ok }, "kubernetes.config_context"),
    ];
    let mut shown = Vec::new();
    for (settings, wanted) in cases {
        let error = Cluster::connect(&Reach::Settings(settings), "test").await.unwrap_err();
        let KubeError::Settings { setting, .. } = &error else { panic!("{error:?}") };
        assert_eq!(*setting, wanted, "{error}");
        shown.push(error.to_string());
    }
    let shown = shown.join("\n").replace(folder.path().to_str().unwrap(), "<folder>");
    let shown = shown.replace(plain_folder.path().to_str().unwrap(), "<folder>");
    insta::assert_snapshot!(shown);
}

#[test]
fn secrets_are_not_printed() {
    let settings = at("https://10.0.0.1", "PEM");
    let printed = format!("{settings:?} {:?}", bearer::Fixed("abc".to_owned()));
    assert!(!printed.contains("abc"), "{printed}");
}
