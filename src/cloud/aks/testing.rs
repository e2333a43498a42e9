//! Pools for the tests of this folder.
