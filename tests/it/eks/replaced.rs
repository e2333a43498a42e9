//! Changes for which there has to be another node group on EKS, with a launch template of its own.

use super::home::Home;
use crate::eks_pool::{OPERATOR, SUBNET};
use crate::mig_pool::Pool;

/// A pool that stands, replaced for the sake of one attribute; nothing of the old one is left.
#[track_caller]
fn replaced(home: &Home, from: &Pool, to: &Pool, because_of: &[&str]) {
    home.settle(from);
    let old = home.our_template();
    home.replace(to, because_of);
    let new = home.our_template();
    assert_ne!(old.id, new.id, "each node group has its own");
    assert_eq!(home.state()["allocatable_slices"], home.state()["slices"]["total"]);
}

#[test]
fn another_stack() {
    let bottlerocket = Pool::eks().text("cluster_id", OPERATOR);
    replaced(&Home::operator(), &bottlerocket, &Pool::eks_operator(), &["eks.gpu_stack"]);
}

#[test]
fn another_profile_with_the_operator() {
    let to = Pool::eks_operator().text("mig_profile", "2g.20gb");
    replaced(&Home::operator(), &Pool::eks_operator(), &to, &["mig_profile"]);
}

#[test]
fn other_subnets() {
    let more = |ids: &str| {
        Pool::eks().set(
            "eks",
            &format!("{{ node_role_arn = \"arn:aws:iam::000000000000:role/node\", subnet_ids = {ids} }}"),
        )
    };
    let both = format!("[\"{SUBNET}\", \"subnet-0000000000000000b\"]");
    replaced(&Home::cut(), &Pool::eks(), &more(&both), &["eks.subnet_ids"]);
}

#[test]
fn another_role() {
    let other = crate::eks_pool::options("000000000000", "").replace("role/node", "role/other");
    replaced(&Home::cut(), &Pool::eks(), &Pool::eks().set("eks", &other), &["eks.node_role_arn"]);
}

#[test]
fn another_image() {
    let fips = Pool::eks().with("ami_type = \"BOTTLEROCKET_x86_64_NVIDIA_FIPS\"");
    replaced(&Home::cut(), &Pool::eks(), &fips, &["eks.ami_type"]);
}

#[test]
fn the_same_subnets_in_another_order_are_no_other_ones() {
    let home = Home::cut();
    let with = |ids: &str| {
        Pool::eks().set(
            "eks",
            &format!("{{ node_role_arn = \"arn:aws:iam::000000000000:role/node\", subnet_ids = {ids} }}"),
        )
    };
    home.settle(&with("[\"subnet-0000000000000000b\", \"subnet-0000000000000000a\"]"));
    home.write(&with("[\"subnet-0000000000000000a\", \"subnet-0000000000000000b\"]"));
    home.workspace.assert_empty_plan();
}
