//! `--live` against a stub of an API server, over sockets.

mod failures;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::thread;

use clap::Parser as _;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::args::Args;
use crate::print::Answer;

/// A cluster on a socket: the answers by path. Other lists are empty.
type Objects = BTreeMap<&'static str, Value>;

/// The first path that is read. A stub that refuses this path answers as an API server does to an
/// unknown client.
const UNAUTHORIZED: &str = "/version";

struct Cluster {
    directory: TempDir,
}

fn dev() -> Objects {
    let users = "- userarn: arn:aws:iam::111122223333:user/dev\n  username: dev\n";
    let role = json!({"metadata": {"name": "pods", "namespace": "dev"},
        "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]});
    let binding = json!({"metadata": {"name": "pods", "namespace": "dev"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "pods"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "dev"},
            {"kind": "ServiceAccount", "name": "app", "namespace": "dev"}]});
    let pod = json!({"metadata": {"name": "app-1", "namespace": "dev"}, "spec": {"serviceAccountName": "app"}});
    Objects::from([
        ("/version", json!({"major": "1", "minor": "34"})),
        (
            "/api/v1/namespaces/kube-system/configmaps/aws-auth",
            json!({"metadata": {"name": "aws-auth", "namespace": "kube-system"}, "data": {"mapUsers": users}}),
        ),
        (
            "/apis/rbac.authorization.k8s.io/v1/roles",
            json!({ "items": [role] }),
        ),
        (
            "/apis/rbac.authorization.k8s.io/v1/rolebindings",
            json!({ "items": [binding] }),
        ),
        ("/api/v1/pods", json!({ "items": [pod] })),
    ])
}

impl Cluster {
    fn start(objects: Objects, forbidden: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = format!("http://{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                answer(connection, &objects, forbidden);
            }
        });
        let kubeconfig = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "nowhere",
            "clusters": [{"name": "stub", "cluster": {"server": server}}],
            "contexts": [{"name": "stub", "context": {"cluster": "stub", "user": ""}}],
        });
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("kubeconfig"), kubeconfig.to_string()).unwrap();
        Self { directory }
    }

    fn kubeconfig(&self) -> PathBuf {
        self.directory.path().join("kubeconfig")
    }

    /// Runs a command line with `--live`.
    fn ask(&self, line: &str) -> Answer {
        let kubeconfig = self.kubeconfig().display().to_string();
        let words = format!("eks-access {line} --live --context stub --kubeconfig {kubeconfig}");
        crate::run(&Args::try_parse_from(words.split(' ')).unwrap())
    }
}

fn answer(mut connection: TcpStream, objects: &Objects, forbidden: &str) {
    let mut head = BufReader::new(&connection).lines().map_while(Result::ok);
    let first = head.next().unwrap_or_default();
    let path = first.split([' ', '?']).nth(1).unwrap_or_default();
    // Read the rest of the head, so that the connection closes in order.
    head.find(String::is_empty);
    let (status, body) = match objects.get(path) {
        _ if path == UNAUTHORIZED && forbidden == UNAUTHORIZED => {
            (401, json!({"kind": "Status", "message": "Unauthorized"}))
        }
        _ if path == forbidden => (403, json!({"kind": "Status", "message": "no \u{1b}[31m"})),
        Some(object) => (200, object.clone()),
        None if path.contains("iamauthenticator") || path.contains("/configmaps/") => {
            (404, json!({"kind": "Status", "message": "not found"}))
        }
        None => (200, json!({"items": []})),
    };
    let body = body.to_string();
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    let _ = connection.write_all((head + &body).as_bytes());
}

#[test]
fn questions_are_answered_from_the_cluster() {
    let cluster = Cluster::start(dev(), "");
    let dev = "arn:aws:iam::111122223333:user/dev";
    let yes = cluster.ask(&format!("can {dev} get pods -n dev"));
    assert_eq!(yes.status, 0, "{:?}", yes.aside);
    assert!(yes.text.starts_with("yes: "), "{}", yes.text);
    assert_eq!(yes.data["cluster"]["kubernetesVersion"], "1.34");
    assert_eq!(
        cluster.ask(&format!("can {dev} list pods -n dev")).status,
        1
    );
    // A place is a line of `kubectl get roles -A -o json`.
    let why = cluster.ask(&format!("why {dev} get pods -n dev"));
    assert!(why.text.contains("(roles:13:22)"), "{}", why.text);
    let who = cluster.ask("who get pods -n dev");
    assert!(who.text.contains("Pod dev/app-1"), "{}", who.text);
}

