//! Compute Engine's instance group managers: one per node pool and zone, and the only place that tells a pool's size.

use serde_json::{Value, json};

use super::errors::Refusal;
use super::model::{Cluster, Gke, Pool};
use crate::sandbox::clock::rfc3339;
use crate::sandbox::exchange::Call;

/// The page size that Compute takes when none is asked for, and the largest it allows (source: discovery document).
const PAGE: usize = 500;

impl Gke {
    /// One page of the zone's groups, by name.
    pub(super) fn list_groups(&self, call: &Call, project: &str, zone: &str) -> Result<Value, Refusal> {
        let size = match call.parameter("maxResults").filter(|text| !text.is_empty()) {
            None => PAGE,
            Some(text) => text.parse::<usize>().ok().filter(|size| *size <= PAGE).ok_or_else(|| {
                Refusal::invalid(format!(
                    "Invalid value for field 'maxResults': '{text}'. Must be between 0 and 500."
                ))
            })?,
        };
        let size = if size == 0 { PAGE } else { size };
        let after = call.parameter("pageToken").filter(|text| !text.is_empty());
        let mut groups = self.groups(project, zone);
        if let Some(filter) = call.parameter("filter").filter(|text| !text.is_empty()) {
            let name = name_filter(&filter)?;
            groups.retain(|(group, ..)| match name.strip_suffix('*') {
                Some(start) => group.starts_with(start),
                None => *group == name,
            });
        }
        groups.sort_by(|a, b| a.0.cmp(&b.0));
        if let Some(after) = &after {
            groups.retain(|(name, ..)| name > after);
        }
        let root = root(project, zone);
        let mut page = json!({
            "kind": "compute#instanceGroupManagerList",
            "id": format!("projects/{project}/zones/{zone}/instanceGroupManagers"),
            "selfLink": format!("{root}/instanceGroupManagers"),
        });
        let items: Vec<_> =
            groups.iter().take(size).map(|(name, cluster, pool)| group(cluster, pool, zone, name)).collect();
        if !items.is_empty() {
            page["items"] = json!(items);
        }
        if groups.len() > size {
            // The token is the last name of the page; clients must not look into it.
            page["nextPageToken"] = json!(groups[size - 1].0);
        }
        Ok(page)
    }

    pub(super) fn get_group(&self, project: &str, zone: &str, name: &str) -> Result<Value, Refusal> {
        let found = self.groups(project, zone).into_iter().find(|(group, ..)| group == name);
        found.map(|(name, cluster, pool)| group(cluster, pool, zone, &name)).ok_or_else(|| {
            Refusal::missing(format!(
                "The resource 'projects/{project}/zones/{zone}/instanceGroupManagers/{name}' was not found"
            ))
        })
    }

    fn groups(&self, project: &str, zone: &str) -> Vec<(String, &Cluster, &Pool)> {
        let clusters = self.clusters.values().filter(|cluster| cluster.project == project);
        clusters
            .flat_map(|cluster| cluster.pools.values().map(move |pool| (cluster, pool)))
            .filter(|(_, pool)| pool.sizes.contains_key(zone))
            .map(|(cluster, pool)| (pool.group_name(&cluster.name, zone), cluster, pool))
            .collect()
    }
}

/// The name, or name with a star, that a filter asks for. Compute knows more filters than the sandbox does.
fn name_filter(filter: &str) -> Result<String, Refusal> {
    let compact: String =
        filter.chars().filter(|c| !c.is_whitespace() && !matches!(c, '"' | '\'' | '(' | ')')).collect();
    let name = compact.strip_prefix("name=").or_else(|| compact.strip_prefix("name:"));
    name.map(str::to_owned).ok_or_else(|| {
        Refusal::invalid(format!("The sandbox knows the filters name=NAME and name:START*, not '{filter}'."))
    })
}

fn root(project: &str, zone: &str) -> String {
    format!("https://www.googleapis.com/compute/v1/projects/{project}/zones/{zone}")
}

fn group(cluster: &Cluster, pool: &Pool, zone: &str, name: &str) -> Value {
    let root = root(&cluster.project, zone);
    let target = pool.sizes.get(zone).copied().unwrap_or(0);
    let missing = pool.missing(zone);
    let base = name.trim_end_matches("-grp");
    let global = format!("https://www.googleapis.com/compute/v1/projects/{}/global", cluster.project);
    json!({
        "kind": "compute#instanceGroupManager",
        "id": u64::from_str_radix(&pool.hash, 16).unwrap_or(1).to_string(),
        "creationTimestamp": rfc3339(pool.created_at),
        "name": name,
        "zone": root,
        "baseInstanceName": base,
        "instanceTemplate": format!("{global}/instanceTemplates/{base}"),
        "instanceGroup": format!("{root}/instanceGroups/{name}"),
        "targetSize": target,
        "currentActions": {
            "none": target.saturating_sub(missing),
            "creating": missing,
        },
        "status": {"isStable": missing == 0},
        "selfLink": format!("{root}/instanceGroupManagers/{name}"),
    })
}
