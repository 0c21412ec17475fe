//! What somebody proves themselves with, and what they could.

use std::collections::HashSet;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::person::{Person, Right};
use crate::admin::api::answer;
use crate::admin::api::error::{Answer, ApiError};
use crate::events;
use crate::login::action_level;
use crate::passkey::stored;
use crate::store::credential::{self, Credential};
use crate::store::realm::Realm;

/// The longest label.
const LONGEST_LABEL: usize = 255;

/// A kind of credential, as the console shows it.
struct Kind {
    /// `type` of the credentials; texts begin with it.
    name: &'static str,
    category: &'static str,
    icon: &'static str,
    /// The required action that makes one.
    action: &'static str,
    removable: bool,
    /// There is one at most: it is replaced, not added to.
    single: bool,
    /// The steps of flows that ask for it.
    steps: &'static [&'static str],
}

const KINDS: [Kind; 5] = [
    Kind {
        name: "password",
        category: "basic-authentication",
        icon: "kcAuthenticatorPasswordClass",
        action: "UPDATE_PASSWORD",
        removable: false,
        single: true,
        steps: &[
            "auth-username-password-form",
            "auth-password-form",
            "direct-grant-validate-password",
        ],
    },
    Kind {
        name: "otp",
        category: "two-factor",
        icon: "kcAuthenticatorOTPClass",
        action: "CONFIGURE_TOTP",
        removable: true,
        single: false,
        steps: &["auth-otp-form", "direct-grant-validate-otp"],
    },
    Kind {
        name: "webauthn",
        category: "two-factor",
        icon: "kcAuthenticatorWebAuthnClass",
        action: "webauthn-register",
        removable: true,
        single: false,
        steps: &["webauthn-authenticator"],
    },
    Kind {
        name: "webauthn-passwordless",
        category: "passwordless",
        icon: "kcAuthenticatorWebAuthnPasswordlessClass",
        action: "webauthn-register-passwordless",
        removable: true,
        single: false,
        steps: &["webauthn-authenticator-passwordless"],
    },
    Kind {
        name: "recovery-authn-codes",
        category: "two-factor",
        icon: "kcAuthenticatorRecoveryAuthnCodesClass",
        action: "CONFIGURE_RECOVERY_AUTHN_CODES",
        removable: true,
        single: true,
        steps: &["auth-recovery-authn-code-form"],
    },
];

/// The steps that any flow of a realm uses.
fn steps_in_use(realm: &Realm) -> HashSet<&str> {
    let all = realm.flows.iter().flat_map(|flow| &flow.executions);
    let used = all.filter(|e| e.requirement != "DISABLED");
    used.filter_map(|e| e.authenticator.as_deref()).collect()
}

/// `GET credentials`: the kinds that the realm's flows ask for or that the person has, with what there is of each.
pub async fn list(person: &Person) -> Answer {
    person.require(&[Right::ViewProfile, Right::ManageAccount])?;
    let own = credential::of_user(&person.app.db, &person.user.id).await?;
    let used = steps_in_use(&person.realm);
    let with_own = person.query.flag("user-credentials") != Some(false);
    let asked = person.query.text("type").filter(|t| !t.is_empty());
    let shown: Vec<Value> = KINDS
        .iter()
        .filter(|kind| asked.is_none_or(|asked| asked == kind.name))
        .filter_map(|kind| {
            let there: Vec<&Credential> = own.iter().filter(|c| c.kind == kind.name).collect();
            let offered = kind.steps.iter().any(|step| used.contains(step));
            (offered || !there.is_empty()).then(|| represent(&person.realm, kind, &there, with_own))
        })
        .collect();
    answer::json(&shown)
}

