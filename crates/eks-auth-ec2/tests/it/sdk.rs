//! EC2 and STS on a real socket, asked through the AWS SDK.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::Builder;
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use eks_auth_ec2::{
    CrossAccountRole, DescribeInstances as _, Ec2, LookUpError, Resolver, RoleError,
};
use testkit::Divergences;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::support::{id, settings};

const ROLE: &str = "arn:aws:iam::444455556666:role/describe-instances";
const CLUSTER: &str = "arn:aws:eks:us-west-2:111122223333:cluster/demo";

/// A request that the stub received.
#[derive(Clone, Debug, Default)]
struct Received {
    /// The names are in lower case.
    headers: Vec<(String, String)>,
    /// The form of the query protocol, decoded as far as the tests need.
    form: Vec<(String, String)>,
}

/// Returns the value of a name.
fn value<'p>(pairs: &'p [(String, String)], name: &str) -> Option<&'p str> {
    let (_, value) = pairs.iter().find(|(own, _)| own == name)?;
    Some(value)
}

impl Received {
    fn header(&self, name: &str) -> Option<&str> {
        value(&self.headers, name)
    }

    fn field(&self, name: &str) -> Option<&str> {
        value(&self.form, name)
    }

    fn action(&self) -> &str {
        self.field("Action").unwrap()
    }

    /// Returns the instance ids of the filter.
    fn ids(&self) -> Vec<&str> {
        self.form
            .iter()
            .filter(|(name, _)| name.starts_with("Filter.1.Value."))
            .map(|(_, value)| value.as_str())
            .collect()
    }
}

/// The reaction of the stub to a request: an answer, or a closed connection.
type Answer = Option<(u16, String)>;

/// EC2 and STS at one address.
struct Aws {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Received>>>,
}

impl Aws {
    async fn start(answer: fn(&Received) -> Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let aws = Self {
            address: listener.local_addr().unwrap(),
            seen: Arc::default(),
        };
        let seen = Arc::clone(&aws.seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let seen = Arc::clone(&seen);
                tokio::spawn(serve(stream, seen, answer));
            }
        });
        aws
    }

    fn seen(&self, action: &str) -> Vec<Received> {
        let seen = self.seen.lock().unwrap();
        seen.iter()
            .filter(|request| request.action() == action)
            .cloned()
            .collect()
    }

    /// A configuration whose endpoints are this stub. Calls are not repeated.
    fn config(&self) -> SdkConfig {
        let own = Credentials::new("AKIDOWN", "own-secret", None, None, "test");
        SdkConfig::builder()
            .region(Region::new("us-west-2"))
            .endpoint_url(format!("http://{}", self.address))
            .credentials_provider(SharedCredentialsProvider::new(own))
            .http_client(Builder::new().build_http())
            .sleep_impl(TokioSleep::new())
            .retry_config(RetryConfig::disabled())
            .behavior_version(aws_sdk_sts::config::BehaviorVersion::latest())
            .build()
    }
}

async fn serve(
    stream: TcpStream,
    seen: Arc<Mutex<Vec<Received>>>,
    answer: fn(&Received) -> Answer,
) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let request = read(&mut stream).await?;
        let answer = answer(&request);
        seen.lock().unwrap().push(request);
        let (status, body) = answer?;
        let answer = format!(
            "HTTP/1.1 {status} Stub\r\ncontent-type: text/xml\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes()).await.ok()?;
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Received> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    let mut request = Received::default();
    loop {
        line.clear();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        let header = (name.to_ascii_lowercase(), value.trim().to_owned());
        request.headers.push(header);
    }
    let length = request.header("content-length")?.parse().ok()?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    for pair in String::from_utf8(body).ok()?.split('&') {
        let (name, value) = pair.split_once('=')?;
        let value = value.replace("%3A", ":").replace("%2F", "/");
        request.form.push((name.to_owned(), value));
    }
    Some(request)
}

/// STS's answer to `AssumeRole`.
fn session() -> Answer {
    let body = "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>\
        <Credentials><AccessKeyId>ASIASESSION</AccessKeyId><SecretAccessKey>session-secret</SecretAccessKey>\
        <SessionToken>session-token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>\
        </AssumeRoleResult></AssumeRoleResponse>";
    Some((200, body.to_owned()))
}

