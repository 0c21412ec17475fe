//! What the server can do, as Keycloak 26.7 tells it: the first thing that consoles and admin clients read.

use std::sync::{LazyLock, OnceLock};

use axum::Router;
use axum::routing::get;
use serde_json::{Value, json};

use super::answer;
use super::auth::{Administrator, Right};
use super::error::{Answer, ApiError};
use crate::app::App;
use crate::store::json::Doc;
use crate::store::realm;

/// The version whose Admin REST API this is; programs decide by it what they may ask.
const SPEAKS: &str = "26.7.4";

/// Everything that does not change while the server runs.
static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("document.json")).unwrap_or_default());

/// When this process began to serve, in epoch milliseconds.
static STARTED: OnceLock<i64> = OnceLock::new();

/// The addresses of what the server tells about itself.
pub fn routes(app: &App) -> Router<App> {
    STARTED.get_or_init(|| app.now());
    Router::new().route("/serverinfo", get(read))
}

/// Whether there is a protocol mapper with an id, whatever protocol it is for.
pub fn is_mapper(provider: &str) -> bool {
    let protocols = DOCUMENT["protocolMapperTypes"].as_object();
    let mut all = protocols
        .into_iter()
        .flat_map(|p| p.values())
        .filter_map(Value::as_array)
        .flatten();
    all.any(|mapper| mapper["id"] == provider)
}

/// The kinds of components of a provider type.
pub fn component_types(provider_type: &str) -> &'static [Value] {
    DOCUMENT["componentTypes"][provider_type]
        .as_array()
        .map_or(&[], Vec::as_slice)
}

/// A kind of component.
pub fn component_type(provider_type: &str, provider: &str) -> Option<&'static Value> {
    component_types(provider_type).iter().find(|t| t["id"] == provider)
}

async fn read(who: Administrator) -> Answer {
    let own = realm::by_id(&who.app.db, &who.home.id)
        .await?
        .ok_or_else(ApiError::unauthorized)?;
    let rights = who.rights_on(&own).await?;
    if rights.is_empty() && !who.has_master_role("create-realm") {
        return Err(ApiError::forbidden());
    }
    let whole = who.home.name == "master" && rights.contains(&Right::ViewRealm);
    let mut told = Doc::new();
    told.insert("systemInfo".into(), system_info(&who.app, whole));
    if whole {
        let (total, used) = memory();
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        told.insert("cpuInfo".into(), json!({ "processorCount": processors }));
        told.insert("memoryInfo".into(), memory_info(total, used));
    }
    if let Value::Object(rest) = &*DOCUMENT {
        told.extend(rest.clone());
    }
    answer::json(&told)
}

/// Keycloak names the Java machine below it here; we have none and say what stands in its place.
fn system_info(app: &App, whole: bool) -> Value {
    if !whole {
        return json!({ "version": SPEAKS });
    }
    let up = (app.now() - STARTED.get().copied().unwrap_or_default()).max(0);
    let (seconds, minutes, hours) = (up / 1000 % 60, up / 60_000 % 60, up / 3_600_000 % 24);
    let uptime = format!(
        "{} days, {hours} hours, {minutes} minutes, {seconds} seconds",
        up / 86_400_000
    );
    let vestibule = concat!("Vestibule ", env!("CARGO_PKG_VERSION"));
    json!({
        "version": SPEAKS, "serverTime": time_text(app.now_seconds()), "uptime": uptime, "uptimeMillis": up,
        "javaVersion": "", "javaVendor": vestibule, "javaVm": "", "javaVmVersion": "", "javaRuntime": vestibule,
        "javaHome": "", "osName": std::env::consts::OS, "osArchitecture": std::env::consts::ARCH, "osVersion": "",
        "fileEncoding": "UTF-8", "userName": "", "userDir": "", "userTimezone": "UTC", "userLocale": "en"
    })
}

/// As `Wed Nov 25 21:21:52 UTC 2026`.
fn time_text(epoch_seconds: i64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let (days, second) = (epoch_seconds.div_euclid(86_400), epoch_seconds.rem_euclid(86_400));
    // Years that begin in March, so that the leap day is their last.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = (shifted_month + 2) % 12;
    let year = era * 400 + year_of_era + i64::from(month < 2);
    format!(
        "{} {} {day:02} {:02}:{:02}:{:02} UTC {year}",
        DAYS[days.rem_euclid(7) as usize],
        MONTHS[month as usize],
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

fn memory_info(total: i64, used: i64) -> Value {
    let free = (total - used).max(0);
    let formatted = |bytes: i64| format!("{} MB", bytes / 1_048_576);
    json!({
        "total": total, "totalFormated": formatted(total), "used": used, "usedFormated": formatted(used), "free": free,
        "freePercentage": if total > 0 { free * 100 / total } else { 0 }, "freeFormated": formatted(free)
    })
}

/// The machine's memory and what this process uses of it, in bytes; 0 where the system does not tell.
fn memory() -> (i64, i64) {
    let kilobytes = |path: &str, name: &str| -> i64 {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let line = text.lines().find_map(|l| l.strip_prefix(name));
        line.and_then(|l| l.split_whitespace().next()?.parse::<i64>().ok())
            .unwrap_or(0)
            * 1024
    };
    (
        kilobytes("/proc/meminfo", "MemTotal:"),
        kilobytes("/proc/self/status", "VmRSS:"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_knows_mappers_and_components() {
        assert!(is_mapper("oidc-usermodel-attribute-mapper"));
        assert!(!is_mapper("nonsense"));
        assert!(component_type("org.keycloak.keys.KeyProvider", "ecdsa-generated").is_some());
    }

    #[test]
    fn times_are_told_as_java_tells_them() {
        assert_eq!(time_text(1_795_641_712), "Wed Nov 25 21:21:52 UTC 2026");
        assert_eq!(time_text(951_782_400), "Tue Feb 29 00:00:00 UTC 2000");
    }
}
