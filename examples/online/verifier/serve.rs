//! `verifier serve`

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use eks_auth::DynTransport;
use eks_auth_server::{
    CacheSettings, Identities, Limits, MAX_STS_CALLS, MAX_WAITING, Metrics, PrivateDnsNames,
    RESERVED_STS_CALLS, Server, ServerTls, StatusCodes, StsClient, StsProxy, Webhooks,
};
use eks_auth_sources::Sources;
use k8s_rbac::KubernetesVersion;
use printable_text::{Causes, Printable};
use program::files::MAX_SMALL_FILE;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::args::{Common, ServeArgs};
use crate::log::Log;
use crate::settings::{self, Proxy, Settings, Size, Time, Timeout};
use crate::traces::Traces;
use crate::{cluster, regions, rules, setup, tls};

/// How often the certificate files are compared with the certificate in use.
const CERTIFICATE_CHECK: Duration = Duration::from_secs(30);

/// The open files that the process needs besides connections and calls to STS: the listeners, files of rules
/// and their watches, standard streams.
const OTHER_FILES: usize = 64;

pub(crate) async fn run(args: ServeArgs) -> Result<(), String> {
    let merged = settings::merge(
        args.settings,
        args.settings_file.as_deref(),
        args.config.as_deref(),
    )?;
    let settings = &merged.settings;
    if let Some(why) = settings.impossible().into_iter().next() {
        return Err(why);
    }
    let common = common(settings)?;
    let authenticator = setup::authenticator(&common)?;
    let version = version(settings)?;
    let address = settings.webhook_address();
    let tls = tls::certificate(settings)?;
    if tls.is_none() && !address.ip().is_loopback() {
        return Err(format!(
            "{address} is not a loopback address: tokens must not cross a network in the clear, so \
             --tls-cert and --tls-key are required"
        ));
    }
    let sts = transport(settings, &common)?;
    let metrics = Arc::new(Metrics::new());
    let (log, server_log, _rest_of_the_log) = Log::start(settings, &metrics)?;
    let unknown = regions::unknown(&common.regions);
    let other_name = tls::other_name(settings)?;
    match tls::files(settings)? {
        Some(files) => {
            if let Some(why) = tls::shared_key(&files.key) {
                log.warn(&why);
            }
        }
        None => log.warn(tls::WITHOUT_TLS),
    }
    for note in settings
        .without_effect()?
        .into_iter()
        .chain(unknown)
        .chain(other_name)
    {
        log.warn(&note);
    }
    let watch = cluster::Watch::connect(settings).await?;
    let traces = Traces::start(settings, log)?;
    let names = private_dns_names(settings, &metrics, &traces).await?;
    let no_names = names.as_ref().err().copied();
    let (sources, rules) = rules::start(&merged, log, &metrics, no_names)?;
    watch.start(&sources, &metrics, log);
    let identities = identities(settings, authenticator, sts, &metrics);
    let mut webhooks = webhooks(
        settings,
        version,
        Webhooks::new(identities, rules, metrics, Arc::new(server_log)),
    );
    if let Ok(names) = names {
        webhooks = webhooks.with_private_dns_names(names);
    }
    let webhooks = traces.follow(webhooks);
    let limits = limits(settings);
    let (usable, unusable) = proxies(settings);
    for name in usable {
        log.warn(&format!(
            "STS is asked through the proxy of {name}; --sts-proxy none asks it directly"
        ));
    }
    for why in unusable {
        log.warn(&why);
    }
    warn_of_few_files(settings, &limits, log);
    let server = Server::new(Arc::new(webhooks), limits);

    let probes = bind("--probe-listen", settings.probe_address())?;
    let listener = bind("--listen", address)?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let address = listener.local_addr().map_err(|why| why.to_string())?;
    log.say(&format!("listening on {scheme}://{address}/authenticate"));
    let (stop, stopped) = watch::channel(false);
    let signals = signals(stop, sources, server.clone(), tls.clone(), log)?;
    let probing = tokio::spawn({
        let server = server.clone();
        async move { server.serve_probes(probes, std::future::pending()).await }
    });
    let mut stopped = stopped;
    let stop = async move {
        // An error means that the task of signals has ended. It ends only after a signal.
        let _ = stopped.wait_for(|is_stopped| *is_stopped).await;
    };
    let outcome = server.serve(listener, tls, stop).await;
    probing.abort();
    drop(signals);
    traces.finish().await;
    outcome.map(drop).map_err(|why| format!("{address}: {why}"))
}

