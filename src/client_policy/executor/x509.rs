//! `tls-client-auth-ca-subject-dn`: which authority vouches for the certificates of clients.

use super::{Judgement, set_attribute};
use crate::client_policy::config::Config;
use crate::client_policy::refused::Refused;
use crate::store::json::{self, Doc};

const AUTHORITY: &str = "x509.casubjectdn";

pub(super) fn on_change(config: Config<'_>, doc: &mut Doc) -> Judgement {
    let Some(wanted) = config.text("ca-subject-dn") else {
        return Ok(());
    };
    if json::text(doc, "clientAuthenticatorType") != Some("client-x509") {
        return Ok(());
    }
    match json::attribute(doc, AUTHORITY) {
        None => set_attribute(doc, AUTHORITY, wanted),
        Some(named) if named != wanted && config.flag("enforced") => {
            let text = format!("Certificate Authority subject DN must be {wanted}");
            return Err(Refused::request(text).about(AUTHORITY, named));
        }
        Some(_) => {}
    }
    Ok(())
}
