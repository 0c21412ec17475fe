//! `openidconnect` of crates.io, unmodified, as a relying party: it reads discovery, registers itself, signs somebody in with
//! a code and PKCE, verifies the ID token, asks for userinfo, refreshes, introspects and revokes.
//!     BASE=http://localhost:8080 ADMIN=admin PASSWORD=admin cargo run --bin openid-connect

use std::env;
use std::error::Error;

use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreClientRegistrationRequest, CoreGrantType, CoreJwsSigningAlgorithm,
    CoreProviderMetadata, CoreResponseType, CoreUserInfoClaims,
};
use openidconnect::registration::EmptyAdditionalClientMetadata;
use openidconnect::reqwest::{Client, redirect::Policy};
use openidconnect::{
    AccessToken, AccessTokenHash, AuthorizationCode, ClientName, CsrfToken, IntrospectionUrl, IssuerUrl,
    LocalizedClaim, Nonce, OAuth2TokenResponse, PkceCodeChallenge, RedirectUrl, ResponseTypes, Scope,
    TokenIntrospectionResponse, TokenResponse,
};
use serde_json::{Value, json};

const REALM: &str = "openidconnect";
const CALLBACK: &str = "https://relying.example/callback";

type Done<T> = Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Done<()> {
    let base = env::var("BASE")?;
    let http = Client::builder().redirect(Policy::none()).build()?;
    let admin = administrator(&http, &base).await?;
    let realm = format!("{base}/admin/realms/{REALM}");
    let told = run(&http, &base, &admin).await;
    http.delete(&realm)
        .bearer_auth(&admin)
        .send()
        .await?
        .error_for_status()?;
    println!("openidconnect: {}", told?);
    Ok(())
}

async fn run(http: &Client, base: &str, admin: &str) -> Done<String> {
    let initial = realm_with_somebody(http, base, admin).await?;
    let issuer = IssuerUrl::new(format!("{base}/realms/{REALM}"))?;
    let metadata = CoreProviderMetadata::discover_async(issuer, http).await?;
    assert!(
        metadata
            .id_token_signing_alg_values_supported()
            .contains(&CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256)
    );

    let callback = RedirectUrl::new(CALLBACK.to_owned())?;
    let name = LocalizedClaim::from(ClientName::new("Relying Party".to_owned()));
    let registration =
        CoreClientRegistrationRequest::new(vec![callback.clone()], EmptyAdditionalClientMetadata::default())
            .set_initial_access_token(Some(AccessToken::new(initial)))
            .set_client_name(Some(name))
            .set_grant_types(Some(vec![
                CoreGrantType::AuthorizationCode,
                CoreGrantType::RefreshToken,
            ]))
            .set_response_types(Some(vec![ResponseTypes::new(vec![CoreResponseType::Code])]))
            .register_async(
                metadata.registration_endpoint().ok_or("no registration endpoint")?,
                http,
            )
            .await?;
    assert!(registration.registration_access_token().is_some() && registration.client_secret().is_some());

    let endpoint = |name: &str| format!("{base}/realms/{REALM}/protocol/openid-connect/{name}");
    let client = CoreClient::from_provider_metadata(
        metadata,
        registration.client_id().clone(),
        registration.client_secret().cloned(),
    )
    .set_redirect_uri(callback)
    .set_introspection_url(IntrospectionUrl::new(endpoint("token/introspect"))?);
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (address, state, nonce) = client
        .authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            CsrfToken::new_random,
            Nonce::new_random,
        )
        .add_scope(Scope::new("email".to_owned()))
        .add_scope(Scope::new("profile".to_owned()))
        .set_pkce_challenge(challenge)
        .url();
    let arrived = sign_in(http, address.as_str()).await?;
    let answer = arrived.split_once('?').ok_or("no answer")?.1;
    let member = |name: &str| {
        let found = answer
            .split('&')
            .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        found.map(str::to_owned).ok_or(format!("no {name} in {arrived}"))
    };
    assert_eq!(&member("state")?, state.secret());

    let code = AuthorizationCode::new(member("code")?);
    let tokens = client
        .exchange_code(code)?
        .set_pkce_verifier(verifier)
        .request_async(http)
        .await?;
    let id_token = tokens.id_token().ok_or("no ID token")?;
    let verifier = client.id_token_verifier();
    let claims = id_token.claims(&verifier, &nonce)?;
    assert_eq!(claims.email().map(|email| email.as_str()), Some("mia@relying.example"));
    let hash = AccessTokenHash::from_token(
        tokens.access_token(),
        id_token.signing_alg()?,
        id_token.signing_key(&verifier)?,
    )?;
    assert_eq!(claims.access_token_hash(), Some(&hash));

    let subject = claims.subject().clone();
    let person: CoreUserInfoClaims = client
        .user_info(tokens.access_token().clone(), Some(subject.clone()))?
        .request_async(http)
        .await?;
    assert_eq!(person.preferred_username().map(|name| name.as_str()), Some("mia"));

    let refresh = tokens.refresh_token().ok_or("no refresh token")?;
    let renewed = client.exchange_refresh_token(refresh)?.request_async(http).await?;
    let again = renewed.id_token().ok_or("no ID token after a refresh")?;
    let any_nonce = |_: Option<&Nonce>| Ok(());
    assert_eq!(again.claims(&verifier, any_nonce)?.subject(), &subject);
    let about = client.introspect(renewed.access_token()).request_async(http).await?;
    assert!(!about.active(), "it is for others: this client is not in its audience");
    // The library revokes by HTTPS only.
    let secret = registration.client_secret().map(|secret| secret.secret().as_str());
    let token = [("token", renewed.access_token().secret())];
    let revoked = http
        .post(endpoint("revoke"))
        .basic_auth(registration.client_id().as_str(), secret);
    revoked.form(&token).send().await?.error_for_status()?;
    let person: Result<CoreUserInfoClaims, _> = client
        .user_info(renewed.access_token().clone(), Some(subject))?
        .request_async(http)
        .await;
    assert!(person.is_err(), "a revoked token is good for nothing");
    Ok("discovery, registration, code with PKCE, ID token, userinfo, refresh, introspection, revocation".to_owned())
}