/// Returns the look-up of private DNS names, or the reason why there is no look-up.
#[cfg(feature = "ec2")]
async fn private_dns_names(
    settings: &Settings,
    metrics: &Arc<Metrics>,
    traces: &Traces,
) -> Result<Result<Arc<dyn PrivateDnsNames>, &'static str>, String> {
    let names = crate::ec2::private_dns_names(settings, metrics, traces).await?;
    Ok(names.ok_or(crate::ec2::NO_REGION))
}

#[cfg(not(feature = "ec2"))]
#[expect(clippy::unused_async, reason = "the other build waits for the region")]
async fn private_dns_names(
    _: &Settings,
    _: &Arc<Metrics>,
    _: &Traces,
) -> Result<Result<Arc<dyn PrivateDnsNames>, &'static str>, String> {
    Ok(Err(crate::private_dns_names::NOT_BUILT))
}

fn bind(flag: &str, address: SocketAddr) -> Result<TcpListener, String> {
    eks_auth_server::listen(address).map_err(|why| format!("{flag} {address}: {why}"))
}

pub(crate) fn common(settings: &Settings) -> Result<Common, String> {
    let cluster_id = settings
        .cluster_id
        .clone()
        .ok_or("--cluster-id is required, on the command line or in a file")?;
    Ok(Common {
        cluster_id,
        partition: settings
            .partition
            .clone()
            .unwrap_or_else(|| "aws".to_owned()),
        regions: settings.region.clone().unwrap_or_default(),
        local_credentials: settings.local_credentials.clone(),
        max_input_size: settings
            .max_input_size
            .map_or(MAX_SMALL_FILE, |Size(size)| size),
    })
}

/// Builds the way to STS.
pub(crate) fn transport(
    settings: &Settings,
    common: &Common,
) -> Result<Arc<dyn DynTransport>, String> {
    if let Some(local) = setup::embedded_sts(common)? {
        return Ok(Arc::new(local));
    }
    setup::install_provider();
    let proxy = match settings.sts_proxy.clone().unwrap_or(Proxy::Environment) {
        Proxy::Direct => StsProxy::Direct,
        Proxy::Environment => StsProxy::Environment,
        Proxy::Url(url) => StsProxy::Url(url),
    };
    let mut client = StsClient::builder().proxy(proxy);
    if let Some(Timeout(time)) = settings.sts_connect_timeout {
        client = client.connect_timeout(time);
    }
    if let Some(Timeout(time)) = settings.sts_attempt_timeout {
        client = client.attempt_timeout(time);
    }
    if let Some(calls) = settings.max_sts_calls {
        client = client.idle_connections(calls.get());
    }
    let client = client
        .build()
        .map_err(|why| format!("STS, with its proxy (--sts-proxy): {}", Causes::new(&why)))?;
    Ok(Arc::new(client))
}

fn identities(
    settings: &Settings,
    authenticator: eks_auth::Authenticator,
    sts: Arc<dyn DynTransport>,
    metrics: &Arc<Metrics>,
) -> Identities {
    let mut identities = Identities::new(authenticator, sts, Arc::clone(metrics));
    if let Some(Timeout(time)) = settings.sts_deadline {
        identities = identities.with_sts_deadline(time);
    }
    if let Some(retries) = settings.sts_retries {
        identities = identities.with_sts_retries(retries);
    }
    identities = identities.with_sts_calls(
        settings
            .max_sts_calls
            .map_or(MAX_STS_CALLS, NonZeroUsize::get),
        settings.reserved_sts_calls.unwrap_or(RESERVED_STS_CALLS),
        settings.max_waiting.unwrap_or(MAX_WAITING),
    );
    if settings.cache == Some(false) {
        return identities.without_cache();
    }
    let mut cache = CacheSettings::default();
    if let Some(bytes) = settings.cache_bytes {
        cache = cache.with_bytes(bytes);
    }
    if let Some(Time(time)) = settings.cache_ttl {
        cache = cache.with_positive_ttl(time);
    }
    if let Some(Time(time)) = settings.cache_negative_ttl {
        cache = cache.with_negative_ttl(time);
    }
    identities.with_cache(cache)
}

fn webhooks(settings: &Settings, version: KubernetesVersion, webhooks: Webhooks) -> Webhooks {
    let mut webhooks = webhooks.with_audiences(settings.audience.clone().unwrap_or_default());
    if settings.accept_untyped == Some(true) {
        webhooks = webhooks.with_untyped_reviews();
    }
    if settings.upstream_statuses == Some(true) {
        webhooks = webhooks.with_statuses(StatusCodes::Upstream);
    }
    if let Some(requests) = settings.max_requests {
        webhooks = webhooks.with_max_requests(requests.get());
    }
    if let Some(rate) = settings.client_rate {
        webhooks = webhooks.with_client_rate(rate);
    }
    let has_files = settings
        .rbac
        .as_ref()
        .is_some_and(|paths| !paths.is_empty());
    if has_files || settings.watch_rbac == Some(true) {
        webhooks = webhooks.with_access_reviews(version);
    }
    webhooks
}