#[test]
fn an_answer_says_that_access_entries_were_not_read() {
    let cluster = Cluster::start(dev(), "");
    let whoami = "whoami arn:aws:iam::111122223333:user/dev";
    let answer = cluster.ask(whoami);
    assert_eq!(answer.data["cluster"]["notRead"], json!(["access-entries"]));
    assert!(
        answer
            .aside
            .iter()
            .any(|line| line.contains("access entries were not read"))
    );
    let entries = cluster.directory.path().join("entries.json");
    let entry = json!({"accessEntry": {"principalArn": "arn:aws:iam::111122223333:role/a", "username": "a",
        "kubernetesGroups": [], "type": "STANDARD"}});
    std::fs::write(&entries, entry.to_string()).unwrap();
    let answer = cluster.ask(&format!("{whoami} -f {}", entries.display()));
    assert_eq!(
        answer.data["cluster"].get("notRead"),
        None,
        "{:?}",
        answer.aside
    );
}

#[test]
fn a_list_that_is_refused_leaves_no_answer() {
    for resource in ["rolebindings", "clusterroles"] {
        let forbidden = match resource {
            "rolebindings" => "/apis/rbac.authorization.k8s.io/v1/rolebindings",
            _ => "/apis/rbac.authorization.k8s.io/v1/clusterroles",
        };
        let answer = Cluster::start(dev(), forbidden).ask("can --as dev get pods -n dev");
        assert_eq!((answer.status, answer.text.as_str()), (2, ""));
        let why = format!("--live: {resource}: the API server answers 403: no ");
        assert!(answer.aside[0].starts_with(&why), "{:?}", answer.aside);
        assert!(!answer.aside[0].contains('\u{1b}'));
    }
    // Workloads are read only for commands that print them.
    let cluster = Cluster::start(dev(), "/api/v1/pods");
    assert_eq!(cluster.ask("can --as dev get pods -n dev").status, 0);
    assert_eq!(cluster.ask("who get pods -n dev").status, 2);
}

#[test]
fn without_the_config_map_callers_have_no_answer() {
    let mut objects = dev();
    objects.remove("/api/v1/namespaces/kube-system/configmaps/aws-auth");
    let cluster = Cluster::start(objects, "");
    let answer = cluster.ask("whoami arn:aws:iam::111122223333:user/dev");
    assert_eq!(answer.data["error"]["code"], "no-mapping");
    assert_eq!(cluster.ask("can --as dev get pods -n dev").status, 0);
}

#[test]
fn a_cluster_is_compared_with_files() {
    let cluster = Cluster::start(dev(), "");
    let new = cluster.directory.path().join("new.yaml");
    let map = "mapUsers:\n- {userarn: 'arn:aws:iam::111122223333:user/other', username: other}\n";
    let of_cluster = |path: &str, kind: &str| {
        let mut object = dev()[path]["items"][0].clone();
        object["apiVersion"] = "rbac.authorization.k8s.io/v1".into();
        object["kind"] = kind.into();
        object
    };
    let role = of_cluster("/apis/rbac.authorization.k8s.io/v1/roles", "Role");
    let binding = of_cluster(
        "/apis/rbac.authorization.k8s.io/v1/rolebindings",
        "RoleBinding",
    );
    std::fs::write(&new, format!("{map}---\n{role}\n---\n{binding}\n")).unwrap();
    let loses = "loses: arn:aws:iam::111122223333:user/dev: dev";
    let answer = cluster.ask(&format!("diff live {}", new.display()));
    assert_eq!(answer.status, 1, "{:?}", answer.aside);
    assert!(answer.text.contains(loses), "{}", answer.text);
    let is_noted = |line: &String| line.contains("access entries were not read");
    assert!(answer.aside.iter().any(is_noted), "{:?}", answer.aside);
    let answer = cluster.ask(&format!("diff {} live", new.display()));
    assert!(
        answer
            .text
            .contains("gains: arn:aws:iam::111122223333:user/dev")
    );
}

#[test]
fn commands_of_files_refuse_it() {
    let cluster = Cluster::start(dev(), "");
    for line in ["diff a b", "diff live live", "edit dedupe", "check --fix"] {
        let answer = cluster.ask(line);
        assert_eq!(answer.status, 2, "{line}");
        assert!(
            answer.aside[0].starts_with("--live: "),
            "{line}: {:?}",
            answer.aside
        );
    }
}
