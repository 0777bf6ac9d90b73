//! Servers on loopback that replace AWS: over HTTP, and over TLS behind a proxy.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A request as a stub received it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Received {
    /// `METHOD PATH`.
    pub(crate) line: String,
    /// The host that a proxy was asked to connect to, else the host in the header.
    pub(crate) host: String,
    /// Each `name: value`, with the name in lower case.
    pub(crate) headers: Vec<String>,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn has(&self, header: &str) -> bool {
        self.headers.iter().any(|own| own == header)
    }
}

/// The status, content type and body of an answer.
pub(crate) type Answer = (u16, &'static str, String);

/// A server. It runs until the process ends.
pub(crate) struct Stub {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Received>>>,
}

impl Stub {
    /// Serves HTTP.
    pub(crate) fn http(answer: fn(&Received) -> Answer) -> Self {
        Self::start(move |stream, seen| serve(stream, seen, None, answer))
    }

    /// Serves TLS.
    pub(crate) fn https(tls: Arc<ServerConfig>, answer: fn(&Received) -> Answer) -> Self {
        Self::start(move |stream, seen| {
            let connection = ServerConnection::new(Arc::clone(&tls)).ok()?;
            serve(StreamOwned::new(connection, stream), seen, None, answer)
        })
    }

    /// Serves as a proxy that answers for every host itself, over TLS.
    pub(crate) fn proxy(tls: Arc<ServerConfig>, answer: fn(&Received) -> Answer) -> Self {
        Self::start(move |mut stream, seen| {
            let connect = read(&mut stream)?;
            let host = connect.line.strip_prefix("CONNECT ")?.to_owned();
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").ok()?;
            let connection = ServerConnection::new(Arc::clone(&tls)).ok()?;
            serve(
                StreamOwned::new(connection, stream),
                seen,
                Some(host),
                answer,
            )
        })
    }

    fn start(
        serve: impl Fn(TcpStream, &Mutex<Vec<Received>>) -> Option<()> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen: Arc<Mutex<Vec<Received>>> = Arc::default();
        let (for_thread, serve) = (Arc::clone(&seen), Arc::new(serve));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, serve) = (Arc::clone(&for_thread), Arc::clone(&serve));
                std::thread::spawn(move || serve(stream, &seen));
            }
        });
        Self { address, seen }
    }

    /// Returns the requests so far.
    pub(crate) fn seen(&self) -> Vec<Received> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(
    mut stream: impl Read + Write,
    seen: &Mutex<Vec<Received>>,
    host: Option<String>,
    answer: fn(&Received) -> Answer,
) -> Option<()> {
    let mut request = read(&mut stream)?;
    if let Some(host) = host {
        request.host = host;
    }
    let (status, content_type, body) = answer(&request);
    seen.lock().unwrap().push(request);
    let head = format!(
        "HTTP/1.1 {status} Stub\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\
         x-aws-ec2-metadata-token-ttl-seconds: 21600\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body.as_bytes()).ok()?;
    stream.flush().ok()
}

fn read(stream: &mut impl Read) -> Option<Received> {
    // The stream is read byte by byte, so that no byte behind a CONNECT is taken.
    let mut stream = BufReader::with_capacity(1, stream);
    let mut line = || {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        Some(line.trim_end().to_owned())
    };
    let first = line()?;
    let (first, _) = first.rsplit_once(" HTTP/")?;
    let mut request = Received {
        line: first.to_owned(),
        ..Received::default()
    };
    let mut length = 0_usize;
    loop {
        let header = line()?;
        let Some((name, value)) = header.split_once(':') else {
            break;
        };
        let (name, value) = (name.to_ascii_lowercase(), value.trim());
        match name.as_str() {
            "content-length" => length = value.parse().ok()?,
            "host" => value.clone_into(&mut request.host),
            _ => {}
        }
        request.headers.push(format!("{name}: {value}"));
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    request.body = String::from_utf8(body).ok()?;
    Some(request)
}

/// A certificate authority, and a server with its certificate.
pub(crate) struct Authority {
    /// The authority's certificate, in PEM.
    pub(crate) pem: String,
    pub(crate) server: Arc<ServerConfig>,
}

impl Authority {
    pub(crate) fn new(hosts: &[&str]) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
            .distinguished_name
            // Clients would confuse two authorities of the same name.
            .push(
                DnType::CommonName,
                format!("authority of {}", hosts.join(" ")),
            );
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let names: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(names)
            .unwrap()
            .signed_by(&key, &authority)
            .unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        Self {
            pem: authority.pem(),
            server: Arc::new(server),
        }
    }
}
