//! Whether somebody has proved themselves with a passkey. What is wrong with an answer is looked at in the same order, and as
//! long, whether or not there is such a user or passkey.

use vestibule_oauth::params::Params;
use vestibule_webauthn::{Assertion, Authenticated, Expected, Refusal, authenticate};

use super::{Kind, Passkey, Policy, challenge, decode, stored};
use crate::brute_force::{self, Lock, Means};
use crate::error::Error;
use crate::login::Turn;
use crate::store::user::{self, User};

/// A key of nobody, for answers to which there is no passkey.
const NOBODYS: &str =
    "pQECAyYgASFYID3aQ0KmGd9WI5oVQKZV-y6na6e4o_-mnq3KotQlvN2gIlggkjINzfKUfCCuhe1szEGaU3BzdQuOoGKpyPEnaPB0_Qc";

/// The longest id of a user.
const LONGEST_ID: usize = 64;

/// Why an answer does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The browser made none, in its own words: the person sent it away, most often.
    Browser(String),
    /// It is another user's than the one who is known.
    OtherUser(String),
    /// It is not what was asked for.
    Wrong(Refusal),
    /// No passkey of such a user made it. The user that it names.
    Unknown(String),
    /// Nobody may sign in as this user now: Keycloak's code.
    Locked(&'static str),
}

/// Who was proved.
pub struct Proved {
    pub user: User,
    /// The passkey's id as the browser sent it.
    pub credential_id: String,
    /// Whether it was asked that the authenticator verifies the user.
    pub verification_asked: bool,
}

/// What the form says.
struct Sent {
    credential_id: String,
    client_data: Option<Vec<u8>>,
    data: Option<Vec<u8>>,
    signature: Option<Vec<u8>>,
    /// The user whose passkey it is, as the authenticator remembers.
    handle: Option<String>,
}

fn read(form: &Params) -> Result<Sent, Fault> {
    let sent = |name: &str| form.text(name).map(str::trim).filter(|value| !value.is_empty());
    if let Some(words) = sent("error") {
        return Err(Fault::Browser(super::plain(words)));
    }
    let needed = ["credentialId", "clientDataJSON", "authenticatorData", "signature"];
    if needed.into_iter().any(|name| sent(name).is_none()) {
        let words = "Missing compulsory webauthn parameters";
        return Err(Fault::Browser(words.to_owned()));
    }
    let decoded = |name: &str| sent(name).and_then(decode);
    Ok(Sent {
        credential_id: sent("credentialId").unwrap_or_default().to_owned(),
        client_data: decoded("clientDataJSON"),
        data: decoded("authenticatorData"),
        signature: decoded("signature"),
        handle: decoded("userHandle").and_then(|bytes| String::from_utf8(bytes).ok()),
    })
}

/// Takes an answer. `known`: who it has to be, if that is known. `named`: somebody was named before, who may not exist.
///
/// # Errors
///
/// Those of the database.
pub async fn take(
    turn: &mut Turn,
    known: Option<&User>,
    named: bool,
    kind: Kind,
    form: &Params,
) -> Result<Result<Proved, Fault>, Error> {
    let challenge = challenge::take(turn);
    let sent = match read(form) {
        Ok(sent) => sent,
        Err(fault) => return Ok(Err(fault)),
    };
    if let (Some(known), Some(handle)) = (known, &sent.handle)
        && *handle != known.id
    {
        return Ok(Err(Fault::OtherUser(super::plain(handle))));
    }
    let user = whose(turn, known, named, &sent).await?;
    let passkey = find(turn, user.as_ref(), kind, &sent.credential_id).await?;
    let policy = Policy::of(&turn.realm, &turn.visitor.caller, kind);
    let origins = policy.origins();
    let expected = policy.expected(&challenge, &origins);
    let shown = match compare(&expected, passkey.as_ref(), &sent) {
        Ok(shown) => shown,
        Err(why) => return Ok(Err(Fault::Wrong(why))),
    };
    let verification_asked = expected.user_verification;
    let (Some(user), Some(passkey), Some(shown)) = (user, passkey, shown) else {
        failed(turn, known, named).await?;
        let meant = known.map(|user| user.id.clone()).or(sent.handle).unwrap_or_default();
        return Ok(Err(Fault::Unknown(super::plain(&meant))));
    };
    // A passkey cannot be guessed: who knows the name and guesses passwords does not keep its owner out.
    if kind == Kind::SecondFactor
        && let Some(code) = brute_force::lock(&turn.app, &turn.realm, &user).await?.code()
    {
        return Ok(Err(Fault::Locked(code)));
    }
    if !spend(turn, &passkey, shown, &challenge).await? {
        failed(turn, known, named).await?;
        return Ok(Err(Fault::Unknown(user.id)));
    }
    Ok(Ok(Proved {
        user,
        credential_id: super::plain(&sent.credential_id),
        verification_asked,
    }))
}

