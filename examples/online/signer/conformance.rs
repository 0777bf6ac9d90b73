//! The conformance driver of the signer: one JSON question a line on standard input, one JSON answer a line on standard
//! output. The driver is a program of its own, because the signer is a program and not a library. For the
//! libraries, see `examples/conformance`.
//!
//! - `signer.sign`: the requests that a run makes for its credentials, and the key that it signs with.
//! - `signer.runs`: which of several runs with `--cache` ask for credentials.

#![expect(dead_code, reason = "the rest of the signer is not asked")]

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io::{self, BufRead as _, Write as _};
use std::path::Path;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use clap::Parser as _;
use eks_token::Token;
use serde::Deserialize;
use serde_json::{Value, json};
use sts_presign::UnixTime;

use crate::arguments::Arguments;
use crate::cache::Locks;
use crate::settings::{Environment, Settings};
use crate::signing::{Tools, token};
use crate::terminal::NoCode;

mod arguments;
mod cache;
mod credentials;
mod eks;
mod endpoint;
mod error;
mod ini;
mod machine;
mod plan;
mod process;
mod profiles;
mod role;
mod settings;
mod signing;
mod sso;
mod terminal;
mod time;

const PROGRAM: &str = "signer-conformance";

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let mut answers = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let answer = match answer(&line?).await {
            Ok(answer) => answer,
            Err(why) => json!({"error": {"code": "malformed-question", "message": why}}),
        };
        writeln!(answers, "{answer}")?;
        answers.flush()?;
    }
    Ok(())
}

#[derive(Deserialize)]
struct Question {
    op: String,
    /// The content of the two files.
    #[serde(default)]
    config: String,
    #[serde(default)]
    credentials: String,
    runs: Vec<Run>,
}

/// One run of the program.
#[derive(Deserialize)]
struct Run {
    #[serde(default)]
    variables: BTreeMap<String, String>,
    arguments: Vec<String>,
    now: String,
    /// How long the credentials of STS last, in seconds.
    #[serde(default)]
    life: u64,
    /// How the files of the cache are changed before the run.
    #[serde(default)]
    cache: CacheFiles,
    /// How long another process holds the lock of the cache, from the start of the run on, in milliseconds.
    #[serde(default)]
    held_ms: u64,
    /// Whether the run begins while the run before it waits for STS.
    #[serde(default)]
    beside: bool,
    /// The user's answer to the question for the code of an MFA device.
    #[serde(default)]
    typed: String,
    #[serde(default)]
    no_terminal: bool,
}

#[derive(Default, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum CacheFiles {
    #[default]
    Kept,
    Broken,
    Emptied,
    Removed,
    Shared,
    /// A file stands in the place of the cache directory.
    Blocked,
}

async fn answer(line: &str) -> Result<Value, String> {
    let question: Question = serde_json::from_str(line).map_err(|why| why.to_string())?;
    if !matches!(question.op.as_str(), "signer.sign" | "signer.runs") {
        return Ok(json!({"error": {"code": "unknown-op", "message": question.op}}));
    }
    let home = tempfile::tempdir().map_err(|why| why.to_string())?;
    for (name, content) in [
        ("config", &question.config),
        ("credentials", &question.credentials),
    ] {
        std::fs::write(home.path().join(name), content).map_err(|why| why.to_string())?;
    }
    let mut runs = Vec::new();
    let mut rest = question.runs.as_slice();
    while let Some((run, after)) = rest.split_first() {
        change(&home.path().join(".kube/cache/signer"), &run.cache)
            .map_err(|why| why.to_string())?;
        rest = after;
        match after.split_first() {
            Some((second, after)) if second.beside => {
                runs.extend(at_once(home.path(), run, second)?);
                rest = after;
            }
            _ => runs.push(alone(home.path(), run).await?),
        }
    }
    Ok(json!({ "runs": runs }))
}

