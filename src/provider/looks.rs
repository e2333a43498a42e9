//! Looks into clusters' ConfigMaps at a refresh: one per ConfigMap, however many pools have keys in it.
//!
//! Terraform reads every pool by itself, ten at a time. The first asks, the others wait for the same answer, and for a
//! few seconds it serves those that come later. A failure is kept as well: a cluster that does not answer would else be
//! waited for by each of its pools.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::OnceCell;

use crate::nodepool::{ClusterId, PoolError};

/// How long an answer serves, from the moment its request began.
const FRESH: Duration = Duration::from_secs(10);

/// A ConfigMap's data, empty where there is none; `None` while it is not known how the cluster is reached.
pub(super) type Data = Option<Arc<BTreeMap<String, String>>>;

/// A ConfigMap: its cluster, its namespace and its name.
type Place = (ClusterId, String, String);

/// The looks of one provider.
#[derive(Debug, Default)]
pub(super) struct Looks {
    looks: Mutex<HashMap<Place, Look>>,
    told: Mutex<HashSet<ClusterId>>,
}

#[derive(Debug, Clone)]
struct Look {
    begun: Instant,
    answer: Arc<OnceCell<Result<Data, PoolError>>>,
}

impl Looks {
    /// The data of a ConfigMap: a fresh answer if there is one, else that of `look`, which is then begun.
    pub(super) async fn get(
        &self,
        place: Place,
        look: impl Future<Output = Result<Data, PoolError>>,
    ) -> Result<Data, PoolError> {
        let answer = {
            let mut looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
            let begun = Instant::now();
            let known = looks.entry(place).or_insert_with(|| Look { begun, answer: Arc::default() });
            if known.begun.elapsed() >= FRESH {
                *known = Look { begun, answer: Arc::default() };
            }
            Arc::clone(&known.answer)
        };
        answer.get_or_init(|| look).await.clone()
    }

    /// Forgets what was seen of a cluster, even what is still on its way.
    pub(super) fn forget(&self, cluster: &ClusterId) {
        self.looks.lock().unwrap_or_else(PoisonError::into_inner).retain(|(of, ..), _| of != cluster);
    }

    /// Whether nobody has told of this cluster yet.
    pub(super) fn tells_first(&self, cluster: &ClusterId) -> bool {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(cluster.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::nodepool::pools::ErrorKind;

    fn place() -> Place {
        ("projects/p/locations/l/clusters/c".parse().unwrap(), "gpu".to_owned(), "slices".to_owned())
    }

    #[tokio::test]
    async fn all_who_look_at_once_share_an_answer_be_it_good_or_bad() {
        let looks = Looks::default();
        let asked = AtomicU32::new(0);
        let slow = |answer: Result<Data, PoolError>| {
            let asked = &asked;
            async move {
                asked.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                answer
            }
        };
        let error = PoolError {
            kind: ErrorKind::TimedOut,
            summary: "too slow".to_owned(),
            detail: String::new(),
            attribute: None,
        };
        let refused = || slow(Err(error.clone()));
        let (one, other) = tokio::join!(looks.get(place(), refused()), looks.get(place(), refused()));
        assert_eq!((one, other), (Err(error.clone()), Err(error.clone())));
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        looks.forget(&place().0);
        let data = Some(Arc::new(BTreeMap::from([("a".to_owned(), "b".to_owned())])));
        assert_eq!(looks.get(place(), slow(Ok(data.clone()))).await, Ok(data.clone()));
        assert_eq!(looks.get(place(), refused()).await, Ok(data));
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn a_cluster_is_told_of_once() {
        let looks = Looks::default();
        let aks = |name: &str| {
            format!("/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/{name}")
                .parse::<ClusterId>()
                .unwrap()
        };
        assert!(looks.tells_first(&aks("c")));
        assert!(!looks.tells_first(&aks("C")), "another spelling");
        assert!(looks.tells_first(&aks("d")));
    }
}
