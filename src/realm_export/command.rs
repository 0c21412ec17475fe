//! `vestibule export`.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use serde_json::Value;

use super::{Extent, Names, document, users};
use crate::app::App;
use crate::config::ServeArgs;
use crate::error::Error;
use crate::store::json::Doc;
use crate::store::realm::{self, Realm};
use crate::store::realm_list;

const EXAMPLES: &str = "Examples:
  vestibule export acme --file acme-realm.json
                                          One file with everything, users included
  vestibule export acme --dir backup      acme-realm.json, acme-users-0.json, acme-users-1.json, ...
  vestibule export acme --users skip      The realm without users, on standard output
  vestibule export --dir backup           All realms

The files are in Keycloak's form, and Keycloak imports them. They hold hashed passwords, private keys and the secrets of
applications: only you can read them; keep it so. The server may go on running.";

/// Where users go.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
#[value(rename_all = "snake_case")]
pub enum Users {
    /// Nowhere
    Skip,
    /// Into the file of their realm
    RealmFile,
    /// Into one file beside it
    SameFile,
    /// Into many files beside it, see --users-per-file
    DifferentFiles,
}

/// The arguments of `vestibule export`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct ExportArgs {
    /// The realm; without it all realms
    #[arg(value_name = "REALM")]
    pub name: Option<String>,
    /// The same, as Keycloak's option
    #[arg(long, value_name = "REALM", conflicts_with = "name")]
    pub realm: Option<String>,
    /// Folder to write REALM-realm.json and REALM-users-N.json into
    #[arg(long, value_name = "DIR", conflicts_with = "file")]
    pub dir: Option<PathBuf>,
    /// File to write everything into [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Where users go [default: different_files with --dir, else realm_file]
    #[arg(long)]
    pub users: Option<Users>,
    /// Users in one file, with different_files
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub users_per_file: usize,
    #[command(flatten)]
    pub serve: ServeArgs,
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> Error {
    move |e| Error::Setup(format!("{} cannot be written: {e}", path.display()))
}

/// Runs the command on an open application.
///
/// # Errors
///
/// [`Error::Setup`] if a realm is not there or a file cannot be written; those of the database.
pub async fn run(app: &App, args: &ExportArgs) -> Result<(), Error> {
    let mut realms = Vec::new();
    let names = match args.name.as_ref().or(args.realm.as_ref()) {
        Some(name) => vec![name.clone()],
        None => realm_list::names(&app.db).await?,
    };
    for name in names {
        let found = realm::by_name(&app.db, &name).await?;
        realms.push(found.ok_or_else(|| Error::Setup(format!("there is no realm {name}")))?);
    }
    if let Some(folder) = &args.dir {
        std::fs::create_dir_all(folder).map_err(failed(folder))?;
        for realm in realms {
            into_folder(app, &realm, folder, args).await?;
        }
        return Ok(());
    }
    let with_users = match args.users {
        None | Some(Users::RealmFile | Users::SameFile) => true,
        Some(Users::Skip) => false,
        Some(Users::DifferentFiles) => {
            return Err(Error::Setup("--users different_files needs --dir".into()));
        }
    };
    match &args.file {
        Some(path) => {
            let mut out = private(path)?;
            into_one(app, &realms, &mut out, with_users)
                .await
                .and_then(|()| out.flush().map_err(failed(path)))
        }
        None => {
            let mut out = BufWriter::new(std::io::stdout());
            into_one(app, &realms, &mut out, with_users).await?;
            out.flush().map_err(failed(Path::new("standard output")))
        }
    }
}

/// A file that only its owner reads.
fn private(path: &Path) -> Result<BufWriter<File>, Error> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(BufWriter::new).map_err(failed(path))
}

/// One realm, or a list of them.
async fn into_one(app: &App, realms: &[Arc<Realm>], out: &mut impl Write, with_users: bool) -> Result<(), Error> {
    let io = failed(Path::new("the export"));
    let list = realms.len() != 1;
    if list {
        writeln!(out, "[").map_err(&io)?;
    }
    for (n, realm) in realms.iter().enumerate() {
        if n > 0 {
            writeln!(out, ",").map_err(&io)?;
        }
        let doc = document(app, realm, Extent::Whole).await?;
        let count = write_realm(app, realm, doc, out, with_users).await?;
        eprintln!("Realm {}: exported with {count} users.", realm.name);
    }
    if list {
        writeln!(out, "]").map_err(&io)?;
    }
    Ok(())
}

