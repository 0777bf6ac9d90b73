//! Tokens of an example key, an STS on a real socket, and the webhooks before it.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Once};
use std::time::{Duration, SystemTime};

use aws_auth_map::{Backend, BackendKind, IdentityMap, read_config_map};
use aws_credential_types::Credentials;
use eks_auth::{
    AcceptPolicy, Authenticator, ClusterId, DynTransport, Partition, Transport, TransportError,
};
use eks_auth_server::{
    Identities, Limits, Metrics, Observer, ReviewRecord, Server, ServerEvent, ServerTls,
    SharedSnapshot, Snapshot, StsClient, StsClientBuilder, TlsFiles, Webhooks,
};
use http::{Request, Response};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use sts_presign::{Endpoint, Signer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

pub(crate) const HOST: &str = "sts.us-west-2.amazonaws.com";

/// The rules of the tests: alice is a developer.
pub(crate) const RULES: &str = "mapUsers: |
  - userarn: arn:aws:iam::111122223333:user/alice
    username: alice
    groups: [devs]
";

pub(crate) fn provider() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

/// Signs a token. Each access key id yields another token.
pub(crate) fn token(access_key_id: &str) -> String {
    sign(&Credentials::new(
        access_key_id,
        "secret",
        None,
        None,
        "test",
    ))
}

/// Signs a token with a session. Each session yields another token of the same key.
pub(crate) fn token_with_session(access_key_id: &str, session: &str) -> String {
    let session = Some(session.to_owned());
    sign(&Credentials::new(
        access_key_id,
        "secret",
        session,
        None,
        "test",
    ))
}

fn sign(credentials: &Credentials) -> String {
    let endpoint = Endpoint::from_host(HOST).unwrap();
    let signer = Signer::new(&endpoint, &ClusterId::parse("demo").unwrap());
    // The token is a second old, so that the verifier does not refuse it if the clock steps back.
    let at = SystemTime::now()
        .checked_sub(Duration::from_secs(1))
        .unwrap();
    let url = signer.sign_at(credentials, at).unwrap();
    eks_token::Token::encode(url.expose())
        .unwrap()
        .expose()
        .to_owned()
}

pub(crate) fn authenticator() -> Authenticator {
    let cluster = ClusterId::parse("demo").unwrap();
    Authenticator::new(AcceptPolicy::new(cluster, Partition::Aws))
}

pub(crate) fn identity_map(text: &str) -> IdentityMap {
    let (rules, problems) = read_config_map(text);
    assert_eq!(problems, []);
    IdentityMap::new().with_backend(Backend::new(BackendKind::EksConfigMap, rules))
}

/// STS's answer for a user.
pub(crate) fn caller(name: &str) -> String {
    format!(
        r#"{{"GetCallerIdentityResponse":{{"GetCallerIdentityResult":{{"Account":"111122223333","Arn":"arn:aws:iam::111122223333:user/{name}","UserId":"AIDAEXAMPLE"}},"ResponseMetadata":{{"RequestId":"1"}}}}}}"#
    )
}

pub(crate) fn fault(code: &str) -> String {
    format!(r#"{{"Error":{{"Code":"{code}","Message":"m","Type":"Sender"}},"RequestId":"r"}}"#)
}

/// An answer of STS in one text.
pub(crate) fn http(status: u16, content_type: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status} Stub\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The reaction of an STS to a request.
#[derive(Clone)]
pub(crate) enum Act {
    /// Sends these bytes and goes on.
    Answer(Vec<u8>),
    /// Sends these bytes and closes the connection.
    AnswerAndClose(Vec<u8>),
    /// Closes the connection.
    Close,
    /// Sends no answer.
    Hang,
    /// Waits, then answers.
    Late(Duration, Vec<u8>),
}

/// A certificate authority with a server certificate.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self {
            issuer: CertifiedIssuer::self_signed(params, key).unwrap(),
        }
    }

    pub(crate) fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// Issues a certificate. Returns it and its key in PEM.
    pub(crate) fn issue(&self, host: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    /// Issues a certificate that is valid from the start of one day to the start of another.
    pub(crate) fn issue_for(
        &self,
        not_before: (i32, u8, u8),
        not_after: (i32, u8, u8),
    ) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let start_of = |(year, month, day)| rcgen::date_time_ymd(year, month, day);
        (params.not_before, params.not_after) = (start_of(not_before), start_of(not_after));
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    fn server(&self, host: &str) -> Arc<rustls::ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = rustls::ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        Arc::new(config)
    }
}

