//! A minimal client of HTTP/1.1 on one kept connection.

use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// The longest answer in bytes. The answer for a user with a few hundred groups fits.
const MAX_ANSWER: usize = 1 << 20;

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A kept connection.
pub(crate) struct Client {
    stream: Box<dyn Stream>,
    buffer: Vec<u8>,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    pub(crate) is_last: bool,
}

impl Client {
    pub(crate) async fn connect(
        address: SocketAddr,
        tls: Option<&Arc<ClientConfig>>,
        name: &str,
    ) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let stream: Box<dyn Stream> = match tls {
            None => Box::new(stream),
            Some(config) => {
                let name = ServerName::try_from(name.to_owned())
                    .map_err(|why| Error::new(ErrorKind::InvalidInput, why))?;
                let connector = TlsConnector::from(Arc::clone(config));
                Box::new(connector.connect(name, stream).await?)
            }
        };
        Ok(Self {
            stream,
            buffer: Vec::new(),
        })
    }

    pub(crate) async fn post(&mut self, path: &str, body: &str) -> Result<Answer> {
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream.write_all(request.as_bytes()).await?;
        self.stream.flush().await?;
        self.answer().await
    }

    async fn answer(&mut self) -> Result<Answer> {
        let malformed = || Error::new(ErrorKind::InvalidData, "not an answer of HTTP/1.1");
        self.buffer.clear();
        let end = loop {
            if let Some(at) = find(&self.buffer, b"\r\n\r\n") {
                break at;
            }
            self.fill().await?;
        };
        let (head, rest) = self.buffer.split_at_checked(end).ok_or_else(malformed)?;
        let head = String::from_utf8_lossy(head).to_ascii_lowercase();
        let status = head
            .get(9..12)
            .and_then(|status| status.parse().ok())
            .ok_or_else(malformed)?;
        let length: usize = header(&head, "content-length")
            .and_then(|length| length.parse().ok())
            .filter(|length| *length <= MAX_ANSWER)
            .ok_or_else(malformed)?;
        let is_last = header(&head, "connection") == Some("close");
        let mut body = rest.get(4..).unwrap_or_default().to_vec();
        while body.len() < length {
            self.buffer.clear();
            self.fill().await?;
            body.extend_from_slice(&self.buffer);
        }
        Ok(Answer {
            status,
            body,
            is_last,
        })
    }

    async fn fill(&mut self) -> Result<()> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            _ if self.buffer.len() > MAX_ANSWER => Err(ErrorKind::InvalidData.into()),
            _ => Ok(()),
        }
    }
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn find(bytes: &[u8], text: &[u8]) -> Option<usize> {
    bytes.windows(text.len()).position(|window| window == text)
}
