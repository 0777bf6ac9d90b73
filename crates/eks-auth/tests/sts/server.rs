//! An STS on loopback that gives every request one answer.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, Once};

use eks_auth::{StsClient, StsClientBuilder};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

pub(crate) const HOST: &str = "sts.us-west-2.amazonaws.com";

/// The body of a POST.
pub(crate) const BODY: &str = "Action=GetCallerIdentity";

pub(crate) struct Sts {
    pub(crate) address: SocketAddr,
    authority: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Sts {
    /// Answers each connection with these bytes, and closes it. Its certificate is for `host`.
    pub(crate) async fn start(host: &str, answer: Vec<u8>) -> Self {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config(&issuer, host)));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sts = Self {
            address: listener.local_addr().unwrap(),
            authority: issuer.pem(),
            requests: Arc::default(),
        };
        let requests = Arc::clone(&sts.requests);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    continue;
                };
                let mut request = Vec::new();
                while !is_whole(&request) {
                    match stream.read_u8().await {
                        Ok(byte) => request.push(byte),
                        Err(_) => break,
                    }
                }
                let request = String::from_utf8(request).unwrap();
                requests.lock().unwrap().push(request);
                let _ = stream.write_all(&answer).await;
                let _ = stream.shutdown().await;
            }
        });
        sts
    }

    /// A client that finds this server under the name of the real one, and trusts its authority.
    pub(crate) fn client(&self) -> StsClientBuilder {
        StsClient::builder()
            .address(HOST, self.address)
            .root_certificate(self.authority.as_bytes())
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// Whether a request has ended: a GET with its head, and a POST of the tests with its body.
fn is_whole(request: &[u8]) -> bool {
    let end: &[u8] = match request.starts_with(b"POST") {
        true => BODY.as_bytes(),
        false => b"\r\n\r\n",
    };
    request.ends_with(end)
}

fn config(issuer: &CertifiedIssuer<'static, KeyPair>, host: &str) -> ServerConfig {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![host.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, issuer).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap()
}

/// An answer with a body of `length` bytes, which promises `missing` bytes more.
pub(crate) fn answer(status: u16, headers: &str, length: usize, missing: usize) -> Vec<u8> {
    let promised = length.saturating_add(missing);
    let mut answer =
        format!("HTTP/1.1 {status} Stub\r\n{headers}content-length: {promised}\r\n\r\n")
            .into_bytes();
    answer.resize(answer.len().saturating_add(length), b'a');
    answer
}
