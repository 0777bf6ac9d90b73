//! A cluster is read whole, or not at all.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::{Body, Bytes};
use eks_auth_kube::{ClusterReader, Progress, ReadError};
use futures_util::stream;
use http::{Request, Response};
use serde_json::{Value, json};
use tower::service_fn;

use crate::api_server::{ApiServer, CONFIG_MAPS, MAPPINGS, RBAC};

fn role(name: &str) -> Value {
    // An item of a list has no kind.
    json!({"metadata": {"name": name, "managedFields": [{"manager": "kubectl"}]},
        "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]})
}

fn roles() -> String {
    format!("{RBAC}/clusterroles")
}

async fn read(server: &ApiServer) -> Result<Vec<(String, String)>, ReadError> {
    let reader = ClusterReader::new(server.client());
    Ok(reader.read(|_| {}).await?.into_documents())
}

fn names(documents: &[(String, String)]) -> Vec<&str> {
    documents.iter().map(|(name, _)| name.as_str()).collect()
}

#[tokio::test]
async fn the_text_of_a_list_is_that_of_kubectl() {
    let server = ApiServer::start().await;
    server.put(&roles(), role("a"));
    server.put(&roles(), role("b"));
    let objects = ClusterReader::new(server.client())
        .read(|_| {})
        .await
        .unwrap();
    assert_eq!(objects.version(), "1.34");
    let [(name, text)] = objects.documents() else {
        panic!("{:?}", names(objects.documents()));
    };
    assert_eq!(name, "clusterroles");
    // `kubectl get clusterroles --output json`, from client 1.34.
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[..7],
        [
            "{",
            r#"    "apiVersion": "v1","#,
            r#"    "items": ["#,
            "        {",
            r#"            "apiVersion": "rbac.authorization.k8s.io/v1","#,
            r#"            "kind": "ClusterRole","#,
            r#"            "metadata": {"#,
        ]
    );
    let end = lines.len().saturating_sub(7);
    assert_eq!(
        lines[end..],
        [
            "        }",
            "    ],",
            r#"    "kind": "List","#,
            r#"    "metadata": {"#,
            r#"        "resourceVersion": """#,
            "    }",
            "}",
        ]
    );
    let list: Value = serde_json::from_str(text).unwrap();
    assert_eq!(list["items"][1]["metadata"]["name"], "b");
    assert_eq!(list["items"][0]["metadata"].get("managedFields"), None);
}

#[tokio::test]
async fn a_version_is_two_numbers() {
    for (major, minor, want) in [
        (json!("1"), json!("34"), Some("1.34")),
        (json!("1"), json!("34+"), Some("1.34")),
        (json!("1"), json!(""), None),
        (json!("1"), json!("+"), None),
        (json!("1"), json!("34a"), None),
        (json!("1"), json!("+34"), None),
        (json!("1"), json!(34), None),
        (json!("1"), Value::Null, None),
        (json!(""), json!("34"), None),
        (json!("v1"), json!("34"), None),
    ] {
        let server = ApiServer::start().await;
        server.set_version(json!({"major": major, "minor": minor}));
        let read = ClusterReader::new(server.client()).read(|_| {}).await;
        let version = read.map(|objects| objects.version().to_owned());
        let resource = "version";
        let want = want
            .map(str::to_owned)
            .ok_or(ReadError::Malformed { resource });
        assert_eq!(version, want, "{major} {minor}");
    }
}

/// An object may have 1.5 MB, the limit of etcd.
#[tokio::test]
async fn a_page_of_large_objects_is_read() {
    let server = ApiServer::start().await;
    for name in ["a", "b"] {
        let mut large = role(name);
        large["metadata"]["annotations"] = json!({"text": "x".repeat(1_400_000)});
        server.put(&roles(), large);
    }
    let documents = read(&server).await.unwrap();
    assert_eq!(names(&documents), ["clusterroles"]);
}

/// An answer has at most 256 MiB, and no more than this is read of a longer answer. All pieces of the
/// stub share one memory.
#[tokio::test]
async fn an_answer_that_does_not_end_is_too_large() {
    const MIB: usize = 1 << 20;
    let pieces = Arc::new(AtomicUsize::new(0));
    let sent = Arc::clone(&pieces);
    let piece = Bytes::from(vec![b' '; MIB]);
    let service = service_fn(move |_: Request<kube::client::Body>| {
        let (sent, piece) = (Arc::clone(&sent), piece.clone());
        let endless = stream::repeat_with(move || {
            sent.fetch_add(1, Ordering::SeqCst);
            Ok::<_, Infallible>(piece.clone())
        });
        let answer = Response::new(Body::from_stream(endless));
        async move { Ok::<_, Infallible>(answer) }
    });
    let reader = ClusterReader::new(kube::Client::new(service, "default"));
    let resource = "version";
    let error = reader.read(|_| {}).await.unwrap_err();
    assert_eq!(error, ReadError::TooLarge { resource });
    assert_eq!(pieces.load(Ordering::SeqCst), 257);
}

#[tokio::test]
async fn a_long_list_is_read_in_pages() {
    let server = ApiServer::start().await;
    for number in 0..1_100 {
        server.put(&roles(), role(&format!("role-{number}")));
    }
    let mut seen = Vec::new();
    let progress = |progress: Progress| seen.push((progress.resource, progress.objects));
    let reader = ClusterReader::new(server.client()).without_workloads();
    let documents = reader.read(progress).await.unwrap().into_documents();
    let of_roles: Vec<_> = seen
        .iter()
        .filter(|(name, _)| *name == "clusterroles")
        .collect();
    assert_eq!(
        of_roles,
        [
            &("clusterroles", 500),
            &("clusterroles", 1_000),
            &("clusterroles", 1_100)
        ]
    );
    let list: Value = serde_json::from_str(&documents[0].1).unwrap();
    assert_eq!(list["items"].as_array().map(Vec::len), Some(1_100));
}

#[tokio::test]
async fn a_list_whose_next_page_is_gone_is_begun_again() {
    let server = ApiServer::start().await;
    for number in 0..501 {
        server.put(&roles(), role(&format!("role-{number}")));
    }
    server.forget_pages(1);
    let documents = read(&server).await.unwrap();
    let list: Value = serde_json::from_str(&documents[0].1).unwrap();
    assert_eq!(list["items"].as_array().map(Vec::len), Some(501));
    server.forget_pages(usize::MAX);
    let resource = "clusterroles";
    assert_eq!(read(&server).await, Err(ReadError::Changing { resource }));
}

#[tokio::test]
async fn what_does_not_exist_is_left_out() {
    let server = ApiServer::start().await;
    assert_eq!(read(&server).await, Ok(Vec::new()));
    server.put(
        CONFIG_MAPS,
        json!({"metadata": {"name": "aws-auth", "namespace": "kube-system"},
        "data": {"mapUsers": "[]"}}),
    );
    server.put(MAPPINGS, json!({"metadata": {"name": "dev"}, "spec": {}}));
    let documents = read(&server).await.unwrap();
    assert_eq!(
        names(&documents),
        ["configmaps/aws-auth", "iamidentitymappings"]
    );
    let reader = ClusterReader::new(server.client()).with_config_map("kube-system", "other");
    let documents = reader.read(|_| {}).await.unwrap().into_documents();
    assert_eq!(names(&documents), ["iamidentitymappings"]);
}

#[tokio::test]
async fn of_workloads_only_the_service_account_is_kept() {
    let server = ApiServer::start().await;
    let secret = json!([{"name": "app", "env": [{"name": "PASSWORD", "value": "secret"}]}]);
    let metadata = json!({"name": "app", "namespace": "dev", "annotations": {"a": "secret"}});
    let spec = json!({"serviceAccountName": "app", "containers": secret});
    server.put("/api/v1/pods", json!({"metadata": metadata, "spec": spec}));
    let template = json!({"spec": {"jobTemplate": {"spec": {"template": {"spec": spec}}}}});
    let mut job = template.clone();
    job["metadata"] = metadata.clone();
    server.put("/apis/batch/v1/cronjobs", job);
    server.put(
        "/api/v1/serviceaccounts",
        json!({"metadata": metadata, "secrets": secret}),
    );
    let documents = read(&server).await.unwrap();
    assert_eq!(names(&documents), ["serviceaccounts", "pods", "cronjobs"]);
    for (name, text) in &documents {
        assert!(!text.contains("secret"), "{name}: {text}");
        let list: Value = serde_json::from_str(text).unwrap();
        assert_eq!(
            list["items"][0]["metadata"],
            json!({"name": "app", "namespace": "dev"})
        );
    }
    let list: Value = serde_json::from_str(&documents[2].1).unwrap();
    let spec = &list["items"][0]["spec"]["jobTemplate"]["spec"]["template"]["spec"];
    assert_eq!(*spec, json!({"serviceAccountName": "app"}));
}

#[tokio::test]
async fn a_list_that_is_refused_leaves_nothing() {
    for resource in [
        "clusterroles",
        "rolebindings",
        "pods",
        "jobs",
        "serviceaccounts",
    ] {
        let server = ApiServer::start().await;
        server.put(&roles(), role("a"));
        let group = match resource {
            "pods" | "serviceaccounts" => "/api/v1".to_owned(),
            "jobs" => "/apis/batch/v1".to_owned(),
            _ => RBAC.to_owned(),
        };
        server.forbid(&format!("{group}/{resource}"));
        let why = read(&server).await.unwrap_err();
        let message = format!("{resource}: the API server answers 403: forbidden by the test");
        assert_eq!(why.to_string(), message);
        assert_eq!(why.resource(), resource);
    }
}

#[tokio::test]
async fn a_list_of_empty_pages_does_not_go_on_for_ever() {
    let server = ApiServer::start().await;
    server.put(&roles(), role("a"));
    server.never_end_lists();
    let reading = tokio::time::timeout(std::time::Duration::from_secs(30), read(&server));
    let why = reading.await.expect("an end").unwrap_err();
    assert_eq!(
        why,
        ReadError::Malformed {
            resource: "clusterroles"
        }
    );
}

#[tokio::test]
async fn an_api_server_that_is_gone_is_an_error() {
    let server = ApiServer::start().await;
    let reader = ClusterReader::new(server.client());
    server.stop();
    let why = reader.read(|_| {}).await.unwrap_err();
    assert!(
        matches!(
            why,
            ReadError::Unreachable {
                resource: "version",
                ..
            } | ReadError::Refused { .. }
        ),
        "{why}"
    );
}

#[tokio::test]
async fn an_api_server_that_cannot_be_reached_is_named_by_its_cause() {
    // Nothing listens on a port that was bound and then released.
    let address = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        listener.unwrap().local_addr().unwrap()
    };
    let config = kube::Config::new(format!("http://{address}").parse().unwrap());
    let reader = ClusterReader::new(kube::Client::try_from(config).unwrap());
    let why = reader.read(|_| {}).await.unwrap_err().to_string();
    let start = "version: the API server cannot be reached: tcp connect error: ";
    assert!(why.starts_with(start), "{why}");
}

