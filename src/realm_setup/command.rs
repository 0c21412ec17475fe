//! `vestibule bootstrap-admin`: a way in for an operator whom no administrator can let in.

use clap::{Args, Subcommand};

use super::administrators::{add_service, add_user};
use crate::app::App;
use crate::config::ServeArgs;
use crate::error::Error;
use crate::password::Recipe;
use crate::store::realm;

const EXAMPLES: &str = "Examples:
  vestibule bootstrap-admin user                            A user temp-admin; the password is made up and shown once
  PASS=... vestibule bootstrap-admin user --username me --password:env PASS
  SECRET=... vestibule bootstrap-admin service --client-id ci --client-secret:env SECRET
                                                            A client that gets tokens with client_credentials

The first start makes an administrator by itself; this command is for when nobody can sign in any more. Delete what it made
when it has served. Stop the server first, unless it serves from PostgreSQL (give --db and --secret-key-file as to serve).";

/// The arguments of `vestibule bootstrap-admin`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct BootstrapArgs {
    #[command(subcommand)]
    who: Who,
}

#[derive(Subcommand, Debug)]
enum Who {
    /// A user of realm master
    User(Box<UserArgs>),
    /// A client of realm master with a service account
    Service(Box<ServiceArgs>),
}

#[derive(Args, Debug)]
struct UserArgs {
    /// Its user name
    #[arg(long, default_value = "temp-admin")]
    username: String,
    /// The environment variable that holds its password; without it one is made up and shown
    #[arg(long = "password:env", value_name = "VARIABLE")]
    password: Option<String>,
    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Args, Debug)]
struct ServiceArgs {
    /// Its client id
    #[arg(long, default_value = "temp-admin-service")]
    client_id: String,
    /// The environment variable that holds its secret; without it one is made up and shown
    #[arg(long = "client-secret:env", value_name = "VARIABLE")]
    secret: Option<String>,
    #[command(flatten)]
    serve: ServeArgs,
}

impl BootstrapArgs {
    /// Where the database is.
    pub fn serve(&self) -> &ServeArgs {
        match &self.who {
            Who::User(args) => &args.serve,
            Who::Service(args) => &args.serve,
        }
    }
}

/// Makes the administrator and prints what it signs in with.
///
/// # Errors
///
/// [`Error::Setup`] if there is no realm `master`, if the name is taken, or if the variable is empty; those of the database.
pub async fn run(app: &App, args: &BootstrapArgs) -> Result<(), Error> {
    let Some(master_id) = realm::id_by_name(&app.db, "master").await? else {
        return Err(Error::Setup(
            "there is no realm master yet: the first start makes it, with an administrator".into(),
        ));
    };
    match &args.who {
        Who::User(args) => {
            let (password, shown) = secret(args.password.as_deref())?;
            let hashed = app.hasher.hash(&password, Recipe::default()).await?;
            let mut tx = app.db.begin().await?;
            add_user(&mut tx, &master_id, &args.username, hashed, app.now()).await?;
            tx.commit().await?;
            println!("Realm master has the administrator {}, password {shown}", args.username);
        }
        Who::Service(args) => {
            let (secret, shown) = secret(args.secret.as_deref())?;
            let mut tx = app.db.begin().await?;
            add_service(&mut tx, app, &master_id, &args.client_id, &secret).await?;
            tx.commit().await?;
            println!(
                "Realm master has the administrator {}, client secret {shown}",
                args.client_id
            );
        }
    }
    Ok(())
}

/// What a variable holds, or something made up; and what is printed of it.
fn secret(variable: Option<&str>) -> Result<(String, String), Error> {
    let Some(variable) = variable else {
        let made = crate::random::token();
        return Ok((made.clone(), made));
    };
    match std::env::var(variable) {
        Ok(value) if !value.is_empty() => Ok((value, format!("as in {variable}"))),
        _ => Err(Error::Setup(format!("the environment variable {variable} is empty"))),
    }
}
