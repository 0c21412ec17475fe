//! Every URL, on one page.
//!
//! `/auth/...` is the same tree as `/...` (design, decision 3).

use axum::Router;
use axum::http::{StatusCode, header};
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{MethodRouter, any, get, post};

use crate::app::App;
use crate::caller::Caller;
use crate::oidc::{ciba, device, discovery, door, iframe, introspect, par, revoke, token, userinfo};
use crate::{account, approval, client_registration, demo, inbox, registration, theme, verification};

/// The whole server.
pub fn router(app: App) -> Router {
    let tree = tree(&app);
    Router::new()
        .merge(tree.clone())
        .nest("/auth", tree)
        .route("/auth/", get(home))
        .fallback(not_found)
        .layer(axum::middleware::from_fn(crate::limits::apply))
        .with_state(app)
}

/// Where Keycloak sends who asks for nothing in particular.
async fn home(caller: Caller) -> Response {
    let location = format!("{}/admin/", caller.base);
    (StatusCode::FOUND, [(header::LOCATION, location)]).into_response()
}

fn tree(app: &App) -> Router<App> {
    Router::new()
        // -- OpenID Connect: tokens ------------------------------------------------------------------------------
        .merge(tokens())
        // -- signing in, recovery, consent -----------------------------------------------------------------------
        .merge(signing_in())
        // -- people register themselves --------------------------------------------------------------------------
        .merge(registering())
        // -- applications register themselves --------------------------------------------------------------------
        .route(
            "/realms/{realm}/clients-registrations",
            any(client_registration::api::no_provider),
        )
        .route(
            "/realms/{realm}/clients-registrations/{provider}",
            any(client_registration::api::collection),
        )
        .route(
            "/realms/{realm}/clients-registrations/{provider}/",
            any(client_registration::api::collection),
        )
        .route(
            "/realms/{realm}/clients-registrations/{provider}/{client_id}",
            any(client_registration::api::item),
        )
        .route(
            "/realms/{realm}/clients-registrations/{provider}/{client_id}/secret",
            any(client_registration::api::own_secret),
        )
        // -- one's own account ----------------------------------------------------------------------------------
        .merge(own_account())
        // -- Admin REST ------------------------------------------------------------------------------------------
        .nest_service("/admin", crate::admin::api::service(app.clone()))
        .route("/", get(home))
        // -- pages of development, theme resources ---------------------------------------------------------------
        .route("/demo", get(|| async { Redirect::to("/demo/") }))
        .route("/demo/", get(demo::web::home))
        .route("/demo/login", get(demo::web::login))
        .route("/demo/register", get(demo::web::register))
        .route("/demo/logout", get(demo::web::logout))
        .route("/resources/{version}/{kind}/{theme}/{*path}", get(theme::web::resource))
        .route("/resources/{version}/{kind}/{theme}", get(theme::web::texts))
        .route("/inbox", get(inbox::web::list))
        .route("/inbox/messages", get(inbox::web::messages))
        .route("/inbox/{id}", get(inbox::web::message))
        .route("/inbox/{id}/html", get(inbox::web::markup))
}

fn tokens() -> Router<App> {
    const OIDC: &str = "/realms/{realm}/protocol/openid-connect";
    let at = |path: &str| format!("{OIDC}/{path}");
    let wrong = door::wrong_method;
    let token = post(token::post).options(token::preflight).fallback(wrong);
    let introspect = post(introspect::post).options(introspect::options).fallback(wrong);
    let userinfo = get(userinfo::serve)
        .post(userinfo::serve)
        .options(userinfo::preflight)
        .fallback(wrong);
    let revoke = post(revoke::post).options(revoke::preflight).fallback(wrong);
    let pushed = post(par::post).options(par::options).fallback(wrong);
    let ciba = post(ciba::post).options(ciba::options).fallback(wrong);
    let open = |answer: MethodRouter<App>| answer.options(discovery::preflight).fallback(wrong);
    let endpoints = [
        ("certs", open(get(discovery::certs))),
        ("token", token),
        ("token/introspect", introspect),
        ("userinfo", userinfo),
        ("revoke", revoke),
        ("ext/par/request", pushed),
        ("ext/ciba/auth", ciba),
    ];
    let endpoints = endpoints.into_iter().fold(Router::new(), |all, (path, methods)| {
        // With a slash behind it, it is the same address in Keycloak.
        all.route(&at(path), methods.clone())
            .route(&at(&format!("{path}/")), methods)
    });
    Router::new()
        .merge(endpoints)
        .route("/realms/{realm}/{*rest}", any(door::nowhere))
        .route("/realms/{realm}", open(get(discovery::root)))
        .route("/realms/{realm}/", open(get(discovery::root)))
        .route("/realms/{realm}/.well-known/{name}", open(get(discovery::of_realm)))
        .route("/.well-known/{name}/realms/{realm}", open(get(discovery::inserted)))
        .route(
            "/.well-known/{name}/auth/realms/{realm}",
            open(get(discovery::inserted_below_prefix)),
        )
        .layer(from_fn(door::security_headers))
        // Pages for frames of other sites, which must not have the headers above.
        .route(&at("login-status-iframe.html"), get(iframe::status).fallback(wrong))
        .route(&at("login-status-iframe.html/init"), get(iframe::init).fallback(wrong))
        .route(&at("3p-cookies/step1.html"), get(iframe::step_1).fallback(wrong))
        .route(&at("3p-cookies/step2.html"), get(iframe::step_2).fallback(wrong))
}

