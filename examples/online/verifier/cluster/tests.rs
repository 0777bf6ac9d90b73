//! The settings of `serve` against a stub of an API server, over sockets.

#[cfg(test)]
#[expect(dead_code, reason = "the tests of eks-auth-kube use the rest")]
#[path = "../../../../crates/eks-auth-kube/tests/it/api_server.rs"]
mod api_server;

use std::sync::Arc;
use std::time::Duration;

use aws_auth_map::Resolution;
use clap::Parser as _;
use eks_auth::Identity;
use eks_auth_server::{Metrics, SharedSnapshot};
use eks_auth_sources::Sources;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use self::api_server::{ApiServer, CONFIG_MAPS, MAPPINGS, RBAC};
use super::Watch;
use crate::args::{Args, Command};
use crate::log::Log;
use crate::{rules, settings};

/// How long a test waits for something that happens at once on an idle machine.
const LONGEST: Duration = Duration::from_secs(60);

struct Running {
    /// The sources end with their last handle.
    _sources: Sources,
    rules: SharedSnapshot,
    metrics: Arc<Metrics>,
}

/// Starts the sources of rules as `verifier serve` with these flags does.
async fn start(flags: &[&str]) -> Result<Running, String> {
    let words = ["verifier", "serve"].iter().chain(flags);
    let Command::Serve(args) = Args::try_parse_from(words).unwrap().command else {
        return Err("another command".to_owned());
    };
    let merged = settings::merge(args.settings, None, None)?;
    let watch = Watch::connect(&merged.settings).await?;
    let metrics = Arc::new(Metrics::new());
    let (sources, rules) = rules::start(&merged, Log, &metrics, None)?;
    watch.start(&sources, &metrics, Log);
    Ok(Running {
        _sources: sources,
        rules,
        metrics,
    })
}

impl Running {
    /// Returns the user of `user/dev`.
    fn user(&self) -> String {
        let arn = "arn:aws:iam::111122223333:user/dev";
        let dev = Identity::new(arn, "111122223333", "AIDAEXAMPLEEXAMPLEEX").unwrap();
        match self.rules.load().identity_map().resolve(&dev) {
            Resolution::Mapped(mapped) => mapped.user().username().to_owned(),
            Resolution::NotMapped => "not mapped".to_owned(),
            Resolution::Refused(refusal) => refusal.reason().code().to_owned(),
        }
    }

    async fn wait(&self, what: &str, is_there: impl Fn(&Self) -> bool) {
        let wait = async {
            while !is_there(self) {
                sleep(Duration::from_millis(5)).await;
            }
        };
        let waited = timeout(LONGEST, wait).await;
        assert!(waited.is_ok(), "{what}; the user is {}", self.user());
    }

    async fn wait_for_user(&self, user: &str) {
        self.wait(user, |running| running.user() == user).await;
    }

    /// Returns the value of a line of /metrics.
    fn metric(&self, name: &str) -> Option<f64> {
        let text = self.metrics.encode(&self.rules.load());
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().parse().ok()
    }
}

fn config_map(user: &str) -> Value {
    let users = format!("- userarn: arn:aws:iam::111122223333:user/dev\n  username: {user}\n");
    json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"mapUsers": users},
        "metadata": {"name": "aws-auth", "namespace": "kube-system"}})
}

const FAILURES: &str = "aws_iam_authenticator_configmap_watch_failures_total ";

