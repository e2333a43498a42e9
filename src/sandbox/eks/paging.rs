//! Pages of lists, as each service has them: `maxResults` and `nextToken` in the query of EKS, `MaxResults` or `MaxRecords`
//! and `NextToken` in the forms of EC2 and Auto Scaling.

use serde_json::{Map, Value, json};

use super::errors::Refusal;
use crate::sandbox::exchange::Call;

/// Most items of one page of EC2.
const MOST: u64 = 200;

/// A page of names of EKS.
pub(super) fn page(key: &str, names: &[String], call: &Call) -> Result<Value, Refusal> {
    let size = match call.parameter("maxResults") {
        None => 100,
        Some(text) => text
            .parse()
            .ok()
            .filter(|size| (1..=100).contains(size))
            .ok_or_else(|| Refusal::parameter(format!("maxResults: {text} is not between 1 and 100")))?,
    };
    let start = match call.parameter("nextToken").filter(|token| !token.is_empty()) {
        None => 0,
        Some(token) => names
            .iter()
            .position(|name| *name == token)
            .ok_or_else(|| Refusal::parameter("nextToken is not valid"))?,
    };
    let mut shown = json!({key: names.iter().skip(start).take(size).collect::<Vec<_>>()});
    if let Some(next) = names.get(start + size) {
        shown["nextToken"] = json!(next);
    }
    Ok(shown)
}

/// A page of an answer in XML: `size` is what the request calls the length of one, `default` how long it is otherwise.
pub(super) fn cut(
    key: &str,
    mut items: Vec<Value>,
    body: &Map<String, Value>,
    size: &str,
    default: u64,
) -> Result<Value, Refusal> {
    let length = body.get(size).and_then(Value::as_u64).unwrap_or(default).clamp(1, MOST);
    let token = body.get("NextToken").and_then(Value::as_str).filter(|token| !token.is_empty());
    let start = match token {
        None => 0,
        Some(token) => {
            token.strip_prefix("from-").and_then(|number| number.parse().ok()).ok_or_else(|| {
                Refusal::new(400, "InvalidNextToken", "The token is not one of an earlier page.")
            })?
        }
    };
    let end = start + usize::try_from(length).unwrap_or(usize::MAX);
    let more = items.len() > end;
    items.truncate(end);
    let mut shown = json!({key: items.split_off(start.min(items.len()))});
    if more {
        shown["NextToken"] = json!(format!("from-{end}"));
    }
    Ok(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other() {
        let page = |body: Value| {
            cut("Items", (1..=5).map(Value::from).collect(), body.as_object().unwrap(), "MaxResults", 50)
        };
        assert_eq!(page(json!({})), Ok(json!({"Items": [1, 2, 3, 4, 5]})));
        assert_eq!(page(json!({"MaxResults": 2})), Ok(json!({"Items": [1, 2], "NextToken": "from-2"})));
        let rest = json!({"MaxResults": 3, "NextToken": "from-2"});
        assert_eq!(page(rest), Ok(json!({"Items": [3, 4, 5]})));
        assert_eq!(page(json!({"NextToken": "from-9"})), Ok(json!({"Items": []})));
        assert!(page(json!({"NextToken": "x"})).is_err());
    }
}
