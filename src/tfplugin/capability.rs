//! What a resource may be able to do beyond its life cycle. Each is a trait of its own, so that a resource shows by
//! its code what it can, and the frame refuses the rest with a sentence.

use async_trait::async_trait;
use serde_json::Value as Json;

use super::context::Context;
use super::diag::Diagnostics;
use super::type_::Type;
use super::value::Value;

/// Takes existing objects under management.
#[async_trait]
pub trait Import: Send + Sync {
    /// The state of the object that `by` names, as far as it follows from the name: attributes that are left out
    /// are null, and the host asks [`Resource::read`](super::Resource::read) for the rest at once. Private state
    /// goes through the context.
    async fn import(&self, ctx: &Context, by: ImportBy) -> Result<Value, Diagnostics>;
}

/// How an object to import is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportBy {
    /// The text in `terraform import` or in the `id` of an `import` block.
    Id(String),
    /// The object in the `identity` of an `import` block, of the resource's own [`Identity::schema`].
    Identity(Value),
}

/// Takes over the state of a resource of another type, in a `moved` block.
///
/// The provider is not configured then and may not be for as long as the call lasts: build what a read needs from
/// the source's state alone.
pub trait MoveState: Send + Sync {
    /// The types that [`move_state`](Self::move_state) knows, for the message to those who come with another.
    fn sources(&self) -> Vec<&'static str>;

    /// `None`: this source is not known here.
    ///
    /// # Errors
    /// The source is known, but what it holds cannot become this resource.
    fn move_state(&self, source: &MoveSource) -> Result<Option<Moved>, Diagnostics>;
}

/// What is to become ours.
#[derive(Debug, Clone)]
pub struct MoveSource {
    /// The source provider's address as the host gives it. Some hosts give no more than its last part, so compare
    /// [`provider`](Self::provider).
    pub provider_address: String,
    /// The source's type, such as `random_pet`.
    pub type_name: String,
    /// The version of the source's schema.
    pub schema_version: i64,
    /// The source's attributes as they were stored.
    pub state: Json,
    /// The source's private state, which only its own provider can read.
    pub private: Vec<u8>,
    /// The source's identity as it was stored, from hosts that have identities.
    pub identity: Option<Json>,
}

impl MoveSource {
    /// The last part of the source provider's address, such as `random`.
    pub fn provider(&self) -> &str {
        self.provider_address.rsplit('/').next().unwrap_or_default()
    }
}

/// State that was taken over.
#[derive(Debug, Clone)]
pub struct Moved {
    /// Wholly known. Attributes that are left out are null.
    pub state: Value,
    /// Our own private state.
    pub private: Vec<u8>,
}

/// Brings state of an older schema version to the present one.
pub trait UpgradeState: Send + Sync {
    /// Changes stored attributes of version `from`, which is less than the present version, to what the present
    /// version would have stored.
    ///
    /// # Errors
    /// The version is not known, or the state is not what that version stored.
    fn upgrade(&self, from: i64, state: Json) -> Result<Json, Diagnostics>;
}

/// Names a resource to the outside: all that is needed to find the object again, and nothing that changes.
pub trait Identity: Send + Sync {
    /// Asked once.
    fn schema(&self) -> IdentitySchema;

    /// The identity of the object with this state. `None` while it is not known, which a host accepts only before
    /// the object exists.
    fn identity(&self, state: &Value) -> Option<Value>;
}

/// The shape of an identity.
#[derive(Debug, Clone)]
pub struct IdentitySchema {
    /// Starts at 0. There are no upgrades of identities yet, so it stays there.
    pub version: i64,
    /// In the order in which they are shown.
    pub attributes: Vec<IdentityAttribute>,
}

/// One attribute of an identity.
#[derive(Debug, Clone)]
pub struct IdentityAttribute {
    /// Its name in the `identity` of an `import` block.
    pub name: &'static str,
    /// Strings, numbers, booleans, and lists of them.
    pub type_: Type,
    /// Whether an import must give it. Otherwise it may.
    pub required: bool,
    /// Markdown.
    pub description: &'static str,
}

impl IdentitySchema {
    /// The object type that identities have.
    #[must_use]
    pub fn type_(&self) -> Type {
        Type::object(self.attributes.iter().map(|attribute| (attribute.name, attribute.type_.clone())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_spell_the_source_provider_in_two_ways() {
        for address in ["registry.terraform.io/hashicorp/azurerm", "azurerm"] {
            let source = MoveSource {
                provider_address: address.to_owned(),
                type_name: String::new(),
                schema_version: 0,
                state: Json::Null,
                private: Vec::new(),
                identity: None,
            };
            assert_eq!(source.provider(), "azurerm");
        }
    }
}
