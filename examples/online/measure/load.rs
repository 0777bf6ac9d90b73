//! `measure load`

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use rustls::ClientConfig;
use serde_json::json;
use tokio::task::JoinSet;

use crate::client::Client;
use crate::tokens::{Kind, Tokens};
use crate::{process, tls};

#[derive(Args)]
pub(crate) struct LoadArgs {
    /// The address and port of the webhook.
    #[arg(long, value_name = "ADDRESS:PORT")]
    target: SocketAddr,
    /// The directory with the ca.pem that the webhook's certificate is checked by. Without it, plain HTTP.
    #[arg(long, value_name = "DIRECTORY", conflicts_with = "ca")]
    directory: Option<PathBuf>,
    /// The path of ca.pem, instead of its directory.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// The name in the webhook's certificate.
    #[arg(long, default_value = "localhost", value_name = "NAME")]
    server_name: String,
    /// How many connections are open.
    #[arg(long, default_value_t = 64, value_name = "NUMBER")]
    connections: usize,
    /// How long the load lasts, in seconds.
    #[arg(long, default_value_t = 3, value_name = "SECONDS")]
    seconds: u64,
    /// End earlier, after this many requests.
    #[arg(long, value_name = "NUMBER")]
    requests: Option<u64>,
    /// Which tokens are reviewed.
    #[arg(long, value_enum, default_value = "hot")]
    tokens: Kind,
    /// The process of the webhook, whose CPU time and memory are reported.
    #[arg(long, value_name = "PID")]
    pid: Option<u32>,
    /// The cluster that tokens are bound to.
    #[arg(long, default_value = "demo", value_name = "ID")]
    cluster_id: String,
    /// The region that tokens are signed for.
    #[arg(long, default_value = "us-west-2", value_name = "REGION")]
    region: String,
}

/// The number of connections that send the hot tokens before the load.
const WARMING: usize = 8;

/// The results of one connection.
#[derive(Default)]
struct Seen {
    times: Vec<Duration>,
    statuses: BTreeMap<u16, u64>,
    accepted: u64,
    errors: u64,
}

pub(crate) async fn run(args: LoadArgs) -> Result<String, String> {
    let ca = args.directory.as_ref().map(|path| path.join("ca.pem"));
    let tls = match ca.or(args.ca) {
        Some(ca) => Some(tls::client(&ca)?),
        None => None,
    };
    let load = Arc::new(Load {
        tokens: Tokens::new(args.tokens, &args.cluster_id, &args.region)?,
        target: args.target,
        tls,
        server_name: args.server_name,
        left: AtomicU64::new(args.requests.unwrap_or(u64::MAX)),
    });
    let mut clients = Vec::new();
    for _ in 0..args.connections {
        let client = load.connect().await;
        clients.push(client.map_err(|why| format!("{}: {why}", args.target))?);
    }
    load.warm_up()
        .await
        .map_err(|why| format!("{}: {why}", args.target))?;
    let before = args.pid.map(process::cpu_seconds).transpose()?;
    let start = Instant::now();
    let until = start
        .checked_add(Duration::from_secs(args.seconds))
        .unwrap_or(start);
    let mut running = JoinSet::new();
    for client in clients {
        running.spawn(Arc::clone(&load).send(client, until));
    }
    let seen = running.join_all().await;
    let took = start.elapsed().as_secs_f64();
    let mut report = report(seen, took);
    if let (Some(pid), Some(before), Some(document)) = (args.pid, before, report.as_object_mut()) {
        let cpu = process::cpu_seconds(pid)? - before;
        let requests = document.get("requests").and_then(serde_json::Value::as_f64);
        let each = cpu * 1e6 / requests.unwrap_or(1.0).max(1.0);
        document.insert("cpu_us_per_request".to_owned(), json!(round(each)));
        let rss = process::mebibytes(pid, "VmRSS")?;
        document.insert("rss_mib".to_owned(), json!(round(rss)));
        let peak = process::mebibytes(pid, "VmHWM")?;
        document.insert("peak_mib".to_owned(), json!(round(peak)));
    }
    Ok(format!("{report}\n"))
}

struct Load {
    tokens: Tokens,
    target: SocketAddr,
    tls: Option<Arc<ClientConfig>>,
    server_name: String,
    left: AtomicU64,
}

impl Load {
    async fn connect(&self) -> std::io::Result<Client> {
        Client::connect(self.target, self.tls.as_ref(), &self.server_name).await
    }

    /// Sends each hot token once, so that the load finds a warm cache.
    async fn warm_up(self: &Arc<Self>) -> std::io::Result<()> {
        let mut running: JoinSet<std::io::Result<()>> = JoinSet::new();
        for first in 0..WARMING {
            let load = Arc::clone(self);
            running.spawn(async move {
                let mut client = load.connect().await?;
                for body in load.tokens.hot().iter().skip(first).step_by(WARMING) {
                    client.post("/authenticate", body).await?;
                }
                Ok(())
            });
        }
        running.join_all().await.into_iter().collect()
    }

    async fn send(self: Arc<Self>, client: Client, until: Instant) -> Seen {
        let mut seen = Seen::default();
        let mut client = Some(client);
        while Instant::now() < until && self.is_more() {
            let Ok(body) = self.tokens.next() else {
                seen.errors = seen.errors.saturating_add(1);
                return seen;
            };
            let start = Instant::now();
            let mut own = match client.take() {
                Some(client) => client,
                None => match self.connect().await {
                    Ok(client) => client,
                    Err(_) => {
                        seen.errors = seen.errors.saturating_add(1);
                        continue;
                    }
                },
            };
            match own.post("/authenticate", &body).await {
                Ok(answer) => {
                    seen.times.push(start.elapsed());
                    let count = seen.statuses.entry(answer.status).or_default();
                    *count = count.saturating_add(1);
                    let is_accepted =
                        String::from_utf8_lossy(&answer.body).contains("\"username\"");
                    seen.accepted = seen.accepted.saturating_add(u64::from(is_accepted));
                    client = (!answer.is_last).then_some(own);
                }
                Err(_) => seen.errors = seen.errors.saturating_add(1),
            }
        }
        seen
    }

    fn is_more(&self) -> bool {
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            })
            .is_ok()
    }
}

fn report(seen: Vec<Seen>, took: f64) -> serde_json::Value {
    let mut times = Vec::new();
    let mut statuses: BTreeMap<String, u64> = BTreeMap::new();
    let (mut accepted, mut errors) = (0_u64, 0_u64);
    for seen in seen {
        times.extend(seen.times);
        for (status, count) in seen.statuses {
            let sum = statuses.entry(status.to_string()).or_default();
            *sum = sum.saturating_add(count);
        }
        accepted = accepted.saturating_add(seen.accepted);
        errors = errors.saturating_add(seen.errors);
    }
    times.sort_unstable();
    let requests = u32::try_from(times.len()).unwrap_or(u32::MAX);
    let at = |thousandths: usize| {
        let index = times.len().saturating_mul(thousandths).checked_div(1_000);
        let last = times.len().saturating_sub(1);
        let time = times.get(index.unwrap_or(0).min(last)).copied();
        round(time.unwrap_or_default().as_secs_f64() * 1e3)
    };
    json!({
        "requests": requests,
        "per_second": round(f64::from(requests) / took),
        "p50_ms": at(500),
        "p99_ms": at(990),
        "p999_ms": at(999),
        "statuses": statuses,
        "accepted": accepted,
        "errors": errors,
    })
}

fn round(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}