#[cfg(feature = "token-source")]
#[tokio::test]
async fn a_client_without_a_token_does_not_ask() {
    use aws_credential_types::provider::error::CredentialsError;
    use aws_credential_types::provider::{ProvideCredentials, future};
    use eks_auth_kube::eks_mint::{
        ClusterId, Endpoint, EndpointVariant, Minter, TokenSource, UnixTime,
    };

    #[derive(Debug)]
    struct Nothing;

    impl ProvideCredentials for Nothing {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            future::ProvideCredentials::ready(Err(CredentialsError::not_loaded("SECRET")))
        }
    }

    let endpoint = Endpoint::regional("eu-west-1", EndpointVariant::ORDINARY).unwrap();
    let minter = Minter::new(&endpoint, &ClusterId::parse("dev").unwrap());
    let source = TokenSource::new(minter, Nothing, || UnixTime::LAST);
    let config = kube::Config::new("http://127.0.0.1:1".parse().unwrap());
    let reader = ClusterReader::new(eks_auth_kube::client(config, source).unwrap());
    let why = reader.read(|_| {}).await.unwrap_err();
    assert!(
        matches!(
            why,
            ReadError::NoToken {
                resource: "version",
                ..
            }
        ),
        "{why:?}"
    );
    let start = "version: no token for the API server: no AWS credentials: ";
    let text = why.to_string();
    assert!(text.starts_with(start), "{text}");
    assert!(!text.contains("SECRET"), "{text}");
}

#[tokio::test]
async fn debug_shows_the_settings() {
    let reader = ClusterReader::new(ApiServer::start().await.client())
        .with_config_map("auth", "rules")
        .without_workloads();
    assert_eq!(
        format!("{reader:?}"),
        "ClusterReader { namespace: \"auth\", config_map: \"rules\", has_workloads: false, .. }"
    );
}
