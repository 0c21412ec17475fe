//! A link by which an administrator asks for actions is good once for each of them: who finds the mail later, or opens it in two
//! browsers, does nothing a second time.

use serde_json::json;

use crate::error::Error;
use crate::login::Turn;
use crate::store::json::{self, Doc};
use crate::store::realm::Realm;
use crate::store::{Query, Tx, single_use};

/// Claims of a confirmed link: the id of the one that was mailed, and until when it is good, in epoch seconds.
const ID: &str = "mailed";
const EXPIRES: &str = "mailed_exp";

/// The note of a tab that came by such a link.
const NOTE: &str = "asked_by_link";

const PURPOSE: &str = "asked-action";

/// The token of a link that was mailed.
pub struct Token {
    id: String,
    /// Epoch seconds.
    expires: i64,
}

impl Token {
    /// That of a link, by its claims; of a confirmed link the one that was mailed.
    pub fn of(claims: &Doc) -> Self {
        let (id, expires) = if claims.contains_key(ID) {
            (ID, EXPIRES)
        } else {
            ("jti", "exp")
        };
        Self {
            id: json::text(claims, id).unwrap_or_default().to_owned(),
            expires: claims.get(expires).and_then(serde_json::Value::as_i64).unwrap_or(0),
        }
    }

    /// Writes it into the claims of a link that confirms this one.
    pub fn keep(&self, claims: &mut Doc) {
        claims.insert(ID.into(), json!(self.id));
        claims.insert(EXPIRES.into(), json!(self.expires));
    }

    /// Remembers it in a tab.
    pub fn remember(&self, turn: &mut Turn) {
        turn.session.set_note(NOTE, format!("{} {}", self.expires, self.id));
    }

    /// Whether an action was not yet done by it.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn is_left(&self, q: impl Query, realm: &Realm, alias: &str) -> Result<bool, Error> {
        let use_of = format!("{}.{alias}", self.id);
        Ok(!single_use::is_spent(q, &realm.id, PURPOSE, &use_of).await?)
    }
}

/// The transaction of an action, in which the link of the tab is used up for it. None: it was done by this link before.
///
/// # Errors
///
/// Those of the database.
pub async fn begin(turn: &Turn, alias: &str) -> Result<Option<Tx>, Error> {
    let mut tx = turn.app.db.begin().await?;
    Ok(spend(&mut tx, turn, alias).await?.then_some(tx))
}

/// Uses the link of a tab up for an action, in the transaction that does it. `false`: it was done by this link before.
///
/// # Errors
///
/// Those of the database.
pub async fn spend(tx: &mut Tx, turn: &Turn, alias: &str) -> Result<bool, Error> {
    let Some((expires, id)) = turn.session.note(NOTE).and_then(|note| note.split_once(' ')) else {
        return Ok(true);
    };
    let expires = expires.parse::<i64>().unwrap_or(0) * 1000;
    single_use::spend(tx, &turn.realm.id, PURPOSE, &format!("{id}.{alias}"), expires).await
}
