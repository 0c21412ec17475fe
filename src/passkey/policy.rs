//! What a realm asks of passkeys: Keycloak's `webAuthnPolicy*` and `webAuthnPolicyPasswordless*`.

use url::Url;
use vestibule_webauthn::{Algorithm, Expected};

use super::Kind;
use crate::caller::Caller;
use crate::store::realm::Realm;

/// Keycloak's word for what is left to the browser.
pub const UNSAID: &str = "not specified";

/// A realm's policy for one kind.
pub struct Policy<'a> {
    realm: &'a Realm,
    kind: Kind,
    /// The origin of our own pages.
    origin: String,
    host: String,
}

impl<'a> Policy<'a> {
    /// The policy of a realm on the pages that a caller sees.
    pub fn of(realm: &'a Realm, caller: &Caller, kind: Kind) -> Self {
        let base = Url::parse(&caller.base).ok();
        let host = base.as_ref().and_then(Url::host_str).unwrap_or_default().to_owned();
        let origin = base.map_or_else(String::new, |base| base.origin().ascii_serialization());
        Self {
            realm,
            kind,
            origin,
            host,
        }
    }

    fn key(&self, name: &str) -> String {
        match self.kind {
            Kind::SecondFactor => format!("webAuthnPolicy{name}"),
            Kind::Passwordless => format!("webAuthnPolicyPasswordless{name}"),
        }
    }

    /// A choice of the policy; [`UNSAID`] where it says nothing.
    fn choice(&self, name: &str) -> &'a str {
        self.realm
            .text(&self.key(name))
            .filter(|value| !value.is_empty())
            .unwrap_or(UNSAID)
    }

    /// What the browser calls us.
    pub fn name(&self) -> &'a str {
        self.realm.text(&self.key("RpEntityName")).unwrap_or_default()
    }

    /// The domain that passkeys are for: that of our address, if the policy names none.
    pub fn rp_id(&self) -> &str {
        let named = self.realm.text(&self.key("RpId"));
        named.filter(|id| !id.is_empty()).unwrap_or(&self.host)
    }

    /// The origins on whose pages passkeys may be made and used.
    pub fn origins(&self) -> Vec<String> {
        let extra = self.realm.texts(&self.key("ExtraOrigins"));
        let extra = extra.into_iter().filter(|origin| !origin.is_empty()).map(str::to_owned);
        std::iter::once(self.origin.clone()).chain(extra).collect()
    }

    /// What keys may sign with: Keycloak's own choice where the policy names nothing that there is.
    pub fn algorithms(&self) -> Vec<Algorithm> {
        let named = self.realm.texts(&self.key("SignatureAlgorithms"));
        let known: Vec<Algorithm> = named.into_iter().filter_map(Algorithm::parse).collect();
        if known.is_empty() {
            vec![Algorithm::Es256, Algorithm::Rs256]
        } else {
            known
        }
    }

    pub fn attestation(&self) -> &'a str {
        self.choice("AttestationConveyancePreference")
    }

    /// Whether an authenticator has to say what it is.
    pub fn wants_attestation(&self) -> bool {
        !matches!(self.attestation(), UNSAID | "none")
    }

    pub fn attachment(&self) -> &'a str {
        self.choice("AuthenticatorAttachment")
    }

    /// Keycloak's older setting: `Yes` or `No`.
    pub fn require_resident_key(&self) -> &'a str {
        self.choice("RequireResidentKey")
    }

    pub fn resident_key(&self) -> &'a str {
        self.choice("ResidentKey")
    }

    pub fn user_verification(&self) -> &'a str {
        self.choice("UserVerificationRequirement")
    }

    /// Seconds that the browser waits; 0: as long as it likes.
    pub fn timeout(&self) -> i64 {
        self.realm.number(&self.key("CreateTimeout")).clamp(0, 31_536)
    }

    /// Whether the browser is told which authenticators the user has already.
    pub fn avoids_same(&self) -> bool {
        self.realm.flag(&self.key("AvoidSameAuthenticatorRegister"))
    }

    /// The models of authenticators that are taken; empty: any.
    pub fn models(&self) -> Vec<&'a str> {
        let mut listed = self.realm.texts(&self.key("AcceptableAaguids"));
        listed.retain(|model| !model.is_empty());
        listed
    }

    /// How the browser offers passkeys on the pages that ask for a name.
    pub fn mediation(&self) -> &'a str {
        let own = self.realm.text("webAuthnPolicyPasswordlessMediation");
        own.filter(|value| !value.is_empty()).unwrap_or("conditional")
    }

    /// What a ceremony with a challenge has to show.
    pub fn expected<'b>(&'b self, challenge: &'b str, origins: &'b [String]) -> Expected<'b> {
        Expected {
            rp_id: self.rp_id(),
            origins,
            challenge,
            user_verification: self.user_verification() == "required",
        }
    }
}

/// Whether the pages that ask for a name offer passkeys, too.
pub fn offers_passkeys(realm: &Realm) -> bool {
    realm.flag("webAuthnPolicyPasswordlessPasskeysEnabled")
}
