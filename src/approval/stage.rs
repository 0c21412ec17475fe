//! Who decides at a stage: `any` (whoever manages what is decided on), `role:NAME`, `role:CLIENT:NAME` or `group:/PATH`.

use crate::error::Error;
use crate::store::client;
use crate::store::db::Db;
use crate::store::realm::Realm;

/// The most stages that one thing has.
const MOST: usize = 10;

/// A stage, as its text says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage<'a> {
    Any,
    /// The name of a role of the realm, or `CLIENT:NAME`.
    Role(&'a str),
    /// The path of a group.
    Group(&'a str),
}

impl<'a> Stage<'a> {
    /// Reads one; none if it means nothing, and then it fits nobody.
    pub fn parse(text: &'a str) -> Option<Self> {
        let named = |rest: &'a str| Some(rest).filter(|name| !name.is_empty());
        match text.split_once(':') {
            None if text == "any" => Some(Self::Any),
            Some(("role", name)) => named(name).map(Self::Role),
            Some(("group", path)) => named(path).filter(|path| path.starts_with('/')).map(Self::Group),
            _ => None,
        }
    }

    /// The stages of a list; an empty one is `any`.
    pub fn list(text: &str) -> Vec<String> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let all: Vec<String> = parts.map(str::to_owned).collect();
        if all.is_empty() { vec!["any".to_owned()] } else { all }
    }

    /// Whether a list has a meaning in all its parts.
    pub fn is_list(text: &str) -> bool {
        let all = Self::list(text);
        all.len() <= MOST && all.iter().all(|one| Stage::parse(one).is_some())
    }
}

/// The id of the role that a stage names: one of the realm before one of a client.
///
/// # Errors
///
/// Those of the database.
pub async fn role_id(db: &Db, realm: &Realm, name: &str) -> Result<Option<String>, Error> {
    if let Some(role) = realm.roles.by_name("", name) {
        return Ok(Some(role.id.clone()));
    }
    let Some((client_id, own)) = name.split_once(':') else {
        return Ok(None);
    };
    let holder = client::by_client_id(db, &realm.id, client_id).await?;
    let role = holder.and_then(|holder| realm.roles.by_name(&holder.id, own).cloned());
    Ok(role.map(|role| role.id.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_one_of_three_kinds() {
        assert_eq!(Stage::parse("any"), Some(Stage::Any));
        assert_eq!(Stage::parse("role:app:editor"), Some(Stage::Role("app:editor")));
        assert_eq!(Stage::parse("group:/legal/eu"), Some(Stage::Group("/legal/eu")));
        for nothing in ["", "role:", "group:legal", "user:ann", "all"] {
            assert_eq!(Stage::parse(nothing), None, "{nothing}");
        }
        assert_eq!(Stage::list(" role:a , group:/b,"), ["role:a", "group:/b"]);
        assert_eq!(Stage::list(""), ["any"]);
        assert!(Stage::is_list("role:a,any") && !Stage::is_list("role:a,bob"));
    }
}
