//! Rules watched in a cluster.

use std::sync::Arc;
use std::time::Duration;

use eks_auth_kube::eks_auth_sources::eks_auth::Identity;
use eks_auth_kube::eks_auth_sources::eks_auth::aws_auth_map::{ConfigMapName, Reader, Resolution};
use eks_auth_kube::eks_auth_sources::eks_auth::k8s_rbac::{Request, ResourceRequest, User};
use eks_auth_kube::eks_auth_sources::{Event, SourceKind, Sources, SourcesBuilder};
use eks_auth_kube::{AbsentConfigMap, ClusterWatch};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use crate::api_server::{ApiServer, CONFIG_MAPS, MAPPINGS, RBAC};

/// How long a test waits for an event that must come. This is enough for a slow machine.
const LONGEST: Duration = Duration::from_secs(60);

struct Watched {
    sources: Sources,
    events: UnboundedReceiver<Event>,
}

impl Watched {
    fn start(sources: SourcesBuilder, watch: ClusterWatch) -> Self {
        let (sender, events) = unbounded_channel();
        let observer = move |event: &Event| drop(sender.send(event.clone()));
        let sources = sources.with_observer(Arc::new(observer)).start().unwrap();
        let running = sources.clone();
        tokio::spawn(async move { watch.run(&running).await });
        Self { sources, events }
    }

    /// Waits for an event, and for the snapshot with its effect.
    async fn wait(&mut self, is_wanted: impl Fn(&Event) -> bool) {
        loop {
            let event = timeout(LONGEST, self.events.recv()).await;
            if is_wanted(&event.expect("the event comes").unwrap()) {
                break;
            }
        }
        let sources = self.sources.clone();
        let reload = tokio::task::spawn_blocking(move || drop(sources.reload_and_wait()));
        reload.await.unwrap();
    }

    fn username(&self) -> String {
        let arn = "arn:aws:iam::111122223333:user/dev";
        let dev = Identity::new(arn, "111122223333", "AIDAEXAMPLEEXAMPLEEX").unwrap();
        match self.sources.snapshot().identities().resolve(&dev) {
            Resolution::Mapped(mapped) => mapped.user().username().to_owned(),
            Resolution::NotMapped => "not mapped".to_owned(),
            Resolution::Refused(refusal) => refusal.reason().code().to_owned(),
        }
    }

    fn may_get_pods(&self, user: &str) -> bool {
        let snapshot = self.sources.snapshot();
        let user = User::new(user, Vec::<String>::new());
        let request: Request<'_> = ResourceRequest::new("get", "", "pods").into();
        let Ok(policy) = snapshot.policy() else {
            return false;
        };
        policy.authorize(&user, &request).decision().is_allow()
    }
}

fn is_applied(event: &Event) -> bool {
    matches!(event, Event::Applied { .. })
}

fn is_fault(code: &'static str) -> impl Fn(&Event) -> bool {
    move |event| matches!(event, Event::Faulty { fault, .. } if fault.code() == code)
}

fn config_map(user: &str) -> Value {
    let users = format!("- userarn: arn:aws:iam::111122223333:user/dev\n  username: {user}\n");
    json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"mapUsers": users},
        "metadata": {"name": "aws-auth", "namespace": "kube-system"}})
}

fn of_config_map() -> SourcesBuilder {
    Sources::builder().with_feed(SourceKind::ConfigMap, "kube-system/aws-auth")
}

