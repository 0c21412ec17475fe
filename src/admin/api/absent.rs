//! What clients of Keycloak call although it is off here, as in a Keycloak without the feature: user storage, LDAP, verifiable
//! credentials; and its caches, of which there are none to clear.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{any, get, post, put};

use super::answer;
use super::auth::{Admin, Right};
use super::error::{Answer, ApiError};
use crate::app::App;

/// The addresses.
pub fn routes() -> Router<App> {
    let mut router = Router::new();
    for cache in ["user", "keys", "crl", "realm"] {
        router = router.route(&format!("/realms/{{realm}}/clear-{cache}-cache"), post(clear_cache));
    }
    for act in ["remove-imported-users", "sync", "unlink-users"] {
        router = router.route(
            &format!("/realms/{{realm}}/user-storage/{{id}}/{act}"),
            post(no_storage),
        );
    }
    let credentials = "/realms/{realm}/users/{id}/vc";
    router
        .route("/realms/{realm}/user-storage/{id}/name", get(no_storage))
        .route(
            "/realms/{realm}/user-storage/{id}/mappers/{mapper}/sync",
            post(no_storage),
        )
        .route("/realms/{realm}/testLDAPConnection", post(no_ldap))
        .route("/realms/{realm}/ldap-server-capabilities", post(no_ldap))
        .route(
            &format!("{credentials}/credentials"),
            get(no_verifiable).post(no_verifiable),
        )
        .route(
            &format!("{credentials}/credentials/send-credential-offer"),
            put(no_verifiable),
        )
        .route(&format!("{credentials}/credentials/{{scope}}"), any(no_verifiable))
        .route(&format!("{credentials}/issued-credentials"), get(no_verifiable))
        .route(
            &format!("{credentials}/issued-credentials/{{credential}}"),
            any(no_verifiable),
        )
}

/// Nothing is kept that the database does not say anew when it changes.
async fn clear_cache(admin: Admin) -> Answer {
    admin.require(&[Right::ManageRealm])?;
    answer::nothing()
}

async fn no_storage(admin: Admin) -> Answer {
    admin.require(&[Right::ManageUsers])?;
    Err(ApiError::feature_off())
}

/// What Keycloak says of a directory that it cannot reach.
async fn no_ldap(admin: Admin) -> Answer {
    admin.require(&[Right::ManageRealm])?;
    Err(ApiError::message(StatusCode::BAD_REQUEST, "NamingError"))
}

async fn no_verifiable(admin: Admin) -> Answer {
    admin.require(&[Right::ManageUsers, Right::ViewUsers])?;
    Err(ApiError::bad("Feature oid4vc-vci not enabled"))
}
