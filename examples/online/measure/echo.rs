//! `measure echo`

use std::net::SocketAddr;
use std::path::PathBuf;

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use clap::Args;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::tls;

#[derive(Args)]
pub(crate) struct EchoArgs {
    /// The address and port.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// The files of `measure certificates`.
    #[arg(long, value_name = "DIRECTORY")]
    directory: PathBuf,
}

pub(crate) async fn run(args: EchoArgs) -> Result<(), String> {
    let listener = TcpListener::bind(args.listen)
        .await
        .map_err(|why| format!("{}: {why}", args.listen))?;
    let listener = Tls {
        listener,
        acceptor: TlsAcceptor::from(tls::server(&args.directory)?),
    };
    let app = Router::new().route("/authenticate", post(|body: Bytes| async { body }));
    axum::serve(listener, app)
        .await
        .map_err(|why| why.to_string())
}

/// Accepts connections one after the other, handshake included: enough for a load whose connections are kept.
struct Tls {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl axum::serve::Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let Ok((stream, peer)) = self.listener.accept().await else {
                continue;
            };
            let _ = stream.set_nodelay(true);
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, peer);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}
