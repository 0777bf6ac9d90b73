//! The findings of `check` between the mapping and RBAC.

use eks_access::{Cluster, Document, Options};

const MAP: &str = "mapRoles:
- {rolearn: 'arn:aws:iam::111122223333:role/a', username: alice, groups: [bound, unbound, 'system:nodes-x']}
- {rolearn: 'arn:aws:iam::111122223333:role/b', username: 'dev:{{SessionName}}', groups: ['team:{{SessionName}}']}
- {rolearn: 'arn:aws:iam::111122223333:role/c', username: carol, groups: [nothing]}
- {rolearn: 'arn:aws:iam::111122223333:role/d', username: dave, groups: [nothing]}
- {rolearn: 'arn:aws:iam::111122223333:role/e', username: 'ops:{{SessionName}}', groups: [nothing]}
- {rolearn: 'arn:aws:iam::111122223333:role/raw', username: 'raw:{{SessionNameRaw}}', groups: [bound]}
- {rolearn: 'arn:aws:iam::111122223333:role/m', username: m, groups: ['system:masters', nothing]}
- {rolearn: 'arn:aws:iam::111122223333:role/n', username: 'system:node:{{EC2PrivateDNSName}}', groups: ['system:bootstrappers', 'system:nodes', nothing]}
- {rolearn: 'arn:aws:iam::111122223333:role/p', username: powerless}
- {rolearn: 'arn:aws:iam::111122223333:role/w', username: 'system:node:{{EC2PrivateDNSName}}', groups: ['eks:kube-proxy-windows', 'system:bootstrappers', 'system:nodes']}
mapAccounts: ['444455556666']
";

const ENTRIES: &str = r#"{"accessEntry": {"principalArn": "arn:aws:iam::111122223333:role/x", "type": "STANDARD",
    "username": "xena", "kubernetesGroups": ["nothing"], "associatedAccessPolicies": [
        {"policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy", "accessScope": {"type": "cluster"}}]}}"#;

#[test]
fn groups_that_no_binding_names_and_subjects_that_no_caller_becomes_are_found() {
    let subjects = [
        ("Group", "bound"),
        ("Group", "team:x"),
        ("Group", "dev:x"),
        ("Group", "boumd"),
        ("User", "dave"),
        ("User", "dev:alice"),
        ("User", "ops:x"),
        ("User", "erin"),
        ("User", "carrol"),
        ("User", "system:custom"),
        ("User", "dev:bob@example.com"),
        ("User", "dev:b/ob"),
        ("User", "raw:bob@example.com"),
        ("User", "eks:node-manager"),
        ("User", "arn:aws:iam::444455556666:user/u"),
        ("User", "arn:aws:iam::777788889999:user/u"),
    ];
    let subjects = subjects.map(|(kind, name)| {
        format!("- {{apiGroup: rbac.authorization.k8s.io, kind: {kind}, name: '{name}'}}\n")
    });
    let binding = format!(
        "apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{name: b, namespace: ns}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}}
subjects:
{}",
        subjects.concat()
    );
    let documents = [
        Document::new("map.yaml", MAP),
        Document::new("entries.json", ENTRIES),
        Document::new("rbac.yaml", binding),
    ];
    let cluster = Cluster::from_documents(documents, &Options::new());
    let checked = cluster.check(&k8s_rbac::Objects::default()).unwrap();
    let found = checked.findings.iter().filter(|finding| {
        ["powerless-user", "unbound-group", "unmapped-subject"].contains(&&*finding.code)
    });
    let mut found: Vec<String> = found
        .map(|one| format!("{:?} {}: {}", one.severity, one.code, one.message))
        .collect();
    found.sort();
    assert_eq!(
        found,
        [
            "High unbound-group: no binding names group `nothing`",
            "Low unmapped-subject: no caller becomes user `arn:aws:iam::777788889999:user/u`",
            "Low unmapped-subject: no caller becomes user `dev:b/ob`",
            "Low unmapped-subject: no caller becomes user `erin`",
            "Medium powerless-user: no binding names user `powerless`, who is in no group and has no access policy",
            "Medium unbound-group: no binding names group `nothing`",
            "Medium unbound-group: no binding names group `nothing`",
            "Medium unbound-group: no binding names group `nothing`",
            "Medium unbound-group: no binding names group `nothing`",
            "Medium unbound-group: no binding names group `nothing`",
            "Medium unbound-group: no binding names group `system:nodes-x`",
            "Medium unbound-group: no binding names group `unbound`; `bound` is bound",
            "Medium unmapped-subject: no caller becomes user `carrol`; `carol` is mapped",
            "Medium unmapped-subject: no caller becomes user `dev:bob@example.com`; `dev:bob-example.com` is mapped, since `{{SessionName}}` has `-` in place of `@`",
            "Medium unmapped-subject: no caller is in group `boumd`; `bound` is mapped",
            "Medium unmapped-subject: no caller is in group `dev:x`; user `dev:x` is mapped",
        ]
    );
}

