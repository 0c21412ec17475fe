//! OpenID Connect, as Keycloak speaks it: the endpoints below `/realms/{realm}/protocol/openid-connect`.

pub mod action_token;
pub mod bearer;
pub mod code;
pub mod cors;
pub mod session;
pub mod token_roles;
pub mod tokens;
