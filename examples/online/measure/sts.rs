//! `measure sts`

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clap::Args;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::tls;
use crate::tokens::UNKNOWN_KEY;

#[derive(Args)]
pub(crate) struct StsArgs {
    /// The address and port. A connection that begins with CONNECT is served as by a proxy. Every other
    /// connection begins with TLS.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// The address at which GET over plain HTTP returns the number of requests and connections.
    #[arg(long, value_name = "ADDRESS:PORT")]
    stats: Option<SocketAddr>,
    /// The files of `measure certificates`.
    #[arg(long, value_name = "DIRECTORY")]
    directory: PathBuf,
    /// How long each answer takes, in milliseconds.
    #[arg(long, default_value_t = 0, value_name = "MILLISECONDS")]
    delay_ms: u64,
}

#[derive(Default)]
struct Counts {
    connections: AtomicU64,
    requests: AtomicU64,
}

pub(crate) async fn run(args: StsArgs) -> Result<(), String> {
    let acceptor = TlsAcceptor::from(tls::server(&args.directory)?);
    let counts = Arc::new(Counts::default());
    if let Some(address) = args.stats {
        let listener = bind(address).await?;
        tokio::spawn(stats(listener, Arc::clone(&counts)));
    }
    let listener = bind(args.listen).await?;
    let delay = Duration::from_millis(args.delay_ms);
    accept(listener, acceptor, counts, delay).await
}

/// Starts an STS within this process. Returns its address.
pub(crate) async fn start(directory: &Path) -> Result<SocketAddr, String> {
    let acceptor = TlsAcceptor::from(tls::server(directory)?);
    let listener = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
    let address = listener.local_addr().map_err(|why| why.to_string())?;
    let delay = Duration::from_millis(1);
    tokio::spawn(accept(listener, acceptor, Arc::default(), delay));
    Ok(address)
}

async fn accept(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    counts: Arc<Counts>,
    delay: Duration,
) -> Result<(), String> {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        counts.connections.fetch_add(1, Ordering::Relaxed);
        let (acceptor, counts) = (acceptor.clone(), Arc::clone(&counts));
        tokio::spawn(serve(stream, acceptor, counts, delay));
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(address)
        .await
        .map_err(|why| format!("{address}: {why}"))
}

async fn serve(
    mut stream: TcpStream,
    acceptor: TlsAcceptor,
    counts: Arc<Counts>,
    delay: Duration,
) -> Option<()> {
    let mut first = [0];
    stream.peek(&mut first).await.ok()?;
    if first == *b"C" {
        // Read byte by byte, so that nothing behind the head is taken from the stream.
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.ok()?);
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.ok()?;
    }
    let _ = stream.set_nodelay(true);
    let mut stream = BufReader::new(acceptor.accept(stream).await.ok()?);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let read = stream.read_line(&mut head).await.ok()?;
            if read == 0 {
                return None;
            }
        }
        counts.requests.fetch_add(1, Ordering::Relaxed);
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        stream.write_all(answer(&head).as_bytes()).await.ok()?;
        stream.flush().await.ok()?;
    }
}

fn answer(head: &str) -> String {
    let (status, body) = match head.contains(&format!("X-Amz-Credential={UNKNOWN_KEY}")) {
        true => (
            403,
            r#"{"Error":{"Code":"InvalidClientTokenId","Message":"unknown","Type":"Sender"},"RequestId":"r"}"#,
        ),
        false => (
            200,
            r#"{"GetCallerIdentityResponse":{"GetCallerIdentityResult":{"Account":"111122223333","Arn":"arn:aws:iam::111122223333:user/developer","UserId":"AIDADEVELOPEREXAMPLE"},"ResponseMetadata":{"RequestId":"r"}}}"#,
        ),
    };
    format!(
        "HTTP/1.1 {status} Stub\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

async fn stats(listener: TcpListener, counts: Arc<Counts>) {
    loop {
        let Ok((mut stream, _)) = listener.accept().await else {
            continue;
        };
        let body = format!(
            "{{\"requests\":{},\"connections\":{}}}\n",
            counts.requests.load(Ordering::Relaxed),
            counts.connections.load(Ordering::Relaxed)
        );
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        let mut head = [0; 1024];
        let _ = stream.read(&mut head).await;
        let _ = stream.write_all(answer.as_bytes()).await;
    }
}