/// The names as which templates may be rendered, and names that nearly match.
#[test]
fn a_subject_is_mapped_if_a_template_may_be_its_name() {
    let mut rules = vec![
        ("host:{{EC2PrivateDNSName}}:end".to_owned(), "g"),
        ("host:{{SessionName}}".to_owned(), "g"),
        (
            "of:{{EC2PrivateDNSName}}:in:{{SessionName}}".to_owned(),
            "g",
        ),
        ("of:{{AccountID}}".to_owned(), "grp:{{SessionName}}"),
        // Both names have the same shape, in either order.
        ("one:{{EC2PrivateDNSName}}".to_owned(), "g"),
        ("one:{{SessionName}}".to_owned(), "g"),
        ("two:{{SessionName}}".to_owned(), "g"),
        ("two:{{EC2PrivateDNSName}}".to_owned(), "g"),
        ("al-ice".to_owned(), "abc"),
        ("ops:{{SessionName}}".to_owned(), "four"),
    ];
    // For one template, sixteen rules are searched for a session.
    rules.extend((0..16).map(|_| ("few:{{SessionName}}".to_owned(), "g")));
    rules.extend((0..17).map(|_| ("many:{{SessionName}}".to_owned(), "g")));
    let rules: String = rules
        .iter()
        .enumerate()
        .map(|(number, (username, group))| {
            format!(
                "- {{rolearn: 'arn:aws:iam::111122223333:role/r{number}', username: '{username}', \
                 groups: ['{group}']}}\n"
            )
        })
        .collect();
    let map = format!("mapRoles:\n{rules}");
    let since = "since `{{SessionName}}` has `-` in place of `@`";
    for (kind, name, finding) in [
        ("User", "host:a:end", None),
        ("User", "host:b", None),
        ("User", "host:a/b:other", Some(String::new())),
        ("User", "host::end", Some(String::new())),
        ("User", "of:a:in:b", None),
        ("User", "of:ab", Some(String::new())),
        ("User", "of:111122223333", None),
        ("User", "of:999999999999", Some(String::new())),
        ("User", "one:a/b", None),
        ("User", "two:a/b", None),
        ("User", "few:b", None),
        ("User", "few:a/b", Some(String::new())),
        ("User", "many:a/b", None),
        ("User", "al@ice", Some("; `al-ice` is mapped".to_owned())),
        (
            "Group",
            "grp:bob@x.example",
            Some(format!("; `grp:bob-x.example` is mapped, {since}")),
        ),
        (
            "User",
            "ops:bob@x.example",
            Some(format!("; `ops:bob-x.example` is mapped, {since}")),
        ),
        ("Group", "abd", Some(String::new())),
        ("Group", "fuor", Some("; `four` is mapped".to_owned())),
    ] {
        let binding = format!(
            "apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{name: b, namespace: ns}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}}
subjects: [{{apiGroup: rbac.authorization.k8s.io, kind: {kind}, name: '{name}'}}]
"
        );
        let documents = [
            Document::new("map.yaml", &map),
            Document::new("rbac.yaml", binding),
        ];
        let cluster = Cluster::from_documents(documents, &Options::new());
        let checked = cluster.check(&k8s_rbac::Objects::default()).unwrap();
        let mut unmapped = checked.findings.iter();
        let unmapped = unmapped.find(|finding| finding.code == "unmapped-subject");
        let becomes = match kind {
            "User" => "becomes user",
            _ => "is in group",
        };
        let want = finding.map(|near| format!("no caller {becomes} `{name}`{near}"));
        assert_eq!(unmapped.map(|one| one.message.clone()), want, "{name}");
    }
}
