//! Names that lead elsewhere between two looks: what was checked is what is connected to.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use vestibule::egress::Egress;

use crate::support;

/// Here stands for the public network, and for what is inside.
const OUTSIDE: [u8; 4] = [127, 0, 0, 2];
const INSIDE: [u8; 4] = [127, 0, 0, 1];

/// Answers otherwise each time it is asked.
struct Fickle(AtomicUsize);

impl Resolve for Fickle {
    fn resolve(&self, _: Name) -> Resolving {
        let answer: &[[u8; 4]] = match self.0.fetch_add(1, Ordering::SeqCst) % 4 {
            0 => &[OUTSIDE],
            1 => &[INSIDE],
            2 => &[INSIDE, OUTSIDE],
            _ => &[OUTSIDE, INSIDE],
        };
        let found: Vec<SocketAddr> = answer.iter().map(|ip| (IpAddr::from(*ip), 0).into()).collect();
        Box::pin(async move { Ok(Box::new(found.into_iter()) as Addrs) })
    }
}

/// Counts who connects, and hangs up.
fn counting(listener: TcpListener) -> Arc<AtomicUsize> {
    let calls = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&calls);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let _ = stream.write_all(b"no TLS here").await;
        }
    });
    calls
}

#[tokio::test(flavor = "multi_thread")]
async fn ssr_07_a_name_that_alternates_between_outside_and_inside_never_leads_inside() {
    let servers = support::servers_with(|config| {
        config.egress_allow = vec!["127.0.0.2/32".parse().unwrap()];
        config.allow_private_hooks = false;
    });
    let app = servers.await.remove(0).app;
    let inside = TcpListener::bind((IpAddr::from(INSIDE), 0)).await.unwrap();
    let port = inside.local_addr().unwrap().port();
    let outside = TcpListener::bind((IpAddr::from(OUTSIDE), port)).await.unwrap();
    let (inside, outside) = (counting(inside), counting(outside));
    let names = Arc::new(Fickle(AtomicUsize::new(0)));
    let shared: Arc<dyn Resolve> = names.clone();
    let egress = Egress::with_names(&app.config, app.clock.clone(), &shared).unwrap();
    for round in 0..50 {
        let tries = (0..20).map(|n| {
            let address = format!("https://fickle.example:{port}/{round}/{n}");
            let egress = &egress;
            async move {
                // Each way out: keys, descriptions, notices, hooks.
                let refused = match n % 4 {
                    0 => egress.get(&address).await.err(),
                    1 => egress.document(&address).await.err(),
                    2 => egress.post_form(&address, &[("logout_token", "x")]).await.err(),
                    _ => {
                        let time = Duration::from_secs(5);
                        egress.tell(&address, &[], "{}".to_owned(), time).await.err()
                    }
                };
                assert!(refused.is_some(), "nobody speaks TLS there");
            }
        });
        futures_util::future::join_all(tries).await;
    }
    let asked = names.0.load(Ordering::SeqCst);
    // Descriptions are fetched 60 times a minute from one host at the most.
    assert!(asked >= 750, "{asked}");
    assert_eq!(inside.load(Ordering::SeqCst), 0);
    assert!(outside.load(Ordering::SeqCst) > asked / 2);
}
