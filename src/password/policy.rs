//! What a realm asks of passwords: Keycloak's `length(8) and digits(1) and notUsername`.

use regex::Regex;
use serde_json::{Value, json};

use super::order;
use super::recipe::{Kind, Recipe};
use crate::store::json::{Doc, text as text_of};
use crate::store::realm::Realm;

/// No realm remembers more passwords of a user than this.
const MOST_REMEMBERED: i64 = 100;

/// One rule of a policy. Those that need more than the password itself are enforced where that is at hand:
/// [`super::accept`] (block lists, history, age), required actions (expiry), the hasher ([`Policy::recipe`]).
#[derive(Debug, Clone)]
pub enum Rule {
    Length(i64),
    MaxLength(i64),
    Digits(i64),
    LowerCase(i64),
    UpperCase(i64),
    SpecialChars(i64),
    NotUsername,
    NotContainsUsername,
    NotEmail,
    /// `None`: a pattern of another dialect that an import brought along; nothing matches it.
    RegexPattern(String, Option<Regex>),
    History(i64),
    /// Days.
    Age(i64),
    /// The name of a file in `DATA/password-blacklists/`.
    Blacklist(String),
    /// The name of a file of hashes in the same folder (ours).
    Breached(String),
    /// Days.
    ForceExpiredPasswordChange(i64),
    HashAlgorithm(String),
    HashIterations(i64),
    /// Seconds.
    MaxAuthAge(i64),
    RecoveryCodesWarningThreshold(i64),
}

impl Rule {
    /// Keycloak's id of the rule.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Length(_) => "length",
            Self::MaxLength(_) => "maxLength",
            Self::Digits(_) => "digits",
            Self::LowerCase(_) => "lowerCase",
            Self::UpperCase(_) => "upperCase",
            Self::SpecialChars(_) => "specialChars",
            Self::NotUsername => "notUsername",
            Self::NotContainsUsername => "notContainsUsername",
            Self::NotEmail => "notEmail",
            Self::RegexPattern(..) => "regexPattern",
            Self::History(_) => "passwordHistory",
            Self::Age(_) => "passwordAge",
            Self::Blacklist(_) => "passwordBlacklist",
            Self::Breached(_) => "breached",
            Self::ForceExpiredPasswordChange(_) => "forceExpiredPasswordChange",
            Self::HashAlgorithm(_) => "hashAlgorithm",
            Self::HashIterations(_) => "hashIterations",
            Self::MaxAuthAge(_) => "maxAuthAge",
            Self::RecoveryCodesWarningThreshold(_) => "recoveryCodesWarningThreshold",
        }
    }

    /// The message key of a violation, where the rule can be violated.
    pub fn message_key(&self) -> &'static str {
        match self {
            Self::Length(_) => "invalidPasswordMinLengthMessage",
            Self::MaxLength(_) => "invalidPasswordMaxLengthMessage",
            Self::Digits(_) => "invalidPasswordMinDigitsMessage",
            Self::LowerCase(_) => "invalidPasswordMinLowerCaseCharsMessage",
            Self::UpperCase(_) => "invalidPasswordMinUpperCaseCharsMessage",
            Self::SpecialChars(_) => "invalidPasswordMinSpecialCharsMessage",
            Self::NotUsername => "invalidPasswordNotUsernameMessage",
            Self::NotContainsUsername => "invalidPasswordNotContainsUsernameMessage",
            Self::NotEmail => "invalidPasswordNotEmailMessage",
            Self::RegexPattern(..) => "invalidPasswordRegexPatternMessage",
            Self::History(_) => "invalidPasswordHistoryMessage",
            Self::Blacklist(_) | Self::Breached(_) => "invalidPasswordBlacklistedMessage",
            _ => "invalidPasswordGenericMessage",
        }
    }

    /// The configured value, as `GET` on the registration URL shows it.
    pub fn value(&self) -> Value {
        match self {
            Self::Length(n)
            | Self::MaxLength(n)
            | Self::Digits(n)
            | Self::LowerCase(n)
            | Self::UpperCase(n)
            | Self::SpecialChars(n)
            | Self::History(n)
            | Self::Age(n)
            | Self::ForceExpiredPasswordChange(n)
            | Self::HashIterations(n)
            | Self::MaxAuthAge(n)
            | Self::RecoveryCodesWarningThreshold(n) => json!(n),
            Self::RegexPattern(text, _) | Self::Blacklist(text) | Self::Breached(text) | Self::HashAlgorithm(text) => {
                json!(text)
            }
            Self::NotUsername | Self::NotContainsUsername | Self::NotEmail => Value::Bool(true),
        }
    }

    fn text(&self) -> String {
        let n = self.value();
        match self {
            Self::Length(_) => format!("Invalid password: minimum length {n}."),
            Self::MaxLength(_) => format!("Invalid password: maximum length {n}."),
            Self::Digits(_) => format!("Invalid password: must contain at least {n} numerical digits."),
            Self::LowerCase(_) => format!("Invalid password: must contain at least {n} lower case characters."),
            Self::UpperCase(_) => format!("Invalid password: must contain at least {n} upper case characters."),
            Self::SpecialChars(_) => format!("Invalid password: must contain at least {n} special characters."),
            Self::NotUsername => "Invalid password: must not be equal to the username.".into(),
            Self::NotContainsUsername => "Invalid password: Can not contain the username.".into(),
            Self::NotEmail => "Invalid password: must not be equal to the email.".into(),
            Self::RegexPattern(..) => "Invalid password: fails to match regex pattern(s).".into(),
            Self::History(_) => format!("Invalid password: must not be equal to any of last {n} passwords."),
            Self::Blacklist(_) | Self::Breached(_) => "Invalid password: password is blacklisted.".into(),
            _ => "Invalid password: new password does not match password policies.".into(),
        }
    }

    /// The violation of this rule.
    pub fn violation(&self) -> Violation {
        let params = match self.value() {
            Value::Bool(_) => Vec::new(),
            value => vec![value],
        };
        Violation {
            rule: self.id(),
            key: self.message_key(),
            params,
            text: self.text(),
        }
    }

    /// Whether a password keeps the rule, as far as the password itself tells.
    fn is_kept(&self, password: &str, username: Option<&str>, email: Option<&str>) -> bool {
        let count = |wanted: fn(char) -> bool| password.chars().filter(|c| wanted(*c)).count() as i64;
        // Java counts UTF-16 units.
        let length = || password.encode_utf16().count() as i64;
        let lower = || password.to_lowercase();
        match self {
            Self::Length(n) => length() >= *n,
            Self::MaxLength(n) => length() <= *n,
            Self::Digits(n) => count(|c| c.is_ascii_digit()) >= *n,
            Self::LowerCase(n) => count(char::is_lowercase) >= *n,
            Self::UpperCase(n) => count(char::is_uppercase) >= *n,
            Self::SpecialChars(n) => count(|c| !c.is_alphanumeric()) >= *n,
            Self::NotUsername => username.is_none_or(|u| lower() != u.to_lowercase()),
            Self::NotContainsUsername => username.is_none_or(|u| u.is_empty() || !lower().contains(&u.to_lowercase())),
            Self::NotEmail => email.is_none_or(|e| lower() != e.to_lowercase()),
            Self::RegexPattern(_, pattern) => pattern.as_ref().is_some_and(|p| p.is_match(password)),
            _ => true,
        }
    }
}

