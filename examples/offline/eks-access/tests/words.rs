//! Words of a question that must be typing errors, and limits on the input.

use program::output::FAILED;

use super::{Directory, check, run};

const WORLD: &str = "\
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: a}, rules: [\
 {verbs: [get, frob], apiGroups: [''], resources: [secrets, pods/logz]}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: a},\
 subjects: [{kind: User, name: u}, {kind: Group, name: 'system:mine'}],\
 roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: a}}
";

/// An answer about a misspelled word would be an answer to another question.
#[test]
fn a_typing_error_has_no_answer() {
    let dir = Directory::new("typing");
    let file = dir.file("world.yaml", WORLD);
    for (line, words) in [
        ("can --as u delte secrets", "did you mean \"delete\"?"),
        ("can --as u get secerts", "did you mean \"secrets\"?"),
        ("can --as u DELETE secrets", "did you mean \"delete\"?"),
        ("can --as u get po,svc", "as a word of its own"),
        ("can --as u get deploy web", "one object as RESOURCE/NAME"),
        (
            "can --as u arn:aws:iam::111122223333:role/dev get secrets",
            "or --as, not both",
        ),
        (
            "can arn:aws:iam::111122223333:role/dev-* get secrets",
            "ask about one principal",
        ),
        ("who udpate secrets", "did you mean \"update\"?"),
        ("can --as u -A lst secrets", "did you mean \"list\"?"),
        (
            "why --as u create pods --subresource=exce",
            "did you mean \"exec\"?",
        ),
        ("who get pods --subresource=logs", "did you mean \"log\"?"),
        ("can --as u gte /healthz", "did you mean \"get\"?"),
        (
            "can --as v --as-group system:master get secrets",
            "system:masters",
        ),
        (
            "list --as v --as-group system:authentcated",
            "system:authenticated",
        ),
        (
            "list --as system:serviceaccount:dev",
            "system:serviceaccount:NAMESPACE:NAME",
        ),
        (
            "list --as system:serviceaccounts:dev:a",
            "system:serviceaccount:NAMESPACE:NAME",
        ),
        ("escalate --as u --to system:master", "no binding names"),
        (
            "escalate --as u --to group:system:master",
            "no binding names",
        ),
        ("escalate --as u --to cluster-admin-x", "no binding names"),
    ] {
        check(&format!("{line} -f {file}"), FAILED, &[words]);
    }
}

/// A word that a rule or a binding has is not a typing error. Nor is a word that resembles no known
/// word.
#[test]
fn an_unusual_word_has_an_answer() {
    let dir = Directory::new("unusual");
    let file = dir.file("world.yaml", WORLD);
    for line in [
        "can --as u frob secrets",
        "can --as u get pods --subresource=logz",
        "can --as u approve secrets",
        "can --as u transmogrify secrets",
        "list --as v --as-group system:mine",
        "list --as v --as-group system:serviceaccounts:dev",
        "list --as system:serviceaccount:dev:a",
        "escalate --as u --to system:masters",
        "escalate --as v --to group:system:mine",
    ] {
        let (status, _, all) = run(&format!("{line} -f {file}"));
        assert_ne!(status, FAILED, "{line}\n{all}");
    }
}

#[test]
fn every_command_limits_the_size_of_a_file() {
    let dir = Directory::new("size");
    let file = dir.file("world.yaml", WORLD);
    for line in [
        "can --as u get secrets",
        "why --as u get secrets",
        "who get secrets",
        "list --as u",
        "escalate --as u",
        "callers",
        "whoami arn:aws:iam::111122223333:user/u",
        "check",
        &format!("write --as u {file}"),
        &format!("diff {file} {file}"),
        "edit dedupe",
        "convert --to entries",
    ] {
        let line = format!("{line} -f {file} --max-input-size");
        let refused = "longer than 100 bytes: raise --max-input-size";
        check(&format!("{line} 100"), FAILED, &[refused]);
        let (_, _, all) = run(&format!("{line} 1KiB"));
        assert!(!all.contains("longer than"), "{line}\n{all}");
    }
}

#[test]
fn a_question_about_every_namespace_names_those_with_a_yes() {
    let dir = Directory::new("namespaces");
    let bound = |namespace: &str| {
        format!(
            "{{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {{name: b, namespace: {namespace}}}, \
             subjects: [{{kind: User, name: w}}], roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: a}}}}\n"
        )
    };
    let world = [WORLD, &bound("dev"), &bound("prod")].join("---\n");
    let file = dir.file("world.yaml", &world);
    check(
        &format!("can --as w get secrets -A -f {file}"),
        1,
        &["allowed in the namespaces dev, prod\n"],
    );
    check(
        &format!("why --as w get secrets -A -f {file}"),
        1,
        &[
            "  in namespace dev:\n    RoleBinding \"b/dev\" names User \"w\" (",
            "  in namespace prod:\n    RoleBinding \"b/prod\" names User \"w\" (",
        ],
    );
}

/// `-f DIR -f DIR/FILE` names one file twice, which must not count as two mappings.
#[test]
fn a_file_that_is_named_twice_is_read_once() {
    let dir = Directory::new("twice");
    let map = dir.file("aws-auth.yaml", &super::config_map(&[super::NODES]));
    let parent = std::path::Path::new(&map)
        .parent()
        .unwrap()
        .display()
        .to_string();
    check(
        &format!("callers -f {parent} -f {map} -f {map}"),
        0,
        &["role/nodes"],
    );
}
