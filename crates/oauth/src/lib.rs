//! What OAuth and `OpenID` Connect clients send and get, RFC by RFC.
//!
//! Everything here is a function of its arguments: no I/O, no clock, no randomness. A door
//! parses with this crate, a flow decides, and a door answers with this crate again.
//!
//! | module | what it knows | where it is written |
//! |---|---|---|
//! | [`pkce`] | code challenges | RFC 7636 |
//! | [`redirect_uri`] | which redirect URIs may be registered, which one a request may use | RFC 6749 §3.1.2, RFC 8252, RFC 9700 |
//! | [`web_origin`] | which browser pages may call us | WHATWG Fetch, Keycloak's `webOrigins` |
//! | [`scope`] | scope lists | RFC 6749 §3.3 |
//! | [`params`] | form bodies and queries | RFC 6749 §3.1, appendix B |
//! | [`authorize`] | `prompt`, `response_type`, `response_mode`, `max_age`, and the way back | `OpenID` Connect Core, OAuth response modes |
//! | [`client_metadata`] | what an application says of itself when it registers | RFC 7591, `OpenID` Connect Registration |
//! | [`error`] | error codes | RFC 6749, 6750, 7591, `OpenID` Connect Core |

pub mod authorize;
pub mod client_metadata;
pub mod error;
pub mod params;
pub mod pkce;
pub mod redirect_uri;
pub mod scope;
pub mod web_origin;
