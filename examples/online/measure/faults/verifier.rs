//! The verifier as a process.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::Stdio;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::Bench;

/// The ways in which the verifier serves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Scheme {
    Http,
    Https,
}

/// A running verifier. It is ended when this value is dropped.
pub(crate) struct Verifier {
    pub(crate) scheme: Scheme,
    process: Child,
    pub(crate) address: SocketAddr,
}

impl Verifier {
    /// Starts the verifier by a shell, after the commands of `shell`, whose last word is `exec`.
    pub(crate) async fn start(
        bench: &Bench,
        shell: &str,
        scheme: Scheme,
        flags: &[&str],
    ) -> Result<Self, String> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|listener| listener.local_addr())
            .map_err(|why| why.to_string())?;
        let log = std::fs::File::create(bench.path("log")).map_err(|why| why.to_string())?;
        let mut command = Command::new("sh");
        command
            .args(["-c", &format!("{shell} \"$@\""), "sh"])
            .arg(&bench.program)
            .args([
                "serve",
                "--cluster-id",
                "demo",
                "--probe-listen",
                "127.0.0.1:0",
            ])
            .args(["--listen", &address.to_string()])
            .arg("--aws-auth")
            .arg(bench.path("aws-auth.yaml"))
            .args(flags)
            .env("SSL_CERT_FILE", bench.path("ca.pem"))
            .env("HTTPS_PROXY", format!("http://{}", bench.sts))
            .env_remove("NO_PROXY")
            .env_remove("no_proxy")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true);
        if scheme == Scheme::Https {
            command
                .arg("--tls-cert")
                .arg(bench.path("cert.pem"))
                .arg("--tls-key")
                .arg(bench.path("key.pem"));
        }
        let process = command
            .spawn()
            .map_err(|why| format!("{}: {why}", bench.program.display()))?;
        let mut verifier = Self {
            scheme,
            process,
            address,
        };
        while TcpStream::connect(address).await.is_err() {
            if let Ok(Some(status)) = verifier.process.try_wait() {
                return Err(format!(
                    "the verifier ended with {status}: {}",
                    verifier.log(bench)
                ));
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(verifier)
    }

    pub(crate) async fn signal(&self, name: &str) -> Result<(), String> {
        let id = self.process.id().unwrap_or_default().to_string();
        let sent = Command::new("kill").args([name, &id]).status().await;
        match sent {
            Ok(status) if status.success() => Ok(()),
            other => Err(format!("kill {name}: {other:?}")),
        }
    }

    /// Waits for the end of the process, and returns its status.
    pub(crate) async fn ended(&mut self) -> Result<String, String> {
        let ended = tokio::time::timeout(Duration::from_secs(30), self.process.wait()).await;
        match ended {
            Ok(Ok(status)) => Ok(status.to_string()),
            Ok(Err(why)) => Err(why.to_string()),
            Err(_) => Err("the verifier did not end within 30 s".to_owned()),
        }
    }

    /// Returns the log so far.
    pub(crate) fn log(&self, bench: &Bench) -> String {
        std::fs::read_to_string(bench.path("log")).unwrap_or_default()
    }
}
