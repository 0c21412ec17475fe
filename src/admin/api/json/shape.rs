//! Members of representations and their types, as Keycloak's OpenAPI document has them: a line each in `shapes.txt`.

use std::collections::HashMap;
use std::sync::LazyLock;

/// The type of a value.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    Any,
    Text,
    Flag,
    /// A whole number: of 32 bits, or of 64.
    Whole {
        wide: bool,
    },
    Fraction,
    OneOf(Vec<String>),
    List(Box<Kind>),
    Map(Box<Kind>),
    /// A representation, by its name.
    Object(String),
}

/// The members of a representation, in their order.
pub(super) type Shape = Vec<(&'static str, Kind)>;

/// The members of a representation, in the order in which Keycloak writes them.
pub fn members(shape: &str) -> impl Iterator<Item = &'static str> {
    SHAPES.get(shape).into_iter().flatten().map(|(name, _)| *name)
}

/// Members of representations and their types, as Keycloak's OpenAPI document has them: a line each.
pub(super) static SHAPES: LazyLock<HashMap<&'static str, Shape>> = LazyLock::new(|| {
    let lines = include_str!("shapes.txt").lines();
    let mut all: HashMap<&str, Shape> = lines
        .filter_map(|line| {
            let (name, members) = line.split_once(' ')?;
            let members = members
                .split(' ')
                .filter_map(|m| m.rsplit_once(':').map(|(n, k)| (n, kind(k))));
            Some((name, members.collect()))
        })
        .collect();
    // What the Admin Console sends to save a realm and its user profile at once.
    let mut realm = all.get("RealmRepresentation").cloned().unwrap_or_default();
    realm.push(("upConfig", Kind::Object("UPConfig".into())));
    all.insert("UIRealmRepresentation", realm);
    all
});

fn kind(text: &str) -> Kind {
    let inner = |open: char, close: char| text.strip_prefix(open).and_then(|t| t.strip_suffix(close));
    if let Some(of) = inner('[', ']') {
        return Kind::List(Box::new(kind(of)));
    }
    if let Some(of) = inner('{', '}') {
        return Kind::Map(Box::new(kind(of)));
    }
    if let Some(names) = inner('(', ')') {
        return Kind::OneOf(names.split('|').map(str::to_owned).collect());
    }
    match text {
        "*" => Kind::Any,
        "s" => Kind::Text,
        "b" => Kind::Flag,
        "i" => Kind::Whole { wide: false },
        "l" => Kind::Whole { wide: true },
        "f" => Kind::Fraction,
        name => Kind::Object(name.to_owned()),
    }
}
