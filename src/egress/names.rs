//! What the names of hosts lead to.

use std::net::SocketAddr;
use std::sync::Arc;

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::public::is_public;

/// Looks names up as this machine does.
pub(super) struct System;

impl Resolve for System {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(Box::new(found.collect::<Vec<_>>().into_iter()) as Addrs)
        })
    }
}

/// Looks a name up once and lets only public addresses through; the client connects to what comes out here.
pub(super) struct Checked {
    pub names: Arc<dyn Resolve>,
    /// Private networks that may be connected to.
    pub allowed: Arc<[IpNet]>,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let allowed = Arc::clone(&self.allowed);
        let asked = self.names.resolve(name);
        Box::pin(async move {
            let found = asked.await?;
            let public: Vec<SocketAddr> = found
                .filter(|a| is_public(a.ip()) || allowed.iter().any(|net| net.contains(&a.ip())))
                .collect();
            if public.is_empty() {
                return Err("no public address".into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}
