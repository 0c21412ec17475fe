//! The user that comes of a registration, with all that new users get.

use crate::app::App;
use crate::error::Error;
use crate::password::{self, Hashed, NewPassword};
use crate::privilege;
use crate::profile::{Fields, ROOT};
use crate::realm_setup;
use crate::registration::{settings, steps};
use crate::rules::Gifts;
use crate::store::client::Client;
use crate::store::realm::Realm;
use crate::store::user::{self, Kept, User, normal};
use crate::store::{Tx, client, group, role, role_member};

/// Who is to be written.
pub struct Plan {
    pub id: String,
    pub fields: Fields,
    /// Absent: the user chooses one at once, if the flow asks for passwords at all.
    pub password: Option<Hashed>,
    pub email_verified: bool,
    pub terms_accepted: bool,
    /// What the realm's rule gives to them.
    pub gifts: Gifts,
}

/// The user of a plan, not yet written.
fn of_plan(app: &App, realm: &Realm, plan: &Plan) -> User {
    let first = |name: &str| {
        plan.fields
            .get(name)
            .and_then(|v| v.first())
            .filter(|v| !v.is_empty())
            .cloned()
    };
    let mut attributes: Fields = plan.fields.clone();
    attributes.retain(|name, values| !ROOT.contains(&name.as_str()) && values.iter().any(|v| !v.is_empty()));
    let terms = realm.required_action("TERMS_AND_CONDITIONS").is_some_and(|a| a.enabled);
    if plan.terms_accepted && terms {
        attributes.insert("terms_and_conditions".into(), vec![app.now_seconds().to_string()]);
    }
    let defaults = realm.required_actions.iter().filter(|a| a.enabled && a.default_action);
    let mut required_actions: Vec<String> = defaults.map(|a| a.alias.clone()).collect();
    required_actions.retain(|alias| {
        let proved = alias == "VERIFY_EMAIL" && plan.email_verified;
        let agreed = alias == "TERMS_AND_CONDITIONS" && plan.terms_accepted;
        !proved && !agreed
    });
    let without = plan.password.is_none() && steps::asked(realm).takes_password;
    if without && !required_actions.iter().any(|a| a == "UPDATE_PASSWORD") {
        required_actions.push("UPDATE_PASSWORD".into());
    }
    User {
        id: plan.id.clone(),
        realm_id: realm.id.clone(),
        username: first("username").map(|v| normal(&v)).unwrap_or_default(),
        email: first("email").map(|v| normal(&v)),
        first_name: first("firstName"),
        last_name: first("lastName"),
        enabled: true,
        email_verified: plan.email_verified,
        created: app.now(),
        required_actions,
        attributes,
        ..User::default()
    }
}

/// Writes a user with password, default role and groups, and what the realm gives to those who register.
///
/// # Errors
///
/// Those of the database.
pub async fn add(
    tx: &mut Tx,
    app: &App,
    realm: &Realm,
    client: Option<&Client>,
    plan: Plan,
) -> Result<(Kept, User), Error> {
    let new = of_plan(app, realm, &plan);
    let kept = user::add(tx, &new, realm.unique_emails()).await?;
    if kept != Kept::Yes {
        return Ok((kept, new));
    }
    if let Some(hashed) = plan.password {
        password::store(tx, &new.id, NewPassword::from_hash(realm, hashed), app.now()).await?;
    }
    realm_setup::give_defaults(tx, realm, &new.id).await?;
    give_own(tx, app, realm, client, &plan.gifts, &new.id).await?;
    Ok((kept, new))
}

/// `registration.groups` and `registration.roles`, and what `registration.assign.rule` gives. What is named and not there is left out, and so is what
/// administers: nobody becomes an administrator by registering. The log says so.
async fn give_own(
    tx: &mut Tx,
    app: &App,
    realm: &Realm,
    through: Option<&Client>,
    gifts: &Gifts,
    user_id: &str,
) -> Result<(), Error> {
    let given = gifts.groups.iter().map(String::as_str);
    for path in settings::groups(realm, through).into_iter().chain(given) {
        match group::by_path(&mut *tx, &realm.id, path).await? {
            Some(found) => {
                let brought = role_member::through_group(&mut *tx, &found.id).await?;
                let brought: Vec<&str> = brought.iter().map(String::as_str).collect();
                if privilege::among(&mut *tx, realm, &realm.roles, &brought)
                    .await?
                    .is_empty()
                {
                    group::join(tx, user_id, &found.id).await?;
                } else {
                    tracing::warn!(
                        realm = realm.name,
                        path,
                        "registration.groups or registration.assign.rule names a group that administers"
                    );
                }
            }
            None => tracing::warn!(
                realm = realm.name,
                path,
                "registration.groups or registration.assign.rule names a group that is not there"
            ),
        }
    }
    let given = gifts.roles.iter().map(String::as_str);
    for name in settings::roles(realm, through).into_iter().chain(given) {
        let owner = match name.split_once(':') {
            None => Some((String::new(), name)),
            Some((client_id, role)) => client::by_client_id(&app.db, &realm.id, client_id)
                .await?
                .map(|c| (c.id.clone(), role)),
        };
        match owner.and_then(|(client_uuid, role)| realm.roles.by_name(&client_uuid, role)) {
            Some(found) => {
                if privilege::among(&mut *tx, realm, &realm.roles, &[&found.id])
                    .await?
                    .is_empty()
                {
                    role::grant_to_user(tx, user_id, &found.id).await?;
                } else {
                    tracing::warn!(
                        realm = realm.name,
                        name,
                        "registration.roles or registration.assign.rule names a role that administers"
                    );
                }
            }
            None => tracing::warn!(
                realm = realm.name,
                name,
                "registration.roles or registration.assign.rule names a role that is not there"
            ),
        }
    }
    Ok(())
}
