//! What a realm allows applications that register themselves: Keycloak's components of type `ClientRegistrationPolicy`.
//!
//! They judge the client as it would become, after every change (rule R2): an omitted member counts as what it is then.
//! A policy is a file here and a [`Kind`]; one that we do not know refuses, so that no realm is laxer than its
//! administrator believes.

mod client_disabled;
mod client_scopes;
mod consent_required;
mod describe;
mod expression;
mod full_scope;
mod gifts;
mod listed;
mod max_clients;
mod protocol_mappers;
mod redirect_uris;
mod said;
mod trusted_hosts;
mod web_origins;

pub use describe::{Fault, check, providers};
pub use gifts::give_scope;
pub use said::contacts;
pub use trusted_hosts::calls_from;

use std::net::IpAddr;

use super::refusal::{Objection, Refusal, Rejected};
use super::token::Auth;
use crate::error::Error;
use crate::rules::Sender;
use crate::store::Tx;
use crate::store::json::Doc;
use crate::store::realm::{Component, Realm};

/// The provider type of the components.
pub const TYPE: &str = "org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy";

/// The providers that we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    TrustedHosts,
    ConsentRequired,
    FullScope,
    MaxClients,
    ClientDisabled,
    ProtocolMappers,
    ClientScopes,
    WebOrigins,
    // Ours (contract 5).
    RedirectUris,
    GrantTypes,
    ResponseTypes,
    Authentication,
    Pkce,
    Name,
    Contacts,
    Roles,
    DefaultScopes,
    SecretLifetime,
    Expression,
    Unknown,
}

impl Kind {
    fn of(component: &Component) -> Self {
        match component.provider_id.as_str() {
            "trusted-hosts" => Self::TrustedHosts,
            "consent-required" => Self::ConsentRequired,
            "scope" => Self::FullScope,
            "max-clients" => Self::MaxClients,
            "client-disabled" => Self::ClientDisabled,
            "allowed-protocol-mappers" => Self::ProtocolMappers,
            "allowed-client-templates" => Self::ClientScopes,
            "registration-web-origins" => Self::WebOrigins,
            "allowed-redirect-uris" => Self::RedirectUris,
            "allowed-grant-types" => Self::GrantTypes,
            "allowed-response-types" => Self::ResponseTypes,
            "allowed-client-authentication" => Self::Authentication,
            "require-pkce" => Self::Pkce,
            "client-name" => Self::Name,
            "require-contacts" => Self::Contacts,
            "assign-roles" => Self::Roles,
            "default-scopes" => Self::DefaultScopes,
            "secret-lifetime" => Self::SecretLifetime,
            "expression" => Self::Expression,
            _ => Self::Unknown,
        }
    }
}

impl Kind {
    /// Whether Keycloak has no such policy.
    fn is_ours(self) -> bool {
        !matches!(
            self,
            Self::TrustedHosts
                | Self::ConsentRequired
                | Self::FullScope
                | Self::MaxClients
                | Self::ClientDisabled
                | Self::ProtocolMappers
                | Self::ClientScopes
                | Self::WebOrigins
                | Self::Unknown
        )
    }
}

/// The policies that a registration is under, for life.
pub struct Policies<'a> {
    realm: &'a Realm,
    all: Vec<(Kind, &'a Component)>,
    sender: Sender,
}

/// A client as it would become.
pub struct Candidate<'a> {
    pub doc: &'a Doc,
    /// As it is; `None` for a new one.
    pub before: Option<&'a Doc>,
    /// Whether its client scopes are the realm's gift: nobody asked for any.
    pub scopes_given: bool,
    /// As they were sent, if they were: a client has those that follow from them.
    pub response_types: &'a [String],
}

type Judgement = Result<(), Objection>;

impl<'a> Policies<'a> {
    /// Those of a realm for a kind of registration. `open`: the realm lets everybody register, whatever their host. Rules are
    /// told of the sender.
    pub fn of(realm: &'a Realm, auth: Auth, open: bool, sender: Sender) -> Self {
        let ours = |component: &&Component| component.sub_type.as_deref() == Some(auth.as_str());
        let mut all: Vec<_> = realm
            .components_of(TYPE)
            .filter(ours)
            .map(|component| (Kind::of(component), component))
            .filter(|(kind, _)| !(open && *kind == Kind::TrustedHosts))
            .collect();
        // Whoever may not call at all should not learn more.
        all.sort_by_key(|(kind, _)| *kind != Kind::TrustedHosts);
        Self { realm, all, sender }
    }