/// EC2's answer with the requested instances, except instances whose id ends with 13, and with the token of
/// the next page, if there is one.
fn instances(request: &Received, next: &str) -> Answer {
    let ids = request.ids().into_iter().filter(|id| !id.ends_with("13"));
    let items: String = ids
        .map(|id| {
            format!(
                "<item><instancesSet><item><instanceId>{id}</instanceId><privateDnsName>{id}.ec2.internal\
                 </privateDnsName></item></instancesSet></item>"
            )
        })
        .collect();
    let body = format!(
        "<DescribeInstancesResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\
         <reservationSet>{items}</reservationSet>{next}</DescribeInstancesResponse>"
    );
    Some((200, body))
}

fn fault(status: u16, code: &str) -> Answer {
    let body = format!(
        "<Response><Errors><Error><Code>{code}</Code><Message>m</Message></Error></Errors>\
         <RequestID>r</RequestID></Response>"
    );
    Some((status, body))
}

fn role() -> CrossAccountRole {
    let role = CrossAccountRole::parse(ROLE).unwrap();
    role.with_source_arn(CLUSTER).unwrap()
}

/// 250 nodes join at once: the role is assumed once, for this cluster, and EC2 is asked in batches.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_are_described_with_the_credentials_of_a_role() {
    let aws = Aws::start(|request| match request.action() {
        "AssumeRole" => session(),
        _ => instances(request, ""),
    })
    .await;
    let ec2 = Ec2::with_role(&aws.config(), role());
    let resolver = Resolver::new(ec2, settings().with_deadline(Duration::from_secs(30)));
    let mut nodes = JoinSet::new();
    for number in 0..250 {
        let resolver = resolver.clone();
        nodes.spawn(async move { (id(number), resolver.look_up(&id(number)).await) });
    }
    for (id, name) in nodes.join_all().await {
        match id.ends_with("13") {
            true => assert_eq!(name, Err(LookUpError::NotFound)),
            false => assert_eq!(&*name.unwrap(), format!("{id}.ec2.internal")),
        }
    }
    let assumed = aws.seen("AssumeRole");
    assert_eq!(assumed.len(), 1);
    for (name, value) in [
        ("RoleArn", ROLE),
        ("RoleSessionName", "aws-iam-authenticator"),
        ("DurationSeconds", "3600"),
    ] {
        assert_eq!(assumed[0].field(name), Some(value), "{name}");
    }
    for (name, value) in [
        ("x-amz-source-arn", CLUSTER),
        ("x-amz-source-account", "111122223333"),
    ] {
        assert_eq!(assumed[0].header(name), Some(value), "{name}");
    }
    let signature = assumed[0].header("authorization").unwrap();
    for part in [
        "Credential=AKIDOWN/",
        "/us-west-2/sts/",
        "x-amz-source-account;x-amz-source-arn",
    ] {
        assert!(signature.contains(part), "{part}: {signature}");
    }
    let described = aws.seen("DescribeInstances");
    assert!(described.len() < 50, "{}", described.len());
    for request in described {
        assert!(request.ids().len() <= 100, "{}", request.ids().len());
        assert_eq!(request.field("Filter.1.Name"), Some("instance-id"));
        assert_eq!(
            request.header("x-amz-security-token"),
            Some("session-token")
        );
        assert_eq!(request.header("x-amz-source-arn"), None);
        let signature = request.header("authorization").unwrap();
        for part in ["Credential=ASIASESSION/", "/us-west-2/ec2/"] {
            assert!(signature.contains(part), "{part}: {signature}");
        }
    }
}

#[tokio::test]
async fn every_page_of_an_answer_is_read_up_to_a_limit() {
    let aws = Aws::start(|request| match request.field("NextToken") {
        None => instances(request, "<nextToken>2</nextToken>"),
        Some("2") => instances(request, "<nextToken>3</nextToken>"),
        Some(_) => instances(request, ""),
    })
    .await;
    let ec2 = Ec2::new(&aws.config());
    let found = ec2.describe_instances(vec![id(1)]).await.unwrap();
    assert_eq!(found.len(), 3);
    let endless = Aws::start(|request| {
        let page: usize = request.field("NextToken").unwrap_or("0").parse().unwrap();
        instances(request, &format!("<nextToken>{}</nextToken>", page + 1))
    })
    .await;
    let ec2 = Ec2::new(&endless.config());
    let error = ec2.describe_instances(vec![id(1)]).await.unwrap_err();
    assert_eq!(error.code, "ec2-too-many-pages");
    assert_eq!(endless.seen("DescribeInstances").len(), 10);
}

