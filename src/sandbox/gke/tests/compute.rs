//! Instance group managers: the size of a pool.

use super::*;

const ZONE: &str = "/compute/v1/projects/sandbox/zones/us-central1-a/instanceGroupManagers";

/// Every group of the zone, page by page.
fn all(google: &mut Google, page: usize) -> Vec<Value> {
    let mut items = Vec::new();
    let mut token = String::new();
    loop {
        let answer = google.get(&format!("{ZONE}?maxResults={page}&pageToken={token}"));
        items.extend(answer["items"].as_array().cloned().unwrap_or_default());
        match answer["nextPageToken"].as_str() {
            Some(next) => next.clone_into(&mut token),
            None => return items,
        }
    }
}

#[test]
fn the_list_comes_in_pages() {
    let mut google = Google::new();
    let whole = all(&mut google, 500);
    assert_eq!(whole.len(), 4, "two pools of two clusters");
    for page in [1, 2, 3, 4] {
        assert_eq!(all(&mut google, page), whole);
    }
    assert_eq!(google.refused("GET", &format!("{ZONE}?maxResults=501"), &Value::Null).0, 400);
    let empty = google.get(&ZONE.replace("us-central1-a", "us-east1-b"));
    assert_eq!(empty.get("items"), None, "as Compute answers an empty list");
}

#[test]
fn the_target_size_is_what_is_wanted() {
    let mut google = Google::new();
    google.act(&json!({"kind": "set_stock", "zone": "us-central1-a", "accelerator": "nvidia-tesla-a100", "count": 3}));
    google.create(ZONAL, &a100("mig", 3, &["a"]));
    google.pass(LATENCY);
    let pool = google.pool(ZONAL, "mig");
    let link = pool["instanceGroupUrls"][0].as_str().unwrap();
    let path = link.strip_prefix("https://www.googleapis.com").unwrap();
    let group = google.get(path);
    assert_eq!(group["targetSize"], 3);
    assert_eq!(group["currentActions"], json!({"none": 1, "creating": 2}));
    assert_eq!(group["selfLink"], link);
    let name = path.rsplit('/').next().unwrap();
    assert_eq!(google.get(&format!("{ZONE}?filter=name%3D{name}"))["items"][0], group);
    assert_eq!(
        google.get(&format!("{ZONE}?filter=name%3Agke-zonal-*"))["items"].as_array().unwrap().len(),
        3
    );
    assert_eq!(google.refused("GET", &format!("{ZONE}?filter=zone%3Dx"), &Value::Null).0, 400);
    assert_eq!(google.refused("GET", &format!("{ZONE}/none"), &Value::Null).0, 404);
}
