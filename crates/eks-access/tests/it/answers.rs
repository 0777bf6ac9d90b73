//! The answers as values: their methods, their JSON and their printed text agree.

use aws_auth_map::ProblemKind;
use eks_access::{
    Baseline, CallerArn, Cluster, Document, Edit, EditRefused, HeldPolicy, NoAnswer, Options,
    Power, Question, Severity, Verdict, Who, severity_of_problem,
};
use k8s_rbac::ResourceRequest;
use serde::Serialize;
use serde_json::Value;

const ENTRIES: &str = r#"{"accessEntry": {"principalArn": "arn:aws:iam::111122223333:role/ops", "type": "STANDARD",
    "username": "ops", "kubernetesGroups": ["operators"], "associatedAccessPolicies": [
        {"policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
         "accessScope": {"type": "namespace", "namespaces": ["stage", "test-*"]}},
        {"policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSBlockStoragePolicy",
         "accessScope": {"type": "namespace", "namespaces": ["prod"]}}]}}"#;

const CONFIG_MAP: &str = "apiVersion: v1
kind: ConfigMap
metadata: {name: aws-auth, namespace: kube-system}
data:
  mapRoles: |
    - {rolearn: 'arn:aws:iam::111122223333:role/dev', username: 'dev:{{SessionName}}', groups: [devs]}
";

const RBAC: &str = "apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: run, namespace: shop}
rules:
- {apiGroups: [''], resources: [pods], verbs: [create, list]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: run, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: run}
subjects:
- {apiGroup: rbac.authorization.k8s.io, kind: Group, name: devs}
- {kind: ServiceAccount, name: web, namespace: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: front, namespace: shop}
spec: {template: {spec: {serviceAccountName: web}}}
";

fn cluster() -> Cluster {
    let documents = [
        Document::new("entry.json", ENTRIES),
        Document::new("aws-auth.yaml", CONFIG_MAP),
        Document::new("rbac.yaml", RBAC),
    ];
    Cluster::from_documents(documents, &Options::new())
}

fn role(name: &str) -> Who {
    Who::caller(&format!("arn:aws:iam::111122223333:role/{name}")).unwrap()
}

fn question(text: &str) -> Question {
    Question::parse(text).unwrap()
}

/// Asserts that a part of an answer is a field of its JSON, and is not empty.
#[track_caller]
fn same(answer: &impl Serialize, pointer: &str, part: &(impl Serialize + ?Sized)) {
    let (answer, part) = (
        serde_json::to_value(answer).unwrap(),
        serde_json::to_value(part).unwrap(),
    );
    let empty = [
        Value::Null,
        Value::Array(Vec::new()),
        Value::String(String::new()),
    ];
    assert!(!empty.contains(&part), "{pointer} of {answer}");
    assert_eq!(
        answer.pointer(pointer),
        Some(&part),
        "{pointer} of {answer}"
    );
}

