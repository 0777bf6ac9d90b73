//! What `check` finds between the mapping and RBAC.

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