/// An STS on loopback, over TLS. `act` gets the number of the request, from 0.
pub(crate) struct Sts {
    pub(crate) address: SocketAddr,
    pub(crate) requests: Arc<AtomicUsize>,
    pub(crate) connections: Arc<AtomicUsize>,
    pub(crate) heads: Arc<Mutex<Vec<String>>>,
    authority: Authority,
}

impl Sts {
    pub(crate) async fn start(act: impl Fn(usize) -> Act + Send + Sync + 'static) -> Self {
        provider();
        let authority = Authority::new();
        let acceptor = TlsAcceptor::from(authority.server(HOST));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sts = Self {
            address: listener.local_addr().unwrap(),
            requests: Arc::default(),
            connections: Arc::default(),
            heads: Arc::default(),
            authority,
        };
        let (requests, connections) = (Arc::clone(&sts.requests), Arc::clone(&sts.connections));
        let (heads, act) = (Arc::clone(&sts.heads), Arc::new(act));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                let (acceptor, requests) = (acceptor.clone(), Arc::clone(&requests));
                let (heads, act) = (Arc::clone(&heads), Arc::clone(&act));
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    while let Some(head) = head(&mut stream).await {
                        heads.lock().unwrap().push(head);
                        let number = requests.fetch_add(1, Ordering::SeqCst);
                        let (pause, bytes, ends) = match act(number) {
                            Act::Answer(bytes) => (None, bytes, false),
                            Act::AnswerAndClose(bytes) => (None, bytes, true),
                            Act::Close => return,
                            Act::Hang => std::future::pending().await,
                            Act::Late(pause, bytes) => (Some(pause), bytes, false),
                        };
                        if let Some(pause) = pause {
                            tokio::time::sleep(pause).await;
                        }
                        if stream.write_all(&bytes).await.is_err() || ends {
                            let _ = stream.shutdown().await;
                            return;
                        }
                    }
                });
            }
        });
        sts
    }

    /// A client that finds this STS under the name of the real STS.
    pub(crate) fn client(&self) -> StsClientBuilder {
        StsClient::builder()
            .address(HOST, self.address)
            .root_certificate(self.authority.pem().as_bytes())
    }

    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

/// Reads up to the end of a head. `None` at the end of the stream.
pub(crate) async fn head(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

/// A transport without a socket. It counts its calls.
#[derive(Default)]
pub(crate) struct Counting {
    pub(crate) calls: AtomicUsize,
    pub(crate) answers: Mutex<Vec<(u16, String)>>,
    pub(crate) pause: Duration,
}

impl Counting {
    /// Gives the answers in turn. The last answer is repeated.
    pub(crate) fn answering(answers: &[(u16, String)]) -> Arc<Self> {
        Arc::new(Self {
            answers: Mutex::new(answers.iter().rev().cloned().collect()),
            ..Self::default()
        })
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

impl Transport for Counting {
    async fn send(&self, _: Request<()>) -> Result<Response<Vec<u8>>, TransportError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(self.pause).await;
        let mut answers = self.answers.lock().unwrap();
        let (status, body) = match answers.len() {
            1 => answers[0].clone(),
            _ => answers.pop().unwrap(),
        };
        let answer = Response::builder()
            .status(status)
            .header("content-type", "application/json");
        Ok(answer.body(body.into_bytes()).unwrap())
    }
}

pub(crate) fn identities(sts: Arc<impl DynTransport + 'static>) -> Identities {
    Identities::new(authenticator(), sts, Arc::default())
}

/// Keeps the events that it observes.
#[derive(Default)]
pub(crate) struct Notes {
    pub(crate) lines: Mutex<Vec<String>>,
}

impl Observer for Notes {
    fn review(&self, record: &ReviewRecord<'_>) {
        self.lines.lock().unwrap().push(format!("{record:?}"));
    }

    fn event(&self, event: &ServerEvent<'_>) {
        self.lines.lock().unwrap().push(event.to_string());
    }
}

pub(crate) fn webhooks(sts: Arc<impl DynTransport + 'static>, notes: &Arc<Notes>) -> Webhooks {
    let metrics = Arc::new(Metrics::new());
    let rules = SharedSnapshot::new(Snapshot::new(identity_map(RULES)));
    let identities = Identities::new(authenticator(), sts, Arc::clone(&metrics));
    Webhooks::new(identities, rules, metrics, notes.clone())
}

/// Limits so short that a test does not wait.
pub(crate) fn short() -> Limits {
    Limits {
        handshake_timeout: Duration::from_millis(300),
        header_timeout: Duration::from_millis(300),
        body_timeout: Duration::from_millis(300),
        idle_timeout: Duration::from_millis(600),
        lame_duck: Duration::from_millis(10),
        drain_deadline: Duration::from_secs(5),
        ..Limits::default()
    }
}

/// A server on loopback.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) server: Server,
    webhooks: Arc<Webhooks>,
    stop: Option<oneshot::Sender<()>>,
    ended: tokio::task::JoinHandle<io::Result<usize>>,
}

impl Running {
    pub(crate) async fn start(webhooks: Webhooks, limits: Limits, tls: Option<ServerTls>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let webhooks = Arc::new(webhooks);
        let server = Server::new(Arc::clone(&webhooks), limits);
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = server.clone();
        let ended = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            serving.serve(listener, tls, stopped).await
        });
        Self {
            address,
            server,
            webhooks,
            stop: Some(stop),
            ended,
        }
    }

    /// Returns the metrics as text.
    pub(crate) fn metrics(&self) -> String {
        let webhooks = &self.webhooks;
        webhooks.metrics().encode(&webhooks.rules().load())
    }

    /// Serves the probes too, and returns their address.
    pub(crate) async fn probes(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = self.server.clone();
        tokio::spawn(async move { server.serve_probes(listener, std::future::pending()).await });
        address
    }

    /// Stops the server. Returns the number of connections that it gave up.
    pub(crate) async fn stop(mut self) -> usize {
        self.stop.take().unwrap().send(()).unwrap();
        self.ended.await.unwrap().unwrap()
    }

    pub(crate) fn begin_to_stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    pub(crate) async fn ended(self) -> usize {
        self.ended.await.unwrap().unwrap()
    }
}

