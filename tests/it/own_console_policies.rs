//! Our own console names policies in the language of whoever looks.

use serde_json::Value;

/// What a file of messages has, by key.
fn messages(language: &str) -> std::collections::HashMap<String, String> {
    let path = format!("themes/base/admin/messages/messages_{language}.properties");
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.filter_map(|line| line.split_once('='));
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

#[test]
fn the_console_names_every_policy_and_setting_in_every_language() {
    let providers = std::fs::read_to_string("src/client_registration/policy/providers.json").unwrap();
    let providers: Vec<Value> = serde_json::from_str(&providers).unwrap();
    let defaults = std::fs::read_to_string("src/realm_setup/defaults.json").unwrap();
    let mut wanted = Vec::new();
    for one in &providers {
        let kind = format!("kind.{}", one["id"].as_str().unwrap());
        wanted.extend([vec![kind.clone()], vec![format!("{kind}.help")]]);
        for setting in one["properties"].as_array().unwrap() {
            let own = format!("{kind}.{}", setting["name"].as_str().unwrap());
            let shared = |member: &str| setting[member].as_str().unwrap().to_owned();
            wanted.push(vec![own.clone(), shared("label")]);
            wanted.push(vec![format!("{own}.help"), shared("helpText")]);
        }
    }
    for name in defaults
        .lines()
        .filter_map(|line| line.trim().strip_prefix("\"name\": \""))
    {
        let name = name.trim_end_matches(['"', ',']);
        if [
            "Trusted Hosts",
            "Full Scope Disabled",
            "Max Clients Limit",
            "Consent Required",
        ]
        .contains(&name)
            || name.starts_with("Allowed ")
        {
            wanted.push(vec![format!("policyName.{}", name.replace(' ', "-"))]);
        }
    }
    for file in std::fs::read_dir("themes/base/admin/messages").unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let language = name
            .trim_start_matches("messages_")
            .trim_end_matches(".properties")
            .to_owned();
        let known = messages(&language);
        for keys in &wanted {
            assert!(keys.iter().any(|key| known.contains_key(key)), "{language}: {keys:?}");
        }
    }
}
