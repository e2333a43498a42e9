//! One resource on several clouds: what a plan makes of the options, the spellings and the defaults of each.

use std::time::Duration;

use gpuslice::provider::Provider;
use gpuslice::tfplugin::{Configure, Context, Operation, Provider as _, Value};

use crate::plan_pool::{Pool, set};

/// The parts of a configuration, by dotted path.
type Parts = Vec<(&'static str, Value)>;

const GROUP: &str = "/subscriptions/s/resourceGroups/Group/providers";
const GKE: &str = "projects/p/locations/us-central1-a/clusters/c";

fn aks_cluster() -> String {
    format!("{GROUP}/Microsoft.ContainerService/managedClusters/main")
}

/// The least that a pool on AKS needs, and these parts.
fn aks(more: &[(&'static str, Value)]) -> Parts {
    pool(&aks_cluster(), "Standard_NC24ads_A100_v4", "1g.10gb", more)
}

/// The least that a pool on GKE needs, and these parts.
fn gke(more: &[(&'static str, Value)]) -> Parts {
    pool(GKE, "a2-highgpu-1g", "1g.5gb", more)
}

fn pool(cluster: &str, machine_type: &str, profile: &str, more: &[(&'static str, Value)]) -> Parts {
    let mut parts = vec![
        ("cluster_id", Value::from(cluster)),
        ("name", "mig1g".into()),
        ("machine_type", machine_type.into()),
        ("mig_profile", profile.into()),
    ];
    parts.extend_from_slice(more);
    parts
}

/// A configuration that may be wrong, and what is wrong with it.
fn errors(parts: &[(&'static str, Value)], unset: &[&str], wrong: &[(&str, Value)]) -> String {
    let pool = Pool::new();
    let mut config = pool.config(parts);
    for path in unset {
        set(&mut config, path, Value::UNKNOWN);
    }
    for (path, value) in wrong {
        let (object, _) = path.split_once('.').expect("an option");
        if config.lookup(object).is_null() {
            set(&mut config, object, pool.empty(object));
        }
        set(&mut config, path, value.clone());
    }
    pool.errors(&config).to_string()
}

#[test]
fn the_options_of_the_other_cloud_are_null() {
    let pool = Pool::new();
    for (parts, own, other) in [(aks(&[]), "aks", "gke"), (gke(&[]), "gke", "aks")] {
        let config = pool.config(&parts);
        let created = pool.plan(&config, &Value::Null);
        assert_eq!(created.lookup(other), &Value::Null);
        assert!(!created.lookup(own).is_null(), "{created:?}");
        assert_eq!(created.lookup("cloud"), &Value::from(own));
        assert_eq!(pool.plan(&config, &pool.made(&config)), pool.made(&config));
    }
}

#[test]
fn while_the_cloud_is_not_known_neither_are_its_options() {
    let pool = Pool::new();
    let mut config = pool.config(&aks(&[]));
    set(&mut config, "cluster_id", Value::UNKNOWN);
    // The VM size tells the cloud.
    let planned = pool.plan(&config, &Value::Null);
    assert_eq!(planned.lookup("cloud"), &Value::from("aks"));
    assert_eq!(planned.lookup("gke"), &Value::Null);
    assert!(planned.lookup("effective_labels").is_wholly_known(), "{planned:?}");
    assert_eq!(planned.lookup("slices.total"), &Value::from(7_u32));
    let key = planned.lookup("config_key").as_str().expect("a key");
    let native = [("gpuInstanceProfile", "MIG1g"), ("nodeLabels.nvidia.com/device-plugin.config", key)];
    assert_eq!(planned.lookup("native"), &Value::map(native));
    set(&mut config, "machine_type", Value::UNKNOWN);
    let planned = pool.plan(&config, &Value::Null);
    for path in ["cloud", "aks", "gke", "slices.total", "effective_labels", "effective_tags"] {
        assert!(planned.lookup(path).is_unknown(), "{path}");
    }
}

#[test]
fn the_options_of_another_cloud_are_refused() {
    let wrong = errors(&aks(&[]), &[], &[("gke.gvnic", Value::Bool(true))]);
    assert!(wrong.contains("These are options of Google GKE (at gke)"), "{wrong}");
    assert!(wrong.contains("The pool is on Azure AKS. Remove gke"), "{wrong}");
    let wrong = errors(&gke(&[]), &[], &[("aks.mode", "User".into())]);
    assert!(wrong.contains("These are options of Azure AKS (at aks)"), "{wrong}");
    // Of two, one is wrong on any cloud.
    let two = [("gke.gvnic", Value::Bool(true)), ("aks.mode", "User".into())];
    let wrong = errors(&gke(&[]), &["cluster_id", "machine_type"], &two);
    assert!(wrong.contains("a pool is on one cloud only"), "{wrong}");
    // Either may turn out to be right.
    let one = errors(&gke(&[]), &["cluster_id", "machine_type"], &two[1..]);
    assert_eq!(one, "");
}

#[test]
fn the_stack_is_known_at_plan_and_decides_the_labels() {
    let pool = Pool::new();
    let labels = |more: &[(&'static str, Value)]| {
        let planned = pool.plan(&pool.config(&aks(more)), &Value::Null);
        let labels = planned.lookup("effective_labels").as_string_map().expect("known");
        labels.into_iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
    };
    let key = pool.plan(&pool.config(&aks(&[])), &Value::Null).lookup("config_key").clone();
    let key = format!("nvidia.com/device-plugin.config={}", key.as_str().expect("a key"));
    let ours = "gpuslice/profile=1g.10gb gpuslice/sharing=none";
    let present = "nvidia.com/gpu.present=true";
    let no_manager = "nvidia.com/gpu.deploy.mig-manager=false";
    assert_eq!(labels(&[]), format!("{ours} {key} {no_manager} {present}"));
    assert_eq!(labels(&[("aks.mode", "User".into())]), format!("{ours} {key} {no_manager} {present}"));
    let planned = pool.plan(&pool.config(&aks(&[("aks.mode", "User".into())])), &Value::Null);
    assert_eq!(planned.lookup("aks.gpu_stack"), &Value::from("device_plugin"));
    assert_eq!(labels(&[("aks.gpu_stack", "gpu_operator".into())]), format!("{ours} {key} {no_manager}"));
    assert_eq!(
        labels(&[("aks.gpu_stack", "managed".into())]),
        format!("{ours} nvidia.com/gpu.deploy.operands=false")
    );
}

/// What AKS fills in by itself, or what a pool was imported with, is no change that anybody asked for.
#[test]
fn what_is_unset_stays_as_it_is() {
    let pool = Pool::new();
    let config = pool.config(&aks(&[]));
    let mut prior = pool.made(&config);
    for (path, value) in [
        ("aks.gpu_stack", Value::from("managed")),
        ("aks.gpu_driver", "Install".into()),
        ("aks.mode", "System".into()),
        ("aks.vnet_subnet_id", format!("{GROUP}/x").into()),
        (
            "effective_labels",
            pool.made(&pool.config(&aks(&[("aks.gpu_stack", "managed".into())])))
                .lookup("effective_labels")
                .clone(),
        ),
    ] {
        set(&mut prior, path, value);
    }
    assert_eq!(pool.plan(&config, &prior).lookup("aks"), prior.lookup("aks"));
    let changed = pool.config(&aks(&[("node_count", Value::from(3_u32))]));
    let planned = pool.planned(&changed, &prior);
    assert_eq!(planned.state.lookup("aks"), prior.lookup("aks"));
    assert_eq!(planned.requires_replace, []);
    // Written, it counts.
    let written = pool.planned(&pool.config(&aks(&[("aks.gpu_stack", "device_plugin".into())])), &prior);
    assert_eq!(written.requires_replace, ["aks.gpu_stack".into()]);
}

#[test]
fn spellings_that_mean_the_same_are_no_change() {
    let pool = Pool::new();
    let subnet = format!("{GROUP}/Microsoft.Network/virtualNetworks/v/subnets/gpu");
    let written = [
        ("aks.vnet_subnet_id", Value::from(subnet.clone())),
        ("aks.drain_timeout", "90m".into()),
        ("tags", Value::map([("CostCenter", "ml"), ("team", "a")])),
    ];
    let prior = pool.made(&pool.config(&aks(&written)));
    let other = [
        ("aks.vnet_subnet_id", Value::from(subnet.to_uppercase())),
        ("aks.drain_timeout", "1h30m".into()),
        ("tags", Value::map([("costcenter", "ml"), ("TEAM", "a")])),
    ];
    let mut respelt = aks(&other);
    respelt[0].1 = Value::from(aks_cluster().to_lowercase());
    respelt[2].1 = Value::from("standard_nc24ads_a100_v4");
    let quiet = pool.planned(&pool.config(&respelt), &prior);
    assert_eq!(quiet.state, prior);
    // One more tag, and the others in another spelling: what is written counts, each key once.
    let more = [("tags", Value::map([("costcenter", "ml"), ("TEAM", "a"), ("stage", "test")]))];
    let planned = pool.plan(&pool.config(&aks(&more)), &prior);
    assert_eq!(planned.lookup("tags"), &more[0].1);
    assert_eq!(planned.lookup("effective_tags"), &more[0].1);
}

/// A cloud that distinguishes case keeps two keys apart.
#[test]
fn labels_and_gke_are_told_apart_by_case() {
    let pool = Pool::new();
    let prior = pool.made(&pool.config(&aks(&[("labels", Value::map([("Team", "a")]))])));
    let planned = pool.plan(&pool.config(&aks(&[("labels", Value::map([("team", "a")]))])), &prior);
    assert_eq!(planned.lookup("labels"), &Value::map([("team", "a")]));
}

/// The provider's tags reach a pool in any case, and the pool's own win over them.
#[tokio::test]
async fn default_tags_are_joined_without_case() {
    let provider = Provider::default();
    let mut block = provider.schema().empty_value();
    set(&mut block, "default_tags", Value::map([("Team", "platform"), ("Env", "prod")]));
    let request = Configure { terraform_version: "1.9.0".to_owned(), config: block };
    provider.configure(&Context::new(Operation::Configure), request).await.expect("a valid block");
    let pool = Pool::of(&provider);
    let config = pool.config(&aks(&[("tags", Value::map([("team", "ml")]))]));
    let planned = pool.plan(&config, &Value::Null);
    assert_eq!(planned.lookup("effective_tags"), &Value::map([("team", "ml"), ("Env", "prod")]));
    // As after an import, in the cloud's spelling.
    let mut prior = pool.made(&config);
    set(&mut prior, "tags", Value::map([("TEAM", "ml")]));
    set(&mut prior, "effective_tags", Value::map([("TEAM", "ml"), ("ENV", "prod")]));
    assert_eq!(pool.plan(&config, &prior), prior);
}

#[test]
fn a_mixed_strategy_names_slices_after_their_profile() {
    let pool = Pool::new();
    let config = pool.config(&aks(&[("mig_strategy", "mixed".into()), ("node_count", Value::from(2_u32))]));
    let planned = pool.plan(&config, &Value::Null);
    assert_eq!(planned.lookup("slices.resource_name"), &Value::from("nvidia.com/mig-1g.10gb"));
    assert_eq!(planned.lookup("scheduling.resource_limits"), &Value::map([("nvidia.com/mig-1g.10gb", "1")]));
    assert_eq!(planned.lookup("slices.total"), &Value::from(14_u32));
}

#[test]
fn spot_pods_tolerate_what_aks_adds() {
    let pool = Pool::new();
    let planned = pool.plan(&pool.config(&aks(&[("capacity_type", "spot".into())])), &Value::Null);
    let tolerations = planned.lookup("scheduling.tolerations").as_elements().expect("a list");
    let keys: Vec<_> = tolerations.iter().filter_map(|one| one.lookup("key").as_str()).collect();
    assert_eq!(keys, ["nvidia.com/gpu", "kubernetes.azure.com/scalesetpriority"]);
}

#[test]
fn a_roll_is_told_with_the_machines_that_it_takes() {
    let pool = Pool::new();
    let count = ("node_count", Value::from(15_u32));
    let mut prior = pool.made(&pool.config(&aks(std::slice::from_ref(&count))));
    set(
        &mut prior,
        "upgrade",
        Value::object([("max_surge", Value::from("10%")), ("max_unavailable", Value::Null)]),
    );
    let config = pool.config(&aks(&[count, ("aks.os_sku", "AzureLinux3".into())]));
    let said = pool.planned(&config, &prior).diagnostics.to_string();
    assert!(said.contains("Changing aks.os_sku rolls all 15 nodes of the pool"), "{said}");
    assert!(said.contains("needs 2 spare machines of type Standard_NC24ads_A100_v4"), "{said}");
}

/// What plan does not know of `max_pods` it warns about, and no longer once AKS has set it.
#[test]
fn a_default_that_aks_has_set_is_no_longer_open() {
    let pool = Pool::new();
    let parts = pool_of_eight();
    let config = pool.config(&parts);
    let warning = "max_pods may hide slices";
    let said = pool.planned(&config, &Value::Null).diagnostics.to_string();
    assert!(said.contains(warning), "{said}");
    let said = pool.planned(&config, &pool.made(&config)).diagnostics.to_string();
    assert!(!said.contains(warning), "{said}");
}

fn pool_of_eight() -> Parts {
    pool(&aks_cluster(), "Standard_ND96isr_H100_v5", "1g.10gb", &[])
}

#[test]
fn every_cloud_has_its_patience() {
    let pool = Pool::new();
    let minutes = |parts: &[(&'static str, Value)], operation| {
        let planned = pool.plan(&pool.config(parts), &Value::Null);
        pool.timeout(operation, &planned).map(|time| time.as_secs() / 60)
    };
    for operation in [Operation::Create, Operation::Update, Operation::Delete] {
        assert_eq!(minutes(&aks(&[]), operation), Some(60));
        assert_eq!(minutes(&gke(&[]), operation), Some(120));
    }
    assert_eq!(pool.timeout(Operation::Read, &Value::Null), Some(Duration::from_secs(300)));
}

/// A prefix and four characters, from what replaces the pool, whatever its spelling.
#[test]
fn a_computed_name_does_not_depend_on_spelling() {
    let pool = Pool::new();
    let named = |change: &dyn Fn(&mut Parts)| {
        let mut parts = aks(&[(
            "aks.vnet_subnet_id",
            format!("{GROUP}/Microsoft.Network/virtualNetworks/v/subnets/s").into(),
        )]);
        parts[1] = ("name_prefix", "mig".into());
        change(&mut parts);
        let planned = pool.plan(&pool.config(&parts), &Value::Null);
        planned.lookup("name").as_str().expect("known").to_owned()
    };
    let name = named(&|_| {});
    assert!(name.starts_with("mig") && name.len() == 7, "{name}");
    for place in [0, 2, 4] {
        let respelt = named(&|parts| {
            let text = parts[place].1.as_str().expect("a text").to_lowercase();
            parts[place].1 = Value::from(text);
        });
        assert_eq!(respelt, name);
    }
    assert_ne!(named(&|parts| parts[3].1 = "2g.20gb".into()), name);
}
