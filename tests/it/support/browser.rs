//! A browser without a screen: cookies, forms, links; follows redirects only when asked.

use std::collections::BTreeMap;

use regex::Regex;

use super::{Answer, HOST, Server, build, encode};

/// Keeps cookies for one server, as one browser does.
pub struct Browser<'a> {
    server: &'a Server,
    pub cookies: BTreeMap<String, String>,
    /// More headers on every request, such as `Accept-Language`.
    pub headers: Vec<(String, String)>,
}

/// A form of a page.
#[derive(Debug, Clone)]
pub struct Form {
    pub id: String,
    pub action: String,
    /// Fields that have a value.
    pub fields: BTreeMap<String, String>,
    /// The names of all fields.
    pub names: Vec<String>,
}

impl<'a> Browser<'a> {
    pub fn new(server: &'a Server) -> Self {
        Self {
            server,
            cookies: BTreeMap::new(),
            headers: vec![("accept".into(), "text/html".into())],
        }
    }

    /// Sends a request with the cookies and keeps those of the answer.
    pub async fn send(&mut self, method: &str, address: &str, headers: &[(&str, &str)], body: String) -> Answer {
        let cookie = self
            .cookies
            .iter()
            .map(|(n, v)| format!("{n}={v}"))
            .collect::<Vec<_>>()
            .join("; ");
        let mut all: Vec<(&str, &str)> = self.headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        all.extend_from_slice(headers);
        if !cookie.is_empty() {
            all.push(("cookie", &cookie));
        }
        let local = address.strip_prefix(&format!("http://{HOST}")).unwrap_or(address);
        let answer = self.server.send(build(method, local, &all, body)).await;
        for set in answer.headers.get_all("set-cookie") {
            let text = set.to_str().unwrap();
            let (name, value) = text.split(';').next().unwrap().split_once('=').unwrap();
            if text.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    pub async fn get(&mut self, address: &str) -> Answer {
        self.send("GET", address, &[], String::new()).await
    }

    /// Posts a form of a page with these fields over those that it has.
    pub async fn submit(&mut self, form: &Form, fields: &[(&str, &str)]) -> Answer {
        let mut all: Vec<(&str, &str)> = form.fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        all.retain(|(name, _)| !fields.iter().any(|(n, _)| n == name));
        all.extend_from_slice(fields);
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.send("POST", &form.action, &headers, encode(&all)).await
    }

    /// Follows redirects of this server; stops at the first answer that is none, or that leads elsewhere.
    pub async fn follow(&mut self, mut answer: Answer) -> Answer {
        for _ in 0..10 {
            let to = answer.header("location").to_owned();
            let here = to.starts_with('/') || to.starts_with(&format!("http://{HOST}/realms/"));
            if !(300..400).contains(&answer.status) || !here {
                return answer;
            }
            answer = self.get(&to).await;
        }
        panic!("redirects without end");
    }
}

fn unescape(text: &str) -> String {
    text.replace("&#x2f;", "/")
        .replace("&#x27;", "'")
        .replace("&#39;", "'")
        .replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let found = Regex::new(&format!(r#"\s{name}="([^"]*)""#)).unwrap().captures(tag)?;
    Some(unescape(&found[1]))
}

impl Answer {
    /// All forms of a page.
    pub fn forms(&self) -> Vec<Form> {
        let form = Regex::new(r"(?s)<form(\s[^>]*)>(.*?)</form>").unwrap();
        let field = Regex::new(r"(?s)<(?:input|select|textarea|button)\s[^>]*>").unwrap();
        let read = form.captures_iter(&self.body).map(|found| {
            let tags: Vec<String> = field.find_iter(&found[2]).map(|m| m.as_str().to_owned()).collect();
            let named = |t: &String| attribute(t, "name");
            let kept = |t: &&String| {
                let kind = attribute(t, "type").unwrap_or_default().to_ascii_lowercase();
                kind != "submit" && !t.starts_with("<button") && (kind != "checkbox" || t.contains(" checked"))
            };
            Form {
                id: attribute(&found[1], "id").unwrap_or_default(),
                action: attribute(&found[1], "action").unwrap_or_default(),
                fields: tags
                    .iter()
                    .filter(kept)
                    .filter_map(|t| Some((named(t)?, attribute(t, "value")?)))
                    .collect(),
                names: tags.iter().filter_map(named).collect(),
            }
        });
        read.collect()
    }

    /// The form with an id.
    #[track_caller]
    pub fn form(&self, id: &str) -> Form {
        let found = self.forms().into_iter().find(|f| f.id == id);
        found.unwrap_or_else(|| panic!("no form {id}; status {}: {}", self.status, self.body))
    }

    /// The text beside a field that was refused, or `""`.
    pub fn field_error(&self, field: &str) -> String {
        let at = format!(r#"(?s)id="input-error-{}"[^>]*>(.*?)</"#, regex::escape(field));
        let found = Regex::new(&at)
            .unwrap()
            .captures(&self.body)
            .map(|c| c[1].to_owned())
            .unwrap_or_default();
        let tags = Regex::new(r"<[^>]*>").unwrap();
        unescape(tags.replace_all(&found, "").trim())
    }

    /// The first link whose address contains a text.
    #[track_caller]
    pub fn link(&self, containing: &str) -> String {
        let links = Regex::new(r#"href="([^"]*)""#).unwrap();
        let found = links
            .captures_iter(&self.body)
            .map(|c| unescape(&c[1]))
            .find(|l| l.contains(containing));
        found.unwrap_or_else(|| panic!("no link with {containing}; status {}: {}", self.status, self.body))
    }

    /// A parameter of the address in `Location`, in its query or fragment.
    pub fn location_parameter(&self, name: &str) -> Option<String> {
        let location = url::Url::parse(self.header("location")).ok()?;
        let query = location.query().unwrap_or_default().to_owned() + "&" + location.fragment().unwrap_or_default();
        url::form_urlencoded::parse(query.as_bytes())
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.into_owned())
    }
}
