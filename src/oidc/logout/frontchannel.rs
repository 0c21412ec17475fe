//! Applications are told by the browser that a session of theirs has ended (OpenID Connect Front-Channel Logout 1.0): each in a
//! hidden frame of a page that then goes on.

use axum::http::{HeaderValue, header};
use axum::response::Response;
use url::Url;

use super::Leaving;
use crate::error::Error;
use crate::page::StatusCode;
use crate::store::client::{self, Client};
use crate::store::session::{self, UserSession};
use crate::theme::pages::{FrontchannelLogout, Logout, LogoutClient};

/// An application that the browser tells.
pub(super) struct Told {
    pub(super) uuid: String,
    name: String,
    address: String,
}

impl Leaving<'_> {
    /// The applications of a session that want to be told so.
    pub(super) async fn told_by_browser(&self, ending: &UserSession) -> Result<Vec<Told>, Error> {
        let mut told = Vec::new();
        for part in session::parts(&self.app.db, &ending.id, ending.offline).await? {
            let found = client::by_id(&self.app.db, &self.realm.id, &part.client_uuid).await?;
            let Some(client) = found.filter(|c| c.enabled() && c.flag("frontchannelLogout")) else {
                continue;
            };
            let issuer = self.visitor.caller.issuer(&self.realm.name);
            if let Some(address) = address(&client, &issuer, &ending.id) {
                told.push(Told {
                    uuid: client.id.clone(),
                    name: client.text("name").unwrap_or(&client.client_id).to_owned(),
                    address,
                });
            }
        }
        Ok(told)
    }

    /// The page with the frames; `to`: where the person goes then.
    pub(super) fn tell(&self, told: Vec<Told>, to: Option<&str>, cookies: Vec<String>) -> Result<Response, Error> {
        let mut draft = self.draft();
        draft.set_cookies.extend(cookies);
        let sources = sources(&told);
        let clients = told.into_iter().map(|told| LogoutClient {
            name: told.name,
            front_channel_logout_url: told.address,
        });
        let page = FrontchannelLogout {
            logout: Logout {
                clients: clients.collect(),
                logout_redirect_uri: to.unwrap_or_default().to_owned(),
            },
        };
        let mut answer = draft.answer(StatusCode::OK, &page)?;
        allow_frames(&mut answer, &sources);
        Ok(answer)
    }
}

/// What the frame of an application loads: only what a browser may load in one.
fn address(client: &Client, issuer: &str, sid: &str) -> Option<String> {
    let with_session = client.attribute("frontchannel.logout.session.required") == Some("true");
    framed(client.attribute("frontchannel.logout.url")?, with_session, issuer, sid)
}

fn framed(address: &str, with_session: bool, issuer: &str, sid: &str) -> Option<String> {
    let mut url = Url::parse(address).ok()?;
    if !matches!(url.scheme(), "https" | "http") {
        return None;
    }
    // What is no part of a name would be read as more of the policy that lets the page load the frame.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    if !url.host_str()?.chars().all(is_plain) {
        return None;
    }
    if with_session {
        url.query_pairs_mut().append_pair("iss", issuer).append_pair("sid", sid);
    }
    Some(url.into())
}

/// The origins of the frames.
fn sources(told: &[Told]) -> Vec<String> {
    let origin = |told: &Told| Some(Url::parse(&told.address).ok()?.origin().ascii_serialization());
    let mut all: Vec<String> = told.iter().filter_map(origin).collect();
    all.sort();
    all.dedup();
    all
}

/// Lets the page load these frames beside those that the realm's policy allows.
fn allow_frames(answer: &mut Response, sources: &[String]) {
    let Some(policy) = answer.headers().get(header::CONTENT_SECURITY_POLICY) else {
        return;
    };
    let text = policy.to_str().unwrap_or_default();
    let more = format!("frame-src {} ", sources.join(" "));
    let text = match text.contains("frame-src 'none'") {
        true => text.replacen("frame-src 'none'", more.trim_end(), 1),
        false => text.replacen("frame-src ", &more, 1),
    };
    if let Ok(value) = HeaderValue::from_str(&text) {
        answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &str, with_session: bool) -> Option<String> {
        framed(url, with_session, "https://id.example/realms/a", "s1")
    }

    #[test]
    fn a_frame_is_told_session_and_issuer_where_it_wants_them() {
        assert_eq!(
            of("https://app.example/bye", false).as_deref(),
            Some("https://app.example/bye")
        );
        assert_eq!(
            of("https://app.example/bye?x=1", true).as_deref(),
            Some("https://app.example/bye?x=1&iss=https%3A%2F%2Fid.example%2Frealms%2Fa&sid=s1")
        );
        assert_eq!(of("javascript:alert(1)", false), None);
    }

    #[test]
    fn an_address_that_would_change_the_pages_policy_is_not_framed() {
        for host in ["a;sandbox", "a,b.example", "'self'.example", "*.example", "*"] {
            assert_eq!(of(&format!("https://{host}/bye"), false), None, "{host}");
        }
        assert!(of("https://[2001:db8::1]:8443/bye", false).is_some());
    }
}