#[test]
fn what_methods_return_is_what_the_json_has() {
    let cluster = cluster();
    let can = cluster
        .can(&role("ops"), &question("list pods -A"))
        .unwrap();
    same(&can, "/verdict", &can.verdict());
    same(&can, "/way", can.way());
    same(&can, "/allowedNamespaces", can.allowed_namespaces());
    same(&can, "/notes", can.notes());
    same(&can, "/way/0/place", &can.way()[0].place());
    let can = cluster
        .can(&role("ops"), &question("list pods -n prod"))
        .unwrap();
    same(&can, "/unknownPolicies", can.unknown_policies());
    let why = cluster
        .why(&role("ops"), &question("list pods -A"))
        .unwrap();
    same(&why, "/mapping", why.mapping());
    same(
        &why,
        "/allowedNamespaces/0/namespace",
        why.allowed_namespaces()[0].namespace(),
    );
    same(
        &why,
        "/allowedNamespaces/0/way",
        why.allowed_namespaces()[0].way(),
    );
    same(&why, "/nearMisses/0/side", &why.near_misses()[0].side());
    let why = cluster
        .why(&role("dev"), &question("list pods -n shop"))
        .unwrap();
    same(&why, "/ways", why.ways());
    let list = cluster.list(&role("ops")).unwrap();
    same(&list, "/notes", list.notes());
    same(&list, "/rules/3/namespaces", list.rules()[3].namespaces());
    same(&list, "/rules/3/verbs", &list.rules()[3].rule().verbs);
    let who = cluster.who(&question("create pods -n shop")).unwrap();
    same(&who, "/verdict", &who.verdict());
    same(&who, "/subjects/0/way", who.subjects()[0].way());
    same(
        &who,
        "/subjects/0/isOfDefaultPolicy",
        &who.subjects()[0].is_of_default_policy(),
    );
    same(&who, "/callers/0/way", who.callers()[0].way());
    let unknown = cluster.who(&question("list pods -n prod")).unwrap();
    same(&unknown, "/unknownCallers", unknown.unknown_callers());
    same(
        &who,
        "/callers/0/username",
        who.callers()[0].caller().username(),
    );
    same(
        &who,
        "/callers/0/groups",
        who.callers()[0].caller().groups(),
    );
    let workload = who.workloads()[0].workload();
    same(&who, "/workloads/0/kind", workload.kind());
    same(&who, "/workloads/0/namespace", workload.namespace());
    same(&who, "/workloads/0/name", workload.name());
    same(
        &who,
        "/workloads/0/serviceAccount",
        workload.service_account(),
    );
    same(&who, "/workloads/0/place", workload.place());
    let ops = CallerArn::parse("arn:aws:iam::111122223333:role/ops").unwrap();
    let whoami = cluster.whoami(&ops).unwrap();
    let user = whoami.user().unwrap();
    same(&whoami, "/user/username", user.username());
    same(&whoami, "/user/groups", user.groups());
    same(&whoami, "/user/accessPolicies", user.access_policies());
    for (at, policy) in user.access_policies().iter().enumerate() {
        same(
            &whoami,
            &format!("/user/accessPolicies/{at}/policyArn"),
            policy.policy_arn(),
        );
        same(
            &whoami,
            &format!("/user/accessPolicies/{at}/areRulesKnown"),
            &policy.are_rules_known(),
        );
    }
    let known: Vec<bool> = user
        .access_policies()
        .iter()
        .map(HeldPolicy::are_rules_known)
        .collect();
    assert_eq!(known, [true, false]);
    let place = who.callers()[0].caller().place();
    same(&who, "/callers/0/place", &place);
    let last = who.subjects().len() - 1;
    let is_of_default_policy = who.subjects()[last].is_of_default_policy();
    same(
        &who,
        &format!("/subjects/{last}/isOfDefaultPolicy"),
        &is_of_default_policy,
    );
    assert!(is_of_default_policy);
    let user = CallerArn::parse("arn:aws:iam::111122223333:user/dev").unwrap();
    let near = cluster.whoami(&user).unwrap();
    same(&near, "/otherRules/0/code", near.other_rules()[0].code());
    let writes = cluster.writes(&role("dev"), cluster.rbac().written());
    let writes = writes.unwrap();
    let refusal = writes.writes()[0].refusal().unwrap();
    same(&writes, "/writes/0/refusal", refusal);
    let mut objects = cluster.rbac().written().clone();
    "prod".clone_into(&mut objects.roles[0].metadata.namespace);
    let writes = cluster.writes(&role("ops"), &objects).unwrap();
    let unknown = writes.writes()[0].unknown_policies();
    same(&writes, "/writes/0/unknownPolicies", unknown);
    let escalation = cluster.escalate(&role("dev"), None).unwrap();
    let step = &escalation.steps()[0];
    same(&escalation, "/steps/0/actor", step.actor());
    same(&escalation, "/steps/0/reaches", step.reaches());
    same(&escalation, "/steps/0/technique", step.technique());
    let callers = cluster.callers(None).unwrap();
    assert_eq!(callers.verdict(), Verdict::Yes);
    same(
        &callers,
        "/callers/0/principal",
        callers.callers()[0].principal(),
    );
    same(&callers, "/callers/0/groups", callers.callers()[0].groups());
}

fn of(documents: &[(&str, &str)]) -> Cluster {
    let documents = documents
        .iter()
        .map(|(name, text)| Document::new(*name, *text));
    Cluster::from_documents(documents, &Options::new())
}

/// Access entries may be in several documents.
#[test]
fn a_source_of_rules_has_its_document() {
    let config_map = ("aws-auth.yaml", CONFIG_MAP);
    let rbac = ("rbac.yaml", RBAC);
    for (documents, of_backends) in [
        (
            vec![rbac, ("entry.json", ENTRIES), config_map],
            vec![None, Some(2)],
        ),
        (vec![config_map, rbac], vec![Some(0)]),
        (vec![rbac, config_map], vec![Some(1)]),
        (vec![rbac], vec![]),
    ] {
        let cluster = of(&documents);
        let backends = 0..cluster.identity_map().backends().len();
        let found: Vec<_> = backends.map(|at| cluster.document_of_backend(at)).collect();
        assert_eq!(found, of_backends);
        assert_eq!(cluster.document_of_backend(found.len()), None);
    }
}

