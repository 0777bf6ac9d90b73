use aws_auth_map::{Backend, BackendKind, IdentityMap, PolicyTable, Reader};
use eks_auth::{AccessPolicyRules, Authenticated, KubernetesUser, authorize};
use iam_principal::Identity;
use k8s_rbac::{Manifests, Policy, Request, ResourceRequest};

const ENTRIES: &str = r#"[{
    "principalArn": "arn:aws:iam::111122223333:role/dev", "type": "STANDARD", "username": "dev",
    "kubernetesGroups": ["devs"],
    "associatedAccessPolicies": [
        {"policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSComputePolicy",
         "accessScope": {"type": "cluster"}},
        {"policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
         "accessScope": {"type": "namespace", "namespaces": ["dev-*"]}}
    ]},
    {"principalArn": "arn:aws:iam::111122223333:role/admin", "type": "STANDARD", "username": "admin",
     "associatedAccessPolicies": [
        {"policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
         "accessScope": {"type": "cluster"}}
    ]}]"#;

const RBAC: &str = "
kind: ClusterRole
apiVersion: rbac.authorization.k8s.io/v1
metadata: {name: node-reader}
rules: [{apiGroups: [''], resources: [nodes], verbs: [get]}]
---
kind: ClusterRoleBinding
apiVersion: rbac.authorization.k8s.io/v1
metadata: {name: devs}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: node-reader}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: devs}]
";

fn caller(role: &str) -> Authenticated {
    let (rules, problems) = Reader::new().read_access_entries(ENTRIES);
    assert_eq!(problems, []);
    let map = IdentityMap::new().with_backend(Backend::new(BackendKind::AccessEntries, rules));
    let arn = format!("arn:aws:sts::111122223333:assumed-role/{role}/s");
    let identity = Identity::new(&arn, "111122223333", "AROAEXAMPLE:s").unwrap();
    Authenticated::resolve(identity, &map).unwrap()
}

fn rbac() -> Policy {
    let manifests = Manifests::read([("rbac.yaml", RBAC)]);
    assert!(manifests.problems().is_empty());
    Policy::new(manifests.into_objects())
}

#[test]
fn a_request_is_allowed_by_rbac_or_by_an_access_policy_in_its_scope() {
    let (dev, rbac) = (caller("dev"), rbac());
    let policies = AccessPolicyRules::from(&PolicyTable::eks());
    let ask =
        |request: ResourceRequest<'static>| authorize(&dev, &request.into(), &rbac, &policies);

    let by_rbac = ask(ResourceRequest::new("get", "", "nodes"));
    assert!(by_rbac.is_allowed() && by_rbac.access_policy().is_none());
    assert!(
        by_rbac
            .reason()
            .starts_with("RBAC: allowed by ClusterRoleBinding \"devs\"")
    );
    // It does not matter that another policy may allow the request as well.
    assert!(!by_rbac.reason().contains("unknown"));

    let by_policy = ask(ResourceRequest::new("list", "", "pods").in_namespace("dev-1"));
    assert!(by_policy.is_allowed() && !by_policy.rbac().decision().is_allow());
    let grant = by_policy.access_policy().unwrap();
    assert_eq!(grant.policy().name(), "AmazonEKSViewPolicy");
    assert_eq!(grant.entry().to_string(), "accessEntry[0]");
    assert!(grant.rule().verbs.iter().any(|verb| verb == "list"));
    assert_eq!(
        by_policy.reason(),
        "EKS Access Policy: allowed by RoleBinding \"arn:aws:iam::111122223333:role/dev+arn:aws:eks::aws:\
         cluster-access-policy/AmazonEKSViewPolicy/dev-1\" of ClusterRole \"arn:aws:eks::aws:\
         cluster-access-policy/AmazonEKSViewPolicy\" to User \"AROAEXAMPLE\""
    );

    for refused in [
        ResourceRequest::new("list", "", "pods").in_namespace("prod"),
        // A policy for some namespaces does not allow a request about all namespaces.
        ResourceRequest::new("list", "", "pods"),
        ResourceRequest::new("delete", "", "pods").in_namespace("dev-1"),
    ] {
        let answer = ask(refused);
        assert!(!answer.is_allowed(), "{refused:?}");
        let names: Vec<_> = answer.unknown_policies().iter().map(|p| p.name()).collect();
        assert_eq!(names, ["AmazonEKSComputePolicy"]);
        assert_eq!(
            answer.reason(),
            "EKS Access Policy: the rules of AmazonEKSComputePolicy on the cluster are unknown"
        );
    }
}

/// The text comes from an audit event of a real EKS cluster (2024-08-24), with other identifiers.
#[test]
fn the_reason_of_a_policy_of_the_cluster_is_that_of_eks() {
    let (admin, rbac) = (caller("admin"), Policy::default());
    let policies = AccessPolicyRules::from(&PolicyTable::eks());
    let request = ResourceRequest::new("list", "", "namespaces").into();
    assert_eq!(
        authorize(&admin, &request, &rbac, &policies).reason(),
        "EKS Access Policy: allowed by ClusterRoleBinding \"arn:aws:iam::111122223333:role/admin+\
         arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy\" of ClusterRole \
         \"arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy\" to User \"AROAEXAMPLE\""
    );
    let path = Request::path("get", "/metrics");
    assert!(authorize(&admin, &path, &rbac, &policies).is_allowed());
    assert!(!authorize(&admin, &path, &rbac, &AccessPolicyRules::default()).is_allowed());
}

#[test]
fn the_user_keeps_uid_and_extra_and_gets_the_group_of_the_authenticated() {
    let dev = caller("dev");
    let user = KubernetesUser::from(&dev);
    assert_eq!(user.username(), "dev");
    assert_eq!(user.groups(), ["devs", "system:authenticated"]);
    assert_eq!(user.as_rbac().groups, user.groups());
    assert_eq!(AsRef::<k8s_rbac::User>::as_ref(&user), user.as_rbac());
    assert_eq!(user.uid(), dev.user().uid());
    let arn = user.extra().get("arn").map(Vec::as_slice);
    assert_eq!(arn, Some([dev.identity().arn().to_owned()].as_slice()));
    assert_eq!(KubernetesUser::from(dev.user()), user);
}

#[cfg(feature = "serde")]
#[test]
fn an_authentication_is_written_as_json() {
    let dev = caller("dev");
    let json = serde_json::to_value(&dev).unwrap();
    assert_eq!(
        json["identity"]["arn"],
        "arn:aws:sts::111122223333:assumed-role/dev/s"
    );
    assert_eq!(json["user"]["username"], "dev");
    assert_eq!(json["rule"], "accessEntry[0]");
    assert_eq!(json["backend"], "AccessEntries");
    assert_eq!(
        json["accessPolicies"][1],
        serde_json::json!({
            "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
            "namespaces": ["dev-*"],
        })
    );
    let user = serde_json::to_value(KubernetesUser::from(&dev)).unwrap();
    assert_eq!(user["groups"][1], "system:authenticated");
    assert_eq!(user["uid"], dev.user().uid());
}
