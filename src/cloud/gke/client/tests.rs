use super::*;
use crate::cloud::settings::GoogleSettings;

fn client(
    container: Option<&str>,
    compute: Option<&str>,
    sandbox: Option<&str>,
) -> Result<Client, PoolError> {
    Client::new(&Settings {
        google: GoogleSettings {
            container_custom_endpoint: container.map(Into::into),
            compute_custom_endpoint: compute.map(Into::into),
            ..GoogleSettings::default()
        },
        sandbox: sandbox.map(|url| url.parse().unwrap()),
        user_agent: "test".into(),
        ..Settings::default()
    })
}

const PLACE: Place<'_> = Place { project: "p", location: "us-central1", cluster: "c" };

fn urls(client: &Client) -> (String, String) {
    let compute = with_segments(client.compute.clone(), &["projects", "p"]);
    (client.cluster_url(PLACE, &["nodePools", "n:setSize"]).to_string(), compute.to_string())
}

#[test]
fn the_addresses_of_google() {
    let (container, compute) = urls(&client(None, None, None).unwrap());
    assert_eq!(
        container,
        "https://container.googleapis.com/v1/projects/p/locations/us-central1/clusters/c/nodePools/n:setSize"
    );
    assert_eq!(compute, "https://compute.googleapis.com/compute/v1/projects/p");
}

#[test]
fn custom_endpoints_may_carry_a_version() {
    for (container, compute) in [
        ("https://x.example/v1/", "https://y.example/compute/v1/"),
        ("https://x.example/v1beta1", "https://y.example/compute"),
        ("https://x.example", "https://y.example/"),
    ] {
        let (container, compute) = urls(&client(Some(container), Some(compute), None).unwrap());
        assert!(container.starts_with("https://x.example/v1/projects/p/"), "{container}");
        assert_eq!(compute, "https://y.example/compute/v1/projects/p");
    }
}

#[test]
fn everything_goes_to_the_sandbox() {
    let found = client(Some("https://x.example/v1/"), None, Some("http://127.0.0.1:8642")).unwrap();
    let (container, compute) = urls(&found);
    assert!(container.starts_with("http://127.0.0.1:8642/v1/projects/p/"), "{container}");
    assert_eq!(compute, "http://127.0.0.1:8642/compute/v1/projects/p");
}

#[test]
fn names_cannot_break_out_of_their_segment() {
    let found = client(None, None, None).unwrap();
    let url = found.cluster_url(PLACE, &["nodePools", "../../x?y#z"]);
    assert!(url.path().ends_with("/nodePools/..%2F..%2Fx%3Fy%23z"), "{url}");
}

#[test]
fn an_endpoint_that_is_no_url_is_refused() {
    let error = client(Some("container.example"), None, None).unwrap_err();
    assert!(error.summary.contains("container_custom_endpoint"), "{error}");
}
