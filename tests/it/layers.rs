//! Flows decide, the store remembers, doors speak HTTP: who breaks that is named here.

use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

/// What speaks HTTP although it is no door: the server itself, and what every request goes through.
const SERVER: [&str; 6] = [
    "serve.rs",
    "management.rs",
    "limits.rs",
    "caller.rs",
    "visitor.rs",
    "app.rs",
];
/// Files that speak HTTP in whatever folder they are.
const WEB: [&str; 5] = ["web.rs", "api.rs", "routes.rs", "error.rs", "extract.rs"];
/// Folders that are doors altogether.
const DOORS: [&str; 8] = [
    "account/",
    "admin/",
    "console/",
    "demo/",
    "oidc/",
    "page/",
    "registration/api/",
    "theme/",
];

const LONGEST: usize = 500;

/// Every source file below a folder of the repository, with its path from there.
fn sources(folder: &str) -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found = Vec::new();
    walk(&root, &mut found);
    found.sort();
    let named = |path: PathBuf| {
        let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
        (name, fs::read_to_string(&path).unwrap())
    };
    found.into_iter().map(named).collect()
}

/// The lines of a source that are neither comments nor its own tests.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .take_while(|(_, line)| !line.starts_with("#[cfg(test)]"))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(n, line)| (n + 1, line))
}

fn assert_none(broken: &[String], rule: &str) {
    assert!(broken.is_empty(), "{rule}:\n  {}", broken.join("\n  "));
}

#[test]
fn sql_is_only_in_the_store() {
    let sql = Regex::new(
        r#"(?i)"\s*(select\s.*\sfrom\b|select\s+\d|insert\s+into\s|update\s+\w+\s+set\b|delete\s+from\s|create\s+(table|index)\s|with\s+\w+\s+as\s*\()"#,
    )
    .unwrap();
    let mut broken = Vec::new();
    for (name, text) in sources("src") {
        if !name.starts_with("store/") {
            broken.extend(
                code(&text)
                    .filter(|(_, l)| sql.is_match(l))
                    .map(|(n, l)| format!("src/{name}:{n}: {}", l.trim())),
            );
        }
    }
    assert_none(&broken, "SQL belongs into src/store/");
}

#[test]
fn axum_is_only_in_doors() {
    let axum = Regex::new(r"\baxum::").unwrap();
    let mut broken = Vec::new();
    for (name, text) in sources("src") {
        let file = name.rsplit('/').next().unwrap();
        let speaks_http =
            WEB.contains(&file) || SERVER.contains(&name.as_str()) || DOORS.iter().any(|door| name.starts_with(door));
        if !speaks_http {
            broken.extend(
                code(&text)
                    .filter(|(_, l)| axum.is_match(l))
                    .map(|(n, l)| format!("src/{name}:{n}: {}", l.trim())),
            );
        }
    }
    assert_none(
        &broken,
        "axum belongs into doors: web.rs, api.rs, routes.rs, error.rs, and their folders",
    );
}

#[test]
fn no_file_is_longer_than_500_lines() {
    let mut broken = Vec::new();
    for folder in ["src", "crates", "tests"] {
        for (name, text) in sources(folder) {
            let lines = text.lines().count();
            if lines > LONGEST {
                broken.push(format!("{folder}/{name}: {lines} lines"));
            }
        }
    }
    assert_none(&broken, "files aim at 120 lines, and none has more than 500");
}

#[test]
fn the_libraries_know_nothing_of_the_product() {
    for crate_folder in ["crates/jose", "crates/oauth", "crates/webauthn"] {
        let manifest = fs::read_to_string(
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .join(crate_folder)
                .join("Cargo.toml"),
        )
        .unwrap();
        for io in ["tokio", "rusqlite", "axum", "reqwest", "hyper"] {
            assert!(
                !manifest.lines().any(|line| line.starts_with(io)),
                "{crate_folder} does no I/O, so it needs no {io}"
            );
        }
    }
}
