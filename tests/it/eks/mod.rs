//! Node pools on EKS with the real terraform, where EKS differs from the other clouds: three stacks that make slices, a
//! launch template beside each node group, updates that roll, sizes that go down only when their nodes are empty.
//!
//! What holds on all clouds alike is in the files named after it (`mig_drift` and so on), and runs on EKS there.
//!
//! - `home`: a desk at one of the seeded clusters, with AWS's own view of the pool;
//! - `life`, `made`: each stack with each way to slice, from creation to end, and what machines are made from;
//! - `in_place`, `rolls`, `replaced`: what changes, and what that does to nodes;
//! - `import`, `drift`: pools made by others, and changed by others;
//! - `stopped`, `left_over`: Ctrl-C and kills between the steps, and the launch templates they leave;
//! - `trouble`, `failed`: a cloud that is busy, unreachable, out of machines, or says no;
//! - `scale_down`, `zero`: pods on nodes that go, and the cluster autoscaler where there is no node;
//! - `access`: the cluster's own API, and whose account it is;
//! - `moto`: an emulator of AWS that we did not write.

mod access;
mod drift;
mod failed;
mod home;
mod import;
mod in_place;
mod left_over;
mod life;
mod made;
mod moto;
mod replaced;
mod rolls;
mod scale_down;
mod stopped;
mod trouble;
mod zero;
