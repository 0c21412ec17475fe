//! One theme of one kind, ready to render: its templates, its texts, and what templates may call.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use minijinja::value::{Object, Rest, ValueKind, merge_maps};
use minijinja::{
    AutoEscape, Environment, ErrorKind, Output, State, UndefinedBehavior, Value, context, escape_formatter,
};
use serde_json::Value as Json;

use super::files::{Files, Kind};
use super::messages::{self, Texts};
use super::{Error, Voice, format, sanitize};

/// Steps that a template may take; the largest page of ours needs a hundredth.
const FUEL: u64 = 1_000_000;

/// Where a page's static files are.
pub struct Resources {
    /// Those of its own kind.
    pub own: String,
    /// Those that all kinds share.
    pub common: String,
}

/// What a template finds by name: what is ours first, then the page's.
#[derive(Debug)]
struct Scope {
    ours: [(&'static str, Value); 10],
    page: Value,
}

impl Object for Scope {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let name = key.as_str()?;
        let ours = self.ours.iter().find(|(known, _)| *known == name);
        ours.map_or_else(
            || self.page.get_attr(name).ok().filter(|v| !v.is_undefined()),
            |(_, value)| Some(value.clone()),
        )
    }
}

/// What speaks the visitor's language.
struct Speech {
    theme: Arc<Loaded>,
    voice: Voice,
}

impl Speech {
    /// `msg`, `msgHtml`, `advancedMsg`, `linkExpirationFormatter`.
    fn functions(self: &Arc<Self>) -> [Value; 4] {
        let this = self.clone();
        let msg = move |key: &str, args: Rest<Value>| this.theme.message(&this.voice, key, &arguments(&args, false));
        let this = self.clone();
        let html = move |key: &str, args: Rest<Value>| {
            let text = this.theme.message(&this.voice, key, &arguments(&args, true));
            Value::from_safe_string(sanitize::sanitize(&text))
        };
        let this = self.clone();
        let advanced = move |text: &str| this.theme.advanced(&this.voice, text);
        let this = self.clone();
        let period = move |minutes: i64| this.theme.period(&this.voice, minutes);
        [
            Value::from_function(msg),
            Value::from_function(html),
            Value::from_function(advanced),
            Value::from_function(period),
        ]
    }
}

/// A theme's templates and texts, with those of its parents.
pub struct Loaded {
    files: Arc<Files>,
    kind: Kind,
    chain: Arc<[String]>,
    properties: Value,
    environment: Environment<'static>,
    texts: RwLock<HashMap<String, Arc<Texts>>>,
}

impl Loaded {
    /// Finds the theme's parents and properties. Templates and texts are read when they are first needed.
    pub fn new(files: &Arc<Files>, theme: &str, kind: Kind) -> Self {
        let chain: Arc<[String]> = files.chain(theme, kind).into();
        let mut properties = Texts::new();
        for theme in chain.iter().rev() {
            properties.extend(messages::parse(
                &files.text(theme, kind, "theme.properties").unwrap_or_default(),
            ));
        }
        Self {
            files: files.clone(),
            kind,
            environment: environment(files.clone(), chain.clone(), kind),
            chain,
            properties: Value::from_pairs(properties),
            texts: RwLock::default(),
        }
    }

    /// The pattern of a message: for each language the realm's own text, then the theme's.
    pub fn pattern(&self, voice: &Voice, key: &str) -> Option<String> {
        messages::fallbacks(&voice.locale).into_iter().find_map(|locale| {
            let own = voice.texts.get(locale).and_then(|texts| texts.get(key));
            own.cloned().or_else(|| self.texts(locale).get(key).cloned())
        })
    }

    /// A message with its arguments filled in; an unknown key shows itself.
    pub fn message(&self, voice: &Voice, key: &str, args: &[Json]) -> String {
        match self.pattern(voice, key) {
            Some(pattern) => format::format(&pattern, args, &voice.locale),
            None => key.to_owned(),
        }
    }

    /// All texts of one language, the theme's over its parents'.
    pub fn texts(&self, locale: &str) -> Arc<Texts> {
        let known = |map: &HashMap<String, Arc<Texts>>| map.get(locale).cloned();
        if let Some(texts) = self.texts.read().ok().and_then(|map| known(&map)) {
            return texts;
        }
        let mut texts = Texts::new();
        for theme in self.chain.iter().rev() {
            let path = format!("messages/messages_{}.properties", locale.replace('-', "_"));
            texts.extend(messages::parse(
                &self.files.text(theme, self.kind, &path).unwrap_or_default(),
            ));
        }
        let texts = Arc::new(texts);
        // Locales are those of realms; a stranger's wish never gets here unless a realm supports it.
        if let Ok(mut map) = self.texts.write() {
            map.insert(locale.to_owned(), texts.clone());
        }
        texts
    }