pub(crate) fn review(token: &str) -> String {
    format!(
        r#"{{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{{"token":"{token}"}}}}"#
    )
}

/// A request in one text.
pub(crate) fn post(path: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Sends bytes on a new connection, and returns the status and the body of the answer.
pub(crate) async fn exchange(address: SocketAddr, request: &[u8]) -> io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(address).await?;
    exchange_on(&mut stream, request).await
}

/// Sends bytes, and returns the status and the body of the answer.
pub(crate) async fn exchange_on(
    stream: &mut (impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin),
    request: &[u8],
) -> io::Result<(u16, String)> {
    stream.write_all(request).await?;
    stream.flush().await?;
    let (status, _, body) = answer(stream).await?;
    Ok((status, body))
}

/// Reads an answer: its status, its head in lower case and its body.
pub(crate) async fn answer(
    stream: &mut (impl tokio::io::AsyncRead + Unpin),
) -> io::Result<(u16, String, String)> {
    let closed = || io::Error::from(io::ErrorKind::UnexpectedEof);
    let head = head(stream).await.ok_or_else(closed)?.to_lowercase();
    let status = head.get(9..12).and_then(|s| s.parse().ok());
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .and_then(|length| length.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await?;
    Ok((status.unwrap(), head, String::from_utf8(body).unwrap()))
}

/// Gives a future ten seconds, so that a test fails if the future never ends.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), future)
        .await
        .unwrap()
}

/// Certificate files, which are removed at the end.
pub(crate) struct Files {
    pub(crate) directory: PathBuf,
    pub(crate) authority: Authority,
}

impl Files {
    pub(crate) fn new(test: &str) -> Self {
        provider();
        let directory =
            std::env::temp_dir().join(format!("eks-auth-server-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let files = Self {
            directory,
            authority: Authority::new(),
        };
        files.renew();
        files
    }

    /// Writes a new certificate and its key.
    pub(crate) fn renew(&self) {
        let (certificate, key) = self.authority.issue("localhost");
        std::fs::write(self.directory.join("tls.crt"), certificate).unwrap();
        std::fs::write(self.directory.join("tls.key"), key).unwrap();
    }

    /// Writes a new certificate that is valid from the start of one day to the start of another.
    pub(crate) fn renew_for(&self, not_before: (i32, u8, u8), not_after: (i32, u8, u8)) {
        let (certificate, key) = self.authority.issue_for(not_before, not_after);
        std::fs::write(self.directory.join("tls.crt"), certificate).unwrap();
        std::fs::write(self.directory.join("tls.key"), key).unwrap();
    }

    pub(crate) fn tls_files(&self) -> TlsFiles {
        TlsFiles {
            certificate: self.directory.join("tls.crt"),
            key: self.directory.join("tls.key"),
            client_authorities: None,
        }
    }

    pub(crate) fn client(&self, alpn: &[&[u8]]) -> rustls::ClientConfig {
        use rustls::pki_types::pem::PemObject as _;
        let mut roots = rustls::RootCertStore::empty();
        let pem = self.authority.pem();
        roots
            .add(rustls::pki_types::CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
            .unwrap();
        let mut config = rustls::ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        config
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