#[tokio::test(flavor = "multi_thread")]
async fn edits_of_the_config_map_are_in_effect_without_a_restart() {
    let server = ApiServer::start().await;
    server.put(CONFIG_MAPS, config_map("dev-1"));
    let url = server.url();
    let flags = ["--backend-mode", "EKSConfigMap", "--master", &url];
    let running = start(&flags).await.unwrap();
    running.wait_for_user("dev-1").await;
    assert_eq!(running.metric(FAILURES), Some(0.0));
    server.put(CONFIG_MAPS, config_map("dev-2"));
    running.wait_for_user("dev-2").await;

    // The API server is gone, and comes back with a history that lacks the last event.
    server.stop();
    running
        .wait("a failure", |running| running.metric(FAILURES) > Some(0.0))
        .await;
    assert_eq!(running.user(), "dev-2");
    assert!(running.rules.load().is_ready());
    let healthy = r#"eks_auth_source_healthy{source="EKSConfigMap (kube-system/aws-auth)"} "#;
    running
        .wait("the fault", |running| running.metric(healthy) == Some(0.0))
        .await;
    server.put(CONFIG_MAPS, config_map("dev-3"));
    server.resume().await;
    running.wait_for_user("dev-3").await;
    assert_eq!(running.metric(healthy), Some(1.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_good_rules_survive_a_restart_while_the_api_server_is_gone() {
    let server = ApiServer::start().await;
    server.put(CONFIG_MAPS, config_map("dev-1"));
    let state = tempfile::tempdir().unwrap();
    let (url, directory) = (server.url(), state.path().join("state"));
    let directory = directory.to_str().unwrap();
    let flags = [
        "--backend-mode",
        "EKSConfigMap",
        "--master",
        &url,
        "--state-dir",
        directory,
    ];
    let running = start(&flags).await.unwrap();
    running.wait_for_user("dev-1").await;
    drop(running);
    server.stop();
    let running = start(&flags).await.unwrap();
    assert_eq!(running.user(), "dev-1");
    assert!(running.rules.load().is_ready());
    server.put(CONFIG_MAPS, config_map("dev-2"));
    server.resume().await;
    running.wait_for_user("dev-2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_first_list_there_is_no_answer() {
    let server = ApiServer::start().await;
    server.put(CONFIG_MAPS, config_map("dev-1"));
    server.stop();
    let url = server.url();
    let flags = ["--backend-mode", "EKSConfigMap", "--master", &url];
    let running = start(&flags).await.unwrap();
    assert_eq!(running.user(), "unreadable-source");
    assert!(!running.rules.load().is_ready());
    server.resume().await;
    running.wait_for_user("dev-1").await;
    assert!(running.rules.load().is_ready());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_config_map_that_does_not_exist_has_the_effect_of_the_flag() {
    let server = ApiServer::start().await;
    let url = server.url();
    let flags = ["--backend-mode", "EKSConfigMap", "--master", &url];
    let running = start(&flags).await.unwrap();
    assert_eq!(running.user(), "unreadable-source");
    let flags = [&flags[..], &["--absent-config-map", "empty"]].concat();
    let running = start(&flags).await.unwrap();
    running.wait_for_user("not mapped").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn identity_mappings_and_rbac_objects_are_watched() {
    let server = ApiServer::start().await;
    let mapping = |user: &str| {
        json!({"apiVersion": "iamauthenticator.k8s.aws/v1alpha1", "kind": "IAMIdentityMapping",
            "metadata": {"name": "dev"},
            "spec": {"arn": "arn:aws:iam::111122223333:user/dev", "username": user, "groups": []}})
    };
    server.put(MAPPINGS, mapping("dev-1"));
    let url = server.url();
    let flags = ["--backend-mode", "CRD", "--watch-rbac", "--master", &url];
    let running = start(&flags).await.unwrap();
    running.wait_for_user("dev-1").await;
    running
        .wait("the policy", |running| {
            running.rules.load().policy().is_some()
        })
        .await;
    server.put(MAPPINGS, mapping("dev-2"));
    running.wait_for_user("dev-2").await;
    let before = running.rules.load().generation();
    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "metadata": {"name": "pods"}, "rules": []});
    server.put(&format!("{RBAC}/clusterroles"), role);
    running
        .wait("the role", |running| {
            running.rules.load().generation() > before
        })
        .await;
}

#[tokio::test]
async fn a_cluster_that_is_not_known_is_an_error_at_the_start() {
    let refusal = |flags: &'static [&'static str]| async move {
        start(flags).await.err().unwrap_or_default()
    };
    let why = refusal(&["--backend-mode", "CRD"]).await;
    assert!(why.contains("--kubeconfig or --master"), "{why}");
    let why = refusal(&["--backend-mode", "CRD", "--kubeconfig", "/nowhere"]).await;
    assert!(why.starts_with("--kubeconfig /nowhere: "), "{why}");
}
