//! `kubernetes` against the sandbox's API servers: the ways in, the keys of the device plugin's ConfigMap, and the slice
//! check, with the sandbox's device plugins doing what NVIDIA's do.

mod check;
mod keys;
mod support;
mod ways;