/// Changes the files of the cache, if there are any, or blocks their directory.
fn change(directory: &Path, how: &CacheFiles) -> io::Result<()> {
    if directory.is_file() {
        std::fs::remove_file(directory)?;
    }
    if *how == CacheFiles::Blocked {
        if directory.exists() {
            std::fs::remove_dir_all(directory)?;
        }
        std::fs::create_dir_all(directory.with_file_name(""))?;
        return std::fs::write(directory, "");
    }
    if *how == CacheFiles::Kept || !directory.exists() {
        return Ok(());
    }
    for file in std::fs::read_dir(directory)? {
        let path = file?.path();
        match how {
            _ if path.extension().is_none_or(|extension| extension != "json") => {}
            CacheFiles::Kept | CacheFiles::Blocked => {}
            CacheFiles::Emptied => std::fs::write(&path, "")?,
            CacheFiles::Broken => std::fs::write(&path, "{")?,
            CacheFiles::Removed => std::fs::remove_file(&path)?,
            CacheFiles::Shared => share(&path)?,
        }
    }
    Ok(())
}

#[cfg(unix)]
fn share(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn share(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Runs the program, while another process may hold the lock of the cache for a time.
async fn alone(home: &Path, run: &Run) -> Result<Value, String> {
    let waited = Cell::new(Duration::ZERO);
    let held = Duration::from_millis(run.held_ms);
    let locks = Locks {
        try_lock: &|file| match waited.get() < held {
            true => Err(TryLockError::WouldBlock),
            false => file.try_lock(),
        },
        pause: &|time| waited.set(waited.get().saturating_add(time)),
        note: &|_| (),
    };
    sign(home, run, locks, None).await
}

/// Runs the program twice: the second run begins while the first one waits for STS, if it asks. STS answers when the
/// second run waits for the lock, or has ended.
fn at_once(home: &Path, first: &Run, second: &Run) -> Result<[Value; 2], String> {
    let (asking, asked) = mpsc::channel();
    let (waiting, waits) = mpsc::channel();
    let (ended, end) = mpsc::channel::<()>();
    let gate = Arc::new(Gate {
        asking,
        waits: Mutex::new(waits),
    });
    std::thread::scope(|scope| {
        let first = scope.spawn(move || {
            let locks = Locks {
                note: &|_| (),
                ..Locks::SYSTEM
            };
            let answer = block_on(sign(home, first, locks, Some(gate)));
            drop(ended);
            answer
        });
        // An error means that the first run has ended without a request.
        let _ = asked.recv();
        let second = scope.spawn(move || {
            let locks = Locks {
                try_lock: &File::try_lock,
                pause: &|_| {
                    let _ = waiting.send(());
                    let _ = end.recv();
                },
                note: &|_| (),
            };
            block_on(sign(home, second, locks, None))
        });
        let answers = [first.join(), second.join()];
        let [first, second] =
            answers.map(|answer| answer.map_err(|_| "a run has panicked".to_owned())?);
        Ok([first?, second?])
    })
}

fn block_on(run: impl Future<Output = Result<Value, String>>) -> Result<Value, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.map_err(|why| why.to_string())?.block_on(run)
}

/// The channels that make STS wait.
#[derive(Debug)]
struct Gate {
    asking: Sender<()>,
    waits: Mutex<Receiver<()>>,
}

/// Runs the program once, with a stub in the place of STS.
async fn sign(
    home: &Path,
    run: &Run,
    locks: Locks<'_>,
    gate: Option<Arc<Gate>>,
) -> Result<Value, String> {
    let words = std::iter::once("signer").chain(run.arguments.iter().map(String::as_str));
    let arguments = Arguments::try_parse_from(words).map_err(|why| why.to_string())?;
    let now = UnixTime::parse_rfc3339(&run.now).map_err(|why| why.to_string())?;
    let stub = Stub {
        requests: Arc::default(),
        end: now.later(run.life).to_rfc3339(),
        gate,
    };
    let path = |name: &str| home.join(name).display().to_string();
    let (config, credentials, directory) = (path("config"), path("credentials"), path(""));
    let environment: Environment = [
        ("AWS_CONFIG_FILE", config.as_str()),
        ("AWS_SHARED_CREDENTIALS_FILE", &credentials),
        ("HOME", &directory),
    ]
    .into_iter()
    .chain(
        run.variables
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str())),
    )
    .collect();
    let connector = SharedHttpConnector::new(stub.clone());
    let client = |_: &Settings| {
        let connector = connector.clone();
        Ok::<SharedHttpClient, _>(http_client_fn(move |_, _| connector.clone()))
    };
    let tools = Tools {
        clock: &|| Ok(now),
        client: &client,
        prompt: &|serial| match run.no_terminal {
            true => Err(NoCode::NoTerminal),
            false => typed(&home.join("terminal"), &run.typed, serial),
        },
        locks,
    };
    let signed = token(&arguments, environment, &tools).await;
    let requests = stub
        .requests
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    Ok(match signed {
        Ok(kept) => json!({"requests": requests, "key": key(&kept.token)?}),
        Err(why) => json!({
            "requests": requests,
            "error": {"code": "refused", "message": why.to_string()},
        }),
    })
}

