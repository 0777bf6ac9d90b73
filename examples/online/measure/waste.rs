//! `measure waste`

use std::net::SocketAddr;

use clap::{Args, ValueEnum};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

#[derive(Args)]
pub(crate) struct WasteArgs {
    /// The address and port of the webhook.
    #[arg(long, value_name = "ADDRESS:PORT")]
    target: SocketAddr,
    /// What each connection sends.
    #[arg(long, value_enum)]
    kind: Kind,
    /// How many connections are opened.
    #[arg(long, default_value_t = 2_000, value_name = "NUMBER")]
    connections: usize,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Kind {
    /// Nothing.
    Idle,
    /// Half the head of a request.
    HalfHead,
    /// A head, and half the body.
    SlowBody,
}

impl Kind {
    const fn text(self) -> &'static str {
        match self {
            Self::Idle => "",
            Self::HalfHead => "POST /authenticate HTTP/1.1\r\nhost: local",
            Self::SlowBody => {
                "POST /authenticate HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\n{\"kind\":"
            }
        }
    }
}

pub(crate) async fn run(args: WasteArgs) -> Result<(), String> {
    let mut open = Vec::new();
    for _ in 0..args.connections {
        let mut stream = TcpStream::connect(args.target)
            .await
            .map_err(|why| format!("{}: {why}", args.target))?;
        // A server that needs room may have closed the connection by then.
        let _ = stream.write_all(args.kind.text().as_bytes()).await;
        open.push(stream);
    }
    // Until a signal ends this process; the connections must stay open.
    std::future::pending::<()>().await;
    drop(open);
    Ok(())
}
