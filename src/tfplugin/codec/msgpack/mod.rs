//! `MessagePack`, with which the protocol's calls carry values.
//!
//! The coding (source: go-cty, packages `cty/msgpack` and `cty`):
//! - null is nil; unknown is an extension, of type 12 when something is known of it;
//! - an object is a map of exactly its attributes, a list, set or tuple an array, a map a map;
//! - a number is an integer when it fits 64 bits with sign, a float when it is exactly one and no integer, and else
//!   decimal text;
//! - a value in a place of type `dynamic` is an array of its type's JSON, as binary, and itself.

mod decode;
mod encode;
mod refinement;

pub use self::decode::decode;
pub use self::encode::encode;
use super::CodecError;

const FORMAT: &str = "MessagePack";

/// The extension type of an unknown value of which something is known.
const REFINED: i8 = 12;

/// The extension type of an unknown value of which nothing is known.
const UNREFINED: i8 = 0;

fn syntax(what: impl Into<String>) -> CodecError {
    CodecError::Syntax { format: FORMAT, what: what.into() }
}
