//! A new passkey: what the browser sent, against what the realm asks.

use vestibule_jose::digest::b64url;
use vestibule_oauth::params::Params;
use vestibule_webauthn::{NewCredential, Proof, Refusal, register};

use super::stored;
use super::{Kind, Policy, decode};
use crate::error::Error;
use crate::store::Tx;
use crate::store::credential::{self, Credential};

/// The longest label.
const LONGEST_LABEL: usize = 255;

/// What browsers say of how an authenticator is reached.
const TRANSPORTS: &[&str] = &["usb", "nfc", "ble", "internal", "hybrid", "smart-card", "cable"];

const ATTACHMENTS: &[&str] = &["platform", "cross-platform"];

/// A passkey that is as the realm wants it, and is not kept yet.
pub struct Made {
    new: NewCredential,
    pub label: String,
    transports: Vec<String>,
}

/// Checks what was sent; the error is for people.
pub fn check(policy: &Policy<'_>, challenge: &str, form: &Params) -> Result<Made, String> {
    let sent = |name: &str| {
        form.get(name)
            .and_then(decode)
            .ok_or_else(|| Refusal::Malformed.to_string())
    };
    let (client_data, object) = (sent("clientDataJSON")?, sent("attestationObject")?);
    let origins = policy.origins();
    let expected = policy.expected(challenge, &origins);
    let new = register(&expected, &policy.algorithms(), &client_data, &object).map_err(|why| why.to_string())?;
    if sent("publicKeyCredentialId")? != new.id {
        return Err(Refusal::Malformed.to_string());
    }
    check_model(policy, &new)?;
    check_attachment(policy, form.get("authenticatorAttachment").unwrap_or_default())?;
    let label = form.get("authenticatorLabel").unwrap_or_default().trim();
    let transports = form.get("transports").unwrap_or_default().split(',');
    let mut known: Vec<String> = Vec::new();
    for transport in transports.filter(|t| TRANSPORTS.contains(t)) {
        if !known.iter().any(|k| k == transport) {
            known.push(transport.to_owned());
        }
    }
    Ok(Made {
        new,
        label: label.chars().take(LONGEST_LABEL).collect(),
        transports: known,
    })
}

/// What a model says of itself counts only if something bears it out.
fn check_model(policy: &Policy<'_>, new: &NewCredential) -> Result<(), String> {
    if policy.wants_attestation() && new.proof == Proof::None {
        return Err("The authenticator does not attest what it is".to_owned());
    }
    let models = policy.models();
    if models.is_empty() {
        return Ok(());
    }
    match new.proof {
        Proof::None => Err("Acceptable AAGUIDs require an attestation format other than 'none'.".to_owned()),
        Proof::Own => Err("Acceptable AAGUIDs require an attestation by a certificate.".to_owned()),
        Proof::Certificate if models.iter().any(|model| model.eq_ignore_ascii_case(&new.aaguid)) => Ok(()),
        Proof::Certificate => Err("Not acceptable authenticator model (based on the AAGUID).".to_owned()),
    }
}

fn check_attachment(policy: &Policy<'_>, sent: &str) -> Result<(), String> {
    match policy.attachment() {
        super::policy::UNSAID => Ok(()),
        _ if sent.is_empty() => {
            Err("Authenticator attachment is required by the policy but was not provided by the client.".to_owned())
        }
        _ if !ATTACHMENTS.contains(&sent) => Err("The authenticator attachment is not known.".to_owned()),
        wanted if wanted == sent => Ok(()),
        _ => Err("The authenticator attachment is not the one that the policy requires.".to_owned()),
    }
}

impl Made {
    /// The id, as browsers write it.
    pub fn id(&self) -> String {
        b64url(&self.new.id)
    }

    /// The model of the authenticator.
    pub fn aaguid(&self) -> &str {
        &self.new.aaguid
    }

    /// Makes it the user's. The error is for people: the same authenticator made one before, or the label is taken.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn store(&self, tx: &mut Tx, user_id: &str, kind: Kind, now: i64) -> Result<Result<(), String>, Error> {
        credential::lock(tx, user_id).await?;
        let known = credential::of_user(&mut *tx, user_id).await?;
        let twice = [Kind::SecondFactor, Kind::Passwordless].into_iter().any(|kind| {
            let own = stored::of_kind(known.clone(), kind);
            own.iter().any(|passkey| passkey.id() == self.new.id)
        });
        if twice {
            return Ok(Err("This passkey is registered already".to_owned()));
        }
        let named = |c: &Credential| c.kind == kind.credential_type() && c.label.as_deref() == Some(&self.label);
        if known.iter().any(named) {
            return Ok(Err("Device already exists with the same name".to_owned()));
        }
        let priority = known.iter().map(|c| c.priority.saturating_add(10)).max().unwrap_or(10);
        let new = Credential {
            priority,
            ..stored::credential(kind, &self.new, &self.label, &self.transports, now)
        };
        credential::put(tx, user_id, &new).await?;
        Ok(Ok(()))
    }
}