/// No keyboard has NUL, and programs in C end there: a password with one is a mistake of the sender's.
pub(super) fn unprintable() -> Violation {
    Violation {
        rule: "invalidCharacter",
        key: "invalidPasswordCharacterMessage",
        params: Vec::new(),
        text: "Invalid password: it has a character that cannot be typed.".to_owned(),
    }
}

/// A broken rule: what forms, the Admin API and the JSON door say about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Violation {
    /// Keycloak's id of the rule.
    pub rule: &'static str,
    /// The message key.
    pub key: &'static str,
    /// What the message's placeholders stand for.
    pub params: Vec<Value>,
    /// The English text.
    pub text: String,
}

/// A parsed policy, in the order in which Keycloak reports.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    pub rules: Vec<Rule>,
}

impl Policy {
    /// How many passwords are remembered, the present one among them.
    pub fn remembered(&self) -> i64 {
        let length = |r: &Rule| match r {
            Rule::History(n) => *n,
            Rule::Age(_) => MOST_REMEMBERED,
            _ => 1,
        };
        self.rules
            .iter()
            .map(length)
            .max()
            .unwrap_or(1)
            .clamp(1, MOST_REMEMBERED)
    }

    /// Days after which a password must be changed.
    pub fn expires_after_days(&self) -> Option<i64> {
        let days = |r: &Rule| {
            if let Rule::ForceExpiredPasswordChange(n) = r {
                Some(*n)
            } else {
                None
            }
        };
        self.rules.iter().find_map(days)
    }

    /// How passwords are hashed.
    pub fn recipe(&self) -> Recipe {
        let mut kind = Kind::default();
        let mut iterations = None;
        for rule in &self.rules {
            match rule {
                Rule::HashAlgorithm(name) => kind = Kind::named(name).unwrap_or_default(),
                Rule::HashIterations(n) => iterations = Some(*n),
                _ => {}
            }
        }
        Recipe::new(kind, iterations)
    }

    /// Seconds after which somebody proves themselves again before they change the password.
    pub fn oldest_proof(&self) -> Option<i64> {
        let seconds = |r: &Rule| if let Rule::MaxAuthAge(n) = r { Some(*n) } else { None };
        self.rules.iter().find_map(seconds)
    }
}

