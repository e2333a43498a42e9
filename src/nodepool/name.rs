//! The suffix of a name made from `name_prefix`.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest, Sha256};

/// Characters of the suffix.
pub const SUFFIX_LENGTH: usize = 4;

/// The suffix for a pool with these inputs: `SUFFIX_LENGTH` characters of base 36.
///
/// It depends on every input that replaces the pool when it changes, so that the old and the new pool can stand
/// beside each other (`create_before_destroy`), and on nothing else, so that a plan can be repeated. Two pools
/// with equal inputs get equal names; the error about an existing pool says so.
///
/// `inputs` maps the dotted name of each input that was written to its value: a scalar, or a sorted array.
pub fn suffix(inputs: &BTreeMap<String, Value>) -> String {
    let members: Vec<String> =
        inputs.iter().map(|(name, value)| format!("{}:{value}", Value::from(name.as_str()))).collect();
    let digest = Sha256::digest(format!("{{{}}}", members.join(",")).as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    let mut rest = u64::from_be_bytes(first) % 36_u64.pow(4);
    let mut suffix = [b'0'; SUFFIX_LENGTH];
    for place in suffix.iter_mut().rev() {
        *place = b"0123456789abcdefghijklmnopqrstuvwxyz"[(rest % 36) as usize];
        rest /= 36;
    }
    suffix.iter().map(|byte| char::from(*byte)).collect()
}

/// Whether a text could have been made by [`suffix`].
pub fn is_suffix(text: &str) -> bool {
    text.len() == SUFFIX_LENGTH && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(value: &Value) -> String {
        suffix(&value.as_object().unwrap().clone().into_iter().collect())
    }

    #[test]
    fn it_follows_from_the_inputs_alone() {
        let one = of(&json!({"machine_type": "a2-highgpu-1g", "mig_profile": "1g.5gb"}));
        assert_eq!(one, of(&json!({"mig_profile": "1g.5gb", "machine_type": "a2-highgpu-1g"})));
        assert_ne!(one, of(&json!({"machine_type": "a2-highgpu-1g", "mig_profile": "2g.10gb"})));
        assert!(is_suffix(&one), "{one}");
        assert!(!is_suffix("a1b") && !is_suffix("a1b2c") && !is_suffix("a1-b"));
    }

    #[test]
    fn known_answers_do_not_move() {
        // A change here renames, and so replaces, the pools of everybody who uses a prefix. Computed apart, with
        // Python's hashlib.
        assert_eq!(of(&json!({})), "trwq");
        assert_eq!(of(&json!({"a": 1})), "sxm5");
    }
}