#[tokio::test(flavor = "multi_thread")]
async fn each_change_of_the_config_map_is_applied() {
    let server = ApiServer::start().await;
    server.put(CONFIG_MAPS, config_map("dev-1"));
    let watch = ClusterWatch::new(server.client());
    let failures = watch.failures();
    let mut watched = Watched::start(of_config_map(), watch);
    watched.wait(is_applied).await;
    assert_eq!(watched.username(), "dev-1");
    server.put(CONFIG_MAPS, config_map("dev-2"));
    watched.wait(is_applied).await;
    assert_eq!(watched.username(), "dev-2");
    let mut broken = config_map("dev-3");
    broken["data"]["mapUsers"] = json!("[");
    server.put(CONFIG_MAPS, broken);
    watched.wait(is_fault("syntax")).await;
    assert_eq!(watched.username(), "dev-2");
    server.delete(CONFIG_MAPS, "aws-auth");
    watched.wait(is_fault("deleted")).await;
    assert_eq!(watched.username(), "dev-2");
    server.put(CONFIG_MAPS, config_map("dev-4"));
    watched.wait(is_applied).await;
    assert_eq!(watched.username(), "dev-4");
    assert_eq!(failures.of(SourceKind::ConfigMap), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_server_that_is_gone_and_back_with_a_compacted_history_is_followed() {
    let server = ApiServer::start().await;
    server.put(CONFIG_MAPS, config_map("dev-1"));
    let watch = ClusterWatch::new(server.client());
    let failures = watch.failures();
    let mut watched = Watched::start(of_config_map(), watch);
    watched.wait(is_applied).await;
    server.stop();
    watched.wait(is_fault("disconnected")).await;
    assert_eq!(watched.username(), "dev-1");
    assert!(watched.sources.report().is_ready());
    assert!(failures.of(SourceKind::ConfigMap) > 0);
    server.put(CONFIG_MAPS, config_map("dev-2"));
    server.resume().await;
    watched.wait(is_applied).await;
    assert_eq!(watched.username(), "dev-2");
    // Only the history is gone (`410 Gone`). No object has changed, so the same version is in
    // effect again.
    server.compact();
    watched.wait(is_fault("disconnected")).await;
    watched
        .wait(|event| matches!(event, Event::Recovered { .. }))
        .await;
    assert_eq!(watched.username(), "dev-2");
    server.put(CONFIG_MAPS, config_map("dev-3"));
    watched.wait(is_applied).await;
    assert_eq!(watched.username(), "dev-3");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_that_ends_in_order_is_taken_up_again() {
    let server = ApiServer::start().await;
    server.put(CONFIG_MAPS, config_map("dev-1"));
    let mut watched = Watched::start(of_config_map(), ClusterWatch::new(server.client()));
    watched.wait(is_applied).await;
    for user in ["dev-2", "dev-3"] {
        server.interrupt();
        server.put(CONFIG_MAPS, config_map(user));
        watched.wait(is_applied).await;
        assert_eq!(watched.username(), user);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_listed_again_after_some_time() {
    let server = ApiServer::start().await;
    server.put(CONFIG_MAPS, config_map("dev-1"));
    let watch = ClusterWatch::new(server.client()).with_resync(Duration::from_millis(50));
    let failures = watch.failures();
    let mut watched = Watched::start(of_config_map(), watch);
    watched.wait(is_applied).await;
    while server.lists() < 3 {
        tokio::task::yield_now().await;
    }
    assert_eq!(watched.username(), "dev-1");
    assert_eq!(failures.of(SourceKind::ConfigMap), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_config_map_that_never_was_has_the_effect_that_is_set() {
    let server = ApiServer::start().await;
    let mut other = config_map("dev-1");
    other["metadata"]["name"] = json!("other");
    server.put(CONFIG_MAPS, other);
    let client = server.client();
    let mut watched = Watched::start(of_config_map(), ClusterWatch::new(client.clone()));
    watched.wait(is_fault("deleted")).await;
    assert_eq!(watched.username(), "unreadable-source");
    assert!(!watched.sources.report().is_ready());
    let watch = ClusterWatch::new(client).with_absent_config_map(AbsentConfigMap::HasNoRules);
    let mut watched = Watched::start(of_config_map(), watch);
    watched.wait(is_applied).await;
    assert_eq!(watched.username(), "not mapped");
    assert!(watched.sources.report().is_ready());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_config_map_may_have_another_name() {
    let server = ApiServer::start().await;
    let mut other = config_map("dev-1");
    other["metadata"] = json!({"name": "rules", "namespace": "auth"});
    server.put("/api/v1/namespaces/auth/configmaps", other);
    server.put(CONFIG_MAPS, config_map("dev-2"));
    let name: ConfigMapName = "auth/rules".parse().unwrap();
    let sources = Sources::builder()
        .with_reader(Reader::new().with_config_map(name.clone()))
        .with_feed(SourceKind::ConfigMap, "auth/rules");
    let watch = ClusterWatch::new(server.client()).with_config_map(name);
    let mut watched = Watched::start(sources, watch);
    watched.wait(is_applied).await;
    assert_eq!(watched.username(), "dev-1");
}

/// A connection that was dropped silently is noticed when the watch should have ended.
#[tokio::test(flavor = "multi_thread")]
async fn each_watch_is_asked_to_end_in_a_minute() {
    let server = ApiServer::start().await;
    let sources = of_config_map()
        .with_feed(SourceKind::IdentityMappings, "the cluster")
        .with_feed(SourceKind::Rbac, "the cluster");
    let _watched = Watched::start(sources, ClusterWatch::new(server.client()));
    let all = async {
        while server.watches().len() < 6 {
            tokio::task::yield_now().await;
        }
    };
    timeout(LONGEST, all).await.expect("the watches begin");
    let mut watches = server.watches();
    watches.sort();
    let minute = |path: String| (path, Some("60".to_owned()));
    let rbac = [
        "clusterrolebindings",
        "clusterroles",
        "rolebindings",
        "roles",
    ];
    let mut want = vec![CONFIG_MAPS.to_owned(), MAPPINGS.to_owned()];
    want.extend(rbac.map(|kind| format!("{RBAC}/{kind}")));
    let want: Vec<_> = want.into_iter().map(minute).collect();
    assert_eq!(watches, want);
}

#[tokio::test(flavor = "multi_thread")]
async fn identity_mappings_are_rules() {
    let server = ApiServer::start().await;
    let sources = Sources::builder().with_feed(SourceKind::IdentityMappings, "the cluster");
    let watch = ClusterWatch::new(server.client());
    let failures = watch.failures();
    let mut watched = Watched::start(sources, watch);
    // There is no ConfigMap, which is a version as well.
    watched.wait(is_applied).await;
    assert_eq!(watched.username(), "not mapped");
    let mapping = |user: &str| {
        json!({"apiVersion": "iamauthenticator.k8s.aws/v1alpha1", "kind": "IAMIdentityMapping",
            "metadata": {"name": "dev"},
            "spec": {"arn": "arn:aws:iam::111122223333:user/dev", "username": user, "groups": []}})
    };
    server.put(MAPPINGS, mapping("dev-1"));
    watched.wait(is_applied).await;
    assert_eq!(watched.username(), "dev-1");
    server.delete(MAPPINGS, "dev");
    watched.wait(is_applied).await;
    assert_eq!(watched.username(), "not mapped");
    // No other kind is counted together with them.
    server.compact();
    watched.wait(is_fault("disconnected")).await;
    let kinds = [
        SourceKind::ConfigMap,
        SourceKind::IdentityMappings,
        SourceKind::Rbac,
    ];
    let failed = kinds.map(|kind| failures.of(kind) > 0);
    assert_eq!(failed, [false, true, false]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rbac_objects_of_all_kinds_are_one_version() {
    let server = ApiServer::start().await;
    let of = |kind: &str, name: &str, rest: Value| {
        let mut object = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind,
            "metadata": {"name": name}});
        let rest = rest.as_object().unwrap().clone();
        object.as_object_mut().unwrap().extend(rest);
        object
    };
    let role = json!({"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]});
    let binding = json!({
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "pods"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "dev"}],
    });
    let (roles, bindings) = (
        format!("{RBAC}/clusterroles"),
        format!("{RBAC}/clusterrolebindings"),
    );
    server.put(&roles, of("ClusterRole", "pods", role));
    let sources = Sources::builder().with_feed(SourceKind::Rbac, "the cluster");
    let watch = ClusterWatch::new(server.client());
    let failures = watch.failures();
    let mut watched = Watched::start(sources, watch);
    watched.wait(is_applied).await;
    assert!(!watched.may_get_pods("dev"));
    server.put(&bindings, of("ClusterRoleBinding", "dev", binding));
    watched.wait(is_applied).await;
    assert!(watched.may_get_pods("dev") && !watched.may_get_pods("other"));
    // The user may no longer read one kind, so the last good version stays.
    server.forbid(&bindings);
    server.compact();
    watched.wait(is_fault("disconnected")).await;
    assert!(watched.may_get_pods("dev"));
    assert!(failures.of(SourceKind::Rbac) > 0);
}

#[tokio::test]
async fn debug_shows_the_settings() {
    let watch = ClusterWatch::new(ApiServer::start().await.client())
        .with_absent_config_map(AbsentConfigMap::HasNoRules)
        .with_resync(Duration::from_secs(7));
    let shown = format!("{watch:?}");
    assert!(shown.starts_with("ClusterWatch { config_map: "), "{shown}");
    assert!(
        shown.ends_with(", absent: HasNoRules, resync: 7s, .. }"),
        "{shown}"
    );
}