/// Parses the version of Kubernetes.
pub(crate) fn version(settings: &Settings) -> Result<KubernetesVersion, String> {
    match &settings.kubernetes_version {
        Some(text) => text
            .parse()
            .map_err(|why| format!("--kubernetes-version: {}: {why}", Printable::new(text))),
        None => Ok(KubernetesVersion::default()),
    }
}

fn limits(settings: &Settings) -> Limits {
    let default = Limits::default();
    let time = |time: Option<Time>, default| time.map_or(default, |Time(time)| time);
    let timeout = |time: Option<Timeout>, default| time.map_or(default, |Timeout(time)| time);
    Limits {
        handshake_timeout: timeout(settings.handshake_timeout, default.handshake_timeout),
        header_timeout: timeout(settings.header_timeout, default.header_timeout),
        body_timeout: timeout(settings.body_timeout, default.body_timeout),
        idle_timeout: timeout(settings.idle_timeout, default.idle_timeout),
        max_connections: settings
            .max_connections
            .map_or(default.max_connections, NonZeroUsize::get),
        lame_duck: time(settings.lame_duck, default.lame_duck),
        drain_deadline: time(settings.drain_deadline, default.drain_deadline),
        ..default
    }
}

/// Returns the variables whose proxies lead to STS, and the reasons why other variables cannot be
/// used.
pub(crate) fn proxies(settings: &Settings) -> (Vec<&'static str>, Vec<String>) {
    let (mut usable, mut unusable) = (Vec::new(), Vec::new());
    if !matches!(settings.sts_proxy, None | Some(Proxy::Environment)) {
        return (usable, unusable);
    }
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        let value = std::env::var_os(name).unwrap_or_default();
        let value = value.to_string_lossy();
        match value.split_once("://") {
            None if value.is_empty() => {}
            // The rest of the value may have a password.
            Some((scheme, _))
                if !scheme.eq_ignore_ascii_case("http")
                    && !scheme.eq_ignore_ascii_case("https") =>
            {
                unusable.push(format!(
                    "the proxy of {name} is neither of http nor of https, and is not used: STS is asked directly, or \
                     not at all; unset it, or set --sts-proxy"
                ));
            }
            _ => usable.push(name),
        }
    }
    (usable, unusable)
}

/// Warns if the process may not open as many files as the limits allow connections.
fn warn_of_few_files(settings: &Settings, limits: &Limits, log: Log) {
    let calls = settings
        .max_sts_calls
        .map_or(MAX_STS_CALLS, NonZeroUsize::get);
    let needed = limits
        .max_connections
        .saturating_add(calls)
        .saturating_add(OTHER_FILES);
    let allowed = std::fs::read_to_string("/proc/self/limits").ok();
    let allowed = allowed.as_deref().and_then(|text| {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("Max open files"))?;
        line.split_whitespace().next()?.parse::<usize>().ok()
    });
    if let Some(allowed) = allowed.filter(|allowed| *allowed < needed) {
        log.warn(&format!(
            "the process may open {allowed} files and needs {needed} for its limits: raise the limit, or lower \
             --max-connections"
        ));
    }
}

/// Reacts to signals: SIGTERM and SIGINT stop, SIGHUP reloads. Compares the certificate files from time to
/// time. The tasks end when they are dropped.
fn signals(
    stop: watch::Sender<bool>,
    sources: Sources,
    server: Server,
    tls: Option<ServerTls>,
    log: Log,
) -> Result<JoinSet<()>, String> {
    let listen = |kind| signal(kind).map_err(|why| format!("signals: {why}"));
    let mut terminate = listen(SignalKind::terminate())?;
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut hangup = listen(SignalKind::hangup())?;
    let mut tasks = JoinSet::new();
    // A task of its own, because the files of the certificate may take their time.
    tasks.spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            stop.send_replace(true);
        }
    });
    tasks.spawn(async move {
        loop {
            tokio::select! {
                _ = hangup.recv() => {
                    log.say("SIGHUP: reading rules and certificate again");
                    sources.reload();
                }
                () = tokio::time::sleep(CERTIFICATE_CHECK) => {}
            }
            if let Some(tls) = &tls {
                server.reload_certificate(tls).await;
            }
        }
    });
    Ok(tasks)
}
