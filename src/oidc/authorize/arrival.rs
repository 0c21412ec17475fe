//! How the parameters of an authorization request arrive: in the address, in an object that the client made (RFC 9101), or
//! pushed before (RFC 9126).

use vestibule_jose::digest::{b64url, b64url_decode, sha256};
use vestibule_oauth::params::Params;

use super::object;
use crate::app::App;
use crate::caller::Caller;
use crate::error::Error;
use crate::store::client::Client;
use crate::store::json::Doc;
use crate::store::pushed_request;
use crate::store::realm::Realm;
use crate::store::single_use;

/// What `request_uri` of a pushed request begins with.
pub const PUSHED: &str = "urn:ietf:params:oauth:request_uri:";

/// The parameters that count.
pub struct Arrived {
    pub params: Params,
    /// The hash of the pushed request that they came in.
    pub pushed: Option<String>,
    /// The claims of the object that they came in, and whether it was encrypted.
    pub object: Option<(Doc, bool)>,
}

/// Why they cannot be read: a reason for the event; the person learns only that the request is not valid.
pub type Unreadable = &'static str;

/// How pushed requests are kept.
pub fn hash(request_uri: &str) -> String {
    b64url(&sha256(request_uri.as_bytes()))
}

/// Brings the parameters together.
///
/// # Errors
///
/// Those of the database.
pub async fn resolve(
    app: &App,
    caller: &Caller,
    realm: &Realm,
    client: &Client,
    sent: &Params,
) -> Result<Result<Arrived, Unreadable>, Error> {
    let (object, address) = (sent.text("request"), sent.text("request_uri"));
    if object.is_some() && address.is_some() {
        return Ok(Err(
            "Illegal to use both 'request' and 'request_uri' parameters together",
        ));
    }
    if let Some(fault) = missing(client, object.is_some(), address.is_some()) {
        return Ok(Err(fault));
    }
    if let Some(uri) = address.filter(|uri| uri.starts_with(PUSHED)) {
        return pushed(app, realm, client, uri).await;
    }
    let object_text = match (object, address) {
        (Some(object), _) => object.to_owned(),
        (None, Some(uri)) => match fetched(app, client, uri).await {
            Ok(object) => object,
            Err(fault) => return Ok(Err(fault)),
        },
        (None, None) => {
            return Ok(Ok(Arrived {
                params: sent.clone(),
                pushed: None,
                object: None,
            }));
        }
    };
    let claims = object::read(app, caller, realm, client, &object_text).await?;
    Ok(claims.and_then(|claims| {
        Ok(Arrived {
            params: object::over(sent, &claims)?,
            pushed: None,
            object: Some((claims, object::is_encrypted(object_text.trim()))),
        })
    }))
}

/// `request.object.required`: what a client has set for itself.
fn missing(client: &Client, object: bool, address: bool) -> Option<Unreadable> {
    let set = client.attribute("request.object.required");
    let required = match set.filter(|set| *set != "not required") {
        // RFC 9101 section 10.5.
        None if object::must_be_signed(client) => "request or request_uri",
        required => required?,
    };
    match required {
        "request or request_uri" if !object && !address => {
            Some("Client is required to use 'request' or 'request_uri' parameter.")
        }
        "request only" if !object => Some("Client is required to use 'request' parameter."),
        "request_uri only" if !address => Some("Client is required to use 'request_uri' parameter."),
        _ => None,
    }
}

/// A request that this client pushed. Nothing else of the address counts (RFC 9101 section 6.3).
async fn pushed(app: &App, realm: &Realm, client: &Client, uri: &str) -> Result<Result<Arrived, Unreadable>, Error> {
    const GONE: Unreadable = "PAR not found. not issued or used multiple times.";
    let hash = hash(uri);
    let found = pushed_request::find(&app.db, &realm.id, &hash).await?;
    let Some(found) = found.filter(|found| found.expires > app.now()) else {
        return Ok(Err(GONE));
    };
    if found.client_uuid != client.id {
        return Ok(Err("Different client_id in PAR and in the request"));
    }
    if single_use::is_spent(&app.db, &realm.id, "pushed-request", &hash).await? {
        return Ok(Err(GONE));
    }
    Ok(Ok(Arrived {
        params: found.params.into_iter().collect(),
        pushed: Some(hash),
        object: None,
    }))
}

/// An object at one of the client's own addresses (`request.uris`). What is behind `#` tells versions apart where it was
/// registered with the address; elsewhere it is overlooked, or else whoever makes up another had it fetched again.
async fn fetched(app: &App, client: &Client, uri: &str) -> Result<String, Unreadable> {
    let plain = |uri: &str| uri.split('#').next().unwrap_or_default().to_owned();
    let listed = client.attribute("request.uris").unwrap_or_default();
    let address = if listed.split("##").any(|known| known == uri) {
        uri.to_owned()
    } else if listed
        .split("##")
        .any(|known| plain(known) == uri || known == plain(uri))
    {
        plain(uri)
    } else {
        return Err("Specified 'request_uri' not allowed for this client.");
    };
    // What is behind `#` is a hash of the object, or says nothing (OpenID Connect Core section 6.2).
    let hash = uri.split_once('#').and_then(|(_, hash)| b64url_decode(hash).ok());
    let hash: Option<[u8; 32]> = hash.and_then(|hash| hash.try_into().ok());
    let bytes = app
        .egress
        .object(&address, hash)
        .await
        .map_err(|_| "The 'request_uri' did not answer")?;
    String::from_utf8(bytes.to_vec()).map_err(|_| "The 'request_uri' did not answer")
}
