//! Who gets the file: whoever may see the client, the client itself by its secret, and everybody that of a public one.

use axum::http::{HeaderMap, header};
use vestibule_oauth::params::Params;

use super::keycloak_json;
use crate::client_registration::access::Access;
use crate::client_registration::refusal::{Refusal, Stop};
use crate::client_registration::{Request, manage};
use crate::client_secret::{self, Kept};
use crate::error::Error;
use crate::oidc::client_auth;
use crate::store::client::{self, Client};
use crate::store::json::Doc;

/// The file.
///
/// # Errors
///
/// [`Stop::Refused`] if the caller may not see it.
pub(in crate::client_registration) async fn read(
    request: &Request<'_>,
    headers: &HeaderMap,
    client_id: &str,
) -> Result<Doc, Stop> {
    let (client, secret) = if matches!(request.access, Access::Anonymous) {
        by_itself(request, headers, client_id).await?
    } else {
        let client = manage::read(request, client_id).await?.client;
        let secret = revealed(request, &client)?;
        (client, secret)
    };
    Ok(keycloak_json(
        request.realm,
        &request.caller.base,
        &client,
        secret.as_deref(),
    ))
}

/// The secret, where it can be read back, for those who may: looking at clients is not enough.
fn revealed(request: &Request<'_>, client: &Client) -> Result<Option<String>, Error> {
    let may = match &request.access {
        Access::Bearer(rights) => rights.manage,
        _ => true,
    };
    if !may || client_secret::kept(&client.doc) == Kept::Hashed {
        return Ok(None);
    }
    let plain = client_secret::reveal(request.app, client)?;
    Ok(plain.map(|plain| String::from_utf8_lossy(&plain).into_owned()))
}

/// A client that proves itself as at the token endpoint, or that cannot and need not.
async fn by_itself(
    request: &Request<'_>,
    headers: &HeaderMap,
    client_id: &str,
) -> Result<(Client, Option<String>), Stop> {
    let (app, realm) = (request.app, request.realm);
    let found = client::read_by_client_id(&app.db, &realm.id, client_id).await?;
    let unknown = "Not authorized to view client. Not valid token or client credentials provided.";
    let client = found.filter(Client::enabled).ok_or(Refusal::Token(unknown))?;
    if !headers.contains_key(header::AUTHORIZATION) && client.public() && !client.flag("bearerOnly") {
        return Ok((client, None));
    }
    let known = client_auth::authenticate(app, request.caller, realm, headers, &Params::default()).await?;
    match known {
        Err(_) => Err(Refusal::Token("Failed to authenticate client").into()),
        Ok(known) if known.client.id != client.id => Err(Refusal::Token("Different client authenticated").into()),
        Ok(_) if client.flag("bearerOnly") => Err(Refusal::Token("Failed to authenticate client").into()),
        // It has just said its secret.
        Ok(_) => Ok((client, client_auth::secret_of(headers))),
    }
}
