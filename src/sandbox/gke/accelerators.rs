//! What GKE refuses about GPUs: at creation, and when they are to change.

use serde_json::Value;

use super::errors::Refusal;
use super::hardware::{Machine, accelerator_named, n1_counts, partitions};

/// Clients per GPU or partition (source: Google's GKE autoscaler, pricing and GPU rules; `ComputeClass` reference).
const CLIENTS: std::ops::RangeInclusive<i64> = 2..=48;

type Checked = Result<(), Refusal>;

/// The rules on `config.accelerators` of a whole node configuration.
pub(crate) fn check(config: &Value, machine: &Machine) -> Checked {
    let machine_type = config["machineType"].as_str().unwrap_or_default();
    let list = config["accelerators"].as_array().map(Vec::as_slice).unwrap_or_default();
    let Some(entry) = list.first() else {
        // What the service does with a GPU machine type and no accelerators is unverified; refused, so that a client
        // which forgets them is noticed.
        return match machine.gpus {
            Some((kind, count)) => Err(Refusal::invalid(format!(
                "Machine type {machine_type} comes with {count} GPUs of type {kind}: accelerators must be given."
            ))),
            None => Ok(()),
        };
    };
    if list.len() > 1 {
        return Err(Refusal::invalid("At most one accelerator config can be given per node pool."));
    }
    if machine_type == "e2-medium" {
        // Google's own text (source: hashicorp's Google provider, issue 8387).
        return Err(Refusal::invalid("Cannot use default machine type (e2-medium) with GPUs"));
    }
    let kind = text(entry, "acceleratorType");
    let Some(accelerator) = accelerator_named(kind) else {
        return Err(Refusal::invalid(format!("Accelerator type \"{kind}\" does not exist.")));
    };
    check_count(machine_type, machine, kind, int64(&entry["acceleratorCount"]))?;
    if let Some(size) = entry["gpuPartitionSize"].as_str().filter(|size| !size.is_empty())
        && (machine.fraction || partitions(accelerator, size).is_none())
    {
        // The service's own list and text are unverified.
        return Err(Refusal::invalid(format!(
            "GPU partition size \"{size}\" is not supported for accelerator type \"{kind}\" on machine type \
             \"{machine_type}\"."
        )));
    }
    check_sharing(&entry["gpuSharingConfig"])?;
    check_driver(&entry["gpuDriverInstallationConfig"], config["imageType"].as_str().unwrap_or_default())
}

fn check_count(machine_type: &str, machine: &Machine, kind: &str, count: i64) -> Checked {
    let fits = match machine.gpus {
        Some((own, gpus)) => own == kind && i64::from(gpus) == count,
        None if machine_type.starts_with("n1-") => {
            n1_counts(kind).is_some_and(|counts| counts.iter().any(|n| i64::from(*n) == count))
        }
        None => false,
    };
    if fits {
        return Ok(());
    }
    Err(Refusal::invalid(format!(
        "Accelerator config with {count} of type {kind} is not supported for machine type {machine_type}."
    )))
}

fn check_sharing(sharing: &Value) -> Checked {
    if sharing.is_null() {
        return Ok(());
    }
    let strategy = text(sharing, "gpuSharingStrategy");
    if strategy.is_empty() || strategy == "GPU_SHARING_STRATEGY_UNSPECIFIED" {
        return Err(Refusal::invalid(
            "GPU sharing strategy must be specified with max shared clients per GPU.",
        ));
    }
    let clients = int64(&sharing["maxSharedClientsPerGpu"]);
    if !CLIENTS.contains(&clients) {
        return Err(Refusal::invalid(format!(
            "Max shared clients per GPU must be between {} and {}, got {clients}.",
            CLIENTS.start(),
            CLIENTS.end()
        )));
    }
    Ok(())
}

fn check_driver(driver: &Value, image: &str) -> Checked {
    let specific = text(driver, "gpuDriverVersion") == "SPECIFIC";
    let version = text(driver, "specificVersion");
    if specific == version.is_empty() {
        return Err(Refusal::invalid(
            "GPU driver version SPECIFIC and specific_version must be given together.",
        ));
    }
    if specific && image != "COS_CONTAINERD" {
        return Err(Refusal::invalid("GPU driver version SPECIFIC is supported on COS images only."));
    }
    Ok(())
}

/// What may change on a live pool: sharing and driver. Type and count may not (source: a provider author's report from
/// a real cluster, magic-modules PR 18493); neither may the partition size (unverified).
pub(crate) fn check_change(old: &Value, new: &Value) -> Checked {
    let empty = Value::Null;
    let (old, new) = (old.get(0).unwrap_or(&empty), new.get(0).unwrap_or(&empty));
    let refuse =
        |what: &str, value: &str| Err(Refusal::invalid(format!("{what}: {value} should not be updated.")));
    for (field, what) in [
        ("acceleratorType", "Accelerator type"),
        ("acceleratorCount", "Accelerator count"),
        ("gpuPartitionSize", "GPU partition size"),
    ] {
        if text(old, field) != text(new, field) {
            return refuse(what, text(new, field));
        }
    }
    Ok(())
}

