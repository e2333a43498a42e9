//! Values as bytes: exactly the coding of Terraform's type system, guided by the schema's type.
//!
//! - `msgpack`: what the protocol's calls carry
//! - `json.rs`: what state files carry

pub mod json;
pub mod msgpack;
#[cfg(test)]
mod tests;

use super::path::AttributePath;
pub use super::type_::MAX_DEPTH;

/// Why bytes could not become a value, or a value bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// The bytes are not in the format at all. Cause: cut off or damaged on the way; nothing the user can mend but
    /// by reporting it.
    #[error("not valid {format}: {what}")]
    Syntax {
        /// `MessagePack` or `JSON`.
        format: &'static str,
        /// What the parser said.
        what: String,
    },
    /// A part does not have the type that the schema gives it. Cause when reading: the state was written by another
    /// version of the schema, or by hand. Cause when writing: a mistake in the provider.
    #[error("{}: {what}", place(path))]
    Mismatch {
        /// The part.
        path: AttributePath,
        /// What is wrong with it.
        what: String,
    },
    /// The value nests deeper than [`MAX_DEPTH`].
    #[error("{}: nested deeper than {MAX_DEPTH} levels", place(path))]
    TooDeep {
        /// The first part that is too deep.
        path: AttributePath,
    },
}

impl CodecError {
    /// The part of the value that is wrong; `None` when the bytes as a whole are.
    pub fn path(&self) -> Option<&AttributePath> {
        match self {
            CodecError::Syntax { .. } => None,
            CodecError::Mismatch { path, .. } | CodecError::TooDeep { path } => Some(path),
        }
    }

    fn mismatch(path: &AttributePath, what: impl Into<String>) -> CodecError {
        CodecError::Mismatch { path: path.clone(), what: what.into() }
    }
}

fn place(path: &AttributePath) -> String {
    if path.is_root() { "the value".to_owned() } else { path.to_string() }
}

/// Where a codec is: the path for messages, and how deep.
#[derive(Debug, Clone, Default)]
struct Place {
    path: AttributePath,
    depth: usize,
    /// Whether objects may have attributes that their type does not have.
    surplus_allowed: bool,
}

impl Place {
    fn attribute(&self, name: &str) -> Result<Place, CodecError> {
        self.enter(self.path.clone().attribute(name))
    }

    fn key(&self, key: &str) -> Result<Place, CodecError> {
        self.enter(self.path.clone().key(key))
    }

    fn index(&self, index: usize) -> Result<Place, CodecError> {
        self.enter(self.path.clone().index(index))
    }

    /// One level down, into something that has no path of its own.
    fn inside(&self) -> Result<Place, CodecError> {
        self.enter(self.path.clone())
    }

    fn enter(&self, path: AttributePath) -> Result<Place, CodecError> {
        if self.depth >= MAX_DEPTH {
            return Err(CodecError::TooDeep { path });
        }
        Ok(Place { path, depth: self.depth + 1, ..*self })
    }

    fn mismatch(&self, what: impl Into<String>) -> CodecError {
        CodecError::mismatch(&self.path, what)
    }
}