/// Reads a policy. What it refuses is Keycloak's text of the 400.
///
/// # Errors
///
/// The text, where an id is unknown or a value is not one.
pub fn parse(text: &str) -> Result<Policy, String> {
    let mut rules: Vec<Rule> = Vec::new();
    for part in text.split(" and ").map(str::trim).filter(|p| !p.is_empty()) {
        let (id, config) = split(part);
        let rule = rule(id, config)?;
        match rules.iter_mut().find(|r| r.id() == id) {
            // Only regular expressions may come more than once.
            Some(known) if id != "regexPattern" => *known = rule,
            _ => rules.push(rule),
        }
    }
    order::as_in_a_java_map(&mut rules, Rule::id);
    Ok(Policy { rules })
}

/// `id(config)`: as Keycloak, all between the first parenthesis and the last character.
fn split(part: &str) -> (&str, Option<&str>) {
    match part.split_once('(') {
        None => (part, None),
        Some((id, rest)) => {
            let end = rest.char_indices().next_back().map_or(0, |(at, _)| at);
            (id.trim(), Some(&rest[..end]))
        }
    }
}

fn rule(id: &str, config: Option<&str>) -> Result<Rule, String> {
    let invalid = |why: &str| format!("Invalid config for {id}: {why}");
    let number = |default: i64| match config {
        None => Ok(default),
        Some(text) => text
            .parse::<i32>()
            .map(i64::from)
            .map_err(|_| invalid("Not a valid number")),
    };
    Ok(match id {
        "length" => Rule::Length(number(8)?),
        "maxLength" => Rule::MaxLength(number(64)?),
        "digits" => Rule::Digits(number(1)?),
        "lowerCase" => Rule::LowerCase(number(1)?),
        "upperCase" => Rule::UpperCase(number(1)?),
        "specialChars" => Rule::SpecialChars(number(1)?),
        "notUsername" => Rule::NotUsername,
        "notContainsUsername" => Rule::NotContainsUsername,
        "notEmail" => Rule::NotEmail,
        "regexPattern" => {
            let text = config
                .filter(|c| !c.trim().is_empty())
                .ok_or_else(|| invalid("Config required"))?;
            let whole = regex::RegexBuilder::new(&format!("^(?:{text})$"))
                .size_limit(1 << 20)
                .build();
            Rule::RegexPattern(
                text.to_owned(),
                Some(whole.map_err(|_| invalid("Not a valid regular expression"))?),
            )
        }
        "passwordHistory" => Rule::History(number(3)?),
        "passwordAge" => Rule::Age(number(30)?),
        "passwordBlacklist" | "breached" => match config.filter(|file| is_file_name(file)).map(str::to_owned) {
            Some(file) if id == "breached" => Rule::Breached(file),
            Some(file) => Rule::Blacklist(file),
            None => return Err(invalid("A file name is required")),
        },
        "forceExpiredPasswordChange" => Rule::ForceExpiredPasswordChange(number(365)?),
        "hashAlgorithm" => {
            let name = config.filter(|name| !name.is_empty()).unwrap_or("argon2");
            if Kind::named(name).is_none() {
                return Err(invalid("Password hashing provider not found"));
            }
            Rule::HashAlgorithm(name.to_owned())
        }
        "hashIterations" => Rule::HashIterations(number(-1)?),
        "maxAuthAge" => Rule::MaxAuthAge(number(300)?),
        "recoveryCodesWarningThreshold" => Rule::RecoveryCodesWarningThreshold(number(4)?),
        _ => return Err("Password policy not found".into()),
    })
}

/// The name of a file in one folder, leading nowhere else.
fn is_file_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('.')
        && text
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'))
}

/// The policy of a realm. One that an import brought and that cannot be read as a whole keeps the rules that can;
/// a pattern of another dialect matches nothing, so that it fails closed.
pub fn of(realm: &Realm) -> Policy {
    lenient_policy(realm.text("passwordPolicy").unwrap_or_default())
}

/// The same for a realm that is being made, from its document.
pub fn of_document(doc: &Doc) -> Policy {
    lenient_policy(text_of(doc, "passwordPolicy").unwrap_or_default())
}

fn lenient_policy(text: &str) -> Policy {
    parse(text).unwrap_or_else(|why| {
        tracing::warn!("password policy {text:?}: {why}");
        let mut rules: Vec<Rule> = text.split(" and ").filter_map(|part| lenient(part.trim())).collect();
        order::as_in_a_java_map(&mut rules, Rule::id);
        Policy { rules }
    })
}

fn lenient(part: &str) -> Option<Rule> {
    let (id, config) = split(part);
    match rule(id, config) {
        Ok(rule) => Some(rule),
        Err(_) if id == "regexPattern" => Some(Rule::RegexPattern(config.unwrap_or_default().to_owned(), None)),
        Err(_) => None,
    }
}

/// The first rule of the realm that a password breaks, in Keycloak's order.
///
/// # Errors
///
/// The broken rule.
pub fn check(realm: &Realm, password: &str, username: Option<&str>, email: Option<&str>) -> Result<(), Violation> {
    match of(realm).rules.iter().find(|r| !r.is_kept(password, username, email)) {
        Some(broken) => Err(broken.violation()),
        None => Ok(()),
    }
}
