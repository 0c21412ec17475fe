//! Identity providers of an import, and their mappers.

use serde_json::{Value, json};

use super::{Known, Refused, id_of, items, parts, required};
use crate::secret_settings::MASK;
use crate::store::Tx;
use crate::store::identity_provider::{self, FIRST_FLOW, IdentityProvider, Mapper, POST_FLOW, SECRET};
use crate::store::json::{Doc, text};

/// Adds all of them.
pub(super) async fn add(tx: &mut Tx, known: &mut Known, given: &Doc) -> Result<(), Refused> {
    for sent in items(given, "identityProviders") {
        add_one(tx, known, sent).await?;
    }
    for sent in items(given, "identityProviderMappers") {
        add_mapper(tx, known, sent).await?;
    }
    Ok(())
}

/// Adds a provider; returns its id.
pub(super) async fn add_one(tx: &mut Tx, known: &mut Known, sent: &Doc) -> Result<String, Refused> {
    let alias = required(sent, "alias", "The alias of an identity provider")?;
    let mut doc = sent.clone();
    for own in [
        "alias",
        "internalId",
        "providerId",
        "organizationId",
        "types",
        "updateProfileFirstLoginMode",
    ] {
        doc.shift_remove(own);
    }
    // What is off is not said, as Keycloak's exports do.
    doc.retain(|name, value| !value.is_null() && (*value != json!(false) || name == "enabled"));
    doc.entry("enabled").or_insert(json!(true));
    doc.entry("config").or_insert_with(|| json!({}));
    parts::without_null(&mut doc, "config");
    for (member, kept) in [
        ("firstBrokerLoginFlowAlias", FIRST_FLOW),
        ("postBrokerLoginFlowAlias", POST_FLOW),
    ] {
        if let Some(Value::String(flow)) = doc.shift_remove(member)
            && !flow.is_empty()
        {
            let missing = || Refused::Bad(format!("No available authentication flow with alias: {flow}"));
            let id = known.flow(tx, &flow).await?.ok_or_else(missing)?;
            doc.insert(kept.into(), json!(id));
        }
    }
    if let Some(Value::Object(config)) = doc.get_mut("config")
        && config.get(SECRET).is_some_and(|s| s == MASK)
    {
        config.shift_remove(SECRET);
    }
    let mut new = IdentityProvider {
        id: text(sent, "internalId").map_or_else(crate::random::uuid, str::to_owned),
        alias: alias.to_owned(),
        provider_id: required(sent, "providerId", "The kind of an identity provider")?.to_owned(),
        organization_id: None,
        doc,
    };
    new.seal(tx)?;
    if identity_provider::add(tx, &known.realm_id, &new).await? {
        Ok(new.id)
    } else {
        Err(Refused::Conflict(format!(
            "Identity Provider '{alias}' already exists."
        )))
    }
}

/// Adds a mapper; returns its id.
pub(super) async fn add_mapper(tx: &mut Tx, known: &Known, sent: &Doc) -> Result<String, Refused> {
    let name = required(sent, "name", "The name of an identity provider mapper")?;
    let alias = required(
        sent,
        "identityProviderAlias",
        "The provider of an identity provider mapper",
    )?;
    let mut doc = sent.clone();
    for own in ["id", "name", "identityProviderAlias"] {
        doc.shift_remove(own);
    }
    doc.entry("config").or_insert_with(|| json!({}));
    parts::without_null(&mut doc, "config");
    let new = Mapper {
        id: id_of(sent),
        alias: alias.to_owned(),
        name: name.to_owned(),
        doc,
    };
    if identity_provider::add_mapper(tx, &known.realm_id, &new).await? {
        Ok(new.id)
    } else {
        Err(Refused::Conflict(format!(
            "Identity Provider Mapper '{name}' already exists."
        )))
    }
}
