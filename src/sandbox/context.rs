//! What a call, or somebody else's act, is carried out with.

use super::clock::Millis;
use super::exchange::Call;
use super::fault_kinds::Outcome;
use super::faults::Faults;
use super::kubernetes::Directory;
use super::random::Random;

/// The time, the dice and the faults of one call.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) now: Millis,
    /// How long an operation takes.
    pub(crate) latency: Millis,
    pub(crate) random: &'a mut Random,
    pub(crate) faults: &'a mut Faults,
    /// The call that faults are matched against; none when an actor acts.
    pub(crate) call: Option<&'a Call>,
    /// Where the clusters' API servers are; none where nobody needs to know.
    pub(crate) directory: Option<Directory<'a>>,
    /// The kind of the fault that the started operation carries.
    pub(crate) applied: Option<&'static str>,
}

impl Context<'_> {
    /// What a fault has in store for an operation that starts now in that cloud.
    pub(crate) fn outcome(&mut self, cloud: &str) -> Option<Outcome> {
        let (kind, outcome) = self.faults.outcome(cloud, self.call?)?;
        self.applied = Some(kind);
        Some(outcome)
    }
}
