//! Measures the webhook: a load on it, the STS behind it, and an echo to compare it with.
//!
//! ```text
//! $ measure certificates --directory c sts.us-west-2.amazonaws.com localhost
//! $ measure sts --listen 127.0.0.1:4443 --directory c --delay-ms 20 &
//! $ SSL_CERT_FILE=c/ca.pem verifier serve -i demo --aws-auth FILE --tls-cert c/cert.pem --tls-key c/key.pem \
//!       --sts-proxy http://127.0.0.1:4443 --listen 127.0.0.1:4444 &
//! $ measure load --target 127.0.0.1:4444 --directory c --connections 64 --tokens cold --pid $!
//! ```
//!
//! `benches/webhook` runs a table of such measurements; `measure faults --verifier PATH` runs the verifier through
//! faults under load.

mod certificates;
mod client;
mod echo;
mod faults;
mod load;
mod process;
mod sts;
mod tls;
mod tokens;
mod waste;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use program::output;

pub(crate) const PROGRAM: &str = "measure";

/// Measure an authentication webhook.
#[derive(Parser)]
#[command(name = "measure", version)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write ca.pem, and cert.pem with key.pem for the names.
    Certificates(certificates::CertificatesArgs),
    /// Answer a request with its body, to measure the HTTP server alone.
    Echo(echo::EchoArgs),
    /// Run the verifier through faults, and print what happened to the requests meanwhile.
    ///
    /// Exit status: 0 if everything went as it should, 1 if not (in bold), 2 if there is no answer.
    Faults(faults::FaultsArgs),
    /// Send reviews over kept connections, and print one line of JSON.
    Load(load::LoadArgs),
    /// Answer GetCallerIdentity over TLS, as STS itself or as a proxy in front of it.
    Sts(sts::StsArgs),
    /// Open connections that make no request, and keep them until a signal ends the program.
    Waste(waste::WasteArgs),
}

#[tokio::main]
async fn main() -> ExitCode {
    let args: Args = match output::parse(PROGRAM) {
        Ok(args) => args,
        Err(status) => return status,
    };
    // An error means that a provider is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let outcome = match args.command {
        Command::Certificates(args) => certificates::run(&args).map(|()| String::new()),
        Command::Echo(args) => echo::run(args).await.map(|()| String::new()),
        Command::Faults(args) => match faults::run(args).await {
            Ok((status, table)) => return output::finish(PROGRAM, status, &table),
            Err(why) => Err(why),
        },
        Command::Load(args) => load::run(args).await,
        Command::Sts(args) => sts::run(args).await.map(|()| String::new()),
        Command::Waste(args) => waste::run(args).await.map(|()| String::new()),
    };
    match outcome {
        Ok(text) => output::finish(PROGRAM, 0, &text),
        Err(why) => output::fail(PROGRAM, &why),
    }
}