fn signing_in() -> Router<App> {
    use crate::login::web::{action, options};
    use crate::oidc::authorize::web as authorize;
    use crate::oidc::logout::web as logout;
    let at = |path: &str| format!("/realms/{{realm}}/protocol/openid-connect/{path}");
    let both = |methods: MethodRouter<App>| methods.options(options).fallback(door::wrong_method);
    Router::new()
        .route(&at("auth"), both(get(authorize::auth).post(authorize::auth_post)))
        .merge(devices())
        .route(
            &at("registrations"),
            get(authorize::registrations)
                .post(authorize::registrations_post)
                .options(registration::api::preflight)
                .fallback(door::wrong_method),
        )
        .route(
            &at("forgot-credentials"),
            both(get(authorize::forgot).post(authorize::forgot_post)),
        )
        .route(
            &at("auth/waiting"),
            get(client_registration::web::is_waiting).fallback(door::wrong_method),
        )
        .route(
            &at("logout"),
            get(logout::logout)
                .post(logout::logout_post)
                .options(userinfo::preflight)
                .fallback(door::wrong_method),
        )
        .route(&at("logout/logout-confirm"), both(post(logout::confirm)))
        .route("/realms/{realm}/login-actions/{action}", both(get(action).post(action)))
}

/// Devices without a browser, and the page where people answer them.
fn devices() -> Router<App> {
    use crate::login::web::options;
    let start = get(device::verify::get).post(device::post).options(device::preflight);
    let page = get(device::verify::get).post(device::verify::post).options(options);
    Router::new()
        .route(
            "/realms/{realm}/protocol/openid-connect/auth/device",
            start
                .layer(from_fn(door::security_headers))
                .fallback(door::wrong_method),
        )
        .route("/realms/{realm}/device", page.fallback(door::wrong_method))
        .route(
            "/realms/{realm}/device/status",
            get(device::verify::status).fallback(door::wrong_method),
        )
}

fn registering() -> Router<App> {
    use crate::registration::api::{code, preflight, resend, status};
    let one = "/realms/{realm}/protocol/openid-connect/registrations/{id}";
    let open = |methods: MethodRouter<App>| methods.options(preflight).fallback(door::wrong_method);
    let link = "/realms/{realm}/login-actions/action-token";
    let decide = get(approval::web::page).post(approval::web::decide);
    Router::new()
        .route(one, open(get(status)))
        .route(&format!("{one}/code"), open(post(code)))
        .route(&format!("{one}/resend"), open(post(resend)))
        .route(link, get(verification::web::action_token).fallback(door::wrong_method))
        .route(
            "/realms/{realm}/login-actions/approval",
            decide.fallback(door::wrong_method),
        )
}

fn own_account() -> Router<App> {
    Router::new()
        .route("/realms/{realm}/account", any(account::serve))
        .route("/realms/{realm}/account/", any(account::serve))
        .route("/realms/{realm}/account/{*path}", any(account::serve))
        .layer(from_fn(door::security_headers))
}

async fn not_found() -> Response {
    let body = r#"{"error":"Unable to find matching target resource method"}"#;
    (StatusCode::NOT_FOUND, [("content-type", "application/json")], body).into_response()
}
