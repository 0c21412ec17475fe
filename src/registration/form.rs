//! What somebody sent to register, whichever door it came through.

use zeroize::Zeroizing;

use crate::profile::Fields;

/// Keycloak's old prefix of attributes' fields.
const PREFIX: &str = "user.attributes.";

/// Fields of the form that are no attributes of a person.
const NO_ATTRIBUTES: [&str; 8] = [
    "password",
    "password-confirm",
    "termsAccepted",
    "g-recaptcha-response",
    "code",
    "cancel-aia",
    "id",
    "enabled",
];

/// A registration as it was sent. Not `Debug`: there is a password.
#[derive(Default, Clone)]
pub struct Form {
    /// By attribute, as typed.
    pub fields: Fields,
    pub password: Option<Zeroizing<String>>,
    /// The same again; the JSON door has no such field and repeats it here.
    pub password_confirm: Option<Zeroizing<String>>,
    pub terms_accepted: bool,
}

impl Form {
    /// Reads the pairs of a form. A name that comes again is one more value.
    pub fn read<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut form = Self::default();
        for (name, value) in pairs {
            match name {
                "password" => form.password = form.password.or_else(|| Some(value.to_owned().into())),
                "password-confirm" => {
                    form.password_confirm = form.password_confirm.or_else(|| Some(value.to_owned().into()));
                }
                "termsAccepted" => form.terms_accepted = value == "on" || value == "true",
                _ if NO_ATTRIBUTES.contains(&name) => {}
                _ => {
                    let name = name.strip_prefix(PREFIX).unwrap_or(name);
                    form.fields.entry(name.to_owned()).or_default().push(value.to_owned());
                }
            }
        }
        form
    }

    /// The first value of a field, if it is not empty.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.fields
            .get(name)?
            .first()
            .map(String::as_str)
            .filter(|v| !v.is_empty())
    }

    /// The address; it is the user name too where the realm wants it so.
    pub fn email(&self) -> Option<&str> {
        self.first("email")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_password_is_never_an_attribute() {
        let form = Form::read([
            ("username", "mia"),
            ("password", "p"),
            ("password-confirm", "q"),
            ("user.attributes.hat", "L"),
        ]);
        assert_eq!(form.fields.keys().collect::<Vec<_>>(), ["hat", "username"]);
        assert_eq!(form.password.as_deref().map(String::as_str), Some("p"));
    }

    proptest! {
        #[test]
        fn any_pairs_are_read_and_the_password_stays_apart(
            pairs in proptest::collection::vec(("[a-z.-]{0,12}", "\\PC{0,20}"), 0..20), password in "\\PC{8,20}"
        ) {
            let mut all: Vec<(&str, &str)> = pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            all.insert(0, ("password", &password));
            let form = Form::read(all);
            prop_assert_eq!(form.password.as_deref(), Some(&password));
            prop_assert!(!form.fields.contains_key("password"));
        }
    }
}
