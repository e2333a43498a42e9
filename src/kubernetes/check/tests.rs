use super::*;

#[test]
fn nobody_knows_for_a_reason() {
    let all = [
        NotVerified::NothingAnnounces { advice: "Install it.".to_owned() },
        NotVerified::NotAsked(Box::new(KubeError::Refused { server: "https://10.0.0.1".to_owned() })),
        NotVerified::NoNodes,
        NotVerified::DynamicAllocation,
        NotVerified::Interrupted,
    ];
    insta::assert_snapshot!(all.map(|why| why.detail()).join("\n"));
}

#[test]
fn many_nodes_are_counted() {
    let node = |number: usize| NodeReport {
        name: format!("n{number}"),
        ready: number != 1,
        right: number == 0,
        offers: u64::from(number == 0) * 7,
        others: if number == 2 { vec!["nvidia.com/mig-1g.5gb: 7".to_owned()] } else { Vec::new() },
    };
    let mismatch = Mismatch {
        resource: "nvidia.com/gpu".to_owned(),
        per_node: 7,
        nodes: (0..13).map(node).collect(),
        missing: 0,
        allocatable: 7,
        waited: Duration::from_secs(900),
        findings: Vec::new(),
    };
    insta::assert_snapshot!(format!("{}\n{}", mismatch.summary(), mismatch.detail()));
}
