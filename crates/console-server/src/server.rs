//! The listening server: plain on loopback or behind a proxy, TLS elsewhere.

use std::{
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use axum_server::{Handle, tls_rustls::RustlsConfig};
use jiff::Timestamp;
use query::Backend;
use tokio_util::sync::CancellationToken;

use crate::{
    app::Shared,
    error::StartError,
    oidc::Oidc,
    options::{Options, TlsFiles},
    router,
    store::{self, Store},
    trail::{Actions, Trail},
};

/// Requests on their way get this long when the program stops.
const GRACE: Duration = Duration::from_secs(3);
/// How often a certificate that was renewed is noticed, and old lines of the access log are dropped.
const HOUSEKEEPING: Duration = Duration::from_mins(10);

/// What the console is made of beside its options.
pub struct Parts {
    /// What makes documents and the status report.
    pub trail: Arc<dyn Trail>,
    /// What answers queries; without it the console shows the trail, single activities and live events.
    pub backend: Option<Arc<dyn Backend>>,
    /// What administrators can have done; without it they look on like everybody.
    pub actions: Option<Arc<dyn Actions>>,
}

/// A console that listens.
pub struct Console {
    app: Arc<Shared>,
    address: SocketAddr,
    listener: TcpListener,
    tls: Option<RustlsConfig>,
}

impl Console {
    /// Opens the console's file and takes the port, so that everything that can fail has done so before anything is served.
    pub async fn bind(options: Options, parts: Parts, stop: CancellationToken) -> Result<Self, StartError> {
        check(&options)?;
        let tls = match &options.tls {
            Some(files) => Some(certificate(files).await?),
            None => None,
        };
        let store = Store::open(&options.store)?;
        let failed = |source| StartError::Listen { address: options.listen, source };
        let listener = TcpListener::bind(options.listen).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let path = options.store.display().to_string();
        let oidc = match options.oidc.clone() {
            Some(oidc) => Some(Oidc::new(oidc, &url(&options, address))?),
            None => None,
        };
        let app = Arc::new(Shared::new(options, store, parts, oidc, address, stop));
        let console = Self { app, address, listener, tls };
        let kept = console.app.store.put_address(&console.url());
        kept.map_err(|error| StartError::Store { path, detail: error.to_string() })?;
        Ok(console)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address to open in a browser, without a path.
    pub fn url(&self) -> String {
        url(&self.app.options, self.address)
    }

    /// A link that signs in once, within 15 minutes.
    pub fn one_time_link(&self) -> Result<String, store::StoreError> {
        let token = self.app.store.new_link(self.app.now())?;
        Ok(format!("{}/open?token={}", self.url(), token.expose()))
    }

    /// Serves until `stop` is cancelled.
    pub async fn serve(self) -> std::io::Result<()> {
        let handle = Handle::new();
        let service =
            router::router(Arc::clone(&self.app)).into_make_service_with_connect_info::<SocketAddr>();
        let (app, tls, ending) = (Arc::clone(&self.app), self.tls.clone(), handle.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = app.stop.cancelled() => {}
                () = housekeeping(&app, tls.as_ref()) => {}
            }
            ending.graceful_shutdown(Some(GRACE));
        });
        match self.tls {
            Some(tls) => {
                axum_server::from_tcp_rustls(self.listener, tls)?.handle(handle).serve(service).await
            }
            None => axum_server::from_tcp(self.listener)?.handle(handle).serve(service).await,
        }
    }
}

/// The address that people use, without a path.
fn url(options: &Options, address: SocketAddr) -> String {
    let scheme = if options.tls.is_some() { "https" } else { "http" };
    options.public_url.clone().unwrap_or_else(|| format!("{scheme}://{address}"))
}

/// An address that others can reach needs TLS, or a proxy that speaks it for us.
fn check(options: &Options) -> Result<(), StartError> {
    let wrong = |text: String| Err(StartError::Settings(text));
    let reachable = !options.listen.ip().is_loopback();
    if reachable && options.tls.is_none() && options.trusted_proxies.is_empty() {
        return wrong(format!(
            "console.listen is {}, which others can reach, without console.tls or console.trusted_proxies: passwords would \
             travel in clear",
            options.listen
        ));
    }
    let Some(url) = &options.public_url else {
        if options.trusted_proxies.is_empty() {
            return Ok(());
        }
        return wrong(
            "console.trusted_proxies needs console.public_url: the address that people use".to_owned(),
        );
    };
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    match host {
        Some(host) if !host.is_empty() && !host.contains(['/', '?', '#', '@']) => {}
        _ => {
            return wrong(format!("console.public_url is {url:?}, not like https://claudetrail.example.com"));
        }
    }
    if reachable && !url.starts_with("https://") {
        return wrong(format!(
            "console.public_url is {url:?}; an address that others reach begins with https://"
        ));
    }
    Ok(())
}

async fn certificate(files: &TlsFiles) -> Result<RustlsConfig, StartError> {
    RustlsConfig::from_pem_file(&files.certificate, &files.key).await.map_err(|error| {
        StartError::Certificate {
            certificate: files.certificate.display().to_string(),
            detail: error.to_string(),
        }
    })
}

/// Notices a renewed certificate and drops old lines of the access log, for as long as the server runs.
async fn housekeeping(app: &Shared, tls: Option<&RustlsConfig>) {
    let mut read_at = modified(app.options.tls.as_ref());
    loop {
        let retention = jiff::SignedDuration::try_from(app.options.access_log_retention).unwrap_or_default();
        if let Ok(before) = app.now().checked_sub(retention) {
            let pruned =
                app.store.with(move |connection| Ok(store::prune_accesses(connection, before)?)).await;
            if let Ok(lines @ 1..) = pruned {
                tracing::info!(lines, "old lines of the console's access log are dropped");
            }
        }
        tokio::time::sleep(HOUSEKEEPING).await;
        if let (Some(tls), Some(files)) = (tls, &app.options.tls) {
            let found = modified(Some(files));
            if found != read_at {
                read_at = found;
                match tls.reload_from_pem_file(&files.certificate, &files.key).await {
                    Ok(()) => tracing::info!("the console uses the renewed certificate"),
                    Err(error) => {
                        tracing::error!(%error, "the console keeps its old certificate: the new one cannot be used");
                    }
                }
            }
        }
    }
}

fn modified(files: Option<&TlsFiles>) -> Option<Timestamp> {
    let time = std::fs::metadata(&files?.certificate).ok()?.modified().ok()?;
    Timestamp::try_from(time).ok()
}
