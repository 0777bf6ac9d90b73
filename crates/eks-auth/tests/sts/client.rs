use std::time::Duration;

use eks_auth::{
    PostTransport as _, StsClient, StsProxy, Transport as _, TransportError, TransportErrorKind,
};
use http::{Request, Response};
use sts_presign::MAX_ANSWER_LEN;

use crate::server::{BODY, HOST, Sts, answer};

fn get(scheme: &str) -> Request<()> {
    let uri = format!("{scheme}://{HOST}/?Action=GetCallerIdentity");
    Request::get(uri)
        .header("x-k8s-aws-id", "demo")
        .body(())
        .unwrap()
}

async fn sent(answer: Vec<u8>) -> Result<Response<Vec<u8>>, TransportErrorKind> {
    let sts = Sts::start(HOST, answer).await;
    let client = sts.client().build().unwrap();
    client
        .send(get("https"))
        .await
        .map_err(|error| kind(&error))
}

fn kind(error: &TransportError) -> TransportErrorKind {
    error.kind()
}

#[tokio::test]
async fn a_request_is_sent_as_it_is_and_the_answer_returned() {
    let sts = Sts::start(HOST, answer(418, "x-amzn-requestid: r\r\n", 3, 0)).await;
    let client = sts.client().build().unwrap();
    let post = Request::post(format!("https://{HOST}/"))
        .header("x-k8s-aws-id", "demo")
        .body(BODY)
        .unwrap();
    for answered in [
        client.send(get("https")).await,
        client.send_post(post).await,
    ] {
        let answered = answered.unwrap();
        assert_eq!(answered.status(), 418);
        assert_eq!(answered.headers()["x-amzn-requestid"], "r");
        assert_eq!(answered.body(), b"aaa");
    }
    let [get, post] = <[String; 2]>::try_from(sts.requests()).unwrap();
    assert!(
        get.starts_with("GET /?Action=GetCallerIdentity HTTP/1.1\r\n"),
        "{get}"
    );
    assert!(post.starts_with("POST / HTTP/1.1\r\n"), "{post}");
    assert!(post.ends_with(BODY), "{post}");
    for request in [get, post] {
        assert!(request.contains("\r\nx-k8s-aws-id: demo\r\n"), "{request}");
        assert!(
            request.contains(&format!("\r\nhost: {HOST}\r\n")),
            "{request}"
        );
    }
}

#[tokio::test]
async fn at_most_so_many_bytes_of_an_answer_are_read() {
    let longest = sent(answer(200, "", MAX_ANSWER_LEN, 0)).await.unwrap();
    assert_eq!(longest.body().len(), MAX_ANSWER_LEN);
    for length in [MAX_ANSWER_LEN + 1, 2 * MAX_ANSWER_LEN] {
        let error = sent(answer(200, "", length, 0)).await.err();
        assert_eq!(error, Some(TransportErrorKind::TooLong));
    }
}

/// Another host would get the signature.
#[tokio::test]
async fn a_redirect_is_an_answer() {
    let headers = format!("location: https://{HOST}/again\r\n");
    let answered = sent(answer(307, &headers, 0, 0)).await.unwrap();
    assert_eq!(answered.status(), 307);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_an_interruption() {
    for bytes in [
        Vec::new(),
        answer(200, "", 3, 1),
        b"SSH-2.0\r\n\r\n".to_vec(),
    ] {
        let error = sent(bytes).await.err();
        assert_eq!(error, Some(TransportErrorKind::Interrupted));
    }
}

#[tokio::test]
async fn no_request_leaves_without_tls_to_the_right_host() {
    let sts = Sts::start(HOST, answer(200, "", 0, 0)).await;
    let other = Sts::start("sts.eu-west-1.amazonaws.com", answer(200, "", 0, 0)).await;
    let stranger = StsClient::builder().address(HOST, sts.address);
    for (case, client, scheme) in [
        ("plain HTTP", sts.client(), "http"),
        ("a certificate for another host", other.client(), "https"),
        ("an authority that is not trusted", stranger, "https"),
    ] {
        let error = client.build().unwrap().send(get(scheme)).await.unwrap_err();
        assert_eq!(kind(&error), TransportErrorKind::Connect, "{case}");
        // The cause is kept without the URL, which has the signature.
        let printed = format!("{error:?}");
        assert!(!printed.contains("GetCallerIdentity"), "{printed}");
    }
    assert_eq!(sts.requests().len() + other.requests().len(), 0);
}

#[tokio::test]
async fn every_setting_is_kept() {
    let sts = Sts::start(HOST, answer(200, "", 0, 0)).await;
    let all = sts
        .client()
        .connect_timeout(Duration::from_secs(61))
        .attempt_timeout(Duration::from_secs(62))
        .idle_connections(63)
        .proxy(StsProxy::Direct);
    let printed = format!("{all:?}");
    for part in [
        "connect_timeout: 61s",
        "attempt_timeout: 62s",
        "idle_connections: 63",
        "proxy: Direct",
        HOST,
    ] {
        assert!(printed.contains(part), "{part} {printed}");
    }
    let answered = all.build().unwrap().send(get("https")).await;
    assert_eq!(answered.unwrap().status(), 200);
}

#[tokio::test]
async fn what_cannot_be_set_up_is_an_error() {
    let sts = Sts::start(HOST, Vec::new()).await;
    let proxy = StsProxy::Url("http://[".to_owned());
    let begin = "-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n";
    for (case, client) in [
        ("a proxy", sts.client().proxy(proxy)),
        (
            "a certificate",
            sts.client().root_certificate(begin.as_bytes()),
        ),
    ] {
        let error = client.build().unwrap_err();
        assert_eq!(kind(&error), TransportErrorKind::Setup, "{case}");
    }
}

/// The proxy sees the host alone, and a request goes nowhere else.
#[tokio::test]
async fn a_proxy_is_asked_for_the_host() {
    use tokio::io::AsyncReadExt as _;
    let sts = Sts::start(HOST, answer(200, "", 0, 0)).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let client = sts.client().proxy(StsProxy::Url(url)).build().unwrap();
    let asked = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        String::from_utf8(head).unwrap()
    };
    let (answered, head) = tokio::join!(client.send(get("https")), asked);
    assert!(head.starts_with(&format!("CONNECT {HOST}:443 ")), "{head}");
    assert!(!head.contains("GetCallerIdentity"), "{head}");
    assert_eq!(kind(&answered.unwrap_err()), TransportErrorKind::Connect);
    assert_eq!(sts.requests().len(), 0);
}
