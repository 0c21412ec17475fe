//! Authorization codes: `uuid.session.client`, good for a minute, used once.

use serde_json::{Value, json};
use vestibule_jose::digest::{b64url, sha256};

use crate::app::App;
use crate::error::Error;
use crate::store::Tx;
use crate::store::client::Client;
use crate::store::code::{self, Code, Taken};
use crate::store::json::{self, Doc};
use crate::store::realm::Realm;
use crate::store::session::{self, ClientSession, UserSession};

/// How long a used or expired code is remembered beyond its end, in milliseconds.
const REMEMBERED: i64 = 600_000;

/// What the authorization request said, kept with the code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CodeRequest {
    /// As it was sent.
    pub redirect_uri: Option<String>,
    /// As it was sent.
    pub scope: Option<String>,
    pub nonce: Option<String>,
    pub code_challenge: Option<String>,
    pub code_challenge_method: Option<String>,
    /// The key that must be proved to use the code (RFC 9449 section 10).
    pub dpop_jkt: Option<String>,
    /// When the user proved themselves, epoch seconds.
    pub auth_time: Option<i64>,
    /// Notes for the application's part in the session, such as `acr`.
    pub notes: Doc,
}

fn text(doc: &Doc, key: &str) -> Option<String> {
    json::text(doc, key).map(str::to_owned)
}

impl CodeRequest {
    /// As it is kept.
    pub fn to_doc(&self) -> Doc {
        let doc = json!({
            "redirectUri": self.redirect_uri, "scope": self.scope, "nonce": self.nonce,
            "codeChallenge": self.code_challenge, "codeChallengeMethod": self.code_challenge_method,
            "dpopJkt": self.dpop_jkt, "authTime": self.auth_time, "notes": self.notes
        });
        let mut doc = doc.as_object().cloned().unwrap_or_default();
        doc.retain(|_, value| !value.is_null());
        doc
    }

    /// Reads [`CodeRequest::to_doc`].
    pub fn of_doc(doc: &Doc) -> Self {
        Self {
            redirect_uri: text(doc, "redirectUri"),
            scope: text(doc, "scope"),
            nonce: text(doc, "nonce"),
            code_challenge: text(doc, "codeChallenge"),
            code_challenge_method: text(doc, "codeChallengeMethod"),
            dpop_jkt: text(doc, "dpopJkt"),
            auth_time: doc.get("authTime").and_then(Value::as_i64),
            notes: doc.get("notes").and_then(Value::as_object).cloned().unwrap_or_default(),
        }
    }
}

/// Gives a code to an application that takes part in a session from now on.
///
/// # Errors
///
/// Those of the database.
pub async fn issue(
    tx: &mut Tx,
    app: &App,
    realm: &Realm,
    s: &UserSession,
    client: &Client,
    request: CodeRequest,
) -> Result<String, Error> {
    let now = app.now();
    let ends = now + realm.number("accessCodeLifespan").max(1) * 1000;
    let known = session::part(&mut *tx, &s.id, s.offline, &client.id).await?;
    let mut part = Doc::new();
    for (key, value) in [
        ("scope", &request.scope),
        ("redirectUri", &request.redirect_uri),
        ("nonce", &request.nonce),
    ] {
        if let Some(value) = value {
            part.insert(key.into(), json!(value));
        }
    }
    part.insert("notes".into(), Value::Object(request.notes.clone()));
    let part = ClientSession {
        session_id: s.id.clone(),
        offline: s.offline,
        client_uuid: client.id.clone(),
        realm_id: realm.id.clone(),
        started: known.map_or(now, |known| known.started),
        last_refresh: now,
        doc: part,
    };
    session::attach(tx, &part).await?;
    let value = format!("{}.{}.{}", crate::random::uuid(), s.id, client.id);
    let mut doc = request.to_doc();
    doc.insert("ends".into(), json!(ends));
    let kept = Code {
        session_id: s.id.clone(),
        client_uuid: client.id.clone(),
        doc,
    };
    code::add(tx, &realm.id, &hash(&value), &kept, ends + REMEMBERED).await?;
    Ok(value)
}

/// A code that was presented for the first time.
#[derive(Debug, Clone)]
pub struct Redeemed {
    pub session_id: String,
    pub client_uuid: String,
    pub request: CodeRequest,
    /// The application's part in the session at that moment. A second use ends it, and with it the tokens of the first,
    /// which is answered all the same: of many at once exactly one gets tokens.
    pub part: Option<ClientSession>,
    /// It came too late.
    pub expired: bool,
}

/// Uses a code up. `None`: there is no such code, or it was used before; then the tokens that were made from it are void,
/// and the caller commits that.
///
/// # Errors
///
/// Those of the database.
pub async fn redeem(tx: &mut Tx, app: &App, realm: &Realm, value: &str) -> Result<Option<Redeemed>, Error> {
    match code::take(tx, &realm.id, &hash(value)).await? {
        Taken::First(found) => Ok(Some(Redeemed {
            part: session::part(&mut *tx, &found.session_id, false, &found.client_uuid).await?,
            expired: json::number(&found.doc, "ends") <= app.now(),
            request: CodeRequest::of_doc(&found.doc),
            session_id: found.session_id,
            client_uuid: found.client_uuid,
        })),
        Taken::Again(found) => {
            // RFC 6749 section 4.1.2: somebody else may have it.
            for offline in [false, true] {
                session::detach(tx, &found.session_id, offline, &found.client_uuid).await?;
            }
            Ok(None)
        }
        Taken::Unknown => Ok(None),
    }
}

fn hash(value: &str) -> String {
    b64url(&sha256(value.as_bytes()))
}
