//! Where things are in Azure: availability zones, and the ids of other resources.

/// The availability zones of a region, in AKS's spelling (source: the Azure SDK's model of an agent pool; AKS
/// documentation, "Availability zones").
pub(crate) const ZONES: [&str; 3] = ["1", "2", "3"];

/// A type of resource that a pool may name by its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ResourceType {
    /// What a resource of it is called in a sentence.
    pub(crate) called: &'static str,
    /// The resource of the azurerm provider that has such ids.
    pub(crate) resource: &'static str,
    /// The provider's namespace.
    namespace: &'static str,
    /// The types in the path, the outermost first; each is followed by a name.
    types: &'static [&'static str],
}

pub(crate) const SUBNET: ResourceType = ResourceType {
    called: "a subnet",
    resource: "azurerm_subnet",
    namespace: "Microsoft.Network",
    types: &["virtualNetworks", "subnets"],
};
pub(crate) const CAPACITY_RESERVATION_GROUP: ResourceType = ResourceType {
    called: "a capacity reservation group",
    resource: "azurerm_capacity_reservation_group",
    namespace: "Microsoft.Compute",
    types: &["capacityReservationGroups"],
};
pub(crate) const PROXIMITY_PLACEMENT_GROUP: ResourceType = ResourceType {
    called: "a proximity placement group",
    resource: "azurerm_proximity_placement_group",
    namespace: "Microsoft.Compute",
    types: &["proximityPlacementGroups"],
};
pub(crate) const SNAPSHOT: ResourceType = ResourceType {
    called: "a node pool snapshot",
    resource: "azurerm_kubernetes_node_pool_snapshot",
    namespace: "Microsoft.ContainerService",
    types: &["snapshots"],
};

impl ResourceType {
    /// Whether a text is the id of such a resource; in any case, as Azure takes it.
    pub(crate) fn is_id(&self, text: &str) -> bool {
        let Some(path) = text.strip_prefix('/') else { return false };
        let found: Vec<&str> = path.split('/').collect();
        let wanted = self.words();
        found.len() == 2 * wanted.len()
            && found.chunks_exact(2).zip(&wanted).all(|(pair, (word, name))| {
                let [found_word, found_name] = pair else { return false };
                let named = match name {
                    Some(name) => found_name.eq_ignore_ascii_case(name),
                    None => !found_name.is_empty(),
                };
                found_word.eq_ignore_ascii_case(word) && named
            })
    }

    /// The form of such an id.
    pub(crate) fn form(&self) -> String {
        let pairs = self.words().into_iter().map(|(word, name)| match name {
            Some(name) => format!("/{word}/{name}"),
            None => format!("/{word}/<{}>", word.trim_end_matches('s')),
        });
        pairs.collect()
    }

    /// The words of the path, each with the name that follows it where that is fixed.
    fn words(&self) -> Vec<(&'static str, Option<&'static str>)> {
        let head = [("subscriptions", None), ("resourceGroups", None), ("providers", Some(self.namespace))];
        head.into_iter().chain(self.types.iter().map(|word| (*word, None))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str =
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/n";

    #[test]
    fn ids_are_read_in_any_case() {
        assert!(
            SUBNET.is_id(ID)
                && SUBNET.is_id(&ID.to_ascii_lowercase())
                && SUBNET.is_id(&ID.to_ascii_uppercase())
        );
    }

    #[test]
    fn other_things_are_no_ids() {
        for text in [
            "",
            "/",
            "subnet-1",
            &ID[1..],
            &format!("{ID}/"),
            &format!("{ID}/x"),
            &ID.replace("/subnets/n", ""),
            &ID.replace("/n", "/"),
            &ID.replace("Network/", "Compute/"),
        ] {
            assert!(!SUBNET.is_id(text), "{text}");
        }
        assert!(!SNAPSHOT.is_id(ID) && !PROXIMITY_PLACEMENT_GROUP.is_id(ID));
    }

    #[test]
    fn the_form_is_an_id_itself() {
        for kind in [SUBNET, CAPACITY_RESERVATION_GROUP, PROXIMITY_PLACEMENT_GROUP, SNAPSHOT] {
            assert!(kind.is_id(&kind.form()), "{}", kind.form());
        }
        assert_eq!(
            SUBNET.form(),
            "/subscriptions/<subscription>/resourceGroups/<resourceGroup>/providers/Microsoft.Network/\
             virtualNetworks/<virtualNetwork>/subnets/<subnet>"
        );
    }
}
