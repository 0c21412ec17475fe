//! Authentication flows of an import: named by alias there, by id here.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{Refused, id_of, items, required};
use crate::store::Tx;
use crate::store::json::{Doc, flag, number, text};
use crate::store::part::{self, Kind};

/// Adds configurations and flows. A flow whose alias is there already takes its place.
pub(super) async fn add(tx: &mut Tx, realm_id: &str, given: &Doc) -> Result<(), Refused> {
    let mut configs: HashMap<String, String> = HashMap::new();
    for known in part::of_kind(&mut *tx, realm_id, Kind::AuthenticatorConfig).await? {
        configs.insert(known.name, known.id);
    }
    for sent in items(given, "authenticatorConfig") {
        let (id, alias) = (
            id_of(sent),
            required(sent, "alias", "The alias of an authenticator configuration")?,
        );
        let mut doc = sent.clone();
        doc.insert("id".into(), json!(id));
        doc.entry("config").or_insert_with(|| json!({}));
        part::put(tx, realm_id, Kind::AuthenticatorConfig, &id, alias, &doc).await?;
        configs.insert(alias.to_owned(), id);
    }
    let known = part::of_kind(&mut *tx, realm_id, Kind::Flow).await?;
    let mut flows: HashMap<String, String> = known.into_iter().map(|p| (p.name, p.id)).collect();
    for sent in items(given, "authenticationFlows") {
        let alias = required(sent, "alias", "The alias of an authentication flow")?;
        flows.entry(alias.to_owned()).or_insert_with(|| id_of(sent));
    }
    for sent in items(given, "authenticationFlows") {
        let alias = text(sent, "alias").unwrap_or_default();
        let mut doc = sent.clone();
        doc.shift_remove("authenticationExecutions");
        let inner = items(sent, "authenticationExecutions").map(|e| execution(alias, e, &flows, &configs));
        let inner: Vec<Value> = inner.collect::<Result<_, _>>()?;
        for (key, value) in [
            ("id", json!(flows[alias])),
            ("providerId", json!(text(sent, "providerId").unwrap_or("basic-flow"))),
            ("topLevel", json!(flag(sent, "topLevel"))),
            ("builtIn", json!(flag(sent, "builtIn"))),
            ("description", json!(text(sent, "description").unwrap_or_default())),
            ("executions", inner.into()),
        ] {
            doc.insert(key.into(), value);
        }
        part::put(tx, realm_id, Kind::Flow, &flows[alias], alias, &doc).await?;
    }
    Ok(())
}

fn execution(
    flow: &str,
    sent: &Doc,
    flows: &HashMap<String, String>,
    configs: &HashMap<String, String>,
) -> Result<Value, Refused> {
    let mut doc = Doc::new();
    doc.insert("id".into(), json!(crate::random::uuid()));
    if let Some(authenticator) = text(sent, "authenticator") {
        doc.insert("authenticator".into(), json!(authenticator));
    }
    if let Some(alias) = text(sent, "authenticatorConfig") {
        let id = configs.get(alias);
        let missing = || {
            Refused::Bad(format!(
                "The flow {flow} names the configuration {alias}, which is not there"
            ))
        };
        doc.insert("authenticatorConfig".into(), json!(id.ok_or_else(missing)?));
    }
    if let Some(alias) = text(sent, "flowAlias") {
        let id = flows.get(alias);
        let missing = || Refused::Bad(format!("The flow {flow} names the flow {alias}, which is not there"));
        doc.insert("flowId".into(), json!(id.ok_or_else(missing)?));
    }
    doc.insert(
        "requirement".into(),
        json!(text(sent, "requirement").unwrap_or("DISABLED")),
    );
    doc.insert("priority".into(), json!(number(sent, "priority")));
    if flag(sent, "userSetupAllowed") {
        doc.insert("userSetupAllowed".into(), json!(true));
    }
    Ok(doc.into())
}
