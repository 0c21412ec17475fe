//! All roles of a realm with what they are composed of, in memory, as part of the realm's snapshot.
//!
//! `master` has some twenty roles for each other realm, all of them part of `admin`: with thousands of realms these are tens
//! of thousands. So nothing here is made anew whole when the roles of one owner change, and whether somebody has a role is
//! asked upward, from the role to those that contain it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use super::role::Role;

/// How many entries lie together in a map of [`Shards`].
const TOGETHER: usize = 64;

/// A map of which a copy shares with the first what is not changed.
#[derive(Debug, Clone)]
struct Shards<V> {
    hasher: RandomState,
    maps: Vec<Arc<HashMap<Arc<str>, V>>>,
}

impl<V: Clone> Shards<V> {
    fn for_about(count: usize) -> Self {
        let number = (count / TOGETHER + 1).next_power_of_two();
        Self {
            hasher: RandomState::new(),
            maps: vec![Arc::default(); number],
        }
    }

    fn place(&self, key: &str) -> usize {
        // Their number is a power of two.
        usize::try_from(self.hasher.hash_one(key)).unwrap_or(usize::MAX) & (self.maps.len() - 1)
    }

    fn get(&self, key: &str) -> Option<&V> {
        self.maps[self.place(key)].get(key)
    }

    fn map(&mut self, key: &str) -> &mut HashMap<Arc<str>, V> {
        let place = self.place(key);
        Arc::make_mut(&mut self.maps[place])
    }

    fn values(&self) -> impl Iterator<Item = &V> {
        self.maps.iter().flat_map(|map| map.values())
    }
}

/// All roles of a realm.
#[derive(Debug, Clone)]
pub struct Roles {
    by_id: Shards<Arc<Role>>,
    /// Those of each client (`""`: of the realm), by name.
    by_owner: HashMap<Arc<str>, Arc<BTreeMap<String, Arc<Role>>>>,
    children: Shards<Vec<Arc<str>>>,
    parents: Shards<Vec<Arc<str>>>,
}

impl Default for Roles {
    fn default() -> Self {
        Self::new(Vec::new(), Vec::new())
    }
}

impl Roles {
    /// These roles; each of `parts` says that one contains another.
    pub(super) fn new(roles: Vec<Role>, parts: Vec<(String, String)>) -> Self {
        let mut made = Self {
            by_id: Shards::for_about(roles.len()),
            by_owner: HashMap::new(),
            children: Shards::for_about(roles.len()),
            parents: Shards::for_about(roles.len()),
        };
        made.add(roles, parts);
        made
    }

    /// The same where some owners have these roles now. `parts` are all those of which one side is theirs, each once.
    pub(super) fn with_owners(
        &self,
        owners: &BTreeSet<String>,
        roles: Vec<Role>,
        parts: BTreeSet<(String, String)>,
    ) -> Self {
        let mut changed = self.clone();
        let before: Vec<_> = owners
            .iter()
            .filter_map(|owner| changed.by_owner.remove(owner.as_str()))
            .collect();
        let gone: HashSet<&str> = before
            .iter()
            .flat_map(|own| own.values())
            .map(|role| role.id.as_str())
            .collect();
        let (mut above, mut below) = (BTreeSet::new(), BTreeSet::new());
        for id in &gone {
            changed.by_id.map(id).remove(*id);
            above.extend(changed.parents.map(id).remove(*id).into_iter().flatten());
            below.extend(changed.children.map(id).remove(*id).into_iter().flatten());
        }
        for (ids, of) in [(above, &mut changed.children), (below, &mut changed.parents)] {
            for id in ids {
                if let Some(others) = of.map(&id).get_mut(&id) {
                    others.retain(|other| !gone.contains(&**other));
                }
            }
        }
        changed.add(roles, parts);
        changed
    }

    fn add(&mut self, roles: Vec<Role>, parts: impl IntoIterator<Item = (String, String)>) {
        for role in roles {
            let role = Arc::new(role);
            let owner = self.by_owner.entry(role.client_uuid.as_str().into()).or_default();
            Arc::make_mut(owner).insert(role.name.clone(), Arc::clone(&role));
            self.by_id.map(&role.id).insert(role.id.as_str().into(), role);
        }
        for (parent, child) in parts {
            let (parent, child): (Arc<str>, Arc<str>) = (parent.into(), child.into());
            let children = self.children.map(&parent).entry(Arc::clone(&parent)).or_default();
            children.push(Arc::clone(&child));
            self.parents.map(&child).entry(child).or_default().push(parent);
        }
    }

    /// The role with an id.
    pub fn by_id(&self, id: &str) -> Option<&Arc<Role>> {
        self.by_id.get(id)
    }

    /// The role of a client (`""`: of the realm) with a name.
    pub fn by_name(&self, client_uuid: &str, name: &str) -> Option<&Arc<Role>> {
        self.by_owner.get(client_uuid)?.get(name)
    }

