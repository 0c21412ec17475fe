//! Dates in addresses: a day, or epoch milliseconds.

use axum::http::StatusCode;

use super::error::ApiError;

const DAY_MS: i64 = 86_400_000;

/// What a day stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// Its first instant.
    Begin,
    /// Its last.
    End,
}

/// Reads `yyyy-MM-dd` (a day in UTC) or epoch milliseconds.
///
/// # Errors
///
/// 400 with Keycloak's text.
pub fn parse(value: Option<&str>, name: &str, edge: Edge) -> Result<Option<i64>, ApiError> {
    let Some(text) = value.filter(|v| !v.is_empty()) else {
        return Ok(None);
    };
    if text.bytes().all(|b| b.is_ascii_digit())
        && let Ok(instant) = text.parse()
    {
        return Ok(Some(instant));
    }
    if let Some(days) = days(text) {
        let begin = days * DAY_MS;
        return Ok(Some(if edge == Edge::Begin { begin } else { begin + DAY_MS - 1 }));
    }
    let told = format!("Invalid value for '{name}', expected format is yyyy-MM-dd or an Epoch timestamp");
    Err(ApiError::error(StatusCode::BAD_REQUEST, &told))
}

/// Days since 1970 of a date of the Gregorian calendar.
fn days(text: &str) -> Option<i64> {
    let mut parts = text.split('-');
    let mut next = |length: usize| {
        let part = parts.next()?;
        (part.len() == length && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse::<i64>().ok())?
    };
    let (year, month, day) = (next(4)?, next(2)?, next(2)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if parts.next().is_some() || !(1..=longest).contains(&day) {
        return None;
    }
    // Counted from the first of March, so that the leap day comes last.
    let (y, m) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let (era, of_era) = (y.div_euclid(400), y.rem_euclid(400));
    let of_year = (153 * m + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

#[cfg(test)]
mod tests {
    use super::days;

    #[test]
    fn days_are_counted_from_1970() {
        assert_eq!(days("1970-01-01"), Some(0));
        assert_eq!(days("2000-02-29"), Some(11_016));
        assert_eq!(days("2020-01-01"), Some(18_262));
        assert_eq!(days("2021-02-29"), None);
        assert_eq!(days("01.01.2020"), None);
    }
}
