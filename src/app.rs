//! What every request works with.

use std::ops::Deref;
use std::sync::Arc;

use crate::alerts::Countries;
use crate::client_registration::life::Uses;
use crate::clock::Clock;
use crate::config::Config;
use crate::console::Console;
use crate::demo::Demo;
use crate::egress::Egress;
use crate::error::Error;
use crate::password::Hasher;
use crate::realm_setup::KeyPool;
use crate::store::{Db, migrate};
use crate::theme::Themes;

/// The running server. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// The parts of an [`App`].
pub struct Parts {
    pub config: Config,
    pub clock: Clock,
    pub db: Db,
    pub hasher: Hasher,
    pub key_pool: KeyPool,
    pub themes: Themes,
    pub demo: Demo,
    pub egress: Egress,
    /// Which clients were used lately.
    pub uses: Uses,
    /// In which country an address is, where there is a database of it.
    pub countries: Option<Countries>,
    /// Keycloak's own consoles, where they are mounted.
    pub console: Option<Console>,
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// Opens the database and brings it up to date. Serves nothing yet, and nothing runs in the background.
    ///
    /// # Errors
    ///
    /// [`Error::Setup`] with what to change, or those of the database.
    pub async fn open(config: Config, clock: Clock) -> Result<Self, Error> {
        let secret_key = crate::secret_key::load(&config)?;
        let egress = Egress::new(&config, clock.clone())?;
        let countries = config.geoip.as_deref().map(Countries::open).transpose()?;
        let console = config.console.as_deref().map(Console::open).transpose()?;
        let db = Db::open(&config.db, clock.clone(), secret_key).await?;
        migrate::migrate(&db, clock.now()).await?;
        let themes = Themes::new(Some(config.data.join("themes")), config.dev);
        let (hasher, key_pool) = (Hasher::default(), KeyPool::default());
        Ok(Self(Arc::new(Parts {
            config,
            clock,
            db,
            hasher,
            key_pool,
            themes,
            demo: Demo::default(),
            egress,
            uses: Uses::default(),
            countries,
            console,
        })))
    }

    /// Epoch milliseconds.
    pub fn now(&self) -> i64 {
        self.clock.now()
    }

    /// Epoch seconds, as tokens have them.
    pub fn now_seconds(&self) -> i64 {
        self.clock.now() / 1000
    }
}
