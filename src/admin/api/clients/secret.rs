//! A client's secret and registration access token, as administrators handle them.

use serde_json::{Value, json};

use super::super::answer;
use super::super::auth::Right;
use super::super::error::{Answer, ApiError};
use super::super::record::{Operation, record};
use super::super::representation::client as shown;
use super::Found;
use crate::app::App;
use crate::client_registration::token::{self, Auth};
use crate::client_secret::{self, Kept};
use crate::error::Error;
use crate::events;
use crate::secret_settings::MASK;
use crate::store::client::{self, Client};
use crate::store::event::Event;

/// The secret, where it is kept so that it can be read back (contract 5).
pub(super) fn visible(app: &App, client: &Client) -> Result<Option<String>, Error> {
    if client.public() || client_secret::kept(&client.doc) == Kept::Hashed {
        return Ok(None);
    }
    let plain = client_secret::reveal(app, client)?;
    Ok(plain.map(|p| String::from_utf8_lossy(&p).into_owned()))
}

fn credential(value: Option<String>) -> Value {
    value.map_or_else(
        || json!({ "type": "secret" }),
        |value| json!({ "type": "secret", "value": value }),
    )
}

pub(super) async fn read(found: Found) -> Answer {
    let shown = if found.admin.has(Right::ManageClients) {
        visible(&found.admin.app, &found.client)?
    } else {
        None
    };
    answer::json(&credential(shown))
}

pub(super) async fn renew(found: Found) -> Answer {
    found.require_manage()?;
    let admin = &found.admin;
    super::judge(admin).await?.touch(&found.client)?;
    let mut tx = admin.app.db.begin().await?;
    let mut changed = found.latest(&mut tx).await?;
    let made = client_secret::rotate(&admin.app, &admin.realm, &mut changed)?;
    client::update(&mut tx, &changed).await?;
    let told = json!({ "type": "secret", "value": MASK });
    let path = found.path("/client-secret");
    record(&mut tx, admin, Operation::Action, "CLIENT", &path, Some(&told)).await?;
    let mut event = Event::new("CLIENT_SECRET_ROTATED");
    event.client_id = Some(changed.client_id.clone());
    event.ip_address = Some(admin.caller.ip.to_string());
    events::record(&mut tx, &admin.realm, &event, admin.app.now()).await?;
    tx.commit().await?;
    answer::unkept(answer::json_plain(&credential(Some(made))))
}

/// The secret before this one, as long as it is good. Only its end is known to us, not its value.
pub(super) async fn rotated(found: Found) -> Answer {
    if !client_secret::has_previous(&found.admin.app, &found.client) {
        return Err(ApiError::not_found("Client does not have a rotated secret"));
    }
    answer::json(&credential(None))
}

pub(super) async fn forget_rotated(found: Found) -> Answer {
    found.require_manage()?;
    let admin = &found.admin;
    let mut tx = admin.app.db.begin().await?;
    let mut changed = found.latest(&mut tx).await?;
    client_secret::forget_previous(&mut changed);
    client::update(&mut tx, &changed).await?;
    let path = found.path("/client-secret/rotated");
    record(&mut tx, admin, Operation::Action, "CLIENT", &path, None).await?;
    tx.commit().await?;
    answer::nothing()
}

pub(super) async fn registration_access_token(found: Found) -> Answer {
    found.require_manage()?;
    let admin = &found.admin;
    let (token, hash) = token::registration(&admin.app, &admin.realm, &admin.caller, Auth::Authenticated, None)?;
    let mut tx = admin.app.db.begin().await?;
    let mut changed = found.latest(&mut tx).await?;
    changed.secrets.rat_hash = Some(hash);
    changed.secrets.previous_rat_hash = None;
    changed.secrets.rat_auth = Some(Auth::Authenticated.as_str().to_owned());
    let masked = client_secret::exists(&changed.secrets).then_some(MASK);
    let mut described = shown::full(&admin.realm, &changed, masked.filter(|_| !changed.public()));
    let mut with_token = crate::store::json::Doc::new();
    for (key, value) in std::mem::take(&mut described) {
        if key == "redirectUris" {
            with_token.insert("registrationAccessToken".into(), json!(token));
        }
        with_token.insert(key, value);
    }
    client::update(&mut tx, &changed).await?;
    let path = found.path("/registration-access-token");
    let told = Value::Object(with_token.clone());
    record(&mut tx, admin, Operation::Action, "CLIENT", &path, Some(&told)).await?;
    tx.commit().await?;
    answer::unkept(answer::json_plain(&with_token))
}
