//! The way back to the client.

use super::ResponseMode;
use crate::params;

/// The address to redirect to, with the answer's parameters in its query or fragment.
///
/// What the redirect URI already holds stays: its query before ours, its fragment behind. In
/// fragment mode ours follow what the fragment holds, as scripts that keep a route there
/// expect. Empty parts are collapsed. A form post goes to the
/// redirect URI itself, with the pairs as hidden fields of its page.
///
/// ```
/// use vestibule_oauth::authorize::{answer_url, ResponseMode};
/// let pairs = [("error", "login_required"), ("state", "s t")];
/// assert_eq!(answer_url("https://a.example.com/cb?x=1#top", ResponseMode::Query, &pairs),
///            "https://a.example.com/cb?x=1&error=login_required&state=s+t#top");
/// assert_eq!(answer_url("https://a.example.com/cb", ResponseMode::Fragment, &pairs),
///            "https://a.example.com/cb#error=login_required&state=s+t");
/// ```
pub fn answer_url(redirect_uri: &str, mode: ResponseMode, pairs: &[(&str, &str)]) -> String {
    if mode.is_form_post() {
        return redirect_uri.to_owned();
    }
    let (before, fragment) = redirect_uri.split_once('#').unwrap_or((redirect_uri, ""));
    let (base, query) = before.split_once('?').unwrap_or((before, ""));
    let ours = params::encode(pairs);
    let (query, fragment) = if mode.is_query() {
        (joined(query, &ours), fragment.to_owned())
    } else {
        (query.trim_matches('&').to_owned(), joined(fragment, &ours))
    };
    let mut url = base.to_owned();
    for (mark, part) in [('?', query), ('#', fragment)] {
        if !part.is_empty() {
            url.push(mark);
            url.push_str(&part);
        }
    }
    url
}

fn joined(there: &str, ours: &str) -> String {
    let there = there.trim_matches('&');
    if there.is_empty() || ours.is_empty() {
        format!("{there}{ours}")
    } else {
        format!("{there}&{ours}")
    }
}
