//! Partial states made whole: an import or a move knows a few attributes, the wire wants all of them.

use crate::tfplugin::schema::{Block, BlockNesting, Schema};
use crate::tfplugin::type_::Type;
use crate::tfplugin::value::Value;

/// The value with null for every attribute that its objects lack, and empty lists and sets for blocks. What the
/// schema does not have stays, for the check that follows to name it.
pub(super) fn complete(value: Value, schema: &Schema, ty: &Type) -> Value {
    blocks(attributes(value, ty), schema.blocks())
}

fn attributes(value: Value, ty: &Type) -> Value {
    match (value, ty) {
        (Value::Object(mut given), Type::Object(types)) => {
            for (name, ty) in types {
                let value = given.remove(name).unwrap_or(Value::Null);
                given.insert(name.clone(), attributes(value, ty));
            }
            Value::Object(given)
        }
        (Value::List(elements), Type::List(ty)) => {
            Value::List(elements.into_iter().map(|element| attributes(element, ty)).collect())
        }
        (Value::Set(elements), Type::Set(ty)) => {
            Value::Set(elements.into_iter().map(|element| attributes(element, ty)).collect())
        }
        (Value::Map(entries), Type::Map(ty)) => {
            Value::Map(entries.into_iter().map(|(key, entry)| (key, attributes(entry, ty))).collect())
        }
        (value, _) => value,
    }
}

fn blocks(value: Value, declared: &[Block]) -> Value {
    let Value::Object(mut given) = value else { return value };
    for block in declared {
        let value = given.remove(block.name()).unwrap_or(Value::Null);
        given.insert(block.name().to_owned(), in_block(value, block));
    }
    Value::Object(given)
}

fn in_block(value: Value, block: &Block) -> Value {
    match (block.nesting(), value) {
        (BlockNesting::Single, value) => blocks(value, block.blocks()),
        (BlockNesting::List, Value::Null) => Value::List(Vec::new()),
        (BlockNesting::Set, Value::Null) => Value::Set(std::iter::empty::<Value>().collect()),
        (BlockNesting::List, Value::List(elements)) => {
            Value::List(elements.into_iter().map(|element| blocks(element, block.blocks())).collect())
        }
        (BlockNesting::Set, Value::Set(elements)) => {
            Value::Set(elements.into_iter().map(|element| blocks(element, block.blocks())).collect())
        }
        (_, value) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tfplugin::schema::Attribute;

    fn partial<const N: usize>(given: [(&str, Value); N]) -> Value {
        Value::object(given)
    }

    #[test]
    fn what_is_left_out_is_null_and_blocks_are_empty() {
        let inner = || vec![Attribute::string("a").optional(), Attribute::string("b").optional()];
        let schema = Schema::new(0)
            .attribute(Attribute::string("id").computed())
            .attribute(Attribute::object("size", inner()).optional())
            .attribute(Attribute::map_nested("by_name", inner()).optional())
            .block(Block::single("timeouts", inner()))
            .block(Block::list("rule", inner()).block(Block::set("part", inner())));
        let ty = schema.ty();
        let whole = complete(
            partial([
                ("id", Value::from("x")),
                ("size", partial([("a", Value::from("1"))])),
                ("by_name", Value::map([("k", partial([("b", Value::from("2"))]))])),
                ("rule", Value::list([partial([])])),
            ]),
            &schema,
            &ty,
        );
        whole.conforms_to(&ty).unwrap();
        assert_eq!(whole.lookup("size.a"), &Value::from("1"));
        assert_eq!(whole.lookup("size.b"), &Value::Null);
        assert_eq!(whole.lookup("timeouts"), &Value::Null);
        let rule = &whole.get("rule").unwrap().as_list().unwrap()[0];
        assert_eq!(rule.get("part").unwrap().as_elements(), Some(&[][..]));
        let empty = complete(partial([]), &schema, &ty);
        assert_eq!(empty.get("rule").unwrap().as_elements(), Some(&[][..]));
    }
}