fn represent(realm: &Realm, kind: &Kind, there: &[&Credential], with_own: bool) -> Value {
    let name = kind.name;
    let mut shown = json!({
        "type": name, "category": kind.category, "displayName": format!("{name}-display-name"),
        "helptext": format!("{name}-help-text"), "iconCssClass": kind.icon
    });
    if realm.required_action(kind.action).is_some_and(|action| action.enabled) {
        let how = if kind.single && !there.is_empty() {
            "updateAction"
        } else {
            "createAction"
        };
        shown[how] = json!(kind.action);
    }
    shown["removeable"] = json!(kind.removable);
    if with_own {
        let own: Vec<Value> = there.iter().map(|c| metadata(c)).collect();
        shown["userCredentialMetadatas"] = json!(own);
    }
    shown
}

/// A credential with what else is known of it: of a passkey how the browser reaches it.
fn metadata(c: &Credential) -> Value {
    let transports = stored::transports_of(c);
    if transports.is_empty() {
        return json!({ "credential": one(c) });
    }
    let known = json!([{ "key": "webauthn-transports", "parameters": [transports.join(",")] }]);
    json!({ "infoProperties": known, "credential": one(c) })
}

fn one(c: &Credential) -> Value {
    let mut shown = json!({ "id": c.id, "type": c.kind });
    if let Some(label) = &c.label {
        shown["userLabel"] = json!(label);
    }
    shown["createdDate"] = json!(c.created);
    shown["credentialData"] = json!(c.credential_data);
    shown
}

async fn find(person: &Person, id: &str) -> Result<(Credential, &'static Kind), ApiError> {
    let own = credential::of_user(&person.app.db, &person.user.id).await?;
    let found = own.into_iter().find(|c| c.id == id);
    let kind = |c: Credential| KINDS.iter().find(|kind| kind.name == c.kind).map(|kind| (c, kind));
    found
        .and_then(kind)
        .ok_or_else(|| ApiError::not_found("Credential not found"))
}

/// `DELETE credentials/ID`
pub async fn remove(person: &Person, id: &str) -> Answer {
    person.require(&[Right::ManageAccount])?;
    let (gone, kind) = find(person, id).await?;
    if !kind.removable {
        return Err(ApiError::error(
            StatusCode::BAD_REQUEST,
            "Credential type cannot be removed",
        ));
    }
    let needed = action_level::to_remove(&person.realm, &person.client, kind.name);
    if person.level()? < needed {
        return Err(ApiError::error(
            StatusCode::FORBIDDEN,
            &action_level::too_low(kind.name),
        ));
    }
    let mut tx = person.app.db.begin().await?;
    if !credential::remove(&mut tx, &person.user.id, &gone.id).await? {
        return Err(ApiError::not_found("Credential not found"));
    }
    let kinds: &[&str] = match kind.name {
        "otp" => &["REMOVE_CREDENTIAL", "REMOVE_TOTP"],
        _ => &["REMOVE_CREDENTIAL"],
    };
    for event in kinds {
        let mut event = person.event(event);
        if let Some(label) = &gone.label {
            event = event.detail("credential_user_label", label.as_str());
        }
        let event = event
            .detail("credential_type", kind.name)
            .detail("selected_credential_id", gone.id.as_str());
        events::record(&mut tx, &person.realm, &event, person.app.now()).await?;
    }
    tx.commit().await?;
    answer::uncached(answer::nothing())
}

/// `PUT credentials/ID/label`: the body is a JSON text.
pub async fn label(person: &Person, id: &str) -> Answer {
    person.require(&[Right::ManageAccount])?;
    let (found, _) = find(person, id).await?;
    let body = person.body();
    if body.is_empty() {
        return Err(ApiError::bad("invalidRequestMessage"));
    }
    let label: String = serde_json::from_slice(body.bytes()).map_err(|_| {
        let text = "Cannot parse the JSON";
        ApiError::described(StatusCode::BAD_REQUEST, "unknown_error", text)
    })?;
    if label.len() > LONGEST_LABEL {
        return Err(ApiError::bad("The label is longer than 255 bytes"));
    }
    let mut tx = person.app.db.begin().await?;
    if !credential::set_label(&mut tx, &person.user.id, &found.id, Some(&label)).await? {
        return Err(ApiError::not_found("Credential not found"));
    }
    tx.commit().await?;
    answer::uncached(answer::nothing())
}