    /// The roles of a client (`""`: of the realm), by name.
    pub fn of(&self, client_uuid: &str) -> impl Iterator<Item = &Arc<Role>> {
        self.by_owner.get(client_uuid).into_iter().flat_map(|all| all.values())
    }

    /// All roles, in no order.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Role>> {
        self.by_id.values()
    }

    /// The roles that a role is directly composed of.
    pub fn children(&self, id: &str) -> &[Arc<str>] {
        self.children.get(id).map_or(&[], Vec::as_slice)
    }

    /// These roles and all that they contain, at any depth; circles do no harm.
    pub fn expand<'a>(&'a self, ids: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
        let there = ids.into_iter().filter(|id| self.by_id.get(id).is_some());
        reached(there, |id| self.children(id))
            .into_iter()
            .map(str::to_owned)
            .collect()
    }

    /// A role and all that contain it, at any depth; none if it is not there.
    pub fn containing<'a>(&'a self, id: &'a str) -> HashSet<&'a str> {
        let there = self.by_id.get(id).map(|_| id);
        reached(there, |id| self.parents.get(id).map_or(&[], Vec::as_slice))
    }
}

/// What is reached from somewhere, with where it began.
fn reached<'a>(from: impl IntoIterator<Item = &'a str>, next: impl Fn(&str) -> &'a [Arc<str>]) -> HashSet<&'a str> {
    let mut all = HashSet::new();
    let mut open: Vec<&str> = from.into_iter().collect();
    while let Some(id) = open.pop() {
        if all.insert(id) {
            open.extend(next(id).iter().map(|id| &**id));
        }
    }
    all
}

/// The roles that somebody has: those that were given to them, and all that these contain.
#[derive(Debug, Clone, Default)]
pub struct Held {
    roles: Arc<Roles>,
    given: HashSet<String>,
}

impl Held {
    /// By whom these roles are had.
    pub fn new(roles: &Arc<Roles>, given: impl IntoIterator<Item = String>) -> Self {
        Self {
            roles: Arc::clone(roles),
            given: given.into_iter().collect(),
        }
    }

    /// Whether a role is among them, by its id.
    pub fn contains(&self, id: &str) -> bool {
        self.roles.containing(id).iter().any(|id| self.given.contains(*id))
    }

    /// The ids of all of them: an administrator of thousands of realms has tens of thousands.
    pub fn all(&self) -> BTreeSet<String> {
        self.roles.expand(self.given.iter().map(String::as_str))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(owner: &str, name: &str) -> Role {
        Role {
            id: format!("{owner}.{name}"),
            client_uuid: owner.to_owned(),
            name: name.to_owned(),
            doc: super::super::json::Doc::new(),
        }
    }

    fn parts<T: FromIterator<(String, String)>>(all: &[(&str, &str)]) -> T {
        all.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
    }

    fn owners(all: &[&str]) -> BTreeSet<String> {
        all.iter().map(|owner| (*owner).to_owned()).collect()
    }

    #[test]
    fn a_change_of_one_owner_leaves_the_others_as_they_were() {
        let before = Roles::new(
            vec![role("", "admin"), role("a", "x"), role("a", "y"), role("b", "x")],
            parts(&[(".admin", "a.x"), (".admin", "b.x"), ("a.x", "a.y"), ("b.x", "a.y")]),
        );
        let after = before.with_owners(&owners(&["a"]), vec![role("a", "y")], parts(&[("b.x", "a.y")]));
        assert!(after.by_id("a.x").is_none() && after.by_name("a", "x").is_none());
        assert_eq!(after.children(".admin"), [Arc::from("b.x")]);
        let held = Held::new(&Arc::new(after.clone()), [".admin".to_owned()]);
        assert!(held.contains("a.y") && held.contains("b.x") && !held.contains("a.x"));
        assert_eq!(after.containing("a.y"), HashSet::from(["a.y", "b.x", ".admin"]));
        assert_eq!(before.expand([".admin"]).len(), 4);
        assert_eq!(before.of("a").count(), 2);
    }

    #[test]
    fn what_two_owners_share_is_there_once() {
        let before = Roles::new(vec![role("", "admin")], Vec::new());
        let now = vec![role("", "admin"), role("a", "x")];
        let after = before.with_owners(&owners(&["", "a"]), now, parts(&[(".admin", "a.x")]));
        assert_eq!(after.children(".admin"), [Arc::from("a.x")]);
        let gone = after.with_owners(&owners(&["a"]), Vec::new(), BTreeSet::new());
        assert!(gone.children(".admin").is_empty() && gone.by_id(".admin").is_some());
        assert!(gone.containing("a.x").is_empty());
    }

    #[test]
    fn circles_and_what_is_not_there_do_no_harm() {
        let roles = Roles::new(vec![role("", "a"), role("", "b")], parts(&[(".a", ".b"), (".b", ".a")]));
        assert_eq!(roles.expand([".a", ".z"]).len(), 2);
        assert!(Held::new(&Arc::new(roles), [".a".to_owned(), ".z".to_owned()]).contains(".b"));
        assert!(!Held::default().contains(".z"));
    }
}