/// Every failure has a code, the status if EC2 answered, and no secret.
#[tokio::test]
async fn failures_are_told_apart() {
    type Case = (
        fn(&Received) -> Answer,
        &'static str,
        Option<u16>,
        &'static str,
    );
    let cases: [Case; 7] = [
        (
            |_| fault(503, "RequestLimitExceeded"),
            "ec2-throttled",
            Some(503),
            "RequestLimitExceeded",
        ),
        (
            |_| fault(403, "UnauthorizedOperation"),
            "ec2-denied",
            Some(403),
            "UnauthorizedOperation",
        ),
        (
            |_| fault(401, "AuthFailure"),
            "ec2-denied",
            Some(401),
            "AuthFailure",
        ),
        (
            |_| fault(500, "InternalError"),
            "ec2-unavailable",
            Some(500),
            "InternalError",
        ),
        (
            |_| fault(400, "InvalidParameterValue"),
            "ec2-error",
            Some(400),
            "InvalidParameterValue",
        ),
        (
            |_| Some((200, "<html>a portal</html>".to_owned())),
            "ec2-malformed-answer",
            Some(200),
            "",
        ),
        (|_| None, "ec2-unreachable", None, ""),
    ];
    for (answer, code, status, part) in cases {
        let aws = Aws::start(answer).await;
        let ec2 = Ec2::new(&aws.config());
        let error = ec2.describe_instances(vec![id(1)]).await.unwrap_err();
        assert_eq!((error.code, error.status), (code, status), "{error}");
        assert!(error.message.contains(part), "{error}");
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    }
}

/// Without credentials nothing is sent to EC2, and the error names the reason.
#[tokio::test]
async fn a_role_that_cannot_be_assumed_is_a_failure() {
    let aws = Aws::start(|_| {
        let body = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>m</Message>\
            </Error><RequestId>r</RequestId></ErrorResponse>";
        Some((403, body.to_owned()))
    })
    .await;
    let resolver = Resolver::new(Ec2::with_role(&aws.config(), role()), settings());
    let error = resolver.look_up(&id(1)).await.unwrap_err();
    assert_eq!(error.code(), "ec2-credentials");
    assert!(error.to_string().contains("AccessDenied"), "{error}");
    assert!(aws.seen("DescribeInstances").is_empty());
}

/// Shows the comparison of `fuzz/differential ec2_role`: the requests with a role that upstream
/// accepts.
pub(crate) async fn compare_roles(rows: &Divergences) {
    let user = CrossAccountRole::parse("arn:aws:iam::444455556666:user/alice");
    rows.compare("role-arn", &Ok(()), &user.map(drop));
    let source = CrossAccountRole::parse(ROLE)
        .and_then(|role| role.with_source_arn("arn:aws:eks:us-west-2::cluster/demo"));
    rows.compare("source-arn", &Ok(()), &source.map(drop));
    let aws = Aws::start(|request| match request.action() {
        "AssumeRole" => session(),
        _ => instances(request, ""),
    })
    .await;
    let ec2 = Ec2::with_role(&aws.config(), role());
    ec2.describe_instances(vec![id(1)]).await.unwrap();
    let assumed = aws.seen("AssumeRole");
    // Upstream's name ends with the nanoseconds since 1970.
    let upstream = Some("aws-go-sdk-1764439200000000000");
    rows.compare(
        "role-session",
        &upstream,
        &assumed[0].field("RoleSessionName"),
    );
}

#[test]
fn roles_and_sources_are_arns() {
    for arn in [
        "",
        "role/describe",
        "arn:aws:iam::444455556666:user/alice",
        "arn:aws:sts::444455556666:assumed-role/describe/session",
    ] {
        assert_eq!(
            CrossAccountRole::parse(arn),
            Err(RoleError::NotARole),
            "{arn}"
        );
    }
    let role = CrossAccountRole::parse(ROLE).unwrap();
    for source in [
        "",
        "arn:aws:eks:us-west-2::cluster/demo",
        "arn:aws:eks:us-west-2:111122223333:",
        "arn:aws:eks:us-west-2:111122223333:cluster/de\nmo",
        "111122223333",
    ] {
        let got = role.clone().with_source_arn(source);
        assert_eq!(got, Err(RoleError::NotASource), "{source}");
    }
}
