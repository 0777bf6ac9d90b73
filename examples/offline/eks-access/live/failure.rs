//! Why a cluster could not be read, for a person who gave a context.

use std::fmt::{self, Display, Formatter};

use eks_auth_kube::{EksCommand, ReadError};
use kube::Config;
use kube::client::AuthError;
use kube::config::{Kubeconfig, KubeconfigError};
use printable_text::{Causes, Printable};
use program::files;

/// How many contexts of a kubeconfig an error names: 10. Our choice: they fit on two lines of a terminal.
const MAX_CONTEXTS: usize = 10;

/// The HTTP status of an API server that does not accept the credentials.
const UNAUTHORIZED: u16 = 401;

/// The API server, and where the client gets its credentials.
pub(crate) struct Target {
    /// The host, and the port if the URL has one.
    server: String,
    login: Login,
}

/// Where a client gets its credentials.
enum Login {
    /// A token is minted here with AWS credentials.
    Minted,
    /// This command of the context gives a token.
    Command(String),
    /// The kubeconfig has them, or the pod does.
    Given,
}

impl Target {
    pub(crate) fn of(config: &Config) -> Self {
        let url = &config.cluster_url;
        let host = url.host().unwrap_or_default();
        let server = match url.port_u16() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let login = match &config.auth_info.exec {
            Some(command) if EksCommand::parse(command).is_some() => Login::Minted,
            Some(command) => Login::Command(command.command.clone().unwrap_or_default()),
            None => Login::Given,
        };
        Self { server, login }
    }

    /// Says why the client could not be built.
    pub(crate) fn of_client(&self, why: &kube::Error) -> String {
        match (why, &self.login) {
            (kube::Error::Auth(why), Login::Command(command)) => of_command(command, why),
            _ => Causes::new(why).to_string(),
        }
    }

    /// Says why the cluster could not be read.
    pub(crate) fn of_read(&self, why: &ReadError) -> String {
        let server = Printable::new(&self.server);
        match why {
            ReadError::Unreachable { why, .. } => {
                format!("the API server {server} cannot be reached: {why}")
            }
            ReadError::NoToken { why, .. } => match &self.login {
                Login::Command(command) => {
                    format!("the context's command `{}`: {why}", Printable::new(command))
                }
                Login::Minted | Login::Given => why.clone(),
            },
            ReadError::Refused {
                status: UNAUTHORIZED,
                ..
            } => format!(
                "the API server {server} does not accept {} (401)",
                self.login
            ),
            _ => why.to_string(),
        }
    }
}

impl Display for Login {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Minted => f.write_str(
                "the token that was minted here with your AWS credentials: they have expired, or the cluster has no \
                 mapping and no access entry for their ARN",
            ),
            Self::Command(command) => write!(
                f,
                "the token of the context's command `{}`: it has expired, or the cluster has no mapping for its caller",
                Printable::new(command)
            ),
            Self::Given => {
                f.write_str("the credentials of the context: there are none, or they have expired")
            }
        }
    }
}

/// Says why a kubeconfig could not be read.
pub(crate) fn of_kubeconfig(why: &KubeconfigError) -> String {
    match why {
        KubeconfigError::ReadConfig(why, path) => {
            format!("the kubeconfig {}: {}", files::name(path), Causes::new(why))
        }
        _ => format!("the kubeconfig: {}", Causes::new(why)),
    }
}

/// Says which contexts there are, if the kubeconfig lacks the context to read. `None` if it has the
/// context.
pub(crate) fn of_context(kubeconfig: &Kubeconfig, context: Option<&str>) -> Option<String> {
    let contexts = &kubeconfig.contexts;
    let context = context.or(kubeconfig.current_context.as_deref());
    if contexts
        .iter()
        .any(|one| Some(one.name.as_str()) == context)
    {
        return None;
    }
    let missing = match context {
        Some(context) => format!("there is no context `{}`", Printable::new(context)),
        None => "there is no current context".to_owned(),
    };
    let names: Vec<String> = contexts
        .iter()
        .take(MAX_CONTEXTS)
        .map(|one| format!("`{}`", Printable::new(&one.name)))
        .collect();
    let there = match (
        names.join(", "),
        contexts.len().saturating_sub(MAX_CONTEXTS),
    ) {
        (names, _) if names.is_empty() => "it has no context".to_owned(),
        (names, 0) => format!("choose one with --context: {names}"),
        (names, more) => format!("choose one with --context: {names} and {more} more"),
    };
    Some(format!("the kubeconfig: {missing}; {there}"))
}

/// Says why the command of a context gave no token. Its output is left out, since the token may be in it.
fn of_command(command: &str, why: &AuthError) -> String {
    let why = match why {
        AuthError::AuthExecStart(why) => format!("cannot be run: {}", Causes::new(why)),
        AuthError::AuthExecRun { out, .. } => {
            let said = String::from_utf8_lossy(&out.stderr);
            match said.trim() {
                "" => format!("failed with {}", out.status),
                said => format!("failed with {}: {}", out.status, Printable::new(said)),
            }
        }
        AuthError::AuthExecParse(_) => "did not print an ExecCredential".to_owned(),
        _ => format!("gave no token: {}", Causes::new(why)),
    };
    format!("the context's command `{}` {why}", Printable::new(command))
}
