//! OpenID Connect, as Keycloak speaks it: the endpoints below `/realms/{realm}/protocol/openid-connect`.

pub mod action_token;
pub mod authorize;
pub mod bearer;
pub mod bound;
pub mod ciba;
pub mod client_auth;
pub mod code;
pub mod cors;
pub mod device;
pub mod discovery;
pub mod door;
pub mod dpop;
pub mod iframe;
pub mod introspect;
pub mod logout;
pub mod par;
pub mod policy;
pub mod revoke;
pub mod session;
pub mod token;
pub mod token_roles;
pub mod tokens;
pub mod userinfo;