    /// The policies that an initial access token names come on top.
    ///
    /// # Errors
    ///
    /// A policy that is not there any more refuses: the token must not allow more than when it was given out.
    pub fn and_named(self, ids: &[&str]) -> Result<Self, Refusal> {
        match ids.iter().find(|id| self.named(id).is_none()) {
            None => Ok(self.and_remaining(ids)),
            Some(id) => Err(Refusal::Policy(Box::new(Rejected {
                policy: (*id).to_owned(),
                policy_id: (*id).to_owned(),
                objection: Objection::new("The policy of this initial access token was deleted"),
            }))),
        }
    }

    /// Those of the named policies that are there still come on top.
    #[must_use]
    pub fn and_remaining(mut self, ids: &[&str]) -> Self {
        for id in ids {
            if let Some(component) = self.named(id)
                && !self.all.iter().any(|(_, known)| known.id == component.id)
            {
                self.all.push((Kind::of(component), component));
            }
        }
        self
    }

    fn named(&self, id: &str) -> Option<&'a Component> {
        self.realm.components_of(TYPE).find(|component| component.id == id)
    }

    /// Whether somebody at this address may call at all.
    pub async fn check_sender(&self, ip: IpAddr) -> Result<(), Refusal> {
        for (kind, component) in &self.all {
            match kind {
                Kind::TrustedHosts => trusted_hosts::check_sender(component, ip)
                    .await
                    .map_err(|o| rejected(component, o))?,
                Kind::Unknown => return Err(rejected(component, Objection::new("Unknown policy"))),
                _ => {}
            }
        }
        Ok(())
    }

    /// Makes of a new client what the policies want it to be.
    pub fn shape(&self, doc: &mut Doc) {
        for (kind, _) in &self.all {
            match kind {
                Kind::ConsentRequired => consent_required::shape(doc),
                Kind::FullScope => full_scope::shape(doc),
                Kind::ClientDisabled => client_disabled::shape(doc),
                _ => {}
            }
        }
        self.reshape(doc);
    }

    /// The same for a client that changes: what is not its own to say is set again.
    pub fn reshape(&self, doc: &mut Doc) {
        for (kind, component) in &self.all {
            match kind {
                Kind::GrantTypes => listed::narrow_grants(component, doc),
                Kind::Pkce => said::shape_pkce(doc),
                Kind::DefaultScopes => gifts::scopes(component, self.realm).for_each(|name| give_scope(doc, name)),
                _ => {}
            }
        }
    }

    /// Whether the policies about client scopes let applications have one.
    pub fn allow_scope(&self, name: &str) -> bool {
        let mut about = self.of_kind(Kind::ClientScopes);
        self.given_scopes().contains(&name) || about.all(|component| client_scopes::allows(component, self.realm, name))
    }

    /// Judges a client as it would become.
    pub fn judge(&self, candidate: &Candidate<'_>) -> Result<(), Refusal> {
        for (kind, component) in &self.all {
            self.judge_by(*kind, component, candidate)
                .map_err(|objection| rejected(component, objection))?;
        }
        Ok(())
    }

    /// All that policies object to.
    pub fn objections(&self, candidate: &Candidate<'_>) -> Vec<Refusal> {
        let judged = self.all.iter().filter_map(|(kind, component)| {
            let objection = match kind {
                Kind::Unknown => Objection::new("Unknown policy"),
                _ => self.judge_by(*kind, component, candidate).err()?,
            };
            Some(rejected(component, objection))
        });
        judged.collect()
    }

    /// What they object to one client more in a realm with so many.
    pub fn objections_to_number(&self, clients: i64) -> Vec<Refusal> {
        let limits = self.all.iter().filter(|(kind, _)| *kind == Kind::MaxClients);
        let full =
            limits.filter_map(|(_, component)| Some(rejected(component, max_clients::full(component, clients)?)));
        full.collect()
    }

    fn judge_by(&self, kind: Kind, component: &Component, candidate: &Candidate<'_>) -> Judgement {
        match kind {
            Kind::TrustedHosts => trusted_hosts::judge(component, candidate),
            Kind::ConsentRequired => consent_required::judge(candidate),
            Kind::FullScope => full_scope::judge(candidate),
            Kind::ClientDisabled => client_disabled::judge(candidate),
            Kind::ProtocolMappers => protocol_mappers::judge(component, candidate),
            Kind::ClientScopes => client_scopes::judge(component, self.realm, candidate, &self.given_scopes()),
            Kind::RedirectUris => redirect_uris::judge(component, candidate),
            Kind::GrantTypes => listed::judge_grants(component, candidate),
            Kind::ResponseTypes => listed::judge_responses(component, candidate),
            Kind::Authentication => listed::judge_methods(component, candidate),
            Kind::Pkce => said::judge_pkce(candidate),
            Kind::Name => said::judge_name(component, candidate),
            Kind::Contacts => said::judge_contacts(candidate),
            Kind::Expression => expression::judge(component, self.realm, &self.sender, candidate),
            Kind::MaxClients
            | Kind::WebOrigins
            | Kind::Roles
            | Kind::DefaultScopes
            | Kind::SecretLifetime
            | Kind::Unknown => Ok(()),
        }
    }

    fn of_kind(&self, wanted: Kind) -> impl Iterator<Item = &Component> {
        let those = self.all.iter().filter(move |(kind, _)| *kind == wanted);
        those.map(|(_, component)| *component)
    }

    /// Scopes that a client has because it was given them.
    pub fn given_scopes(&self) -> Vec<&str> {
        let ours = self.of_kind(Kind::DefaultScopes);
        let ours = ours.flat_map(|component| gifts::scopes(component, self.realm));
        ours.chain(self.realm.listed("clientRegistration.scopes.default"))
            .collect()
    }

    /// Roles for the client's service account.
    pub fn roles(&self) -> Vec<&str> {
        let ours = self.of_kind(Kind::Roles).flat_map(gifts::roles);
        ours.chain(self.realm.listed("clientRegistration.roles")).collect()
    }

    /// Seconds that a secret of the client is good for: the shortest that is asked for, with the realm's
    /// `clientRegistration.secret.expires`.
    pub fn secret_lifetime(&self) -> Option<i64> {
        let of_realm = self.realm.attribute("clientRegistration.secret.expires");
        let of_realm = of_realm.and_then(|n| n.parse().ok()).filter(|n| *n > 0);
        self.of_kind(Kind::SecretLifetime)
            .filter_map(gifts::seconds)
            .chain(of_realm)
            .min()
    }

    /// Judges that there is one client more, in the transaction that adds it.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn judge_number(&self, tx: &mut Tx) -> Result<Result<(), Refusal>, Error> {
        for (_, component) in self.all.iter().filter(|(kind, _)| *kind == Kind::MaxClients) {
            if let Err(objection) = max_clients::judge(component, tx, &self.realm.id).await? {
                return Ok(Err(rejected(component, objection)));
            }
        }
        Ok(Ok(()))
    }

    /// The pages in browsers that may call.
    pub fn origins(&self) -> impl Iterator<Item = &str> {
        self.all
            .iter()
            .filter(|(kind, _)| *kind == Kind::WebOrigins)
            .flat_map(|(_, component)| web_origins::of(component))
    }
}

fn rejected(component: &Component, objection: Objection) -> Refusal {
    Refusal::Policy(Box::new(Rejected {
        policy: component.name.clone().unwrap_or_else(|| component.provider_id.clone()),
        policy_id: component.id.clone(),
        objection,
    }))
}

/// A setting of a policy that is a list.
pub(crate) fn list<'a>(component: &'a Component, key: &str) -> impl Iterator<Item = &'a str> {
    let values = component.config.get(key).map(Vec::as_slice).unwrap_or_default();
    values
        .iter()
        .map(|value| value.trim())
        .filter(|value| !value.is_empty())
}

/// A setting of a policy that is a switch, on unless it says otherwise.
fn on_by_default(component: &Component, key: &str) -> bool {
    component.first(key).is_none_or(|value| value != "false")
}
