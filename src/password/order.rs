//! The order in which Java's `HashMap` gives its keys: Keycloak reports the first broken rule in that order.

/// `String.hashCode`, spread as `HashMap` does.
fn spread(key: &str) -> u32 {
    let hash = key
        .encode_utf16()
        .fold(0_u32, |h, unit| h.wrapping_mul(31).wrapping_add(u32::from(unit)));
    hash ^ (hash >> 16)
}

/// The place of a key in a `HashMap` of few entries.
pub fn place(key: &str) -> u32 {
    spread(key) & 15
}

/// Sorts as a `HashMap` with these keys, put in this order, would give them.
pub(super) fn as_in_a_java_map<T>(items: &mut [T], key: impl Fn(&T) -> &'static str) {
    let mut table = 16;
    while items.len() * 4 > table * 3 {
        table *= 2;
    }
    let mask = table as u32 - 1;
    items.sort_by_key(|item| spread(key(item)) & mask);
}

#[cfg(test)]
mod tests {
    use crate::password::policy;

    #[test]
    fn rules_are_reported_in_the_order_that_was_observed() {
        let all = "length(20) and maxLength(1) and digits(9) and lowerCase(9) and upperCase(9) and specialChars(9) \
                   and notUsername and notContainsUsername and regexPattern(x) and passwordBlacklist(list.txt)";
        let policy = policy::parse(all).unwrap();
        let ids: Vec<&str> = policy.rules.iter().map(policy::Rule::id).collect();
        let observed = [
            "notContainsUsername",
            "specialChars",
            "upperCase",
            "lowerCase",
            "passwordBlacklist",
            "length",
            "regexPattern",
            "digits",
            "notUsername",
            "maxLength",
        ];
        assert_eq!(ids, observed);
    }
}
