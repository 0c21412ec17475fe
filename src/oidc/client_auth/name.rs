//! Distinguished names as text (RFC 4514), and whether two of them are the same.

use x509_parser::prelude::X509Name;

/// Short names of attribute types; others stand as numbers.
const TYPES: &[(&str, &str)] = &[
    ("2.5.4.3", "CN"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "STREET"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("0.9.2342.19200300.100.1.1", "UID"),
];

/// What else the types are called.
const ALIASES: &[(&str, &str)] = &[
    ("S", "ST"),
    ("E", "1.2.840.113549.1.9.1"),
    ("EMAILADDRESS", "1.2.840.113549.1.9.1"),
    ("SERIALNUMBER", "2.5.4.5"),
    ("ORGANIZATIONIDENTIFIER", "2.5.4.97"),
    ("BUSINESSCATEGORY", "2.5.4.15"),
];

/// The name of a certificate: the last part first, `,` between them.
pub(super) fn of(name: &X509Name<'_>) -> String {
    let part = |attribute: &x509_parser::x509::AttributeTypeAndValue<'_>| {
        let oid = attribute.attr_type().to_id_string();
        let kind = TYPES
            .iter()
            .find(|(id, _)| *id == oid)
            .map_or(oid.as_str(), |(_, name)| name);
        let value = attribute.as_str().map_or_else(|_| hex(attribute.as_slice()), escape);
        format!("{kind}={value}")
    };
    let mut parts: Vec<String> = name
        .iter_rdn()
        .map(|rdn| rdn.iter().map(part).collect::<Vec<_>>().join("+"))
        .collect();
    parts.reverse();
    parts.join(",")
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold("#".to_owned(), |text, b| text + format!("{b:02x}").as_str())
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        let edge = c == ' ' && (at == 0 || at + 1 == text.len());
        if matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';') || edge || (at == 0 && c == '#') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Whether two names are the same: types by any of their names, values without regard to case and to how many blanks.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (parts(one), parts(other));
    one.is_some() && one == other
}

/// The parts of a name: pairs of type and value, for each the pairs that `+` joins. `None`: it is no name.
fn parts(name: &str) -> Option<Vec<Vec<(String, String)>>> {
    let mut all = vec![vec![String::new()]];
    let mut escaped = false;
    for c in name.chars() {
        let text = all.last_mut()?.last_mut()?;
        match c {
            _ if escaped => {
                text.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            ',' | ';' => all.push(vec![String::new()]),
            '+' => all.last_mut()?.push(String::new()),
            _ => text.push(c),
        }
    }
    all.iter()
        .map(|pairs| {
            let mut pairs = pairs.iter().map(|p| pair(p)).collect::<Option<Vec<_>>>()?;
            pairs.sort();
            Some(pairs)
        })
        .collect()
}

fn pair(text: &str) -> Option<(String, String)> {
    let (kind, value) = text.split_once('=')?;
    let kind = kind.trim().to_ascii_uppercase();
    let kind = kind.strip_prefix("OID.").unwrap_or(&kind).to_owned();
    let known = TYPES.iter().find(|(id, _)| *id == kind).map(|(_, name)| *name);
    let alias = ALIASES.iter().find(|(alias, _)| *alias == kind).map(|(_, name)| *name);
    let kind = known.or(alias).map_or(kind, str::to_owned);
    let words: Vec<&str> = value.split_whitespace().collect();
    (!kind.is_empty()).then(|| (kind, words.join(" ").to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_by_what_they_say() {
        let name = "CN=client.example.org,O=Harbour\\, Works,C=DE";
        for same in [
            name,
            "cn=Client.Example.org, o=Harbour\\, Works, c=de",
            "2.5.4.3=client.example.org, O=Harbour\\,  Works ,C=DE",
        ] {
            assert!(is_same(same, name), "{same}");
        }
        for other in [
            "",
            "CN=client.example.org",
            "C=DE,O=Harbour\\, Works,CN=client.example.org",
            "CN=client.example.org,O=Harbour,Works,C=DE",
            "CN=client.example.org,O=Harbour\\, Works,C=DE,",
        ] {
            assert!(!is_same(other, name), "{other}");
        }
        assert!(is_same("E=a@example.org", "1.2.840.113549.1.9.1=a@example.org"));
        assert!(!is_same("", ""));
    }
}
