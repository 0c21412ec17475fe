//! The policies and profiles of a realm, and which of them apply.

use std::sync::LazyLock;

use serde_json::Value;

use super::at::At;
use super::condition::{self, Vote};
use super::config::Config;
use crate::store::json::{self, Doc};
use crate::store::realm::Realm;

/// The profiles of every realm, which nobody changes.
pub static GLOBAL: LazyLock<Vec<Value>> =
    LazyLock::new(|| serde_json::from_str(include_str!("global.json")).unwrap_or_default());

/// An executor that applies.
#[derive(Clone, Copy)]
pub(super) struct Rule<'a> {
    pub policy: &'a str,
    pub executor: &'a str,
    pub config: Config<'a>,
}

fn list<'a>(realm: &'a Realm, member: &str, list: &str) -> &'a [Value] {
    let found = realm.doc.get(member).and_then(|d| d.get(list)?.as_array());
    found.map_or(&[], Vec::as_slice)
}

/// Whether a realm has policies at all; most have none.
pub(super) fn any(realm: &Realm) -> bool {
    !list(realm, "clientPolicies", "policies").is_empty()
}

/// The conditions of all policies that are switched on, with their configurations.
pub(super) fn conditions(realm: &Realm) -> impl Iterator<Item = (&str, Config<'_>)> {
    let policies = list(realm, "clientPolicies", "policies").iter();
    policies
        .filter_map(Value::as_object)
        .filter(|policy| json::flag(policy, "enabled"))
        .flat_map(of_policy)
}

fn of_policy(policy: &Doc) -> impl Iterator<Item = (&str, Config<'_>)> {
    let all = policy.get("conditions").and_then(Value::as_array);
    all.into_iter().flatten().filter_map(|one| {
        let id = one.get("condition")?.as_str()?;
        Some((id, Config::new(one.get("configuration"))))
    })
}

/// The executors that apply to an event, in order.
pub(super) fn matching<'a>(at: &At<'a>) -> Vec<Rule<'a>> {
    let realm = at.realm;
    let mut found = Vec::new();
    for policy in list(realm, "clientPolicies", "policies")
        .iter()
        .filter_map(Value::as_object)
    {
        if !json::flag(policy, "enabled") || !applies(policy, at) {
            continue;
        }
        let name = json::text(policy, "name").unwrap_or_default();
        for profile in json::texts(policy, "profiles") {
            let all = list(realm, "clientProfiles", "profiles").iter().chain(GLOBAL.iter());
            let profile = all.into_iter().find(|one| one["name"] == profile);
            let executors = profile.and_then(|one| one["executors"].as_array());
            found.extend(executors.into_iter().flatten().filter_map(|one| {
                Some(Rule {
                    policy: name,
                    executor: one.get("executor")?.as_str()?,
                    config: Config::new(one.get("configuration")),
                })
            }));
        }
    }
    found
}

/// All conditions that have a say must hold, and one must have a say. With the mode `STRICT`, all must have one.
fn applies(policy: &Doc, at: &At<'_>) -> bool {
    let strict = json::text(policy, "mode") == Some("STRICT");
    let mut held = false;
    for (id, config) in of_policy(policy) {
        match condition::vote(id, config, at) {
            Vote::Yes => held = true,
            Vote::No => return false,
            Vote::Abstain if strict => return false,
            Vote::Abstain => {}
        }
    }
    held
}
