//! Tokens in the answer itself, for clients that were switched to it: the implicit and the hybrid flow (`OpenID` Connect Core
//! 3.2 and 3.3).

use std::sync::Arc;

use vestibule_jose::digest;

use crate::client_policy::{self, Asked};
use crate::error::Error;
use crate::login::Turn;
use crate::login::answer::Pairs;
use crate::oidc::bound::{self, TO_NOTHING};
use crate::oidc::client_auth;
use crate::oidc::tokens::context::Context;
use crate::oidc::tokens::encrypted::{self, What};
use crate::oidc::tokens::id::Beside;
use crate::oidc::tokens::make::{self, Grant, Place, Signer, Wanted};
use crate::oidc::tokens::resource::Resources;
use crate::oidc::tokens::scope;
use crate::store::user::User;

/// The tokens that a request's response type asks for, beside the code if there is one. The session and the client's part in
/// it must be kept already.
///
/// # Errors
///
/// Those of the database; [`Error::Key`] if a key is missing.
pub async fn tokens(turn: &Turn, user: User, place: &Place, code: Option<&str>) -> Result<Pairs, Error> {
    let (app, caller, request) = (&turn.app, &turn.visitor.caller, &turn.session.request);
    let asked = request.response();
    let mut pairs = Pairs::new();
    if !asked.has_tokens() {
        return Ok(pairs);
    }
    let (params, issuer) = (request.judged(), caller.issuer(&turn.realm.name));
    let judged = Asked::of(&params, &issuer, app.now_seconds());
    let client = client_policy::effects(&turn.realm, &turn.client, judged).on(Arc::clone(&turn.client));
    // Nobody proves a key here: a client whose tokens are bound to one gets none.
    let with_token = asked.token && !bound::is_wanted(&client);
    // It was good when the tab began; an administrator may have taken a scope away since.
    let scopes = scope::resolve(&turn.realm, &client, request.scope.as_deref()).unwrap_or_default();
    let notes = place
        .part
        .doc
        .get("notes")
        .and_then(|n| n.as_object())
        .cloned()
        .unwrap_or_default();
    let session_notes = place.session.notes.clone();
    let context = Context::load(app, &turn.realm, &client, user, scopes, session_notes, notes).await?;
    let resources = Resources::all(request.resource.clone());
    let wanted = Wanted {
        grant: if asked.code { Grant::None } else { Grant::Implicit },
        place: Some(place),
        nonce: request.nonce.as_deref(),
        chain: None,
        refresh: false,
        refresh_scope: None,
        bound: &TO_NOTHING,
        resources: &resources,
        audience: &[],
    };
    let issued = make::make(app, caller, &context, &wanted).await?;
    client_auth::given(app, &turn.realm, &client).await;
    if asked.id_token {
        let alg = make::algorithm(&turn.realm, &client, "id.token.signed.response.alg");
        let iat = app.now_seconds();
        let exp = iat + issued.expires_in;
        let detached = client.attribute("id.token.as.detached.signature") == Some("true");
        let mut claims = match detached {
            true => make::detached_claims(caller, &context, &wanted, exp, iat),
            false => {
                let beside = if asked.code || with_token {
                    Beside::Access
                } else {
                    Beside::Nothing
                };
                make::id_claims(caller, &context, &wanted, beside, exp, iat)
            }
        };
        if with_token {
            claims.set("at_hash", digest::at_hash(alg, &issued.access_token));
        }
        if let Some(code) = code {
            claims.set("c_hash", digest::at_hash(alg, code));
        }
        if let Some(state) = &request.state {
            claims.set("s_hash", digest::at_hash(alg, state));
        }
        let claims = claims.finish();
        let token = make::sign(app, &turn.realm, &client, alg, Signer::Client, "JWT", &claims).await?;
        let token = encrypted::wrap(app, &client, What::Id, token, "JWT").await?;
        pairs.push(("id_token", token));
    }
    if with_token {
        pairs.push(("access_token", issued.access_token));
        pairs.push(("token_type", "Bearer".to_owned()));
        pairs.push(("expires_in", issued.expires_in.to_string()));
    }
    Ok(pairs)
}