/// Roles that select each other have all rules of each other: 2,100 roles with 2,100 rules are more
/// than four million rules.
#[test]
fn roles_that_aggregate_too_many_rules_are_named() {
    let cluster = |count: usize| {
        let labels = "labels: {circle: 'yes'}";
        let selector = "aggregationRule: {clusterRoleSelectors: [{matchLabels: {circle: 'yes'}}]}";
        let head = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\n";
        let all: String = (0..count)
            .map(|at| format!("---\n{head}metadata: {{name: all-{at:04}, {labels}}}\n{selector}\n"))
            .collect();
        let rules: String = (0..count)
            .map(|at| format!("- {{apiGroups: [''], resources: [r{at}], verbs: [get]}}\n"))
            .collect();
        let rbac = format!("{head}metadata: {{name: one, {labels}}}\nrules:\n{rules}{all}");
        of(&[("rbac.yaml", &rbac)])
    };
    let (small, large) = (cluster(2), cluster(2_100));
    assert_eq!(small.rbac().too_large(), [""; 0]);
    let names: Vec<String> = (0..2_100).map(|at| format!("all-{at:04}")).collect();
    assert_eq!(large.rbac().too_large(), names);
    let user = Who::user("u", [""; 0]).unwrap();
    let can = large.can(&user, &question("get pods -n shop")).unwrap();
    let note = "ClusterRole all-0000 aggregates too many rules, so a no may be wrong";
    assert!(can.notes().iter().any(|one| one == note), "{can}");
}

/// Namespaces that only an access policy names are asked about as well. A pattern does not count as
/// a namespace.
#[test]
fn a_no_names_the_namespaces_that_allow_it() {
    let cluster = cluster();
    for (who, namespaces) in [("ops", ["stage"]), ("dev", ["shop"])] {
        let can = cluster.can(&role(who), &question("list pods -A")).unwrap();
        assert_eq!(
            (can.verdict(), can.allowed_namespaces()),
            (Verdict::No, &namespaces.map(str::to_owned)[..])
        );
    }
}

/// The group `system:masters` may do everything, but does not make the answer a yes.
#[test]
fn the_verdict_of_who_is_yes_if_there_is_a_caller_or_a_subject() {
    let admin = ENTRIES.replace("AmazonEKSViewPolicy", "AmazonEKSClusterAdminPolicy");
    let robot = "apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: robot, namespace: lab}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: robot}]
";
    for (documents, asked, verdict, subjects, callers) in [
        (
            vec![("map.yaml", CONFIG_MAP)],
            "create widgets.example.com -n stage",
            Verdict::No,
            1,
            0,
        ),
        (
            vec![("e.json", &admin)],
            "create widgets.example.com -n stage",
            Verdict::Yes,
            1,
            1,
        ),
        (
            vec![("map.yaml", CONFIG_MAP), ("r.yaml", robot)],
            "create widgets.example.com -n lab",
            Verdict::Yes,
            2,
            0,
        ),
    ] {
        let who = of(&documents).who(&question(asked)).unwrap();
        let counts = (who.verdict(), who.subjects().len(), who.callers().len());
        assert_eq!(counts, (verdict, subjects, callers), "{who}");
    }
}

#[test]
fn one_object_of_any_kind_is_a_policy() {
    let object = |kind: &str, rest: &str| {
        format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata: {{name: a, namespace: b}}\n{rest}\n"
        )
    };
    let cluster_object = |kind: &str, rest: &str| object(kind, rest).replace(", namespace: b", "");
    let bound = "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}";
    for text in [
        object("Role", "rules: []"),
        object("RoleBinding", bound),
        cluster_object("ClusterRole", "rules: []"),
        cluster_object("ClusterRoleBinding", bound),
    ] {
        assert!(of(&[("a.yaml", &text)]).rbac().is_any_written(), "{text}");
    }
    assert!(!of(&[("map.yaml", CONFIG_MAP)]).rbac().is_any_written());
}

