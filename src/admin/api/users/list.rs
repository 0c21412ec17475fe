//! Users looked for, counted, read.

use axum::extract::Path;
use serde_json::{Value, json};

use super::{FIND, SEE, find};
use crate::admin::api::answer;
use crate::admin::api::auth::{Admin, Right};
use crate::admin::api::dates;
use crate::admin::api::error::{Answer, ApiError};
use crate::admin::api::query::Query;
use crate::admin::api::representation::user as represent;
use crate::admin::api::search_terms;
use crate::brute_force;
use crate::profile::{self, Context, Place};
use crate::store::identity_provider;
use crate::store::user::User;
use crate::store::user_search::{self, Search, Term};

/// How many users are listed where nobody says.
const DEFAULT_MAX: i64 = 100;

/// How many words, and how many attributes, are searched for at once.
const MOST_TERMS: usize = 20;

fn wanted(query: &Query) -> Result<Search, ApiError> {
    let text = |name: &str| query.text(name).map(str::to_owned).filter(|t| !t.is_empty());
    let exact = query.flag("exact") == Some(true);
    let mut search = Search {
        enabled: query.flag("enabled"),
        email_verified: query.flag("emailVerified"),
        created_after: dates::parse(query.text("createdAfter"), "createdAfter", dates::Edge::Begin)?,
        created_before: dates::parse(query.text("createdBefore"), "createdBefore", dates::Edge::End)?,
        identity_provider: text("idpAlias"),
        identity_user: text("idpUserId"),
        ..Search::default()
    };
    if let Some(words) = query.text("search") {
        if let Some(ids) = words.trim().strip_prefix("id:") {
            search.ids = ids.split_whitespace().map(str::to_owned).collect();
            search.by_ids = true;
            return Ok(search);
        }
        search.words = words.split_whitespace().map(Term::of_word).collect();
        if search.words.len() > MOST_TERMS {
            return Err(ApiError::bad("Too many words are searched for"));
        }
        // What names a column, an attribute or an identity provider says nothing beside a search.
        search.identity_provider = None;
        search.identity_user = None;
        return Ok(search);
    }
    for (parameter, column) in [
        ("username", user_search::Column::Username),
        ("email", user_search::Column::Email),
        ("firstName", user_search::Column::FirstName),
        ("lastName", user_search::Column::LastName),
    ] {
        if let Some(value) = text(parameter) {
            search.columns.push((
                column,
                if exact {
                    Term::Exact(value)
                } else {
                    Term::Contains(value)
                },
            ));
        }
    }
    let named = query.text("q").map(search_terms::attributes).unwrap_or_default();
    narrow(&mut search, named, exact);
    if search.attributes.len() > MOST_TERMS {
        return Err(ApiError::bad("Too many attributes are searched for"));
    }
    // Service accounts are found by whatever is asked for, but neither listed nor found by a search.
    search.service_accounts = query.flag("exact").is_some() || search != Search::default();
    Ok(search)
}

/// What `q` names: a parameter of this address by its name, in whose place it comes, or an attribute. Of several values for
/// one name the last counts.
fn narrow(search: &mut Search, named: Vec<(String, String)>, exact: bool) {
    for (name, value) in named {
        let column = match name.as_str() {
            "username" => user_search::Column::Username,
            "email" => user_search::Column::Email,
            "firstName" => user_search::Column::FirstName,
            "lastName" => user_search::Column::LastName,
            "enabled" => {
                search.enabled = Some(value.eq_ignore_ascii_case("true"));
                continue;
            }
            "emailVerified" => {
                search.email_verified = Some(value.eq_ignore_ascii_case("true"));
                continue;
            }
            _ => {
                search.attributes.retain(|(known, _)| *known != name);
                search.attributes.push((name, value));
                continue;
            }
        };
        search.columns.retain(|(known, _)| *known != column);
        let term = if exact {
            Term::Exact(value)
        } else {
            Term::Contains(value)
        };
        search.columns.push((column, term));
    }
}

/// `GET users`
pub(super) async fn list(admin: Admin, query: Query) -> Answer {
    let users = page(&admin, &query).await?;
    let shown = represented(&admin, &query, &users).await?;
    answer::json(&shown)
}

