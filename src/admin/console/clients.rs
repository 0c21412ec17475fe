//! The applications that registered themselves: which, when, from where, with whose token; and those that nobody uses.

use axum::extract::Query;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use super::desk::{Desk, Refused};
use super::shown::{Sheet, instant};

pub(super) const SECTION: &str = "clients";
const PAGE: usize = 25;
/// The list is counted no further, and no more are changed at once.
pub(super) const MOST: usize = 1000;

/// What lists show of a client, with how it came to be.
pub fn row(client: &Value, how: &Value) -> Value {
    let time = |name: &str| instant(how[name].as_i64().unwrap_or_default());
    json!({
        "id": client["id"], "clientId": client["clientId"], "name": client["name"], "enabled": client["enabled"],
        "public": client["publicClient"], "redirectUris": client["redirectUris"],
        "source": how["source"], "tokenId": how["tokenId"], "owner": how["owner"], "address": how["ipAddress"],
        "registered": time("time"), "used": time("lastUsed"), "expires": time("expires")
    })
}

/// Which part of the list is looked at.
#[derive(Deserialize)]
pub struct Part {
    first: Option<usize>,
    search: Option<String>,
    /// How they came; nothing: all that no administrator made.
    source: Option<String>,
    owner: Option<String>,
    /// Not used for so many seconds.
    stale: Option<String>,
    /// The id of the token that they came with.
    token: Option<String>,
    /// How many were just changed, and how.
    done: Option<u32>,
    action: Option<String>,
}

impl Part {
    /// As a form of the list sends it.
    pub(super) fn of(sheet: &Sheet) -> Self {
        let text = |name: &str| Some(sheet.text(name).to_owned());
        Self {
            first: None,
            search: text("search"),
            source: text("source"),
            owner: text("owner"),
            stale: text("stale"),
            token: text("token"),
            done: None,
            action: None,
        }
    }

    /// What narrows the list, by the names of this page.
    fn narrowing(&self) -> Vec<(&'static str, &str)> {
        let all = [
            ("search", &self.search),
            ("source", &self.source),
            ("owner", &self.owner),
            ("stale", &self.stale),
            ("token", &self.token),
        ];
        let given = all
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.as_deref()?.trim())));
        given.filter(|(_, value)| !value.is_empty()).collect()
    }

    /// The query of this page.
    pub(super) fn here(&self) -> String {
        Serializer::new(String::new()).extend_pairs(self.narrowing()).finish()
    }

    /// The query of the Admin API.
    pub(super) fn asked(&self) -> String {
        let mut query = Serializer::new(String::new());
        let narrowing = self.narrowing();
        if !narrowing.iter().any(|(name, _)| matches!(*name, "source" | "token")) {
            query.append_pair("registered", "true");
        }
        for (name, value) in narrowing {
            match name {
                "token" => query.append_pair("tokenId", value),
                // Anything else is no number of seconds.
                "stale" if value.parse::<i32>().is_err() => &mut query,
                _ => query.append_pair(name, value),
            };
        }
        query.finish()
    }

    /// What narrows the list, for a page.
    pub(super) fn told(&self) -> Value {
        let mut told = json!({ "search": "", "source": "", "owner": "", "stale": "", "token": "" });
        for (name, value) in self.narrowing() {
            told[name] = json!(value);
        }
        told
    }
}

/// `GET clients`: the newest first; of those that nobody uses, those first that were quiet for longest.
pub async fn list(desk: Desk, Query(part): Query<Part>) -> Result<Response, Refused> {
    let first = part.first.unwrap_or_default();
    let (asked, max) = (part.asked(), PAGE + 1);
    let found = desk.read(&format!("/clients?{asked}&first={first}&max={max}")).await?;
    let found = found.as_array().map(Vec::as_slice).unwrap_or_default();
    let count = desk.read(&format!("/clients/count?{asked}&max={}", MOST + 1)).await?;
    let tokens = desk.read("/clients-initial-access").await?;
    let name_of = |id: &Value| {
        let mut all = tokens.as_array().into_iter().flatten();
        let found = all.find(|token| token["id"] == *id)?;
        Some(found["name"].as_str().unwrap_or_default().to_owned())
    };
    let rows: Vec<Value> = found
        .iter()
        .take(PAGE)
        .map(|client| {
            let mut row = row(client, &client["registration"]);
            let token = name_of(&row["tokenId"]);
            row["tokenThere"] = json!(token.is_some());
            row["token"] = json!(token.unwrap_or_default());
            row
        })
        .collect();
    let chosen = part.told();
    let is_narrowed = !part.narrowing().is_empty();
    let (here, token) = (part.here(), name_of(&chosen["token"]));
    let to = |first: usize| format!("{here}&first={first}").trim_start_matches('&').to_owned();
    let page = json!({
        "clients": rows, "filter": chosen, "narrowed": is_narrowed, "tokenName": token, "count": count, "most": MOST,
        "done": part.done, "action": part.action,
        "newer": (first > 0).then(|| to(first.saturating_sub(PAGE))),
        "older": (found.len() > PAGE).then(|| to(first + PAGE))
    });
    Ok(desk.page("clients.j2", SECTION, page).await?)
}
