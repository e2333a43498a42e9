//! The clouds: which there are, which options belong to which, and how long each may take.

use std::time::Duration;

use crate::cloud;
use crate::nodepool::change::Ground;
use crate::nodepool::{CloudRules, OptionValue, Options, Problems, checks};
use crate::slicing::Cloud;
use crate::tfplugin::{Plan, Value};

use super::planning::put;

/// How long a read may take where nobody says.
pub(in crate::provider) const READING: Duration = Duration::from_secs(5 * 60);

/// The rules of every cloud, in the order of lists.
pub(super) fn all() -> impl Iterator<Item = &'static dyn CloudRules> {
    Cloud::ALL.into_iter().map(cloud::rules)
}

/// How long a create, an update or a delete may take where nobody says: as long as on the slowest cloud, where the
/// pool's own is not known.
pub(super) fn patience(value: &Value) -> Duration {
    let own = value.lookup("cloud").as_str().and_then(|cloud| Some(cloud::rules(cloud.parse().ok()?)));
    own.map_or_else(|| all().map(CloudRules::patience).max().unwrap_or(READING), CloudRules::patience)
}

/// The column of the table of change classes that the pool of a state, or of a plan, is in; `None` while its cloud is
/// not known.
pub(super) fn ground(pool: &Value) -> Option<Ground> {
    Some(ground_on(pool.lookup("cloud").as_str()?.parse().ok()?, pool))
}

/// The same for a pool on this cloud, of which a configuration tells the rest.
pub(super) fn ground_on(cloud: Cloud, pool: &Value) -> Ground {
    let rules = cloud::rules(cloud);
    let mut options = Options::default();
    for path in rules.deciding_options() {
        let name = path.rsplit('.').next().unwrap_or(path);
        options.set(name, pool.lookup(path).as_str().map(|text| OptionValue::Text(text.to_owned())));
    }
    rules.ground(&options)
}

/// Refuses the options of another cloud than the pool's. While that is not known, the options of two clouds are one
/// cloud's too many all the same.
pub(super) fn check_options(config: &Value, cloud: Option<Cloud>, problems: &mut Problems) {
    let given = |cloud: Cloud| {
        let options = config.lookup(&cloud.to_string());
        !options.is_null() && !options.is_unknown()
    };
    let mut owner = cloud;
    for other in all().map(CloudRules::cloud).filter(|cloud| given(*cloud)) {
        let owner = *owner.get_or_insert(other);
        if owner == other {
            continue;
        }
        let why = match cloud {
            Some(_) => format!("The pool is on {}.", checks::display(owner)),
            None => format!("{owner} is given too, and a pool is on one cloud only."),
        };
        problems.error(
            &other.to_string(),
            format!("These are options of {}", checks::display(other)),
            format!(
                "{why} Remove {other}; in a module for several clouds, write null for the clouds that a pool is not \
                 on."
            ),
        );
    }
}

/// The options of the other clouds are null. While the pool's cloud is not known, any of them may turn out to be.
pub(super) fn plan_options(plan: &mut Plan<'_>, cloud: Option<Cloud>) {
    for other in all().map(CloudRules::cloud).filter(|other| cloud != Some(*other)) {
        let name = other.to_string();
        if plan.config.lookup(&name).is_null() {
            put(plan, &name, if cloud.is_some() { Value::Null } else { Value::UNKNOWN });
        }
    }
}
