//! Which language a page is in, decided in Keycloak's order.

/// What a realm offers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Offer<'a> {
    /// `internationalizationEnabled`; without it every page is English.
    pub enabled: bool,
    /// `supportedLocales`.
    pub supported: &'a [String],
    /// `defaultLocale`.
    pub default: Option<&'a str>,
}

/// What a visitor wishes, by source; each is consulted before the next.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wish<'a> {
    /// The parameter `kc_locale`: a choice made on this page.
    pub kc_locale: Option<&'a str>,
    /// The user attribute `locale`.
    pub user: Option<&'a str>,
    /// The request parameter `ui_locales`: a list with blanks.
    pub ui_locales: Option<&'a str>,
    /// The cookie `KEYCLOAK_LOCALE`.
    pub cookie: Option<&'a str>,
    /// The header `Accept-Language`.
    pub accept_language: Option<&'a str>,
}

/// The locale of a page, one of those that the realm supports, or `en`.
pub fn choose(offer: Offer<'_>, wish: Wish<'_>) -> String {
    if !offer.enabled {
        return "en".to_owned();
    }
    let find = |tag: &str| best(offer.supported, tag);
    let list = |tags: &str| tags.split_whitespace().find_map(find);
    wish.kc_locale
        .and_then(find)
        .or_else(|| wish.user.and_then(find))
        .or_else(|| wish.ui_locales.and_then(list))
        .or_else(|| wish.cookie.and_then(find))
        .or_else(|| {
            wish.accept_language
                .and_then(|header| accepted(header).into_iter().find_map(find))
        })
        .or_else(|| offer.default.and_then(find))
        .or(offer.default)
        .unwrap_or("en")
        .to_owned()
}

/// The language of pages that belong to no realm: what the browser wishes, of those that are built in.
pub fn without_realm(accept_language: Option<&str>) -> String {
    let supported = ["en", "de"].map(str::to_owned);
    let offer = Offer {
        enabled: true,
        supported: &supported,
        default: None,
    };
    let wish = Wish {
        accept_language,
        ..Wish::default()
    };
    choose(offer, wish)
}

/// The supported locale that fits: the same tag, else the bare language, else any dialect of it.
fn best<'a>(supported: &'a [String], tag: &str) -> Option<&'a str> {
    let tag = tag.trim().replace('_', "-");
    let language = |t: &str| t.split('-').next().unwrap_or_default().to_ascii_lowercase();
    let wanted = language(&tag);
    if wanted.is_empty() {
        return None;
    }
    let same = supported.iter().find(|s| s.eq_ignore_ascii_case(&tag));
    let plain = || supported.iter().find(|s| s.eq_ignore_ascii_case(&wanted));
    let dialect = || supported.iter().find(|s| language(s) == wanted);
    same.or_else(plain).or_else(dialect).map(String::as_str)
}

/// The tags of an `Accept-Language` header (RFC 9110, 12.5.4), most wanted first; at most twenty are looked at.
fn accepted(header: &str) -> Vec<&str> {
    let mut tags: Vec<(f32, &str)> = header
        .split(',')
        .take(20)
        .filter_map(|part| {
            let mut pieces = part.split(';');
            let tag = pieces.next()?.trim();
            let quality = pieces
                .find_map(|p| p.trim().strip_prefix("q=")?.parse().ok())
                .unwrap_or(1.0);
            (quality > 0.0 && !tag.is_empty()).then_some((quality, tag))
        })
        .collect();
    tags.sort_by(|a, b| b.0.total_cmp(&a.0));
    tags.into_iter().map(|(_, tag)| tag).collect()
}

/// Is the language written from right to left?
pub fn is_rtl(tag: &str) -> bool {
    matches!(tag.split('-').next(), Some("ar" | "fa" | "he" | "ur"))
}

/// A language's name in itself, for the language menu; an unknown tag names itself.
pub fn native_name(tag: &str) -> &str {
    match tag {
        "ar" => "العربية",
        "ca" => "Català",
        "cs" => "Čeština",
        "da" => "Dansk",
        "de" => "Deutsch",
        "el" => "Ελληνικά",
        "en" => "English",
        "es" => "Español",
        "fa" => "فارسی",
        "fi" => "Suomi",
        "fr" => "Français",
        "hu" => "Magyar",
        "it" => "Italiano",
        "ja" => "日本語",
        "ko" => "한국어",
        "lt" => "Lietuvių",
        "lv" => "Latviešu",
        "nl" => "Nederlands",
        "no" => "Norsk",
        "pl" => "Polski",
        "pt" => "Português",
        "pt-BR" => "Português (Brasil)",
        "ru" => "Русский",
        "sk" => "Slovenčina",
        "sv" => "Svenska",
        "th" => "ไทย",
        "tr" => "Türkçe",
        "uk" => "Українська",
        "zh-CN" => "中文简体",
        "zh-TW" => "中文繁體",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose_from(supported: &[&str], default: Option<&str>, wish: Wish<'_>) -> String {
        let supported: Vec<String> = supported.iter().map(ToString::to_string).collect();
        choose(
            Offer {
                enabled: true,
                supported: &supported,
                default,
            },
            wish,
        )
    }

    #[test]
    fn a_realm_without_internationalization_is_english() {
        let wish = Wish {
            kc_locale: Some("de"),
            ..Wish::default()
        };
        assert_eq!(choose(Offer::default(), wish), "en");
    }

    #[test]
    fn sources_are_asked_in_keycloaks_order() {
        let mut wish = Wish {
            kc_locale: Some("fr"),
            user: Some("de"),
            ui_locales: Some("xx it"),
            cookie: Some("es"),
            accept_language: Some("nl;q=0.5, ar;q=0.9"),
        };
        let all = ["en", "de", "es", "it", "ar", "nl"];
        assert_eq!(choose_from(&all, Some("en"), wish), "de"); // fr is not offered
        wish.user = None;
        assert_eq!(choose_from(&all, Some("en"), wish), "it");
        wish.ui_locales = None;
        assert_eq!(choose_from(&all, Some("en"), wish), "es");
        wish.cookie = None;
        assert_eq!(choose_from(&all, Some("en"), wish), "ar");
        wish.accept_language = Some("zz, *;q=0.1");
        assert_eq!(choose_from(&all, Some("nl"), wish), "nl");
        assert_eq!(choose_from(&all, None, wish), "en");
    }

    #[test]
    fn a_dialect_meets_its_language_and_the_other_way_round() {
        let wish = Wish {
            ui_locales: Some("de-CH"),
            ..Wish::default()
        };
        assert_eq!(choose_from(&["en", "de"], None, wish), "de");
        let wish = Wish {
            ui_locales: Some("pt"),
            ..Wish::default()
        };
        assert_eq!(choose_from(&["en", "pt-BR"], None, wish), "pt-BR");
        let wish = Wish {
            ui_locales: Some("PT_br"),
            ..Wish::default()
        };
        assert_eq!(choose_from(&["pt", "pt-BR"], None, wish), "pt-BR");
    }
}
