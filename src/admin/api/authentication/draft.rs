//! The flows of a realm while they are being changed: read in the transaction that writes them, so that two
//! administrators do not undo each other's work.

use serde_json::Value;

use super::representation::Flows;
use crate::admin::api::auth::Admin;
use crate::admin::api::error::ApiError;
use crate::error::Error;
use crate::store::Tx;
use crate::store::json::Doc;
use crate::store::part::{self, Kind};
use crate::store::realm::{self, AuthenticatorConfig, Execution, Flow};

/// Members of a realm's document that bind a flow, by its alias.
pub const BINDINGS: [&str; 7] = [
    "browserFlow",
    "registrationFlow",
    "directGrantFlow",
    "resetCredentialsFlow",
    "clientAuthenticationFlow",
    "dockerAuthenticationFlow",
    "firstBrokerLoginFlow",
];

/// What changes, and the transaction in which it does.
pub(super) struct Draft {
    pub(super) tx: Tx,
    realm_id: String,
    flows: Vec<Flow>,
    configs: Vec<AuthenticatorConfig>,
}

impl Draft {
    /// Opens the flows of the administered realm for changes.
    ///
    /// # Errors
    ///
    /// 404 if the realm went away; those of the database.
    pub(super) async fn open(admin: &Admin) -> Result<Self, ApiError> {
        let mut tx = admin.app.db.begin().await?;
        let realm_id = admin.realm.id.clone();
        if !realm::lock(&mut tx, &realm_id).await? {
            return Err(ApiError::not_found("Realm not found."));
        }
        let mut flows: Vec<Flow> = read(&mut tx, &realm_id, Kind::Flow).await?;
        for flow in &mut flows {
            flow.executions.sort_by_key(|e| e.priority);
        }
        let configs = read(&mut tx, &realm_id, Kind::AuthenticatorConfig).await?;
        Ok(Self {
            tx,
            realm_id,
            flows,
            configs,
        })
    }

    /// What is there.
    pub(super) fn flows(&self) -> Flows<'_> {
        Flows {
            flows: &self.flows,
            configs: &self.configs,
        }
    }

    /// The flow in which a step is.
    ///
    /// # Errors
    ///
    /// 404.
    pub(super) fn parent_of(&self, execution: &str) -> Result<(Flow, Execution), ApiError> {
        let found = self.flows().execution(execution);
        found
            .map(|(flow, execution)| (flow.clone(), execution.clone()))
            .ok_or_else(|| ApiError::not_found("Illegal execution"))
    }

    /// Keeps a flow, new or changed.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub(super) async fn keep(&mut self, flow: Flow) -> Result<(), Error> {
        let doc = document(&flow)?;
        part::put(&mut self.tx, &self.realm_id, Kind::Flow, &flow.id, &flow.alias, &doc).await?;
        match self.flows.iter_mut().find(|f| f.id == flow.id) {
            Some(old) => *old = flow,
            None => self.flows.push(flow),
        }
        Ok(())
    }

    /// Keeps a step that was changed.
    ///
    /// # Errors
    ///
    /// 404 if it is in no flow; those of the database.
    pub(super) async fn keep_execution(&mut self, execution: Execution) -> Result<(), ApiError> {
        let (mut flow, _) = self.parent_of(&execution.id)?;
        for old in &mut flow.executions {
            if old.id == execution.id {
                old.clone_from(&execution);
            }
        }
        flow.executions.sort_by_key(|e| e.priority);
        Ok(self.keep(flow).await?)
    }

    /// Keeps the settings of a step, new or changed.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub(super) async fn keep_config(&mut self, config: AuthenticatorConfig) -> Result<(), Error> {
        let doc = document(&config)?;
        let (realm_id, kind) = (&self.realm_id, Kind::AuthenticatorConfig);
        part::put(&mut self.tx, realm_id, kind, &config.id, &config.alias, &doc).await?;
        self.configs.retain(|c| c.id != config.id);
        self.configs.push(config);
        Ok(())
    }

    /// Removes settings, wherever they are used.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub(super) async fn drop_config(&mut self, id: &str) -> Result<(), Error> {
        let uses = |e: &Execution| e.authenticator_config.as_deref() == Some(id);
        let users: Vec<Flow> = self
            .flows
            .iter()
            .filter(|f| f.executions.iter().any(uses))
            .cloned()
            .collect();
        for mut flow in users {
            for execution in flow.executions.iter_mut().filter(|e| uses(e)) {
                execution.authenticator_config = None;
            }
            self.keep(flow).await?;
        }
        self.configs.retain(|c| c.id != id);
        part::remove(&mut self.tx, &self.realm_id, Kind::AuthenticatorConfig, id).await?;
        Ok(())
    }

    /// Removes a flow with the flows in it and the settings of their steps.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub(super) async fn drop_flow(&mut self, id: &str) -> Result<(), Error> {
        let mut gone = vec![id.to_owned()];
        while let Some(id) = gone.pop() {
            let Some(at) = self.flows.iter().position(|f| f.id == id) else {
                continue;
            };
            let flow = self.flows.remove(at);
            part::remove(&mut self.tx, &self.realm_id, Kind::Flow, &id).await?;
            for execution in flow.executions {
                gone.extend(execution.flow_id);
                if let Some(config) = execution.authenticator_config {
                    self.drop_unused_config(&config).await?;
                }
            }
        }
        Ok(())
    }

    /// Removes settings that no step has any more.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub(super) async fn drop_unused_config(&mut self, id: &str) -> Result<(), Error> {
        let mut steps = self.flows.iter().flat_map(|f| &f.executions);
        if !steps.any(|e| e.authenticator_config.as_deref() == Some(id)) {
            self.drop_config(id).await?;
        }
        Ok(())
    }

    /// The realm's bindings follow a flow that has a new alias.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub(super) async fn rebind(&mut self, from: &str, to: &str) -> Result<(), Error> {
        realm::change(&mut self.tx, &self.realm_id, |doc| {
            for key in BINDINGS {
                if doc.get(key).is_some_and(|v| v == from) {
                    doc.insert(key.into(), to.into());
                }
            }
        })
        .await?;
        Ok(())
    }
}

/// The bindings that hold a flow, as members of the realm's document.
pub(in crate::admin::api) fn bindings(realm: &realm::Realm, alias: &str) -> Vec<&'static str> {
    BINDINGS
        .into_iter()
        .filter(|key| realm.text(key) == Some(alias))
        .collect()
}

async fn read<T: serde::de::DeserializeOwned>(tx: &mut Tx, realm_id: &str, kind: Kind) -> Result<Vec<T>, Error> {
    let parts = part::of_kind(tx, realm_id, kind).await?;
    let read = |p: part::Part| Ok(serde_json::from_value(Value::Object(p.doc))?);
    parts.into_iter().map(read).collect()
}

fn document(value: &impl serde::Serialize) -> Result<Doc, Error> {
    match serde_json::to_value(value)? {
        Value::Object(doc) => Ok(doc),
        _ => Ok(Doc::new()),
    }
}