/// A realm with its users at the end, which are written as they are read.
async fn write_realm(app: &App, realm: &Realm, doc: Doc, out: &mut impl Write, with_users: bool) -> Result<u64, Error> {
    let io = failed(Path::new("the export"));
    let text = serde_json::to_string_pretty(&doc)?;
    if !with_users {
        writeln!(out, "{text}").map_err(&io)?;
        return Ok(0);
    }
    // The document without its last brace.
    let open = text.trim_end().trim_end_matches('}').trim_end();
    write!(out, "{open},\n  \"users\": [").map_err(&io)?;
    let names = Names::of(app, realm).await?;
    let (mut count, mut after) = (0, String::new());
    loop {
        let page = users::page(app, realm, &names, &after).await?;
        let Some(last) = page.last().and_then(|u| u["username"].as_str()) else {
            break;
        };
        last.clone_into(&mut after);
        for user in &page {
            write_user(out, user, count == 0).map_err(&io)?;
            count += 1;
        }
    }
    end_users(out).map_err(&io)?;
    Ok(count)
}

async fn into_folder(app: &App, realm: &Realm, folder: &Path, args: &ExportArgs) -> Result<(), Error> {
    // Names are checked where realms are made; what is written must stay in the folder whatever the database says.
    if realm.name.contains(['/', '\\', ':', '\0']) {
        let name = &realm.name;
        return Err(Error::Setup(format!(
            "the realm {name:?} cannot be a file's name: export it with --file"
        )));
    }
    let at = |rest: &str| folder.join(format!("{}-{rest}.json", realm.name));
    let strategy = args.users.unwrap_or(Users::DifferentFiles);
    let path = at("realm");
    let mut out = private(&path)?;
    let doc = document(app, realm, Extent::Whole).await?;
    let mut count = write_realm(app, realm, doc, &mut out, strategy == Users::RealmFile).await?;
    out.flush().map_err(failed(&path))?;
    let per_file = match strategy {
        Users::DifferentFiles => args.users_per_file.max(1),
        Users::SameFile => usize::MAX,
        Users::Skip | Users::RealmFile => 0,
    };
    if per_file > 0 {
        count = user_files(app, realm, &at, per_file).await?;
    }
    eprintln!(
        "Realm {}: exported with {count} users into {}.",
        realm.name,
        folder.display()
    );
    Ok(())
}

/// `REALM-users-N.json`, each with some of the users, which are written as they are read.
async fn user_files(app: &App, realm: &Realm, at: &impl Fn(&str) -> PathBuf, per_file: usize) -> Result<u64, Error> {
    let names = Names::of(app, realm).await?;
    let (mut count, mut files, mut after) = (0, 0, String::new());
    let mut open: Option<(PathBuf, BufWriter<File>, usize)> = None;
    loop {
        let page = users::page(app, realm, &names, &after).await?;
        let Some(last) = page.last().and_then(|u| u["username"].as_str()) else {
            break;
        };
        last.clone_into(&mut after);
        for user in &page {
            let (path, mut out, held) = match open.take() {
                Some(open) => open,
                None => {
                    let path = at(&format!("users-{files}"));
                    let mut out = private(&path)?;
                    let name = Value::from(realm.name.as_str());
                    write!(out, "{{\n  \"realm\": {name},\n  \"users\": [").map_err(failed(&path))?;
                    files += 1;
                    (path, out, 0)
                }
            };
            write_user(&mut out, user, held == 0).map_err(failed(&path))?;
            count += 1;
            if held + 1 == per_file {
                end_users(&mut out).map_err(failed(&path))?;
            } else {
                open = Some((path, out, held + 1));
            }
        }
    }
    if let Some((path, mut out, _)) = open {
        end_users(&mut out).map_err(failed(&path))?;
    }
    Ok(count)
}

/// One of a list of users.
fn write_user(out: &mut impl Write, user: &Value, first: bool) -> std::io::Result<()> {
    let comma = if first { "" } else { "," };
    let text = serde_json::to_string_pretty(user)?.replace('\n', "\n    ");
    write!(out, "{comma}\n    {text}")
}

/// The end of the list, and of the document around it.
fn end_users(out: &mut impl Write) -> std::io::Result<()> {
    writeln!(out, "\n  ]\n}}")?;
    out.flush()
}