/// Asks for a code. A file replaces the terminal, and already has the text that the user will type.
fn typed(path: &Path, text: &str, serial: &str) -> Result<String, NoCode> {
    std::fs::write(path, text).map_err(|_| NoCode::NoTerminal)?;
    terminal::mfa_code(path, serial)
}

/// Returns the access key id that a token is signed with.
fn key(token: &str) -> Result<String, String> {
    let token = Token::parse(token).map_err(|why| why.to_string())?;
    let url = token.decode().map_err(|why| why.to_string())?;
    let credential = url
        .expose()
        .split("X-Amz-Credential=")
        .nth(1)
        .unwrap_or_default();
    Ok(credential
        .split("%2F")
        .next()
        .unwrap_or_default()
        .to_owned())
}

/// Records each request, and answers as STS. The key of a role has the role's name.
#[derive(Clone, Debug)]
struct Stub {
    requests: Arc<Mutex<Vec<Value>>>,
    end: String,
    gate: Option<Arc<Gate>>,
}

impl HttpConnector for Stub {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().unwrap_or_default();
        let mut parameters: BTreeMap<String, String> =
            url::form_urlencoded::parse(body).into_owned().collect();
        parameters.remove("Version");
        let action = parameters.remove("Action").unwrap_or_default();
        let authorization = request.headers().get("authorization").unwrap_or_default();
        let key = authorization
            .split("Credential=")
            .nth(1)
            .unwrap_or_default();
        let key = key.split('/').next().unwrap_or_default().to_owned();
        if let Some(gate) = &self.gate {
            // Errors mean that the other run has ended.
            let _ = gate.asking.send(());
            let waits = gate.waits.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = waits.recv();
        }
        let answer = self.answer(&action, &key, &parameters);
        self.requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(json!({"action": action, "key": key, "parameters": parameters}));
        HttpConnectorFuture::ready(Ok(HttpResponse::new(
            http::StatusCode::OK.into(),
            answer.into(),
        )))
    }
}

impl Stub {
    fn answer(&self, action: &str, key: &str, parameters: &BTreeMap<String, String>) -> String {
        let result = if action == "GetCallerIdentity" {
            let user_id = match key.starts_with("ASIA") {
                true => "AROAEXAMPLE:alice@example.com",
                false => "AIDAEXAMPLE",
            };
            format!(
                "<Arn>arn:aws:iam::111122223333:user/a</Arn><UserId>{user_id}</UserId>\
                 <Account>111122223333</Account>"
            )
        } else {
            let role = parameters
                .get("RoleArn")
                .and_then(|arn| arn.rsplit('/').next());
            format!(
                "<Credentials><AccessKeyId>ASIA{}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
                 <SessionToken>T</SessionToken><Expiration>{}</Expiration></Credentials>\
                 <AssumedRoleUser><Arn>arn:aws:sts::111122223333:assumed-role/r/s</Arn>\
                 <AssumedRoleId>AROA:s</AssumedRoleId></AssumedRoleUser>",
                role.unwrap_or_default().to_uppercase(),
                self.end,
            )
        };
        format!(
            "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result>{result}\
             </{action}Result></{action}Response>"
        )
    }
}
