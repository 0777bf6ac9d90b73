//! `measure faults`

mod cases;
mod verifier;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use rustls::ClientConfig;
use tokio::task::JoinSet;

use crate::certificates::Authority;
use crate::client::Client;
use crate::tokens::{Kind, Tokens};
use crate::{sts, tls};

use self::verifier::{Scheme, Verifier};

#[derive(Args)]
pub(crate) struct FaultsArgs {
    /// The program: the example `verifier`.
    #[arg(long, value_name = "FILE")]
    verifier: PathBuf,
    /// A directory for files, which is made if it does not exist.
    #[arg(long, value_name = "DIRECTORY")]
    directory: PathBuf,
    /// Run only the faults whose name contains this text.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

/// Stands around a result that should not have happened: bold in Markdown.
const BAD: &str = "**";

/// The exit status if something happened that should not have.
const FAULTY: u8 = 1;

/// The things that every fault needs: the files, the STS, and the program.
pub(crate) struct Bench {
    authority: Authority,
    directory: PathBuf,
    program: PathBuf,
    sts: SocketAddr,
    tls: Arc<ClientConfig>,
}

/// Returns the exit status and the table.
pub(crate) async fn run(args: FaultsArgs) -> Result<(u8, String), String> {
    let directory = std::path::absolute(&args.directory).map_err(|why| why.to_string())?;
    let authority = Authority::write(&directory)?;
    authority.issue(&directory, &names())?;
    let bench = Bench {
        authority,
        program: args.verifier,
        sts: sts::start(&directory).await?,
        tls: tls::client(&directory.join("ca.pem"))?,
        directory,
    };
    bench.write_rules("developer")?;
    let mut status = 0;
    let mut table = String::from("| fault | what happened |\n|---|---|\n");
    let is_chosen = |name: &str| args.only.as_ref().is_none_or(|text| name.contains(text));
    for name in cases::NAMES {
        if is_chosen(name) {
            let happened = cases::run(name, &bench).await;
            let happened = happened.unwrap_or_else(|why| format!("{BAD}not run{BAD}: {why}"));
            if happened.contains(BAD) {
                status = FAULTY;
            }
            table.push_str(&format!("| {name} | {happened} |\n"));
        }
    }
    Ok((status, table))
}

/// Marks a result that should not have happened.
fn judged(is_good: bool, what: &str) -> String {
    match is_good {
        true => what.to_owned(),
        false => format!("{BAD}{what}{BAD}"),
    }
}

/// The names in the certificate, which the STS and the verifier share.
fn names() -> [String; 2] {
    ["sts.us-west-2.amazonaws.com", "localhost"].map(str::to_owned)
}

/// The results of a load.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) answers: u64,
    /// Requests without an answer, and answers that are not `authenticated` with an expected name.
    pub(crate) faults: Vec<String>,
    pub(crate) worst: Duration,
}

impl Seen {
    pub(crate) fn say(&self) -> String {
        let faults = match self.faults.as_slice() {
            [] => "none lost".to_owned(),
            [first, ..] => {
                let lost = judged(false, &format!("{} lost", self.faults.len()));
                format!("{lost}, the first: {first}")
            }
        };
        let worst = self.worst.as_millis();
        format!(
            "{} requests, {faults}, the slowest {worst} ms",
            self.answers
        )
    }
}

impl Bench {
    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.directory.join(file)
    }

    /// Writes rules that map the caller of the stub to a name, with a group of the same name.
    pub(crate) fn write_rules(&self, name: &str) -> Result<(), String> {
        let text = format!(
            "mapUsers: |\n  - userarn: arn:aws:iam::111122223333:user/developer\n    username: {name}\n    groups: \
             [{name}]\n"
        );
        replace(&self.path("aws-auth.yaml"), &text)
    }

    pub(crate) async fn start(&self) -> Result<Verifier, String> {
        Verifier::start(self, "exec", Scheme::Https, &[]).await
    }

    pub(crate) fn renew_certificate(&self) -> Result<(), String> {
        self.authority.issue(&self.directory, &names())
    }

    /// Sends reviews on 16 connections until `during` ends, with 200 tokens in turn. A connection that the
    /// server asks to close is replaced. With `is_reconnecting`, every connection is replaced. An answer may
    /// have any of the `names`.
    pub(crate) async fn load<T>(
        &self,
        address: SocketAddr,
        names: &[&str],
        is_reconnecting: bool,
        during: impl Future<Output = T>,
    ) -> Result<(Seen, T), String> {
        let tokens = Tokens::new(Kind::Hot, "demo", "us-west-2")?;
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let mut clients = JoinSet::new();
        for _ in 0..16 {
            let client = Loader {
                tokens: tokens.clone(),
                address,
                tls: Arc::clone(&self.tls),
                names: names.iter().map(|name| (*name).to_owned()).collect(),
                is_reconnecting,
                stopped: stopped.clone(),
            };
            clients.spawn(client.run());
        }
        let outcome = during.await;
        let _ = stop.send(true);
        let mut all = Seen::default();
        for seen in clients.join_all().await {
            all.answers = all.answers.saturating_add(seen.answers);
            all.faults.extend(seen.faults);
            all.worst = all.worst.max(seen.worst);
        }
        Ok((all, outcome))
    }

    /// Sends one review on a new connection. Returns the status, the body, and how long it took.
    pub(crate) async fn ask(
        &self,
        verifier: &Verifier,
        body: &str,
    ) -> Result<(u16, String, Duration), String> {
        let start = Instant::now();
        let tls = (verifier.scheme == Scheme::Https).then_some(&self.tls);
        let mut client = Client::connect(verifier.address, tls, "localhost")
            .await
            .map_err(|why| why.to_string())?;
        let answer = client
            .post("/authenticate", body)
            .await
            .map_err(|why| why.to_string())?;
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        Ok((answer.status, body, start.elapsed()))
    }
}

/// One connection of a load.
struct Loader {
    tokens: Tokens,
    address: SocketAddr,
    tls: Arc<ClientConfig>,
    names: Vec<String>,
    is_reconnecting: bool,
    stopped: tokio::sync::watch::Receiver<bool>,
}

impl Loader {
    async fn run(self) -> Seen {
        let mut seen = Seen::default();
        while !*self.stopped.borrow() {
            let Ok(mut client) = Client::connect(self.address, Some(&self.tls), "localhost").await
            else {
                // The server has stopped, or the load is about to stop.
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            };
            while !*self.stopped.borrow() {
                let start = Instant::now();
                let body = self.tokens.next().unwrap_or_default();
                let answer = match client.post("/authenticate", &body).await {
                    Ok(answer) => answer,
                    Err(why) => {
                        seen.faults.push(why.to_string());
                        break;
                    }
                };
                seen.answers = seen.answers.saturating_add(1);
                seen.worst = seen.worst.max(start.elapsed());
                let text = String::from_utf8_lossy(&answer.body).into_owned();
                if !self.is_expected(&text) {
                    seen.faults.push(format!("{}: {text}", answer.status));
                }
                if answer.is_last || self.is_reconnecting {
                    break;
                }
            }
        }
        seen
    }

    /// Returns whether an answer has one of the names, and the group of the same name.
    fn is_expected(&self, text: &str) -> bool {
        self.names.iter().any(|name| {
            text.contains(&format!("\"username\":\"{name}\""))
                && text.contains(&format!("\"groups\":[\"{name}\"]"))
        })
    }
}

/// Replaces a file as a whole.
pub(crate) fn replace(path: &Path, text: &str) -> Result<(), String> {
    program::files::replace(path, text.as_bytes())
}
