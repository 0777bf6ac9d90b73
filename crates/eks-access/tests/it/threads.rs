//! A cluster that is read on several threads equals the cluster that is read on one.

use std::fmt::Write as _;
use std::num::NonZeroUsize;

use eks_access::{Cluster, Document, Options};
use serde_json::{Value, json};

/// Everything of a cluster that an answer can quote.
fn shown(documents: &[Document], threads: usize) -> Value {
    let threads = NonZeroUsize::new(threads).expect("a thread");
    let options = Options::new().with_threads(threads).with_max_bytes(1 << 20);
    let cluster = Cluster::from_documents(documents.iter().cloned(), &options);
    let written = cluster.rbac().written();
    let roles = written.roles.iter().map(|role| &role.metadata);
    let places = roles.map(|role| {
        let (namespace, name) = (role.namespace.as_str(), role.name.as_str());
        let rule = cluster.place_of_role_rule("Role", namespace, name, 0);
        json!([
            namespace,
            name,
            cluster.rbac().place("Role", namespace, name),
            rule
        ])
    });
    let problems = cluster.problems().iter();
    json!({
        "objects": format!("{written:?}"),
        "places": places.collect::<Vec<_>>(),
        "problems": problems.map(ToString::to_string).collect::<Vec<_>>(),
        "unreadable": cluster.unreadable().count(),
        "sources": cluster.sources(),
        "unrecognized": cluster.unrecognized(),
        "workloads": cluster.workloads(),
        "mapping": format!("{:?}", cluster.identity_map()),
    })
}

/// Reads documents on one thread and on several. Returns the result.
#[track_caller]
fn assert_same(documents: &[Document]) -> Value {
    let one = shown(documents, 1);
    assert_eq!(shown(documents, 3), one);
    one
}

fn problems(shown: &Value) -> Vec<&str> {
    let problems = shown["problems"].as_array().expect("problems");
    problems.iter().filter_map(Value::as_str).collect()
}

/// A list that is long enough to be read in two pieces. `middle` stands between two items of the second
/// piece.
fn list(middle: &str) -> String {
    let mut text = "apiVersion: v1\nkind: List\nitems:\n".to_owned();
    for number in 0..240 {
        if number == 215 {
            text.push_str(middle);
        }
        let _ = write!(
            text,
            "- apiVersion: rbac.authorization.k8s.io/v1\n  kind: Role\n  metadata:\n    annotations:\n      \
             note: \"{:>1000}\"\n    name: role-{number}\n    namespace: team-{}\n  rules:\n  - apiGroups: ['']\n    \
             resources: [pods]\n    verbs: [get, list]\n",
            number,
            number % 7,
        );
    }
    text
}

fn document(name: &str, text: impl Into<String>) -> Document {
    Document::new(name, text)
}

const ROLE: &str = "- apiVersion: rbac.authorization.k8s.io/v1\n  kind: Role\n  metadata: {name: role-3, namespace: \
                    team-3}\n  rules: []\n";

#[test]
fn a_long_list_of_every_kind_of_object_is_the_same() {
    let others = "\
- {apiVersion: v1, kind: ConfigMap, metadata: {name: aws-auth, namespace: kube-system}, data: {mapRoles: '[{rolearn: \"arn:aws:iam::111122223333:role/dev\", username: dev, groups: [devs]}]'}}
- {apiVersion: v1, kind: Pod, metadata: {name: web, namespace: team-1}, spec: {serviceAccountName: web}}
- {apiVersion: v1, kind: Secret, metadata: {name: a, namespace: team-1}}
";
    let texts = [list(others), list(others).replace('\n', "\r\n")];
    for text in texts {
        let read = assert_same(&[document("dump.yaml", text)]);
        assert_eq!(problems(&read), Vec::<&str>::new());
        assert_eq!(read["places"].as_array().map(Vec::len), Some(240));
        assert_eq!(read["workloads"].as_array().map(Vec::len), Some(1));
    }
}

#[test]
fn problems_have_the_same_order_and_places() {
    // A role that replaces an earlier one, a duplicate key, a wrong type and an object without a kind.
    let faults = format!(
        "{ROLE}{}{}- {{apiVersion: v1}}\n",
        ROLE.replace("rules: []", "rules: []\n  rules: []"),
        ROLE.replace("rules: []", "rules: 5"),
    );
    let read = assert_same(&[
        document("first.yaml", list(&faults)),
        // The second document repeats every role of the first.
        document("second.yaml", list("")),
    ]);
    let problems = problems(&read);
    assert!(problems.len() > 240, "{problems:?}");
    let first = problems
        .iter()
        .take_while(|problem| problem.starts_with("first.yaml:"));
    assert_eq!(first.count(), 4, "{problems:?}");
}

#[test]
fn an_error_in_the_middle_leaves_the_same_error_and_no_object() {
    for middle in [
        "- \"open\n",
        "- *nothing\n",
        "- \u{3}\n",
        "- {name: {{ .Values.name }}}\n",
    ] {
        let read = assert_same(&[document("dump.yaml", list(middle))]);
        assert_ne!(read["unreadable"], json!(0), "{middle:?}");
        assert_eq!(read["places"], json!([]), "{middle:?}");
    }
}

#[test]
fn anchors_of_other_pieces_and_json_are_read() {
    let anchored = list("- *r\n").replacen("- apiVersion", "- &r\n  apiVersion", 1);
    let read = assert_same(&[document("dump.yaml", anchored)]);
    assert_eq!(problems(&read).len(), 1, "the role is there twice");

    let yaml = list("");
    let node = bounded_yaml::documents(&yaml, &bounded_yaml::Limits::new()).next();
    let node = node.and_then(Result::ok).expect("a list");
    let value = <Value as serde::Deserialize>::deserialize(&node).expect("JSON");
    let read = assert_same(&[document("dump.json", value.to_string())]);
    assert_eq!(problems(&read), Vec::<&str>::new());
    assert_eq!(read["places"].as_array().map(Vec::len), Some(240));
}
