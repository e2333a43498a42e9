//! The ways to a cluster, and what is told when there is none.

use std::time::Duration;

use gpuslice::kubernetes::plugin::store;
use gpuslice::kubernetes::{Cluster, KubeError, KubernetesSettings, Reach, check};
use gpuslice::nodepool::access::{Credential, Trust};
use gpuslice::slicing::Cloud;
use serde_json::json;

use super::support::*;
use crate::gke_client::support::ZONAL;

#[tokio::test]
async fn every_kind_of_cluster_is_reached_as_its_cloud_says() {
    for (cloud, clusters) in [(Cloud::Gke, &[ZONAL][..]), (Cloud::Aks, &[CONFIGURED, BARE, OPERATOR])] {
        let bench = bench(cloud).await;
        for id in clusters {
            let access = bench.pools.access(&bench.call(), &id.parse().unwrap()).await.unwrap();
            let by_certificate = matches!(access.credential, Credential::Certificate(_));
            assert_eq!(by_certificate, *id == BARE, "{id}");
            let cluster = reach(&bench, id).await;
            let place = place(&bench, &cluster).await.unwrap();
            let rights = [check::rights(), store::rights(&place)].concat();
            assert_eq!(cluster.preflight(&bench.call(), &rights).await, Ok(()), "{id}");
            cluster.keys(&bench.call(), &place).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_cluster_is_reached_as_the_configuration_says() {
    let bench = bench(Cloud::Aks).await;
    let access = bench.pools.access(&bench.call(), &CONFIGURED.parse().unwrap()).await.unwrap();
    let Trust::Authority(pem) = access.trust else { panic!("a cluster of its own authority") };
    let settings = KubernetesSettings {
        host: Some(access.server.to_string()),
        token: Some("abc".to_owned()),
        cluster_ca_certificate: Some(pem),
        ..KubernetesSettings::default()
    };
    let cluster = Cluster::connect(&Reach::Settings(settings.clone()), "gpuslice-test").await.unwrap();
    assert!(!cluster.installed(&bench.call()).await.unwrap().plugins.is_empty());
    let stranger = KubernetesSettings { cluster_ca_certificate: None, ..settings };
    let cluster = Cluster::connect(&Reach::Settings(stranger), "gpuslice-test").await.unwrap();
    let error = cluster.installed(&bench.call()).await.unwrap_err();
    assert!(matches!(error, KubeError::Tls { .. }), "{error:?}");
}

#[tokio::test]
async fn what_is_not_permitted_is_told_before_anything_is_made() {
    let bench = bench(Cloud::Aks).await;
    let cluster = reach(&bench, CONFIGURED).await;
    let place = place(&bench, &cluster).await.unwrap();
    let matched = json!({"verb": "patch", "resource": "configmaps"});
    kubernetes_fault(&bench, "permission", matched, json!({})).await;
    let error = cluster.preflight(&bench.call(), &store::rights(&place)).await.unwrap_err();
    let KubeError::Lacking { rights, .. } = &error else { panic!("{error:?}") };
    assert_eq!(rights.len(), 1);
    let key = time_slicing(4);
    let spec = pool(CONFIGURED, "ts", &key);
    let error = cluster.apply_keys(&bench.call(), &place, &owner(&spec), &[&key]).await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, KubeError::Forbidden { .. }) && text.contains("the Azure credentials"), "{text}");
}

#[tokio::test]
async fn a_refused_token_is_told_with_whose_it_is() {
    let bench = bench(Cloud::Gke).await;
    let cluster = reach(&bench, ZONAL).await;
    kubernetes_fault(&bench, "unauthenticated", json!({}), json!({})).await;
    let error = cluster.installed(&bench.call()).await.unwrap_err();
    let text = error.to_string();
    assert!(
        matches!(error, KubeError::Unauthorized { .. }) && text.contains("the sandbox's token"),
        "{text}"
    );
}

#[tokio::test]
async fn a_server_that_is_away_for_a_moment_is_asked_again() {
    let bench = bench(Cloud::Gke).await;
    let cluster = reach(&bench, ZONAL).await;
    kubernetes_fault(&bench, "unavailable", json!({"resource": "daemonsets"}), json!({"times": 2})).await;
    cluster.installed(&bench.call()).await.unwrap();
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_told_as_that() {
    let bench = bench(Cloud::Aks).await;
    let cluster = reach(&bench, STOPPED).await;
    let error = cluster.installed(&bench.call_for(Duration::from_secs(3))).await.unwrap_err();
    assert!(error.is_out_of_reach(), "{error:?}");
    let cluster = reach(&bench, CONFIGURED).await;
    kubernetes_fault(&bench, "unreachable", json!({}), json!({"params": {"how": "silent"}})).await;
    let error = cluster.installed(&bench.call_for(Duration::from_secs(2))).await.unwrap_err();
    assert!(error.is_out_of_reach(), "{error:?}");
}
