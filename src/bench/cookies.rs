//! A browser's cookies, as far as one server and its paths go.

/// The cookies of one browser at one server. `Secure` is not looked at: a
/// browser sends such cookies to `http://localhost` too.
#[derive(Default)]
pub struct Jar {
    cookies: Vec<Cookie>,
}

struct Cookie {
    name: String,
    value: String,
    path: String,
}

impl Jar {
    /// Keeps, replaces or removes what one `Set-Cookie` header says.
    pub fn keep(&mut self, header: &str, request_path: &str) {
        let mut parts = header.split(';');
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
            return;
        };
        let (name, value) = (name.trim(), value.trim());
        let mut path = default_path(request_path).to_owned();
        let mut gone = false;
        for part in parts {
            let (key, setting) = part.split_once('=').unwrap_or((part, ""));
            let setting = setting.trim();
            if key.trim().eq_ignore_ascii_case("path") && setting.starts_with('/') {
                setting.clone_into(&mut path);
            } else if key.trim().eq_ignore_ascii_case("max-age") {
                gone = setting.parse::<i64>().is_ok_and(|seconds| seconds <= 0);
            }
        }
        self.cookies.retain(|cookie| cookie.name != name || cookie.path != path);
        if !gone {
            self.cookies.push(Cookie {
                name: name.to_owned(),
                value: value.to_owned(),
                path,
            });
        }
    }

    /// The `Cookie` header for a path; none without cookies.
    pub fn header(&self, path: &str) -> Option<String> {
        let mut fitting: Vec<&Cookie> = self
            .cookies
            .iter()
            .filter(|cookie| covers(&cookie.path, path))
            .collect();
        // Longer paths first, as browsers do (RFC 6265, 5.4).
        fitting.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<String> = fitting
            .iter()
            .map(|cookie| format!("{}={}", cookie.name, cookie.value))
            .collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

fn default_path(request_path: &str) -> &str {
    match request_path.rfind('/') {
        None | Some(0) => "/",
        Some(end) => &request_path[..end],
    }
}

fn covers(cookie_path: &str, path: &str) -> bool {
    path.strip_prefix(cookie_path)
        .is_some_and(|rest| rest.is_empty() || cookie_path.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_goes_where_its_path_says() {
        let mut jar = Jar::default();
        jar.keep(
            "AUTH_SESSION_ID=abc.def;Version=1;Path=/realms/r/;Secure;HttpOnly;SameSite=None",
            "/realms/r/x",
        );
        assert_eq!(
            jar.header("/realms/r/login-actions/authenticate").as_deref(),
            Some("AUTH_SESSION_ID=abc.def")
        );
        assert_eq!(jar.header("/realms/other/"), None);
        assert_eq!(jar.header("/realms/rr"), None);
    }

    #[test]
    fn a_new_value_replaces_the_old_one_and_max_age_zero_removes_it() {
        let mut jar = Jar::default();
        jar.keep("A=1; Path=/", "/");
        jar.keep("A=\"2=3\"; path=/; max-age=60", "/");
        assert_eq!(jar.header("/any").as_deref(), Some("A=\"2=3\""));
        jar.keep("A=;Version=1;Path=/;Max-Age=0", "/");
        assert_eq!(jar.header("/any"), None);
    }

    #[test]
    fn without_a_path_the_request_decides() {
        let mut jar = Jar::default();
        jar.keep("A=1", "/deep/er/page");
        jar.keep("nonsense", "/");
        assert_eq!(jar.header("/deep/er").as_deref(), Some("A=1"));
        assert_eq!(jar.header("/deep"), None);
    }
}