async fn administrator(http: &Client, base: &str) -> Done<String> {
    let form = [
        ("grant_type", "password".to_owned()),
        ("client_id", "admin-cli".to_owned()),
        ("username", env::var("ADMIN")?),
        ("password", env::var("PASSWORD")?),
    ];
    let url = format!("{base}/realms/master/protocol/openid-connect/token");
    let answer: Value = http
        .post(url)
        .form(&form)
        .send()
        .await?
        .error_for_status()?
        .json()
        .await?;
    Ok(answer["access_token"].as_str().ok_or("no token")?.to_owned())
}

/// Makes the realm with one person; gives an initial access token.
async fn realm_with_somebody(http: &Client, base: &str, admin: &str) -> Done<String> {
    let post = async |path: &str, body: Value| -> Done<String> {
        let url = format!("{base}/admin/realms{path}");
        let answer = http.post(url).bearer_auth(admin).json(&body).send().await?;
        Ok(answer.error_for_status()?.text().await?)
    };
    post("", json!({ "realm": REALM, "enabled": true })).await?;
    let mia = json!({
        "username": "mia", "enabled": true, "email": "mia@relying.example", "emailVerified": true,
        "firstName": "Mia", "lastName": "Moor", "credentials": [{ "type": "password", "value": "correct horse" }]
    });
    post(&format!("/{REALM}/users"), mia).await?;
    let told = post(&format!("/{REALM}/clients-initial-access"), json!({ "count": 1 })).await?;
    let told: Value = serde_json::from_str(&told)?;
    Ok(told["token"].as_str().ok_or("no initial access token")?.to_owned())
}

/// Signs mia in as a browser would, and gives the address that she is sent to in the end.
async fn sign_in(http: &Client, address: &str) -> Done<String> {
    let page = http.get(address).send().await?.error_for_status()?;
    let mut cookies = Vec::new();
    keep(&mut cookies, &page);
    let page = page.text().await?;
    let form = page.split("id=\"kc-form-login\"").nth(1).ok_or("no form")?;
    let action = form.split("action=\"").nth(1).and_then(|rest| rest.split('"').next());
    let action = action.ok_or("no action")?.replace("&amp;", "&").replace("&#x2f;", "/");
    let fields = [("username", "mia"), ("password", "correct horse"), ("credentialId", "")];
    let mut answer = http
        .post(action)
        .header("cookie", cookies.join("; "))
        .form(&fields)
        .send()
        .await?;
    for _ in 0..5 {
        keep(&mut cookies, &answer);
        let to = answer
            .headers()
            .get("location")
            .ok_or("no redirect")?
            .to_str()?
            .to_owned();
        if to.starts_with(CALLBACK) {
            return Ok(to);
        }
        answer = http.get(to).header("cookie", cookies.join("; ")).send().await?;
    }
    Err("too many redirects".into())
}

fn keep(cookies: &mut Vec<String>, answer: &openidconnect::reqwest::Response) {
    for cookie in answer.headers().get_all("set-cookie") {
        let pair = cookie
            .to_str()
            .unwrap_or_default()
            .split(';')
            .next()
            .unwrap_or_default();
        let name = pair.split('=').next().unwrap_or_default();
        cookies.retain(|known: &String| known.split('=').next() != Some(name));
        cookies.push(pair.to_owned());
    }
}
