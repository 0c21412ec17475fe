//! Identity providers and their mappers in a partial import.

use super::resources::Import;
use super::{Action, IfExists};
use crate::realm_import::{Refused, identity_providers, items};
use crate::secret_settings::MASK;
use crate::store::identity_provider;
use crate::store::json::{Doc, text};

/// Adds them.
pub(super) async fn add(import: &mut Import<'_>, given: &Doc) -> Result<(), Refused> {
    for sent in items(given, "identityProviders") {
        provider(import, sent).await?;
    }
    for sent in items(given, "identityProviderMappers") {
        mapper(import, sent).await?;
    }
    Ok(())
}

/// Refuses what is there already.
pub(super) async fn refuse_what_is_there(import: &mut Import<'_>, given: &Doc) -> Result<(), Refused> {
    let realm_id = &import.realm.id;
    for sent in items(given, "identityProviders") {
        let alias = text(sent, "alias").unwrap_or_default();
        if identity_provider::by_alias(&mut *import.tx, realm_id, alias)
            .await?
            .is_some()
        {
            return Err(Refused::Conflict(format!(
                "Identity Provider '{alias}' already exists."
            )));
        }
    }
    for sent in items(given, "identityProviderMappers") {
        if mapper_there(import, sent).await?.is_some() {
            let name = text(sent, "name").unwrap_or_default();
            return Err(Refused::Conflict(format!(
                "Identity Provider Mapper '{name}' already exists."
            )));
        }
    }
    Ok(())
}

async fn provider(import: &mut Import<'_>, sent: &Doc) -> Result<(), Refused> {
    let alias = text(sent, "alias").unwrap_or_default();
    let there = identity_provider::by_alias(&mut *import.tx, &import.realm.id, alias).await?;
    let action = match (there, import.policy) {
        (Some(p), IfExists::Skip) => {
            import.note(Action::Skipped, "IDP", alias, &p.id, sent);
            return Ok(());
        }
        (Some(_), _) => {
            identity_provider::remove(import.tx, &import.realm.id, alias).await?;
            Action::Overwritten
        }
        (None, _) => Action::Added,
    };
    let id = identity_providers::add_one(import.tx, &mut import.known, sent).await?;
    let mut told = sent.clone();
    if let Some(secret) = told
        .get_mut("config")
        .and_then(|c| c.get_mut(identity_provider::SECRET))
    {
        *secret = MASK.into();
    }
    told.insert("internalId".into(), id.as_str().into());
    import.note(action, "IDP", alias, &id, &told);
    Ok(())
}

/// The id of the mapper that is there under a name.
async fn mapper_there(import: &mut Import<'_>, sent: &Doc) -> Result<Option<String>, Refused> {
    let (alias, name) = (text(sent, "identityProviderAlias"), text(sent, "name"));
    let (Some(alias), Some(name)) = (alias, name) else {
        return Ok(None);
    };
    Ok(identity_provider::mapper_id(&mut *import.tx, &import.realm.id, alias, name).await?)
}

async fn mapper(import: &mut Import<'_>, sent: &Doc) -> Result<(), Refused> {
    let name = text(sent, "name").unwrap_or_default();
    let there = mapper_there(import, sent).await?;
    let action = match (there, import.policy) {
        (Some(id), IfExists::Skip) => {
            import.note(Action::Skipped, "IDP_MAPPER", name, &id, sent);
            return Ok(());
        }
        (Some(id), _) => {
            identity_provider::remove_mapper(import.tx, &import.realm.id, &id).await?;
            Action::Overwritten
        }
        (None, _) => Action::Added,
    };
    let id = identity_providers::add_mapper(import.tx, &import.known, sent).await?;
    import.note(action, "IDP_MAPPER", name, &id, sent);
    Ok(())
}
