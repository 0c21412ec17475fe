//! `client-registrations`: who registered which application, with which token, from where; and what waits for a decision
//! (contract 5).

mod decide;
mod seat;
mod shown;

use axum::Router;
use axum::extract::Path;
use axum::routing::{get, post};
use serde_json::Value;

use super::answer;
use super::auth::Admin;
use super::error::{Answer, ApiError};
use super::query::Query;
use crate::app::App;
use crate::client_registration::approval::KIND;
use crate::store::client_life::{self, Filter, Status};
use crate::store::{approval as rows, client_registration};
use seat::Seat;

/// How many a page has where nothing is said.
const PAGE: i64 = 100;

/// The addresses of registrations of applications.
pub fn routes() -> Router<App> {
    let base = "/realms/{realm}/client-registrations";
    let at = |path: &str| format!("{base}/{path}");
    Router::new()
        .route(base, get(list))
        .route(&at("count"), get(count))
        .route(&at("bulk"), post(decide::bulk))
        .route(&at("{id}"), get(read).delete(decide::remove))
        .route(&at("{id}/approve"), post(decide::approve))
        .route(&at("{id}/refuse"), post(decide::refuse))
        .route(&at("{id}/notes"), post(decide::note))
        .route(&at("{id}/resend"), post(decide::resend))
}

/// What a list is narrowed to; none if nothing can be in it.
async fn filter<'a>(seat: &Seat, query: &'a Query) -> Result<Option<Filter<'a>>, ApiError> {
    let text = |name: &str| query.text(name).filter(|value| !value.is_empty());
    let instant = |name: &str| {
        let parsed = text(name).map(str::parse::<i64>);
        parsed
            .transpose()
            .map_err(|_| ApiError::bad(&format!("{name} must be epoch milliseconds")))
    };
    let status = match text("status") {
        None => None,
        Some("approval") => Some(Status::Approval(None)),
        Some("refused") => Some(Status::Refused),
        Some("done") => Some(Status::Done),
        // Of people only.
        Some(_) => return Ok(None),
    };
    let status = match status {
        status if seat.sees_all => status,
        // Who only decides sees what waits for them.
        None | Some(Status::Approval(_)) => {
            let (app, realm) = (&seat.admin.app, &seat.admin.realm);
            let waiting = rows::waiting(&app.db, &realm.id, KIND).await?;
            Some(Status::Approval(Some(seat.person.fitting(app, realm, waiting).await?)))
        }
        Some(_) => return Ok(None),
    };
    Ok(Some(Filter {
        search: text("search"),
        client_id: text("clientId"),
        source: text("source"),
        token_id: text("tokenId"),
        owner: text("owner"),
        ip_address: text("ipAddress"),
        from: instant("from")?,
        to: instant("to")?,
        registered: true,
        status,
        ..Filter::default()
    }))
}

async fn list(admin: Admin, query: Query) -> Answer {
    let seat = Seat::take(admin).await?;
    let page = query.page(PAGE)?;
    let Some(filter) = filter(&seat, &query).await? else {
        return answer::json(&Vec::<Value>::new());
    };
    let (db, realm_id) = (&seat.admin.app.db, &seat.admin.realm.id);
    let found = client_life::list(db, realm_id, &filter, page.first, page.max).await?;
    answer::json(&shown::all(&seat.admin, &found).await?)
}

async fn count(admin: Admin, query: Query) -> Answer {
    let seat = Seat::take(admin).await?;
    let Some(filter) = filter(&seat, &query).await? else {
        return answer::json(&0);
    };
    let (db, realm_id) = (&seat.admin.app.db, &seat.admin.realm.id);
    answer::json(&client_life::count(db, realm_id, &filter).await?)
}

async fn read(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    let seat = Seat::take(admin).await?;
    let admin = &seat.admin;
    let known = client_registration::of_client(&admin.app.db, &admin.realm.id, &id).await?;
    let known = known.ok_or_else(ApiError::no_such_path)?;
    if !seat.sees_all {
        let row = rows::read(&admin.app.db, &admin.realm.id, &id).await?;
        let stage = row.as_ref().and_then(|row| row.waiting()).unwrap_or_default();
        if !seat.person.fits(&admin.app, &admin.realm, stage).await? {
            return Err(ApiError::forbidden());
        }
    }
    let mut shown = shown::all(admin, &[known]).await?;
    answer::json(&shown.pop().ok_or_else(ApiError::no_such_path)?)
}
