//! Recovery codes: a list on paper for who has lost the device. Kept as hashes, each good once, in their order (Keycloak's
//! credential `recovery-authn-codes`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use vestibule_jose::digest::{constant_time_eq, sha512};

use crate::app::App;
use crate::brute_force::{self, Lock};
use crate::error::Error;
use crate::store::Tx;
use crate::store::credential::{self, Credential};
use crate::store::json::{self, Doc};
use crate::store::realm::Realm;
use crate::store::user::{self, User};

/// Keycloak's type of such credentials.
pub const TYPE: &str = "recovery-authn-codes";

/// How many codes a list has, and how long each is.
const CODES: usize = 12;
const LENGTH: usize = 12;

/// Without `O` and `0`, which people take for each other.
const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNPQRSTUVWXYZ123456789";

/// A new list.
pub fn generate() -> Vec<String> {
    (0..CODES).map(|_| crate::random::letters(ALPHABET, LENGTH)).collect()
}

fn hash(code: &str) -> String {
    STANDARD.encode(sha512(code.as_bytes()))
}

/// Makes a list the user's; the one before is void.
///
/// # Errors
///
/// Those of the database.
pub async fn store(tx: &mut Tx, user_id: &str, codes: &[String], label: &str, now: i64) -> Result<(), Error> {
    let known = credential::of_user(&mut *tx, user_id).await?;
    for old in known.iter().filter(|c| c.kind == TYPE) {
        credential::remove(tx, user_id, &old.id).await?;
    }
    let hashed: Vec<Value> = codes
        .iter()
        .enumerate()
        .map(|(at, code)| json!({ "number": at + 1, "encodedHashedValue": hash(code) }))
        .collect();
    let new = Credential {
        id: crate::random::uuid(),
        kind: TYPE.to_owned(),
        label: Some(label.to_owned()).filter(|l| !l.is_empty()),
        created: now,
        priority: known.iter().map(|c| c.priority.saturating_add(10)).max().unwrap_or(10),
        secret_data: json!({ "codes": hashed }).to_string(),
        credential_data: json!({ "algorithm": "SHA-512", "totalCodes": codes.len(), "remainingCodes": codes.len() })
            .to_string(),
    };
    credential::put(tx, user_id, &new).await
}

fn codes(list: &Credential) -> Vec<Value> {
    let secret: Doc = serde_json::from_str(&list.secret_data).unwrap_or_default();
    secret
        .get("codes")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default()
}

/// The number of the code that is asked for next; `None`: the user has none. A list that cannot be read is there all the same,
/// and no code is right.
///
/// # Errors
///
/// Those of the database.
pub async fn next_number(app: &App, user_id: &str) -> Result<Option<i64>, Error> {
    let all = credential::of_user(&app.db, user_id).await?;
    let list = all.iter().find(|c| c.kind == TYPE);
    let number = |list: &Credential| codes(list).first().and_then(|code| code["number"].as_i64());
    Ok(list.map(|list| number(list).unwrap_or(1)))
}

/// What became of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Used {
    Wrong,
    /// It was the one that was asked for.
    Right,
    /// So it was, and it was the last.
    RightAndLast,
    /// Nobody may sign in as this user now; the code was not looked at.
    Locked(Lock),
}

/// Uses the next code up, if this is it and somebody may sign in as the user. A lock that begins at the same moment either comes
/// before, and the code stays good, or after, and the code was right.
///
/// # Errors
///
/// Those of the database.
pub async fn spend(app: &App, realm: &Realm, user: &User, typed: &str) -> Result<Used, Error> {
    let user_id = user.id.as_str();
    let typed: String = typed.chars().filter(|c| !matches!(c, '-' | ' ')).collect();
    let typed = hash(&typed);
    let mut tx = app.db.begin().await?;
    let lock = brute_force::lock_in(&mut tx, realm, user_id, app.now()).await?;
    if lock != Lock::Open {
        return Ok(Used::Locked(lock));
    }
    user::lock(&mut tx, &realm.id, user_id).await?;
    let all = credential::of_user(&mut tx, user_id).await?;
    let Some(list) = all.into_iter().find(|c| c.kind == TYPE) else {
        return Ok(Used::Wrong);
    };
    let mut left = codes(&list);
    let expected = left
        .first()
        .and_then(|c| c["encodedHashedValue"].as_str())
        .unwrap_or_default();
    if !constant_time_eq(expected.as_bytes(), typed.as_bytes()) {
        return Ok(Used::Wrong);
    }
    left.remove(0);
    if left.is_empty() {
        credential::remove(&mut tx, user_id, &list.id).await?;
        tx.commit().await?;
        return Ok(Used::RightAndLast);
    }
    let mut data: Doc = serde_json::from_str(&list.credential_data)?;
    data.insert("remainingCodes".into(), json!(left.len()));
    let mut secret = json::parse(&list.secret_data)?;
    secret.insert("codes".into(), json!(left));
    let (secret, data) = (Value::Object(secret).to_string(), Value::Object(data).to_string());
    if !credential::swap(&mut tx, &list, &secret, &data).await? {
        return Ok(Used::Wrong);
    }
    tx.commit().await?;
    Ok(Used::Right)
}
