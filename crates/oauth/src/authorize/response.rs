//! `response_type` and `response_mode`.

/// What `response_type` asks for. OAuth 2.0 Multiple Response Type Encoding Practices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResponseType {
    pub code: bool,
    pub token: bool,
    pub id_token: bool,
}

impl ResponseType {
    /// Reads the parameter: a set of words, so that neither order nor repetition matters.
    /// `None` if a word is unknown, or `none` is not alone.
    ///
    /// ```
    /// use vestibule_oauth::authorize::ResponseType;
    /// assert!(ResponseType::parse("id_token code").is_some_and(|t| t.is_hybrid()));
    /// assert!(ResponseType::parse("none").is_some_and(|t| t.is_none()));
    /// assert_eq!(ResponseType::parse("zzz"), None);
    /// ```
    pub fn parse(sent: &str) -> Option<Self> {
        let mut asked = Self {
            code: false,
            token: false,
            id_token: false,
        };
        if sent.trim() == "none" {
            return Some(asked);
        }
        for word in sent.split(' ').filter(|word| !word.is_empty()) {
            match word {
                "code" => asked.code = true,
                "token" => asked.token = true,
                "id_token" => asked.id_token = true,
                _ => return None,
            }
        }
        (!asked.is_none()).then_some(asked)
    }

    /// Nothing is to be sent back but that it went well.
    pub fn is_none(self) -> bool {
        !self.code && !self.token && !self.id_token
    }

    /// Tokens straight from the authorization endpoint, and no code.
    pub fn is_implicit(self) -> bool {
        !self.code && (self.token || self.id_token)
    }

    /// A code and tokens.
    pub fn is_hybrid(self) -> bool {
        self.code && (self.token || self.id_token)
    }

    /// Whether the answer can carry a token, and must therefore not be in a query.
    pub fn has_tokens(self) -> bool {
        self.token || self.id_token
    }

    /// How the answer travels if `response_mode` is absent.
    pub fn default_mode(self) -> ResponseMode {
        if self.has_tokens() {
            ResponseMode::Fragment
        } else {
            ResponseMode::Query
        }
    }
}

/// How the answer travels. OAuth 2.0 Multiple Response Types §2.1, Form Post, JARM §2.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseMode {
    Query,
    Fragment,
    FormPost,
    QueryJwt,
    FragmentJwt,
    FormPostJwt,
}

impl ResponseMode {
    /// Reads the parameter; `jwt` alone is the signed form of the response type's default.
    ///
    /// ```
    /// use vestibule_oauth::authorize::{ResponseMode, ResponseType};
    /// let code = ResponseType::parse("code").unwrap();
    /// assert_eq!(ResponseMode::parse("jwt", code), Some(ResponseMode::QueryJwt));
    /// assert_eq!(ResponseMode::parse("zzz", code), None);
    /// ```
    pub fn parse(sent: &str, asked: ResponseType) -> Option<Self> {
        Some(match sent {
            "query" => Self::Query,
            "fragment" => Self::Fragment,
            "form_post" => Self::FormPost,
            "fragment.jwt" => Self::FragmentJwt,
            "form_post.jwt" => Self::FormPostJwt,
            "jwt" if asked.has_tokens() => Self::FragmentJwt,
            "query.jwt" | "jwt" => Self::QueryJwt,
            _ => return None,
        })
    }

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Fragment => "fragment",
            Self::FormPost => "form_post",
            Self::QueryJwt => "query.jwt",
            Self::FragmentJwt => "fragment.jwt",
            Self::FormPostJwt => "form_post.jwt",
        }
    }

    /// Whether the parameters are to be packed into one signed `response`.
    pub fn is_jwt(self) -> bool {
        matches!(self, Self::QueryJwt | Self::FragmentJwt | Self::FormPostJwt)
    }

    /// Whether a page posts the answer instead of a redirect carrying it.
    pub fn is_form_post(self) -> bool {
        matches!(self, Self::FormPost | Self::FormPostJwt)
    }

    /// Whether the answer would stand in a query, where tokens must not.
    pub fn is_query(self) -> bool {
        matches!(self, Self::Query | Self::QueryJwt)
    }
}