#[test]
fn a_user_that_no_binding_names_has_a_note() {
    let cluster = cluster();
    let user = r#"no binding names User "x""#;
    let group = r#"no binding names Group "gone""#;
    for (name, groups, want) in [
        ("system:serviceaccount:shop:web", vec![], vec![]),
        ("x", vec![], vec![user]),
        ("x", vec!["devs"], vec![]),
        ("x", vec!["gone"], vec![group, user]),
        ("x", vec!["devs", "gone"], vec![group]),
        ("x", vec!["system:masters"], vec![]),
        ("system:serviceaccount:shop:web", vec!["gone"], vec![group]),
    ] {
        let can = cluster
            .can(
                &Who::user(name, groups).unwrap(),
                &question("list pods -n shop"),
            )
            .unwrap();
        let notes = can
            .notes()
            .iter()
            .filter(|note| note.starts_with("no binding"));
        assert_eq!(notes.collect::<Vec<_>>(), want, "{can}");
    }
}

#[test]
fn a_group_of_the_system_is_one_that_kubernetes_or_a_binding_has() {
    let cluster = cluster();
    for (group, is_known) in [
        ("system:masters", true),
        ("system:bootstrappers", true),
        ("system:bootstrappers:kubeadm", true),
        ("system:serviceaccounts:shop", true),
        ("system:bootstrappers:", false),
        ("system:bootstrapperss", false),
        ("system:serviceaccountsshop", false),
        ("system:master", false),
    ] {
        let who = Who::user("x", [group]).unwrap();
        let answer = cluster.can(&who, &question("list pods -n shop"));
        assert_eq!(
            !matches!(answer, Err(NoAnswer::Unknown(_))),
            is_known,
            "{group}"
        );
    }
}

/// `{{SessionName}}` has a `-` instead of each `@`.
#[test]
fn callers_have_their_sessions_and_may_be_gone() {
    let map = format!(
        "{CONFIG_MAP}    - {{rolearn: 'arn:aws:iam::111122223333:role/raw', username: 'raw:{{{{SessionNameRaw}}}}'}}\n"
    );
    let roles = r#"{"Roles": [{"Path": "/", "RoleName": "raw", "RoleId": "AROAXXXXXXXXXXXXXXXXX",
        "Arn": "arn:aws:iam::111122223333:role/raw"}]}"#;
    let cluster = of(&[("map.yaml", &map), ("roles.json", roles)]);
    for (name, session, others, is_gone) in [
        ("dev:a-b", "a-b", ["a@b"], true),
        ("raw:a-b", "a-b", [""; 1], false),
    ] {
        let callers = cluster.callers(Some(name)).unwrap();
        let [caller] = callers.callers() else {
            panic!("{callers}");
        };
        assert_eq!(
            (caller.session_name(), caller.is_gone()),
            (Some(session), is_gone),
            "{name}"
        );
        let has = |session: &&str| caller.has_session(session);
        let had: Vec<&str> = ["a-b", "a@b", "x"].into_iter().filter(has).collect();
        let want: Vec<&str> = std::iter::once("a-b")
            .chain(others)
            .filter(|one| !one.is_empty())
            .collect();
        assert_eq!(had, want, "{name}");
    }
    let listed: Vec<_> = cluster
        .principals()
        .iter()
        .map(|one| (one.arn(), one.unique_id()))
        .collect();
    assert_eq!(
        listed,
        [(
            "arn:aws:iam::111122223333:role/raw",
            Some("AROAXXXXXXXXXXXXXXXXX")
        )]
    );
    assert!(!cluster.principals().is_empty() && of(&[("map.yaml", &map)]).principals().is_empty());
}

/// The search does not know the permissions by the Node authorizer, so there may be a chain through
/// a node.
#[test]
fn no_chain_is_no_answer_if_a_node_can_be_impersonated() {
    let of_modes = |modes: &str| {
        let text = format!(
            "apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {{name: nodes}}
rules:
- {{apiGroups: [authentication.k8s.io], resources: [nodes], verbs: ['impersonate:{modes}']}}
- {{apiGroups: [''], resources: [secrets], verbs: ['impersonate-on:{modes}:get']}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {{name: nodes}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: nodes}}
subjects: [{{apiGroup: rbac.authorization.k8s.io, kind: User, name: u}}]
"
        );
        of(&[("rbac.yaml", &text)])
    };
    let user = Who::user("u", [""; 0]).unwrap();
    let masters = Power::parse("system:masters").unwrap();
    let through_node = of_modes("arbitrary-node").escalate(&user, Some(&masters));
    assert!(
        matches!(through_node, Err(NoAnswer::TooLarge(_))),
        "{through_node:?}"
    );
    let without = of_modes("none").escalate(&user, Some(&masters)).unwrap();
    assert_eq!((without.is_found(), without.exit_status()), (false, 0));
    assert!(
        without.to_string().contains("there is no chain from"),
        "{without}"
    );
    let own = of_modes("none")
        .escalate(&user, Some(&Power::parse("u").unwrap()))
        .unwrap();
    assert!(
        own.is_found() && own.to_string().contains(" needs no step"),
        "{own}"
    );
}

