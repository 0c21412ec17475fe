//! Levels of authentication (step-up): which one the application asks for, which ones somebody has reached, and what that means
//! for conditions, for the cookie and for `acr`. Keycloak's rules.

use std::collections::BTreeMap;

use serde_json::Value;

use super::request::AuthRequest;
use super::{Turn, action_level};
use crate::error::Error;
use crate::store::client::Client;
use crate::store::json::{self, Doc};
use crate::store::realm::{Execution, Flow, Realm};
use crate::store::session::UserSession;

/// The note with the levels that were reached and when (epoch seconds), in the tab and in the session; Keycloak's name.
pub const MAP: &str = "loa-map";

/// The note with the level that this way has reached.
const PRESENT: &str = "loa";

/// The condition that stands for a level.
const CONDITION: &str = "conditional-level-of-authentication";

/// How long a level lasts where the condition does not say, in seconds.
const USUAL_MAX_AGE: i64 = 36_000;

/// No level.
pub const NONE: i64 = -1;

/// Whether an execution stands for a level.
pub fn is_level(execution: &Execution) -> bool {
    execution.authenticator.as_deref() == Some(CONDITION)
}

/// The level of a condition, and how long it lasts.
pub fn level_of(realm: &Realm, condition: &Execution) -> (Option<i64>, i64) {
    let id = condition.authenticator_config.as_deref();
    let config = id.and_then(|id| realm.authenticator_config(id));
    let number = |key: &str| config.and_then(|c| c.config.get(key)?.parse().ok());
    (
        number("loa-condition-level"),
        number("loa-max-age").unwrap_or(USUAL_MAX_AGE),
    )
}

/// The names of levels: the client's, else the realm's.
fn names(realm: &Realm, client: &Client) -> BTreeMap<String, i64> {
    let own = client.attribute("acr.loa.map").filter(|m| !m.is_empty() && *m != "{}");
    let text = own.or_else(|| realm.attribute("acr.loa.map")).unwrap_or("{}");
    let map: Doc = serde_json::from_str(text).unwrap_or_default();
    let number = |v: &Value| v.as_i64().or_else(|| v.as_str()?.parse().ok());
    map.iter()
        .filter_map(|(name, v)| Some((name.clone(), number(v)?)))
        .collect()
}

/// What the application wants of `acr`.
struct Wanted {
    values: Vec<String>,
    /// It takes nothing less.
    essential: bool,
}

/// Whether the parameter `claims` demands nothing but levels that have a name here, or are numbers.
pub fn are_known(realm: &Realm, client: &Client, claims: Option<&str>) -> bool {
    let claims: Doc = claims.and_then(|c| serde_json::from_str(c).ok()).unwrap_or_default();
    let acr = claims
        .get("id_token")
        .and_then(|t| t.get("acr"))
        .unwrap_or(&Value::Null);
    let essential = acr["essential"] == true || acr["essential"] == "true";
    let many = acr["values"].as_array().into_iter().flatten();
    let names = names(realm, client);
    let mut named = many.chain(acr.get("value")).filter_map(Value::as_str);
    !essential || named.all(|acr| level_named(&names, acr).is_some())
}

fn wanted(client: &Client, request: &AuthRequest) -> Wanted {
    let claims: Doc = request
        .claims
        .as_deref()
        .and_then(|c| serde_json::from_str(c).ok())
        .unwrap_or_default();
    let acr = claims.get("id_token").and_then(|t| t.get("acr"));
    let listed = acr.and_then(|a| a.get("values")).and_then(Value::as_array);
    let mut values: Vec<String> = listed
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    values.extend(acr.and_then(|a| a.get("value")?.as_str()).map(str::to_owned));
    let essential = !values.is_empty() && acr.and_then(|a| a.get("essential")) == Some(&Value::Bool(true));
    if values.is_empty() {
        values = request
            .acr_values
            .iter()
            .flat_map(|v| v.split_whitespace())
            .map(str::to_owned)
            .collect();
    }
    if values.is_empty() {
        let usual = client.attribute("default.acr.values").unwrap_or_default();
        values = usual.split("##").filter(|v| !v.is_empty()).map(str::to_owned).collect();
    }
    Wanted { values, essential }
}

fn level_named(names: &BTreeMap<String, i64>, acr: &str) -> Option<i64> {
    names.get(acr).copied().or_else(|| acr.parse().ok())
}

/// The level that a token tells of; `None`: it names none that there is.
pub fn of_acr(realm: &Realm, client: &Client, acr: &str) -> Option<i64> {
    level_named(&names(realm, client), acr)
}

/// The level that the application asks for: the lowest of those that it names.
fn named_level(realm: &Realm, client: &Client, request: &AuthRequest) -> i64 {
    let names = names(realm, client);
    let wanted = wanted(client, request);
    let lowest = wanted.values.iter().filter_map(|acr| level_named(&names, acr)).min();
    let least = client
        .attribute("minimum.acr.value")
        .and_then(|acr| level_named(&names, acr));
    lowest.unwrap_or(NONE).max(least.unwrap_or(NONE))
}

/// The level that a user has to reach: what the application asks for, and what the action needs that it asks for.
async fn requested(turn: &Turn, user_id: Option<&str>) -> Result<i64, Error> {
    let named = named_level(&turn.realm, &turn.client, &turn.session.request);
    let Some(user_id) = user_id else { return Ok(named) };
    let of_action = action_level::of_action(turn, user_id, turn.session.flow).await?;
    Ok(named.max(of_action))
}

fn reached(turn: &Turn) -> BTreeMap<i64, i64> {
    let text = turn.session.note(MAP).unwrap_or("{}");
    let map: Doc = serde_json::from_str(text).unwrap_or_default();
    map.iter()
        .filter_map(|(level, at)| Some((level.parse().ok()?, at.as_i64()?)))
        .collect()
}

