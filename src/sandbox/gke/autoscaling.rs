//! Sizes of node pools: per zone, in total, and what autoscaling makes of them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::errors::Refusal;
use super::model::Pool;

/// The autoscaling of a request, checked and as GET shows it afterwards: empty when it is off.
pub(crate) fn checked(autoscaling: &Value) -> Result<Value, Refusal> {
    if autoscaling["enabled"] != true {
        return Ok(json!({}));
    }
    let count = |key: &str| autoscaling[key].as_i64().unwrap_or(0);
    let (min, max) = (count("minNodeCount"), count("maxNodeCount"));
    let (total_min, total_max) = (count("totalMinNodeCount"), count("totalMaxNodeCount"));
    let per_zone = min != 0 || max != 0;
    let total = total_min != 0 || total_max != 0;
    // The exclusion is in the discovery document; the texts are unverified.
    if per_zone && total {
        return Err(Refusal::invalid(
            "Total node count limits and per-zone node count limits are mutually exclusive in node pool autoscaling.",
        ));
    }
    let (least, most) = if total { (total_min, total_max) } else { (min, max) };
    if most < 1 || least < 0 || least > most {
        return Err(Refusal::invalid(format!(
            "Node pool autoscaling limits are invalid: minimum {least}, maximum {most}."
        )));
    }
    let mut checked = autoscaling.clone();
    if checked["locationPolicy"].as_str().is_none_or(|policy| policy == "LOCATION_POLICY_UNSPECIFIED") {
        checked["locationPolicy"] = json!("BALANCED");
    }
    Ok(checked)
}

/// `count` machines in every zone of the pool.
pub(crate) fn per_zone(zones: &[String], count: u32) -> BTreeMap<String, u32> {
    zones.iter().map(|zone| (zone.clone(), count)).collect()
}

/// `total` machines spread over the zones, the first ones getting the odd machines.
pub(crate) fn spread(zones: &[String], total: u32) -> BTreeMap<String, u32> {
    let count = u32::try_from(zones.len()).unwrap_or(u32::MAX).max(1);
    let extra = total % count;
    zones
        .iter()
        .zip(0..)
        .map(|(zone, index)| (zone.clone(), total / count + u32::from(index < extra)))
        .collect()
}

/// The autoscaler brings a pool up to its minimum and takes nothing away.
pub(crate) fn keep_minimum(pool: &mut Pool) {
    let count =
        |key: &str| pool.spec["autoscaling"][key].as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
    let (min, total_min) = (count("minNodeCount"), count("totalMinNodeCount"));
    pool.sizes.values_mut().for_each(|size| *size = (*size).max(min));
    while pool.sizes.values().sum::<u32>() < total_min {
        let Some(smallest) = pool.sizes.values_mut().min_by_key(|size| **size) else { return };
        *smallest += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_checked() {
        for refused in [
            json!({"enabled": true}),
            json!({"enabled": true, "minNodeCount": 3, "maxNodeCount": 2}),
            json!({"enabled": true, "maxNodeCount": 2, "totalMaxNodeCount": 2}),
            json!({"enabled": true, "totalMinNodeCount": 3, "totalMaxNodeCount": 2}),
        ] {
            assert!(checked(&refused).is_err(), "{refused}");
        }
        assert_eq!(checked(&json!({"minNodeCount": 3})).unwrap(), json!({}));
        let kept = checked(&json!({"enabled": true, "totalMaxNodeCount": 2})).unwrap();
        assert_eq!(kept, json!({"enabled": true, "totalMaxNodeCount": 2, "locationPolicy": "BALANCED"}));
    }

    #[test]
    fn a_total_is_spread_evenly() {
        let zones = ["a", "b", "c"].map(str::to_owned);
        let sizes = |total| spread(&zones, total).into_values().collect::<Vec<_>>();
        assert_eq!(sizes(4), [2, 1, 1]);
        assert_eq!(sizes(3), [1, 1, 1]);
        assert_eq!(sizes(0), [0, 0, 0]);
    }
}