fn text<'a>(object: &'a Value, key: &str) -> &'a str {
    object[key].as_str().unwrap_or_default()
}

fn int64(value: &Value) -> i64 {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::gke::hardware::machine;
    use serde_json::json;

    fn checked(machine_type: &str, entry: &Value) -> Checked {
        let config =
            json!({"machineType": machine_type, "imageType": "COS_CONTAINERD", "accelerators": [entry]});
        check(&config, &machine(machine_type).unwrap())
    }

    #[test]
    fn gpus_must_be_those_of_the_machine() {
        let a100 = |count: &str| json!({"acceleratorType": "nvidia-tesla-a100", "acceleratorCount": count});
        assert_eq!(checked("a2-highgpu-1g", &a100("1")), Ok(()));
        assert!(checked("a2-highgpu-1g", &a100("2")).is_err());
        assert!(checked("a2-ultragpu-1g", &a100("1")).is_err(), "that machine has the 80 GB GPU");
        assert!(
            checked("e2-medium", &a100("1")).unwrap_err()
                == Refusal::invalid("Cannot use default machine type (e2-medium) with GPUs")
        );
        let t4 = |count: &str| json!({"acceleratorType": "nvidia-tesla-t4", "acceleratorCount": count});
        assert_eq!(checked("n1-standard-8", &t4("2")), Ok(()));
        assert!(checked("n1-standard-8", &t4("3")).is_err() && checked("e2-standard-8", &t4("1")).is_err());
        let none = json!({"machineType": "a2-highgpu-1g", "accelerators": []});
        assert!(check(&none, &machine("a2-highgpu-1g").unwrap()).is_err());
    }

    fn cut(kind: &str, size: &str) -> Value {
        json!({"acceleratorType": kind, "acceleratorCount": "1", "gpuPartitionSize": size})
    }

    #[test]
    fn partition_sizes_are_those_of_the_gpu() {
        assert_eq!(checked("a2-highgpu-1g", &cut("nvidia-tesla-a100", "1g.5gb")), Ok(()));
        assert!(checked("a2-highgpu-1g", &cut("nvidia-tesla-a100", "1g.10gb")).is_err());
        assert!(checked("a2-highgpu-1g", &cut("nvidia-tesla-a100", "4g.20gb")).is_err());
        assert_eq!(checked("g4-standard-48", &cut("nvidia-rtx-pro-6000", "4g.96gb")), Ok(()));
        assert!(
            checked("g4-standard-24", &cut("nvidia-rtx-pro-6000", "1g.24gb")).is_err(),
            "a fraction already"
        );
        assert!(checked("g2-standard-8", &cut("nvidia-l4", "1g.5gb")).is_err());
    }

    #[test]
    fn sharing_and_drivers_have_their_limits() {
        let with = |field: &str, value: Value| {
            let mut entry = json!({"acceleratorType": "nvidia-l4", "acceleratorCount": "1"});
            entry[field] = value;
            checked("g2-standard-8", &entry)
        };
        let shared = |clients: &str| {
            with("gpuSharingConfig", json!({"gpuSharingStrategy": "MPS", "maxSharedClientsPerGpu": clients}))
        };
        assert_eq!(shared("2"), Ok(()));
        assert_eq!(shared("48"), Ok(()));
        assert!(shared("1").is_err() && shared("49").is_err());
        assert!(with("gpuSharingConfig", json!({"maxSharedClientsPerGpu": "2"})).is_err());
        let driver = |config: Value| with("gpuDriverInstallationConfig", config);
        assert_eq!(driver(json!({"gpuDriverVersion": "LATEST"})), Ok(()));
        assert_eq!(driver(json!({"gpuDriverVersion": "SPECIFIC", "specificVersion": "580.95.05"})), Ok(()));
        assert!(driver(json!({"gpuDriverVersion": "SPECIFIC"})).is_err());
        assert!(driver(json!({"gpuDriverVersion": "LATEST", "specificVersion": "580.95.05"})).is_err());
    }

    #[test]
    fn type_count_and_partition_size_stay() {
        let entry = |count: &str, size: &str| {
            let kind = "nvidia-tesla-a100";
            json!([{"acceleratorType": kind, "acceleratorCount": count, "gpuPartitionSize": size}])
        };
        let refused = |new: &Value| check_change(&entry("1", "1g.5gb"), new);
        assert_eq!(refused(&entry("1", "1g.5gb")), Ok(()));
        assert_eq!(
            refused(&entry("2", "1g.5gb")),
            Err(Refusal::invalid("Accelerator count: 2 should not be updated."))
        );
        assert!(refused(&entry("1", "2g.10gb")).is_err());
    }
}