/// The user whose passkey it has to be. Who was named and does not exist is nobody, whatever the authenticator says.
async fn whose(turn: &Turn, known: Option<&User>, named: bool, sent: &Sent) -> Result<Option<User>, Error> {
    let user = match (known, &sent.handle) {
        (Some(known), _) => Some(known.clone()),
        (None, Some(id)) if !named && id.len() <= LONGEST_ID => user::by_id(&turn.app.db, &turn.realm.id, id).await?,
        _ => None,
    };
    Ok(user.filter(|user| user.service_client.is_none()))
}

/// Checks an answer by the key of a passkey, or by nobody's. `None`: another key made it.
fn compare(expected: &Expected<'_>, passkey: Option<&Passkey>, sent: &Sent) -> Result<Option<Authenticated>, Refusal> {
    let (Some(client_data), Some(authenticator_data), Some(signature)) =
        (&sent.client_data, &sent.data, &sent.signature)
    else {
        return Err(Refusal::Malformed);
    };
    let answer = Assertion {
        client_data,
        authenticator_data,
        signature,
    };
    let key = passkey.map_or_else(|| decode(NOBODYS).unwrap_or_default(), Passkey::public_key);
    match authenticate(expected, &key, &answer) {
        Ok(shown) => Ok(Some(shown)),
        Err(Refusal::Signature | Refusal::Key | Refusal::Algorithm) => Ok(None),
        Err(why) => Err(why),
    }
}

async fn find(turn: &Turn, user: Option<&User>, kind: Kind, sent: &str) -> Result<Option<Passkey>, Error> {
    let (Some(user), Some(id)) = (user, decode(sent).filter(|id| !id.is_empty())) else {
        return Ok(None);
    };
    let own = stored::of_user(&turn.app.db, &user.id, kind).await?;
    Ok(own.into_iter().find(|passkey| passkey.id() == id))
}

/// Uses the challenge up and keeps the counter, both or neither. `false`: the challenge was answered before, or the counter
/// goes back: there may be two of what there should be one of.
async fn spend(turn: &Turn, passkey: &Passkey, shown: Authenticated, challenge: &str) -> Result<bool, Error> {
    if !passkey.may_follow(shown.counter) {
        tracing::warn!(
            realm = turn.realm.name,
            credential = passkey.credential.id,
            "the counter of a passkey goes back: its authenticator may have been copied"
        );
        return Ok(false);
    }
    let mut tx = turn.app.db.begin().await?;
    let fresh = challenge::spend(&mut tx, turn, challenge).await?;
    let kept = fresh && passkey.advance(&mut tx, shown.counter).await?;
    if kept {
        tx.commit().await?;
    }
    Ok(kept)
}

/// Counts a failure against who was named before.
async fn failed(turn: &Turn, known: Option<&User>, named: bool) -> Result<Lock, Error> {
    let (app, realm) = (&turn.app, &turn.realm);
    match known {
        Some(user) => {
            let address = turn.visitor.caller.ip.to_string();
            brute_force::decide(app, realm, user, &address, Means::Passkey, false).await
        }
        None => {
            if named {
                brute_force::nobody(app, realm, turn.session.note("username").unwrap_or_default()).await?;
            }
            Ok(Lock::Open)
        }
    }
}
