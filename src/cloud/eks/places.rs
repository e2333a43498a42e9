//! Where things are in Amazon's cloud: partitions, and the ids of other resources.

/// The parts of an IAM role's ARN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Role<'a> {
    pub partition: &'a str,
    pub account: &'a str,
}

/// Reads `arn:PARTITION:iam::ACCOUNT:role/PATH/NAME`.
pub(crate) fn role(arn: &str) -> Option<Role<'_>> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", partition, "iam", "", account, resource] = parts.as_slice() else { return None };
    let name = resource.strip_prefix("role/")?.rsplit('/').next()?;
    let account_digits = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
    (partition.starts_with("aws") && account_digits && !name.is_empty())
        .then_some(Role { partition, account })
}

/// Whether a text is an EC2 id such as `subnet-0123abcd`: a prefix, a dash, and 8 or 17 hexadecimal digits (source: EC2
/// documentation, "Resource IDs").
pub(crate) fn is_id(prefix: &str, text: &str) -> bool {
    let digits = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('-'));
    let hexadecimal = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    digits.is_some_and(|it| matches!(it.len(), 8 | 17) && it.bytes().all(hexadecimal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_read() {
        let found = role("arn:aws-us-gov:iam::123456789012:role/path/to/nodes");
        assert_eq!(found, Some(Role { partition: "aws-us-gov", account: "123456789012" }));
        for text in [
            "nodes",
            "arn:aws:iam::123456789012:user/nodes",
            "arn:aws:iam::1:role/nodes",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:iam:us-east-1:123456789012:role/nodes",
            "arn:aws:iam::123456789012:instance-profile/nodes",
        ] {
            assert_eq!(role(text), None, "{text}");
        }
    }

    #[test]
    fn ids_are_told_from_other_texts() {
        for text in ["subnet-0123abcd", "subnet-0123456789abcdef0"] {
            assert!(is_id("subnet", text), "{text}");
        }
        for text in
            ["subnet-", "subnet-0123abc", "subnet-0123ABCD", "sg-0123abcd", "main", "subnetx-0123abcd"]
        {
            assert!(!is_id("subnet", text), "{text}");
        }
    }
}
