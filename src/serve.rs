//! Listens and serves, in clear or by TLS: our own accept loop, so that headers have a time limit and connections a number.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tower::Service as _;

use crate::config::Config;
use crate::error::Error;
use crate::possession::Secured;
use crate::protection::network;
use crate::tls::Tls;

/// Connections at once.
const CONNECTIONS: usize = 20_000;

/// Connections at once of one address (of IPv6: of one /64 network), unless many people share it.
const CONNECTIONS_OF_ADDRESS: usize = 1_000;

/// How long a client may take to send its headers.
const HEADER_TIME: Duration = Duration::from_secs(10);

/// How long running requests may take to end when the server stops.
const DRAIN: Duration = Duration::from_secs(20);

/// Binds a port.
///
/// # Errors
///
/// [`Error::Setup`] if it is in use, with what to do.
pub async fn bind(address: SocketAddr, option: &str) -> Result<TcpListener, Error> {
    TcpListener::bind(address).await.map_err(|e| {
        Error::Setup(format!(
            "{address} cannot be listened on: {e}. Choose another port with {option}."
        ))
    })
}

/// Binds the same port of `::1`, too, where development listens on `127.0.0.1`: `localhost` is either. `None` on a machine
/// that has no such address, and where another address was asked for.
///
/// # Errors
///
/// [`Error::Setup`] if it is in use: part of the visitors of `localhost` would get there.
pub async fn bind_beside(config: &Config, port: u16, option: &str) -> Result<Option<TcpListener>, Error> {
    if !config.dev || config.http_host != IpAddr::from(Ipv4Addr::LOCALHOST) {
        return Ok(None);
    }
    let address = SocketAddr::new(Ipv6Addr::LOCALHOST.into(), port);
    match TcpListener::bind(address).await {
        Err(e) if e.kind() != ErrorKind::AddrInUse => Ok(None),
        Err(_) => bind(address, option).await.map(Some),
        Ok(listener) => Ok(Some(listener)),
    }
}

/// Connections by address.
#[derive(Clone, Default)]
struct Callers(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// The place of one connection among those of its address; given back when dropped.
struct Place(Callers, IpAddr);

impl Callers {
    fn place(&self, ip: IpAddr) -> Option<Place> {
        let ip = network::of(ip);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = all.entry(ip).or_default();
        if *count >= CONNECTIONS_OF_ADDRESS {
            return None;
        }
        *count += 1;
        Some(Place(self.clone(), ip))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut all = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = all.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                all.remove(&self.1);
            }
        }
    }
}

/// Serves until `stop` is done, then lets running requests end: by TLS where there is one. `is_shared` tells of addresses
/// that many people call from.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    router: Router,
    is_shared: impl Fn(IpAddr) -> bool,
    stop: impl Future<Output = ()>,
) {
    let (places, callers) = (Arc::new(Semaphore::new(CONNECTIONS)), Callers::default());
    // Not telling HTTP/1 from HTTP/2: that wait for the first bytes would have no end.
    let mut server = auto::Builder::new(TokioExecutor::new()).http1_only();
    server
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .max_buf_size(32 * 1024)
        .max_headers(100);
    let (server, graceful) = (Arc::new(server), GracefulShutdown::new());
    tokio::pin!(stop);
    loop {
        let place = tokio::select! {
            place = places.clone().acquire_owned() => place,
            () = &mut stop => break,
        };
        let accepted = tokio::select! { accepted = listener.accept() => accepted, () = &mut stop => break };
        let (Ok((stream, peer)), Ok(place)) = (accepted, place) else {
            // Out of file descriptors, usually: wait for some to be given back.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let ip = peer.ip().to_canonical();
        let place = if is_shared(ip) {
            (place, None)
        } else if let Some(among) = callers.place(ip) {
            (place, Some(among))
        } else {
            continue;
        };
        let _ = stream.set_nodelay(true);
        let (tls, at) = (
            tls.clone(),
            Connection {
                server: Arc::clone(&server),
                router: router.clone(),
                watcher: graceful.watcher(),
                peer,
            },
        );
        tokio::spawn(async move {
            match tls {
                None => at.serve(stream, None).await,
                Some(tls) => {
                    if let Some((stream, secured)) = tls.accept(stream).await {
                        at.serve(stream, Some(secured)).await;
                    }
                }
            }
            drop(place);
        });
    }
    drop(listener);
    tokio::select! {
        () = graceful.shutdown() => {}
        () = tokio::time::sleep(DRAIN) => tracing::warn!("requests were still running after {} s", DRAIN.as_secs()),
        // Asked again: at once.
        () = asked_to_stop() => {}
    }
}

/// What answers a connection.
struct Connection {
    server: Arc<auto::Builder<TokioExecutor>>,
    router: Router,
    watcher: Watcher,
    peer: SocketAddr,
}

impl Connection {
    async fn serve(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, secured: Option<Secured>) {
        let (router, peer) = (self.router, self.peer);
        let service = hyper::service::service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            if let Some(secured) = &secured {
                request.extensions_mut().insert(secured.clone());
            }
            router.clone().call(request)
        });
        let connection = self.server.serve_connection(TokioIo::new(stream), service);
        let _ = self.watcher.watch(connection.into_owned()).await;
    }
}

/// Done when the process is asked to end.
pub async fn asked_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut terminate) = signal(SignalKind::terminate()) else {
            let _ = interrupt.await;
            return;
        };
        tokio::select! { _ = interrupt => {}, _ = terminate.recv() => {} }
    }
    #[cfg(not(unix))]
    {
        let _ = interrupt.await;
    }
}