#[test]
fn an_account_is_removed_by_its_number() {
    let map = format!("{CONFIG_MAP}  mapAccounts: |\n    - '444455556666'\n    - '777788889999'\n");
    let cluster = of(&[("map.yaml", &map)]);
    let remove = |number: &str| cluster.edit(&Edit::Remove(number.to_owned()), &Options::new());
    let text = remove("777788889999").unwrap().text;
    assert_eq!(text, map.replace("    - '777788889999'\n", ""));
    let other = "111122223333";
    assert_eq!(
        remove(other).unwrap_err(),
        EditRefused::NotFound(other.to_owned())
    );
}

#[test]
fn problems_of_the_mapping_have_severities() {
    for (kind, severity) in [
        (ProblemKind::AnyAccount, Severity::Critical),
        (ProblemKind::ArnSpaces, Severity::High),
        (ProblemKind::RootArn, Severity::Medium),
        (ProblemKind::NoNamespace, Severity::Low),
        (ProblemKind::ServiceMapping, Severity::Info),
    ] {
        assert_eq!(severity_of_problem(kind), severity, "{kind:?}");
    }
}

#[test]
fn a_baseline_is_empty_without_entries() {
    for (text, is_empty) in [
        ("# only a comment\n", true),
        ("newly-allowed a # why\n", false),
    ] {
        assert_eq!(
            Baseline::parse(text).unwrap().is_empty(),
            is_empty,
            "{text}"
        );
    }
}

#[test]
fn the_policy_of_a_caller_has_its_access_policies_as_bindings() {
    let cluster = cluster();
    let (user, policy) = cluster.user_and_policy(&role("ops")).unwrap().unwrap();
    assert_eq!(
        (user.name.as_str(), user.groups[0].as_str()),
        ("ops", "operators")
    );
    let allows = |namespace: &str| {
        let request = ResourceRequest::new("list", "", "pods").in_namespace(namespace);
        policy.authorize(&user, &request.into()).is_allow()
    };
    assert_eq!(["stage", "prod"].map(allows), [true, false]);
    assert_eq!(
        cluster.user_and_policy(&role("none")).unwrap().map(|_| ()),
        None
    );
    for (name, is_master) in [("system:masters", true), ("devs", false)] {
        let listing = cluster.list(&Who::user("x", [name]).unwrap()).unwrap();
        assert_eq!(listing.is_master(), is_master, "{name}");
    }
}

#[test]
fn a_verdict_has_an_exit_status_and_a_step_its_text() {
    let cluster = cluster();
    let can = |asked| cluster.can(&role("ops"), &question(asked)).unwrap();
    for (asked, status) in [
        ("list pods -n stage", 0),
        ("delete pods -n stage", 1),
        ("list pods -n prod", 2),
    ] {
        assert_eq!(can(asked).verdict().exit_status(), status, "{asked}");
    }
    let can = can("list pods -n stage");
    let step = &can.way()[0];
    assert_eq!(
        step.text(),
        "arn:aws:sts::111122223333:assumed-role/ops/SESSION becomes user ops in group operators by accessEntry[0] of AccessEntries"
    );
}
#[test]
fn a_list_of_reasons_that_is_cut_has_a_note() {
    for (count, notes) in [
        (100, vec![]),
        (101, vec!["only the first 100 of 101 are listed"]),
    ] {
        let rbac: String = (0..count)
            .map(|at| {
                format!(
                    "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {{name: b{at}, namespace: shop}}\n\
                     roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}}\n\
                     subjects: [{{apiGroup: rbac.authorization.k8s.io, kind: User, name: u}}]\n"
                )
            })
            .collect();
        let user = Who::user("u", [""; 0]).unwrap();
        let why = of(&[("rbac.yaml", &rbac)])
            .why(&user, &question("list pods -n shop"))
            .unwrap();
        let text = why.to_string();
        let cut = text
            .lines()
            .filter_map(|line| line.strip_prefix("note: only "));
        let cut: Vec<String> = cut.map(|rest| format!("only {rest}")).collect();
        assert_eq!(
            (why.ways().len(), cut),
            (100, notes.into_iter().map(str::to_owned).collect())
        );
    }
}
