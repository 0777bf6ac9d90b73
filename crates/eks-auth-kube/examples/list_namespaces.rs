//! Lists the namespaces of an EKS cluster. The token is minted in this process, and would be refreshed.
//!
//! ```text
//! $ export AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=…
//! $ cargo run -p eks-auth-kube --features token-source,kube/ring,kube/rustls-tls --example list_namespaces \
//!       eu-west-1 my-cluster https://0123.gr7.eu-west-1.eks.amazonaws.com ca.pem
//! ```
//!
//! The last argument is the certificate authority of the cluster, in PEM. Without it, the authorities of the system
//! are trusted.

use std::error::Error;
use std::sync::Arc;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use eks_auth_kube::eks_mint::{
    ClusterId, Endpoint, EndpointVariant, Minter, TokenSource, UnixTime,
};
use http::Request;
use kube::Config;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut argument = |name: &str| arguments.next().ok_or_else(|| format!("{name} is missing"));
    let endpoint = Endpoint::regional(&argument("the region")?, EndpointVariant::ORDINARY)?;
    let minter = Minter::new(&endpoint, &ClusterId::parse(&argument("the cluster")?)?);
    let credentials = Credentials::new(
        std::env::var("AWS_ACCESS_KEY_ID")?,
        std::env::var("AWS_SECRET_ACCESS_KEY")?,
        std::env::var("AWS_SESSION_TOKEN").ok(),
        None,
        "environment",
    );
    let clock = || UnixTime::try_from(SystemTime::now()).unwrap_or(UnixTime::LAST);
    let source = TokenSource::new(minter, credentials, clock);

    let mut config = Config::new(argument("the URL of the API server")?.parse()?);
    config.root_cert_file = arguments.next().map(Into::into);
    let client = eks_auth_kube::client(config, Arc::new(source))?;
    let request = Request::get("/api/v1/namespaces").body(Vec::new())?;
    let list = client.request_text(request).await?;
    // The unchanged list of the API server.
    std::io::Write::write_all(&mut std::io::stdout(), list.as_bytes())?;
    Ok(())
}
