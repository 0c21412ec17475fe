//! How a client came to be, whether it is of use already, and when it was used.

/// Whether a client is of use already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Standing {
    #[default]
    Live,
    /// It registered itself, and waits for approval.
    Pending,
    /// It was refused. It is kept for a while, so that its owner learns of it.
    Refused,
}

impl Standing {
    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Pending => "pending",
            Self::Refused => "refused",
        }
    }

    /// What is not understood is of no use to anybody.
    pub fn parse(text: &str) -> Self {
        match text {
            "live" => Self::Live,
            "pending" => Self::Pending,
            _ => Self::Refused,
        }
    }
}

/// How a client came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Source {
    /// With the realm, or by an administrator.
    #[default]
    Admin,
    /// It registered itself with an initial access token.
    Token,
    /// A user of the realm registered it.
    User,
    /// Nobody here knows who registered it.
    Stranger,
}

impl Source {
    /// What a registration says; a client without one came with the realm.
    pub fn parse(source: Option<&str>) -> Self {
        match source {
            None | Some("admin") => Self::Admin,
            Some("token") => Self::Token,
            Some("user") => Self::User,
            Some(_) => Self::Stranger,
        }
    }
}

/// When a client was used, in epoch milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Life {
    pub last_used: Option<i64>,
    /// When it was used last or, before that, came into force; 0 where nothing is kept of it.
    pub active: i64,
    /// When its people were told that it will go.
    pub warned: Option<i64>,
}

/// What of it is kept with the registration, as one text.
pub(super) fn registered(kept: Option<&str>) -> (Source, Life) {
    let mut parts = kept.unwrap_or_default().split(' ');
    let source = Source::parse(parts.next().filter(|source| !source.is_empty()));
    let mut instant = || parts.next().and_then(|at| at.parse().ok());
    let active = instant().unwrap_or_default();
    let (last_used, warned) = (instant(), instant());
    let life = Life {
        last_used,
        active,
        warned,
    };
    (source, life)
}
