//! Snapshots that a node keeps of realms and clients.
//!
//! A miss always asks the database. A write names the topics that it makes stale ([`super::db::Tx::touch`]): this node
//! forgets them with the commit, the others within a second (`listen.rs`). A new client touches nothing.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use moka::sync::Cache;

use super::client::Client;
use super::key::RealmKey;
use super::realm::Realm;
use super::realm_list::Outline;
use super::role::Roles;
use crate::error::Error;

/// The topic of everything that a realm's snapshot holds.
pub fn realm_topic(realm_id: &str) -> String {
    format!("realm:{realm_id}")
}

/// The topic of all roles of a realm.
pub fn roles_topic(realm_id: &str) -> String {
    format!("roles:{realm_id}")
}

/// Begins the topics of the roles of one owner.
const OF_OWNER: &str = "roles-of:";

/// The topic of the roles of one owner in a realm, a client or (`""`) the realm, and of what they are composed of.
/// Ids may hold any character, so that the length of the first says where it ends.
pub fn owner_topic(realm_id: &str, owner: &str) -> String {
    format!("{OF_OWNER}{}:{realm_id}{owner}", realm_id.len())
}

/// The realm and the owner whose roles a topic stands for.
fn owner_of(topic: &str) -> Option<(&str, &str)> {
    let (length, ids) = topic.strip_prefix(OF_OWNER)?.split_once(':')?;
    ids.split_at_checked(length.parse().ok()?)
}

/// The topic of one client.
pub fn client_topic(client_uuid: &str) -> String {
    format!("client:{client_uuid}")
}

/// The topic of the names by which realms are found: a realm was renamed or deleted.
pub fn names_topic() -> String {
    "names".to_owned()
}

/// The roles of a realm as they were read, and whose of them have changed since.
pub(super) struct KnownRoles {
    pub(super) roles: Arc<Roles>,
    stale: Mutex<BTreeSet<String>>,
}

impl KnownRoles {
    pub(super) fn new(roles: Arc<Roles>) -> Self {
        let stale = Mutex::default();
        Self { roles, stale }
    }

