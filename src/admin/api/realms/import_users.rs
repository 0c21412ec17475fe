//! Users inside the representation of a new realm. They get the roles and groups that are named, and no others.

use serde_json::Value;

use super::import::{items, named, texts};
use crate::admin::api::auth::Admin;
use crate::admin::api::error::ApiError;
use crate::admin::api::users::{create, sent};
use crate::password::{self, Hashed, NewPassword};
use crate::profile::Fields;
use crate::store::json::{Doc, flag, text};
use crate::store::role::{self, Roles};
use crate::store::user::{self, Kept, User};
use crate::store::{Tx, client, credential, federated_identity, group};

/// Plain passwords are hashed one by one: more of them do not belong into one request.
const MOST_PLAIN: usize = 200;

/// Hashes the plain passwords, in the order of the users. Call it before the transaction.
pub(super) async fn hash(admin: &Admin, given: &Doc) -> Result<Vec<Option<(Hashed, bool)>>, ApiError> {
    let mut made = Vec::new();
    let mut plain = 0;
    for sent in items(given, "users") {
        let mut own = None;
        for credential in items(sent, "credentials") {
            if credential.contains_key("secretData") {
                continue;
            }
            if let Some(value) = credential.get("value").and_then(Value::as_str) {
                plain += 1;
                if plain > MOST_PLAIN || value.len() > password::LONGEST {
                    return Err(ApiError::bad("Too many or too long passwords that are not hashed"));
                }
                own = Some((admin.app.hasher.hash(value).await?, flag(credential, "temporary")));
            }
        }
        made.push(own);
    }
    Ok(made)
}

/// Adds the users.
pub(super) async fn add(
    tx: &mut Tx,
    admin: &Admin,
    known: &Roles,
    given: &Doc,
    hashed: Vec<Option<(Hashed, bool)>>,
) -> Result<(), ApiError> {
    for (given, password) in items(given, "users").zip(hashed) {
        let temporary = password.as_ref().is_some_and(|(_, temporary)| *temporary);
        let Some(user) = user_of(tx, admin, given, temporary).await? else {
            continue;
        };
        match user::add(tx, &user, admin.realm.unique_emails()).await? {
            Kept::Yes => {}
            Kept::EmailTaken => return Err(ApiError::conflict("User exists with same email")),
            _ => return Err(ApiError::conflict("User exists with same username")),
        }
        for id in named(tx, admin, known, given, "realmRoles", "clientRoles").await? {
            role::grant_to_user(tx, &user.id, &id).await?;
        }
        for path in texts(given, "groups") {
            let found = group::by_path(&mut *tx, &admin.realm.id, path).await?;
            let text = format!("Unable to find group specified by path: {path}");
            group::join(tx, &user.id, &found.ok_or_else(|| ApiError::bad(&text))?.id).await?;
        }
        for link in create::identities(given) {
            federated_identity::add(tx, &admin.realm.id, &user.id, &link).await?;
        }
        for ready in items(given, "credentials").filter(|c| c.contains_key("secretData")) {
            credential::put(tx, &user.id, &sent::ready(ready, admin.app.now())?).await?;
        }
        if let Some((hash, _)) = password {
            let new = NewPassword::from_hash(&admin.realm, hash);
            password::store(tx, &user.id, new, admin.app.now()).await?;
        }
    }
    Ok(())
}

/// The user of a representation; none for the service account of a client that is not there.
async fn user_of(tx: &mut Tx, admin: &Admin, given: &Doc, temporary: bool) -> Result<Option<User>, ApiError> {
    let mut user = User {
        id: text(given, "id").map_or_else(crate::random::uuid, str::to_owned),
        realm_id: admin.realm.id.clone(),
        enabled: flag(given, "enabled"),
        email_verified: flag(given, "emailVerified"),
        created: given
            .get("createdTimestamp")
            .and_then(Value::as_i64)
            .unwrap_or_else(|| admin.app.now()),
        not_before: given.get("notBefore").and_then(Value::as_i64).unwrap_or(0),
        ..User::default()
    };
    sent::put(&mut user, sent::fields(&Fields::new(), given));
    if user.username.is_empty() {
        return Err(ApiError::bad("User name is missing"));
    }
    if let Some(client_id) = text(given, "serviceAccountClientId") {
        let Some(holder) = client::read_by_client_id(&mut *tx, &admin.realm.id, client_id).await? else {
            return Ok(None);
        };
        if user::service_account(&mut *tx, &admin.realm.id, &holder.id)
            .await?
            .is_some()
        {
            return Ok(None);
        }
        user.service_client = Some(holder.id);
    }
    if let Some(actions) = given.get("requiredActions") {
        user.required_actions = sent::required_actions(&admin.realm, actions);
    }
    if temporary {
        sent::must_change(&mut user, true);
    }
    Ok(Some(user))
}