/// `GET ui-ext/brute-force-user`: the same for the console, with failed logins.
pub(in crate::admin::api) async fn with_failures(admin: Admin, query: Query) -> Answer {
    let users = page(&admin, &query).await?;
    let mut shown = represented(&admin, &query, &users).await?;
    for (doc, user) in shown.iter_mut().zip(&users) {
        let status = brute_force::status(&admin.app, &admin.realm, &user.id).await?;
        doc["bruteForceStatus"] = json!({
            "numFailures": status.known.failures, "disabled": status.disabled,
            "lastIPFailure": status.known.last_address.as_deref().unwrap_or("n/a"),
            "lastFailure": status.known.last_failure
        });
    }
    answer::json_plain(&shown)
}

async fn page(admin: &Admin, query: &Query) -> Result<Vec<User>, ApiError> {
    admin.require(FIND)?;
    let search = wanted(query)?;
    let page = query.page(if query.number("max")?.is_some() {
        i64::from(i32::MAX)
    } else {
        DEFAULT_MAX
    })?;
    if !admin.has_any(SEE) {
        // Who may only look for users sees none of them.
        return Ok(Vec::new());
    }
    Ok(user_search::page(&admin.app.db, &admin.realm.id, &search, page.first, page.max).await?)
}

async fn represented(admin: &Admin, query: &Query, users: &[User]) -> Result<Vec<Value>, ApiError> {
    let brief = query.flag("briefRepresentation") == Some(true);
    let with_otp = if brief {
        Vec::new()
    } else {
        user_search::with_otp(&admin.app.db, users).await?
    };
    let access = json!({ "manage": admin.has(Right::ManageUsers) });
    let shown = users.iter().map(|u| {
        let otp = with_otp.contains(&u.id);
        let mut doc = if brief {
            represent::brief(u)
        } else {
            represent::full(u, &represent::visible(&admin.realm, u), otp, None)
        };
        doc.insert("access".into(), access.clone());
        Value::Object(doc)
    });
    Ok(shown.collect())
}

/// `GET users/count`
pub(super) async fn count(admin: Admin, query: Query) -> Answer {
    admin.require(FIND)?;
    let search = wanted(&query)?;
    if !admin.has_any(SEE) {
        return answer::json(&0);
    }
    answer::json(&user_search::count(&admin.app.db, &admin.realm.id, &search).await?)
}

/// `GET users/ID`
pub(super) async fn read(admin: Admin, Path((_, id)): Path<(String, String)>, query: Query) -> Answer {
    let user = find(&admin, &id, SEE).await?;
    let with_otp = user_search::with_otp(&admin.app.db, std::slice::from_ref(&user)).await?;
    let metadata = (query.flag("userProfileMetadata") == Some(true)).then(|| metadata(&admin));
    let attributes = represent::visible(&admin.realm, &user);
    let mut shown = represent::full(&user, &attributes, !with_otp.is_empty(), metadata);
    if identity_provider::is_any(&admin.app.db, &admin.realm.id).await? {
        let links = super::federated::shown(&admin, &user.id).await?;
        let at = shown.keys().position(|k| k == "notBefore").unwrap_or(shown.len());
        shown.shift_insert(at, "federatedIdentities".into(), json!(links));
    }
    shown.insert("access".into(), access(&admin));
    answer::json(&shown)
}

/// What the caller may do with one user.
fn access(admin: &Admin) -> Value {
    let manage = admin.has(Right::ManageUsers);
    json!({
        "manageGroupMembership": manage, "resetPassword": manage, "view": true, "mapRoles": manage,
        "impersonate": admin.has(Right::Impersonation), "manage": manage
    })
}

/// The profile as it is for a user who exists: the user name is fixed unless the realm lets it change.
fn metadata(admin: &Admin) -> Value {
    let mut shown = profile::metadata(&admin.realm, &Place::of(Context::UserApi));
    if !admin.realm.flag("editUsernameAllowed")
        && let Some(all) = shown["attributes"].as_array_mut()
        && let Some(name) = all.iter_mut().find(|a| a["name"] == "username")
    {
        name["readOnly"] = json!(true);
    }
    shown
}