    /// Renders one template.
    ///
    /// # Errors
    /// The template is missing, or is wrong in a way that shows only now.
    pub fn render(
        self: &Arc<Self>,
        voice: &Voice,
        template: &str,
        context: Value,
        resources: &Resources,
    ) -> Result<String, Error> {
        let page_id = format!("{}-{}", self.kind.name(), template.trim_end_matches(".j2"));
        let url = context.get_attr("url").unwrap_or_default();
        let paths =
            context! { resourcesPath => resources.own.as_str(), resourcesCommonPath => resources.common.as_str() };
        let speech = Arc::new(Speech {
            theme: self.clone(),
            voice: voice.clone(),
        });
        let [msg, msg_html, advanced, period] = speech.functions();
        let context = Value::from_object(Scope {
            ours: [
                ("msg", msg),
                ("url", merge_maps([paths, url])),
                ("msgHtml", msg_html),
                ("advancedMsg", advanced),
                ("resourcesPath", Value::from(resources.own.as_str())),
                ("resourcesCommonPath", Value::from(resources.common.as_str())),
                ("properties", self.properties.clone()),
                ("currentLocale", Value::from(voice.locale.as_str())),
                ("pageId", Value::from(page_id)),
                ("linkExpirationFormatter", period),
            ],
            page: context,
        });
        let rendered = self
            .environment
            .get_template(template)
            .and_then(|template| template.render(context));
        rendered.map_err(|e| Error::new(template, &e))
    }

    /// `${key}` is a message, anything else itself: display names, labels of attributes.
    pub fn advanced(&self, voice: &Voice, text: &str) -> String {
        let key = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
        key.map_or_else(|| text.to_owned(), |key| self.message(voice, key, &[]))
    }

    /// A lifetime in the largest unit that divides it: "12 hours", "5 minutes".
    fn period(&self, voice: &Voice, minutes: i64) -> String {
        let (count, unit) = match minutes {
            m if m > 0 && m % 1440 == 0 => (m / 1440, "days"),
            m if m > 0 && m % 60 == 0 => (m / 60, "hours"),
            m => (m, "minutes"),
        };
        let key = format!("linkExpirationFormatter.timePeriodUnit.{unit}");
        format!("{count} {}", self.message(voice, &key, &[count.into()]))
    }
}

fn environment(files: Arc<Files>, chain: Arc<[String]>, kind: Kind) -> Environment<'static> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    env.set_fuel(Some(FUEL));
    env.set_loader(move |name| Ok(template(&files, &chain, kind, name)));
    let text_mail = move |name: &str| kind == Kind::Email && name.starts_with("text/");
    env.set_auto_escape_callback(move |name| {
        if text_mail(name) {
            AutoEscape::None
        } else {
            AutoEscape::Html
        }
    });
    env.set_formatter(write_value);
    env.set_unknown_method_callback(|_, value, method, args| errors_method(value, method, args));
    env.add_filter("kcSanitize", |text: &str| {
        Value::from_safe_string(sanitize::sanitize(text))
    });
    env.add_filter("plain", |text: &str| sanitize::plain(text));
    env
}

/// Nothing where a value is absent, and only what must be is escaped: a slash is not, so that whoever looks for
/// `action="https://..."` in a page finds it.
fn write_value(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), minijinja::Error> {
    let html = matches!(state.auto_escape(), AutoEscape::Html) && !value.is_safe();
    match value.as_str() {
        Some(text) if html => out.write_str(&sanitize::escape(text)).map_err(minijinja::Error::from),
        _ => escape_formatter(out, state, if value.is_none() { &Value::UNDEFINED } else { value }),
    }
}

/// `login.j2` is the nearest one; `base:login.j2` is that theme's, so that a template can extend what it replaces.
fn template(files: &Files, chain: &[String], kind: Kind, name: &str) -> Option<String> {
    let (from, name) = name
        .split_once(':')
        .map_or((None, name), |(theme, name)| (Some(theme), name));
    let start = from.map_or(Some(0), |theme| chain.iter().position(|t| t == theme))?;
    chain[start..]
        .iter()
        .find_map(|theme| files.text(theme, kind, &format!("templates/{name}")))
}

/// Keycloak's methods of `messagesPerField`, on any map: `existsError`, `exists`, `getFirstError`, `get`.
fn errors_method(value: &Value, method: &str, fields: &[Value]) -> Result<Value, minijinja::Error> {
    if value.kind() != ValueKind::Map {
        return Err(ErrorKind::UnknownMethod.into());
    }
    let first = fields
        .iter()
        .filter_map(|field| value.get_item(field).ok())
        .find(Value::is_true);
    match method {
        "existsError" | "exists" => Ok(first.is_some().into()),
        "getFirstError" | "get" => Ok(first.unwrap_or_else(|| "".into())),
        _ => Err(ErrorKind::UnknownMethod.into()),
    }
}

fn arguments(values: &[Value], escaped: bool) -> Vec<Json> {
    values.iter().map(|value| argument(value, escaped)).collect()
}

fn argument(value: &Value, escaped: bool) -> Json {
    if value.is_number() {
        if let Ok(whole) = i64::try_from(value.clone()) {
            return whole.into();
        }
        return f64::try_from(value.clone()).map_or(Json::Null, Json::from);
    }
    let text = if value.is_none() {
        String::new()
    } else {
        value.to_string()
    };
    if escaped && !value.is_safe() {
        sanitize::escape(&text).into()
    } else {
        text.into()
    }
}
