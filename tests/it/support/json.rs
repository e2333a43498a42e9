//! Look-ups in the JSON that `terraform show -json` prints for a state or a plan.

use serde_json::Value;

/// The resource at `address` in a state, child modules included.
pub(crate) fn find_resource<'a>(state: &'a Value, address: &str) -> Option<&'a Value> {
    in_module(state.pointer("/values/root_module")?, address)
}

/// The attribute values of the resource at `address` in a state.
#[track_caller]
pub(crate) fn attributes<'a>(state: &'a Value, address: &str) -> &'a Value {
    let resource =
        find_resource(state, address).unwrap_or_else(|| panic!("{address} is not in the state: {state:#}"));
    &resource["values"]
}

/// The addresses of all resources in a state.
pub(crate) fn addresses(state: &Value) -> Vec<String> {
    fn collect(module: &Value, into: &mut Vec<String>) {
        let resources = module["resources"].as_array().into_iter().flatten();
        into.extend(resources.filter_map(|resource| resource["address"].as_str().map(str::to_owned)));
        for child in module["child_modules"].as_array().into_iter().flatten() {
            collect(child, into);
        }
    }
    let mut found = Vec::new();
    collect(&state["values"]["root_module"], &mut found);
    found
}

/// The planned change of the resource at `address`: `actions`, `before`, `after`, `after_unknown`,
/// `replace_paths`.
#[track_caller]
pub(crate) fn change<'a>(plan: &'a Value, address: &str) -> &'a Value {
    let changes = plan["resource_changes"].as_array().into_iter().flatten();
    let found = changes.into_iter().find(|change| change["address"] == address);
    &found.unwrap_or_else(|| panic!("{address} is not in the plan: {plan:#}"))["change"]
}

/// What the plan does to the resource at `address`: `["create"]`, `["update"]`, `["delete", "create"]`, ...
#[track_caller]
pub(crate) fn actions(plan: &Value, address: &str) -> Vec<String> {
    let actions = change(plan, address)["actions"].as_array().expect("a change has actions");
    actions.iter().map(|action| action.as_str().expect("an action is a string").to_owned()).collect()
}

fn in_module<'a>(module: &'a Value, address: &str) -> Option<&'a Value> {
    let mut resources = module["resources"].as_array().into_iter().flatten();
    let mut children = module["child_modules"].as_array().into_iter().flatten();
    resources
        .find(|resource| resource["address"] == address)
        .or_else(|| children.find_map(|child| in_module(child, address)))
}
