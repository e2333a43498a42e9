//! The sandbox's AKS before judges that nobody here wrote.
//!
//! - [`clients`]: Microsoft's Python client, and its classes as a judge of everything that was recorded.
//! - [`provider`]: the same judge over what the provider sends.
//!
//! What AKS does with time is tested beside its code, where a test can move the clock.

mod clients;
mod provider;

use crate::support::output::Checked;
use crate::support::{Sandbox, tools};

const JUDGE: &str = "tests/python/judge_aks.py";

/// Has Microsoft's classes judge everything that was recorded.
#[track_caller]
fn judged(sandbox: &Sandbox) -> Checked {
    tools::run_python(JUDGE, [sandbox.record_file()]).success().says(" 0 violations")
}
