//! A client that takes the place of another of its name: how it came to be stays, and what waits for approval waits on.

use serde_json::{Value, json};

use super::Refused;
use super::registration::Restored;
use crate::app::App;
use crate::approval::{self, Settings};
use crate::client_registration::approval::{KIND, PREFIX};
use crate::client_secret::{self, RECOVERABLE};
use crate::secret_settings;
use crate::store::Tx;
use crate::store::approval::{self as rows, Approval};
use crate::store::client::{self, Client, Standing};
use crate::store::client_registration::{self, Registration};
use crate::store::json::Doc;
use crate::store::realm::Realm;

/// What was there before.
pub(super) struct Overwritten {
    client: Client,
    /// None for one that an administrator made.
    registration: Option<Registration>,
    software: Option<String>,
    approval: Option<Approval>,
}

impl Overwritten {
    /// Takes the client with an id out of the way.
    pub(super) async fn take(tx: &mut Tx, realm_id: &str, id: &str) -> Result<Option<Self>, Refused> {
        // Nobody decides on it meanwhile.
        client_registration::lock(tx, realm_id, id).await?;
        let Some(client) = client::read(&mut *tx, realm_id, id).await? else {
            return Ok(None);
        };
        let registration = client_registration::of_client(&mut *tx, realm_id, id).await?;
        let there = Self {
            registration: registration.filter(|known| known.source != "admin"),
            software: client_registration::software(&mut *tx, id).await?,
            approval: rows::read(&mut *tx, realm_id, id).await?,
            client,
        };
        client::remove(tx, realm_id, id).await?;
        Ok(Some(there))
    }

    /// Its secret settings.
    pub(super) fn keep_secrets(&self, wanted: &mut Doc) {
        let known = self.client.doc.get("attributes").and_then(Value::as_object);
        if let Some(Value::Object(attributes)) = wanted.get_mut("attributes") {
            secret_settings::keep(known, attributes);
        }
    }

    /// Its id, where the application itself knows that.
    pub(super) fn id(&self) -> Option<&str> {
        self.registration.as_ref().map(|_| self.client.id.as_str())
    }

    /// Its secret, for one that comes with stars in the place of it.
    pub(super) fn keep_secret(&self, app: &App, new: &mut Client) -> Result<(), Refused> {
        if let (Some(Value::Object(attributes)), Some(is)) =
            (new.doc.get_mut("attributes"), self.client.attribute(RECOVERABLE))
        {
            attributes.insert(RECOVERABLE.into(), json!(is));
        }
        if new.id == self.client.id {
            new.secrets.hash.clone_from(&self.client.secrets.hash);
            new.secrets.sealed.clone_from(&self.client.secrets.sealed);
            return Ok(());
        }
        match client_secret::reveal(app, &self.client)? {
            Some(plain) => {
                let plain = String::from_utf8_lossy(&plain).into_owned();
                client_secret::choose(app, &mut new.secrets, &new.id, &plain)?;
            }
            None => new.secrets.hash.clone_from(&self.client.secrets.hash),
        }
        Ok(())
    }

    /// What was registered stays so, whatever a document says of it; nothing comes into force that nobody has approved.
    pub(super) fn carry_over(&self, app: &App, realm: &Realm, base: &str, new: &mut Client, restored: &mut Restored) {
        if let Some(known) = &self.registration {
            let kept = Registration {
                client_uuid: new.id.clone(),
                ..known.clone()
            };
            restored.registration = Some(kept);
            new.source = self.client.source;
            let was = &self.client.secrets;
            new.secrets.rat_hash.clone_from(&was.rat_hash);
            new.secrets.previous_rat_hash.clone_from(&was.previous_rat_hash);
            new.secrets.rat_auth.clone_from(&was.rat_auth);
        }
        if self.registration.is_none() && self.approval.is_none() {
            return;
        }
        new.standing = self.client.standing;
        if new.standing != Standing::Live {
            // Shown as disabled while it waits: sent back, that says nothing.
            let enabled = self.client.doc.get("enabled").cloned().unwrap_or_default();
            new.doc.insert("enabled".into(), enabled);
        }
        let settings = Settings::of(realm, PREFIX);
        let mut row = self.approval.clone();
        if row.is_none() && new.standing == Standing::Pending {
            row = Some(approval::ask(app, realm, &settings, (KIND, &new.id), None));
        }
        restored.approval = row.map(|row| {
            let id = new.id.clone();
            let row = Approval { id, ..row };
            match row.waiting() {
                Some(_) => approval::ask_anew(app, realm, &settings, &row, base),
                None => row,
            }
        });
    }

    /// Afterwards: the software is known again when it comes once more.
    pub(super) async fn recognise(&self, tx: &mut Tx, id: &str) -> Result<(), Refused> {
        if let (Some(_), Some(software)) = (&self.registration, &self.software) {
            client_registration::recognise(tx, id, software).await?;
        }
        Ok(())
    }
}
