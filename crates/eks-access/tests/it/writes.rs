//! Whether roles and bindings may be stored if an access policy grants permissions beside RBAC.

use eks_access::{Cluster, Document, Options, Who};
use k8s_rbac::Manifests;

const ENTRY: &str = r#"{"accessEntry": {"principalArn": "arn:aws:iam::111122223333:role/dev", "type": "STANDARD",
    "username": "dev", "associatedAccessPolicies": [
        {"policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
         "accessScope": {"type": "cluster"}}]}}"#;

/// The user may create bindings. The user holds the permissions that they grant only by the access policy. `bind`
/// is a rule.
fn rbac(bind: &str) -> String {
    format!(
        "apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {{name: binder}}
rules:
- {{apiGroups: [rbac.authorization.k8s.io], resources: [rolebindings, clusterroles], verbs: [create]}}
- {bind}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {{name: binder}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: binder}}
subjects: [{{apiGroup: rbac.authorization.k8s.io, kind: User, name: dev}}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {{name: reader}}
rules: [{{apiGroups: [''], resources: [pods], verbs: [list]}}]
"
    )
}

const BINDING: &str = "apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: new, namespace: ns}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reader}
";

const ROLE: &str = "apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: new}
rules: [{apiGroups: [''], resources: [pods], verbs: [list]}]
";

/// The API server does not compare a grant with the rules of the access policy. The user needs `bind` on the role
/// that a binding refers to, or `escalate` on a role, instead.
#[test]
fn a_grant_is_held_by_rbac_or_authorized_by_bind_or_escalate() {
    let rule = |resources: &str, names: &str, verb: &str| {
        format!(
            "{{apiGroups: [rbac.authorization.k8s.io], resources: [{resources}], resourceNames: [{names}], verbs: [{verb}]}}"
        )
    };
    for (bind, object, is_allowed) in [
        (rule("clusterroles", "reader", "bind"), BINDING, true),
        (rule("clusterroles", "other", "bind"), BINDING, false),
        // The name of the binding, or a Role of that name, is not the role.
        (rule("clusterroles", "new", "bind"), BINDING, false),
        (rule("roles", "reader, new", "bind"), BINDING, false),
        (rule("roles", "", "bind"), BINDING, false),
        (rule("clusterroles", "", "bind"), BINDING, true),
        (rule("clusterroles", "", "escalate"), BINDING, false),
        (rule("clusterroles", "", "escalate"), ROLE, true),
        // A role that is being created has no name yet.
        (rule("clusterroles", "new", "escalate"), ROLE, false),
        (rule("roles", "", "escalate"), ROLE, false),
    ] {
        let documents = [
            Document::new("entry.json", ENTRY),
            Document::new("rbac.yaml", rbac(&bind)),
        ];
        let cluster = Cluster::from_documents(documents, &Options::new());
        let who = Who::caller("arn:aws:sts::111122223333:assumed-role/dev/s").unwrap();
        let objects = Manifests::read([("new.yaml", object)]);
        assert!(objects.problems().is_empty());
        let writes = cluster.writes(&who, &objects.into_objects()).unwrap();
        assert_eq!(writes.is_allowed(), is_allowed, "{bind}\n{writes}");
    }
}

const LOCAL_BINDING: &str = "apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: new, namespace: ns}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: own}
";

const LOCAL_ROLE: &str = "apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: local, namespace: ns}
rules: [{apiGroups: [''], resources: [pods], verbs: [list]}]
";

/// An access policy whose rules have every verb authorizes `bind` and `escalate` too, in its namespaces.
#[test]
fn an_access_policy_authorizes_writes_bind_and_escalate_where_it_holds() {
    const ADMIN: &str = "AmazonEKSClusterAdminPolicy";
    let cluster_wide = r#"{"type": "cluster"}"#;
    let in_ns = r#"{"type": "namespace", "namespaces": ["ns"]}"#;
    let in_other = r#"{"type": "namespace", "namespaces": ["other"]}"#;
    for (policy, scope, object, is_allowed) in [
        (ADMIN, cluster_wide, BINDING, true),
        (ADMIN, cluster_wide, LOCAL_BINDING, true),
        (ADMIN, cluster_wide, ROLE, true),
        (ADMIN, cluster_wide, LOCAL_ROLE, true),
        (ADMIN, in_ns, BINDING, true),
        (ADMIN, in_ns, LOCAL_BINDING, true),
        (ADMIN, in_ns, LOCAL_ROLE, true),
        (ADMIN, in_ns, ROLE, false),
        (ADMIN, in_other, BINDING, false),
        (ADMIN, in_other, LOCAL_ROLE, false),
        ("AmazonEKSAdminPolicy", cluster_wide, BINDING, false),
        ("AmazonEKSViewPolicy", cluster_wide, BINDING, false),
    ] {
        let entry = ENTRY
            .replace("AmazonEKSViewPolicy", policy)
            .replace(r#"{"type": "cluster"}"#, scope);
        let documents = [
            Document::new("entry.json", entry),
            Document::new(
                "rbac.yaml",
                format!(
                    "{}---\n{LOCAL_ROLE}",
                    rbac("{apiGroups: [x], resources: [x], verbs: [x]}")
                )
                .replace("name: local", "name: own"),
            ),
        ];
        let cluster = Cluster::from_documents(documents, &Options::new());
        let who = Who::caller("arn:aws:sts::111122223333:assumed-role/dev/s").unwrap();
        let objects = Manifests::read([("new.yaml", object)]);
        let writes = cluster.writes(&who, &objects.into_objects()).unwrap();
        assert_eq!(
            writes.is_allowed(),
            is_allowed,
            "{policy} {scope}\n{object}\n{writes}"
        );
        let [write] = writes.writes() else {
            panic!("{writes}");
        };
        assert!(
            write.object().starts_with("create ")
                && write.object().contains(" ns/") != (object == ROLE)
        );
    }
}