/// The level that this way has reached. A flow that a policy enforces stands for one itself.
pub fn present(turn: &Turn) -> i64 {
    let noted = turn.session.note(PRESENT).and_then(|n| n.parse().ok());
    let enforced = || turn.session.enforced().map(|(_, level)| *level);
    noted.or_else(enforced).unwrap_or(NONE)
}

fn set_present(turn: &mut Turn, level: i64) {
    turn.session.set_note(PRESENT, level.to_string());
}

/// Whether a condition holds: somebody has no level yet, or has to reach this one for what the application asks.
///
/// # Errors
///
/// Those of the database.
pub async fn holds(turn: &mut Turn, user_id: Option<&str>, condition: &Execution) -> Result<bool, Error> {
    let (level, max_age) = level_of(&turn.realm, condition);
    let level = level.unwrap_or(0);
    let now_at = present(turn);
    if now_at < 0 {
        return Ok(true);
    }
    if requested(turn, user_id).await? < level {
        return Ok(false);
    }
    let before = reached(turn)
        .get(&level)
        .is_some_and(|at| at + max_age >= turn.app.now_seconds());
    if before && now_at < level {
        set_present(turn, level);
    }
    Ok(!before)
}

/// A flow has succeeded: its level is reached.
pub fn passed(turn: &mut Turn, flow: &Flow) {
    let realm = turn.realm.clone();
    for condition in flow
        .executions
        .iter()
        .filter(|e| is_level(e) && e.requirement != "DISABLED")
    {
        let (Some(level), max_age) = level_of(&realm, condition) else {
            continue;
        };
        if max_age != 0 {
            let mut all = reached(turn);
            all.insert(level, turn.app.now_seconds());
            let doc: Doc = all
                .iter()
                .map(|(level, at)| (level.to_string(), Value::from(*at)))
                .collect();
            turn.session.set_note(MAP, Value::Object(doc).to_string());
        }
        if level > present(turn) {
            set_present(turn, level);
        }
    }
}

/// All conditions of levels in a flow.
fn levels<'a>(realm: &'a Realm, flow: &'a Flow, found: &mut Vec<&'a Execution>) {
    for execution in flow.executions.iter().filter(|e| e.requirement != "DISABLED") {
        if is_level(execution) {
            found.push(execution);
        }
        let inner = execution.flow_id.as_deref().and_then(|id| realm.flow(id));
        if let Some(inner) = inner.filter(|f| f.id != flow.id) {
            levels(realm, inner, found);
        }
    }
}

/// Somebody is signed in already: takes over what they have reached. `true`: the application asks for more.
///
/// # Errors
///
/// Those of the database.
pub async fn continues(turn: &mut Turn, session: &UserSession) -> Result<bool, Error> {
    if let Some(map) = json::text(&session.notes, MAP) {
        turn.session.set_note(MAP, map);
    }
    let realm = turn.realm.clone();
    let mut conditions = Vec::new();
    if let Some(flow) = super::flow::of_tab(&realm, &turn.client, &turn.session) {
        levels(&realm, flow, &mut conditions);
    }
    let ages: BTreeMap<i64, i64> = conditions
        .into_iter()
        .filter_map(|c| match level_of(&realm, c) {
            (Some(level), age) => Some((level, age)),
            (None, _) => None,
        })
        .collect();
    let known = reached(turn);
    let mut highest = if known.is_empty() { NONE } else { 0 };
    for (level, at) in known {
        let age = ages.get(&level).copied().unwrap_or(0);
        if at + age < turn.app.now_seconds() {
            break;
        }
        highest = level;
    }
    set_present(turn, highest);
    Ok(requested(turn, Some(&session.user_id)).await? > highest)
}

/// Somebody who is signed in proves themselves anew: nothing that was reached before counts.
pub fn begins_anew(turn: &mut Turn) {
    turn.session.notes.remove(MAP);
    set_present(turn, NONE);
}

/// Whether the application takes nothing less than what it asks for, and this is less.
pub fn falls_short(turn: &Turn) -> bool {
    let mut conditions = Vec::new();
    if let Some(flow) = super::flow::of_tab(&turn.realm, &turn.client, &turn.session) {
        levels(&turn.realm, flow, &mut conditions);
    }
    let request = &turn.session.request;
    !conditions.is_empty()
        && wanted(&turn.client, request).essential
        && present(turn) < named_level(&turn.realm, &turn.client, request)
}

/// What tokens say of a level where nobody asked for one by name: the best name that there is, else the number.
pub fn name_of(realm: &Realm, client: &Client, level: i64) -> String {
    let names = names(realm, client);
    let fitting = names.iter().filter(|(_, of)| **of <= level);
    let best = fitting.max_by_key(|(_, of)| **of).map(|(name, _)| name.clone());
    best.unwrap_or_else(|| level.to_string())
}

/// What tokens say of it (`acr`): the best name that the application asked for, else any, else the number.
pub fn acr(turn: &Turn) -> String {
    let level = match present(turn) {
        level if level >= 0 => level,
        _ => i64::from(turn.session.note("sso").is_none()),
    };
    let names = names(&turn.realm, &turn.client);
    let best = |among: &mut dyn Iterator<Item = &String>| {
        let fitting = among.filter_map(|acr| Some((level_named(&names, acr)?, acr.clone())));
        fitting
            .filter(|(of, _)| *of <= level)
            .max_by_key(|(of, _)| *of)
            .map(|(_, acr)| acr)
    };
    let asked = wanted(&turn.client, &turn.session.request).values;
    best(&mut asked.iter())
        .or_else(|| best(&mut names.keys()))
        .unwrap_or_else(|| level.to_string())
}
