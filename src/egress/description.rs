//! What an answer must be to describe a client, or to be a request of one, and how long it counts.

use reqwest::header::{self, HeaderMap};

/// How long such a description is used again, in milliseconds: where its headers do not say, at least, and at most.
const KEPT: (i64, i64, i64) = (300_000, 60_000, 86_400_000);

/// What a request object is asked for as. RFC 9101 section 5.2.3.
pub(super) const OBJECT_TYPES: &str = "application/oauth-authz-req+jwt, application/jwt";

/// What the type of an answer is, in small letters, without parameters; empty where it has none.
fn essence(headers: &HeaderMap) -> String {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let essence = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    essence.to_ascii_lowercase()
}

/// Whether an answer may be a JWT: a type for one, or one that servers give to files they do not know. A page is none.
pub(super) fn is_object(headers: &HeaderMap) -> bool {
    let essence = essence(headers);
    essence.ends_with("+jwt")
        || matches!(
            essence.as_str(),
            "" | "application/jwt" | "application/jose" | "application/octet-stream" | "text/plain"
        )
}

/// Whether an answer may be used again without asking: `Cache-Control` (RFC 9111).
pub(super) fn may_be_kept(headers: &HeaderMap) -> bool {
    let said = headers.get_all(header::CACHE_CONTROL).iter();
    let mut said = said
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(','));
    !said.any(|one| {
        ["no-store", "no-cache"]
            .iter()
            .any(|word| one.trim().eq_ignore_ascii_case(word))
    })
}

/// `application/json`, or another type that is written in it.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let essence = essence(headers);
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// For how many milliseconds a description may be used again: `Cache-Control` (RFC 9111), within our bounds.
pub(super) fn lasts(headers: &HeaderMap) -> i64 {
    let (usual, least, most) = KEPT;
    let said = headers.get_all(header::CACHE_CONTROL).iter();
    let said: Vec<String> = said
        .filter_map(|value| Some(value.to_str().ok()?.to_ascii_lowercase()))
        .collect();
    let said = || said.iter().flat_map(|line| line.split(',')).map(str::trim);
    if said().any(|one| matches!(one, "no-store" | "no-cache")) {
        return least;
    }
    let age = |name: &str| {
        said().find_map(|one| {
            let seconds = one.strip_prefix(name)?.trim_matches('"').parse::<i64>().ok()?;
            Some(seconds.clamp(0, most) * 1000)
        })
    };
    let age = age("s-maxage=").or_else(|| age("max-age=")).unwrap_or(usual);
    age.clamp(least, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_kept_as_long_as_it_says_within_bounds() {
        for (said, kept) in [
            ("", 300_000),
            ("max-age=600", 600_000),
            ("public, Max-Age=\"600\"", 600_000),
            ("max-age=600, s-maxage=120", 120_000),
            ("max-age=1", 60_000),
            ("no-store", 60_000),
            ("max-age=99999999999", 86_400_000),
            ("max-age=-5", 60_000),
            ("max-age=soon", 300_000),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CACHE_CONTROL, said.parse().unwrap());
            assert_eq!(lasts(&headers), kept, "{said}");
        }
    }

    #[test]
    fn a_description_is_json() {
        for (kind, good) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/client+json", true),
            ("text/html", false),
            ("text/plain", false),
            ("image/svg+xml", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
            assert_eq!(is_json(&headers), good, "{kind}");
        }
    }
}
