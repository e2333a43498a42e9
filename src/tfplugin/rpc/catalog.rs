//! What the provider offers, asked once and only when needed: most processes that a host starts use little of it.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use crate::tfplugin::derived::Derived;
use crate::tfplugin::diag::Diagnostics;
use crate::tfplugin::schema::Schema;
use crate::tfplugin::type_::Type;
use crate::tfplugin::{DataSource, Function, Identity, IdentitySchema, Provider, Resource, Signature};

/// A schema and the type of its values.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) schema: Schema,
    pub(super) ty: Type,
}

impl Shape {
    fn new(schema: Schema) -> Self {
        let ty = schema.ty();
        Self { schema, ty }
    }
}

/// A resource type.
pub(super) struct ResourceKind {
    pub(super) resource: Arc<dyn Resource>,
    shape: OnceLock<Shape>,
    derived: OnceLock<Vec<Derived>>,
    identity: OnceLock<Option<IdentitySchema>>,
}

impl ResourceKind {
    pub(super) fn shape(&self) -> &Shape {
        self.shape.get_or_init(|| Shape::new(self.resource.schema()))
    }

    pub(super) fn derived(&self) -> &[Derived] {
        self.derived.get_or_init(|| self.resource.derived())
    }

    pub(super) fn identity(&self) -> Option<&IdentitySchema> {
        self.identity.get_or_init(|| self.resource.identity().map(Identity::schema)).as_ref()
    }
}

/// A data source type.
pub(super) struct DataSourceKind {
    pub(super) data_source: Arc<dyn DataSource>,
    shape: OnceLock<Shape>,
}

impl DataSourceKind {
    pub(super) fn shape(&self) -> &Shape {
        self.shape.get_or_init(|| Shape::new(self.data_source.schema()))
    }
}

/// A function.
pub(super) struct FunctionKind {
    pub(super) function: Arc<dyn Function>,
    signature: OnceLock<Signature>,
}

impl FunctionKind {
    pub(super) fn signature(&self) -> &Signature {
        self.signature.get_or_init(|| self.function.signature())
    }
}

/// Everything that a provider offers.
pub(super) struct Catalog {
    pub(super) provider: Box<dyn Provider>,
    shape: OnceLock<Shape>,
    resources: OnceLock<BTreeMap<String, Arc<ResourceKind>>>,
    data_sources: OnceLock<BTreeMap<String, Arc<DataSourceKind>>>,
    functions: OnceLock<BTreeMap<String, Arc<FunctionKind>>>,
}

impl Catalog {
    pub(super) fn new(provider: Box<dyn Provider>) -> Self {
        Self {
            provider,
            shape: OnceLock::new(),
            resources: OnceLock::new(),
            data_sources: OnceLock::new(),
            functions: OnceLock::new(),
        }
    }

    pub(super) fn shape(&self) -> &Shape {
        self.shape.get_or_init(|| Shape::new(self.provider.schema()))
    }

    pub(super) fn resources(&self) -> &BTreeMap<String, Arc<ResourceKind>> {
        self.resources.get_or_init(|| {
            let kind = |resource| ResourceKind {
                resource,
                shape: OnceLock::new(),
                derived: OnceLock::new(),
                identity: OnceLock::new(),
            };
            let resources = self.provider.resources().into_iter();
            resources.map(|(name, resource)| (name, Arc::new(kind(resource)))).collect()
        })
    }

    pub(super) fn data_sources(&self) -> &BTreeMap<String, Arc<DataSourceKind>> {
        self.data_sources.get_or_init(|| {
            let kind = |data_source| DataSourceKind { data_source, shape: OnceLock::new() };
            let data_sources = self.provider.data_sources().into_iter();
            data_sources.map(|(name, data_source)| (name, Arc::new(kind(data_source)))).collect()
        })
    }

    pub(super) fn functions(&self) -> &BTreeMap<String, Arc<FunctionKind>> {
        self.functions.get_or_init(|| {
            let kind = |function| FunctionKind { function, signature: OnceLock::new() };
            let functions = self.provider.functions().into_iter();
            functions.map(|(name, function)| (name, Arc::new(kind(function)))).collect()
        })
    }

    pub(super) fn resource(&self, name: &str) -> Result<Arc<ResourceKind>, Diagnostics> {
        self.resources().get(name).cloned().ok_or_else(|| unknown("resource type", name))
    }

    pub(super) fn data_source(&self, name: &str) -> Result<Arc<DataSourceKind>, Diagnostics> {
        self.data_sources().get(name).cloned().ok_or_else(|| unknown("data source type", name))
    }
}

/// A host asks only for what it read in the schema, so it keeps the schema of another version.
fn unknown(what: &str, name: &str) -> Diagnostics {
    Diagnostics::error(
        format!("No such {what}"),
        format!(
            "This version of the provider has no {what} {name:?}. Run \"terraform init -upgrade\", or correct the \
             name."
        ),
    )
}