    /// The owners whose roles have changed.
    pub(super) fn stale(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.stale.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The bounded caches of one node.
pub(super) struct Caches {
    /// Counts what was forgotten, so that what was loaded before is not kept after.
    generation: AtomicU64,
    pub(super) realms: Cache<String, Arc<Realm>>,
    /// By the realm's id. They outlive its snapshot: most changes are of other things.
    pub(super) roles: Cache<String, Arc<KnownRoles>>,
    pub(super) outlines: Cache<String, Arc<Outline>>,
    pub(super) realm_ids: Cache<String, String>,
    /// Realms by name as they were last seen, for what must be answered while the database is away. Never forgotten for being
    /// stale.
    pub(super) last_seen: Cache<String, Arc<Realm>>,
    pub(super) clients: Cache<String, Arc<Client>>,
    /// By the realm's id and the `client_id`, with a space between.
    pub(super) client_uuids: Cache<String, String>,
    /// Turns at loading a realm, by its id.
    loading: [tokio::sync::Mutex<()>; 16],
    /// Parsed keys by their id; a key never changes.
    pub(super) keys: Cache<String, Arc<RealmKey>>,
}

/// Snapshots of realms that are kept; one takes some 0.3 MB.
const REALMS: u64 = 1_000;

impl Default for Caches {
    fn default() -> Self {
        Self {
            generation: AtomicU64::new(0),
            realms: Cache::new(REALMS),
            roles: Cache::new(REALMS),
            loading: Default::default(),
            outlines: Cache::new(10_000),
            realm_ids: Cache::new(10_000),
            last_seen: Cache::new(REALMS),
            clients: Cache::new(20_000),
            client_uuids: Cache::new(20_000),
            keys: Cache::new(4_000),
        }
    }
}

impl Caches {
    /// Forgets what a topic stands for. An unknown topic forgets everything.
    pub(super) fn forget(&self, topic: &str) {
        let owner = owner_of(topic);
        // Before for who begins to load now, and again after for what is kept meanwhile.
        self.mark_stale(owner);
        self.generation.fetch_add(1, Ordering::SeqCst);
        self.mark_stale(owner);
        if let Some((id, _)) = owner {
            self.realms.invalidate(id);
        } else if let Some(id) = topic.strip_prefix("realm:") {
            self.realms.invalidate(id);
            self.outlines.invalidate(id);
        } else if let Some(id) = topic.strip_prefix("roles:") {
            self.roles.invalidate(id);
            self.realms.invalidate(id);
        } else if let Some(uuid) = topic.strip_prefix("client:") {
            self.clients.invalidate(uuid);
        } else if topic == "names" {
            self.realm_ids.invalidate_all();
        } else {
            self.forget_all();
        }
    }

    fn mark_stale(&self, owner: Option<(&str, &str)>) {
        let known = owner.and_then(|(realm_id, owner)| Some((self.roles.get(realm_id)?, owner)));
        if let Some((known, owner)) = known {
            known.stale().insert(owner.to_owned());
        }
    }

    /// Forgets everything: after a lost connection nobody knows what was missed.
    pub(super) fn forget_all(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
        self.realms.invalidate_all();
        self.roles.invalidate_all();
        self.outlines.invalidate_all();
        self.realm_ids.invalidate_all();
        self.clients.invalidate_all();
        self.client_uuids.invalidate_all();
    }

    /// Waits for whoever loads the same realm, so that after a change it is loaded once and not by every request under
    /// way; but not long, as theirs may hang.
    pub(super) async fn turn(&self, realm_id: &str) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        let place = realm_id
            .bytes()
            .fold(0_u8, |sum, b| sum.wrapping_mul(31).wrapping_add(b))
            % 16;
        let turn = self.loading[usize::from(place)].lock();
        tokio::time::timeout(Duration::from_secs(1), turn).await.ok()
    }

    /// What is cached under `key`, or what `load` finds; kept unless something was forgotten meanwhile.
    pub(super) async fn get<K, V>(
        &self,
        cache: &Cache<K, V>,
        key: K,
        load: impl Future<Output = Result<Option<V>, Error>>,
    ) -> Result<Option<V>, Error>
    where
        K: std::hash::Hash + Eq + Clone + Send + Sync + 'static,
        V: Clone + Send + Sync + 'static,
    {
        match cache.get(&key) {
            Some(found) => Ok(Some(found)),
            None => self.load(cache, key, load).await,
        }
    }

    /// As [`Caches::get`], but what is cached is replaced.
    pub(super) async fn load<K, V>(
        &self,
        cache: &Cache<K, V>,
        key: K,
        load: impl Future<Output = Result<Option<V>, Error>>,
    ) -> Result<Option<V>, Error>
    where
        K: std::hash::Hash + Eq + Clone + Send + Sync + 'static,
        V: Clone + Send + Sync + 'static,
    {
        let before = self.generation.load(Ordering::SeqCst);
        let loaded = load.await?;
        if let Some(value) = &loaded
            && self.generation.load(Ordering::SeqCst) == before
        {
            cache.insert(key.clone(), value.clone());
            if self.generation.load(Ordering::SeqCst) != before {
                // Forgotten between the look and the insertion.
                cache.invalidate(&key);
            }
        }
        Ok(loaded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_names_the_realm_and_the_owner_whatever_their_ids_are() {
        for (realm_id, owner) in [
            ("a", "b"),
            ("a b", ""),
            ("a", " b"),
            ("1:a", "2:b"),
            ("ä", "ö"),
            ("", ""),
        ] {
            assert_eq!(owner_of(&owner_topic(realm_id, owner)), Some((realm_id, owner)));
            assert_eq!(owner_of(&roles_topic(realm_id)), None);
        }
        for broken in ["roles-of:", "roles-of:9:a", "roles-of:1:ä", "roles-of:x:a"] {
            assert_eq!(owner_of(broken), None, "{broken}");
        }
    }
}
