//! An application becomes a client, manages itself, and goes.
//!
//! RFC 7591 and 7592 at Keycloak's path. What a registrant may set is a closed schema (`vestibule_oauth::client_metadata`);
//! the realm's policies judge the client as it would become.

pub mod token;
