//! Each kind of source.

use eks_auth_sources::eks_auth::aws_auth_map::{BackendModes, Resolution};
use eks_auth_sources::eks_auth::iam_principal::AccountId;
use eks_auth_sources::eks_auth::k8s_rbac::{Objects, Request, ResourceRequest, User};
use eks_auth_sources::eks_auth::{AuthenticationMode, BackendKind, Identity};
use eks_auth_sources::{Event, NoPolicy, Serving, SourceKind, Sources, StartError};

use crate::support::{
    Events, Folder, builder, config_map, dev, of_config_map, only, rbac, reload, username,
};

const ENTRY: &str = r#"{"accessEntry": {"principalArn": "arn:aws:iam::111122223333:user/dev",
    "username": "dev-entry", "kubernetesGroups": ["devs"], "type": "STANDARD"}}"#;

const CRD: &str = "apiVersion: iamauthenticator.k8s.aws/v1alpha1
kind: IAMIdentityMapping
metadata: {name: dev}
spec: {arn: 'arn:aws:iam::111122223333:user/dev', username: dev-crd}
";

const DYNAMIC: &str = r#"{"mapUsers": [{"userarn": "arn:aws:iam::111122223333:user/dev",
    "username": "dev-dynamic", "groups": ["devs"]}], "LastUpdatedDateTime": "1764000000"}"#;

const BY_USER_ID: &str = r#"{"mapUsers": [{"userid": "AIDAEXAMPLEEXAMPLEEX",
    "username": "dev-by-id", "groups": []}]}"#;

const MOUNTED: &str = "clusterID: demo
server:
  mapUsers: [{userARN: 'arn:aws:iam::111122223333:user/dev', username: dev-mounted, groups: [devs]}]
  scrubbedAccounts: ['111122223333']
  reservedPrefixConfig: [{backendMode: MountedFile, usernamePrefixReserveList: ['root-']}]
";

#[test]
fn every_backend_maps_a_caller_and_keeps_its_last_good_version() {
    let cases = [
        (SourceKind::AccessEntries, ENTRY, "dev-entry"),
        (SourceKind::ConfigMap, &config_map("1"), "dev-1"),
        (SourceKind::IdentityMappings, CRD, "dev-crd"),
        (SourceKind::DynamicFile, DYNAMIC, "dev-dynamic"),
        (SourceKind::DynamicFileByUserId, BY_USER_ID, "dev-by-id"),
        (SourceKind::MountedFile, MOUNTED, "dev-mounted"),
    ];
    for (kind, text, user) in cases {
        let folder = Folder::new();
        folder.write("rules", text);
        let sources = builder().with_file(kind, folder.path("rules"));
        let sources = sources.start().unwrap();
        assert_eq!(username(&sources.snapshot(), &dev()), user, "{kind}");
        assert_eq!(only(&sources.report()).name.kind(), kind);
        for broken in ["", "[["] {
            folder.write("rules", broken);
            let (serving, _, now) = reload(&sources);
            assert_eq!(
                (serving, now.as_str()),
                (Serving::LastGood, user),
                "{kind} {broken}"
            );
        }
    }
}

#[test]
fn the_author_of_a_dynamic_file_says_when_it_changed() {
    for (kind, text) in [
        (SourceKind::DynamicFile, DYNAMIC),
        (
            SourceKind::BackendModes,
            r#"{"backendMode": "DynamicFile", "LastUpdatedDateTime": "1764000000"}"#,
        ),
    ] {
        let folder = Folder::new();
        folder.write("dynamic", r#"{"mapUsers": []}"#);
        folder.write("rules", text);
        let mut described = builder().with_file(kind, folder.path("rules"));
        if kind == SourceKind::BackendModes {
            described = described.with_file(SourceKind::DynamicFile, folder.path("dynamic"));
        }
        let (described, events) = Events::of(described);
        let _sources = described.start().unwrap();
        let is_of_kind =
            |event: &Event| matches!(event, Event::Applied { source, .. } if source.kind() == kind);
        let Event::Applied { last_updated, .. } = events.wait(is_of_kind) else {
            panic!("the event is of this kind")
        };
        assert_eq!(last_updated, Some(1_764_000_000), "{kind}");
    }
}

/// If there are several files, the message names the file that is meant.
#[test]
fn a_blank_file_is_a_fault_of_its_own() {
    let folder = Folder::new();
    folder.write("rbac/pods.yaml", &rbac("1"));
    folder.write("rbac/blank.yaml", "\n");
    folder.write("aws-auth.yaml", " ");
    for (kind, path, message) in [
        (SourceKind::Rbac, "rbac", "blank.yaml is empty"),
        (SourceKind::ConfigMap, "aws-auth.yaml", "it is empty"),
    ] {
        let sources = builder()
            .with_file(kind, folder.path(path))
            .start()
            .unwrap();
        let report = sources.report();
        let fault = only(&report).fault.as_ref().unwrap();
        assert_eq!((fault.code(), &*fault.to_string()), ("empty", message));
    }
}

/// A manifest in a directory that is too deep would be missing without a message.
#[test]
fn directories_that_are_nested_too_deep_are_a_fault() {
    let folder = Folder::new();
    folder.write("rbac/pods.yaml", &rbac("1"));
    let start = || {
        let builder = builder().with_file(SourceKind::Rbac, folder.path("rbac"));
        builder.start().unwrap()
    };
    let deepest = "d/".repeat(16);
    folder.write(
        &format!("rbac/{deepest}more.yaml"),
        &rbac("2").replace("pods", "pods-2"),
    );
    assert_eq!(reload(&start()).1, "");
    folder.write(&format!("rbac/{deepest}d/more.yaml"), &rbac("3"));
    assert_eq!(reload(&start()).1, "too-deep");
}

#[test]
fn backends_are_searched_in_the_order_of_the_modes_with_access_entries_first() {
    let folder = Folder::new();
    folder.write("entries", ENTRY);
    folder.write("crd", CRD);
    folder.write("config-map", &config_map("1"));
    folder.write("mounted", MOUNTED);
    let all = || {
        builder()
            .with_file(SourceKind::ConfigMap, folder.path("config-map"))
            .with_file(SourceKind::IdentityMappings, folder.path("crd"))
            .with_file(SourceKind::MountedFile, folder.path("mounted"))
    };
    let modes = |text: &str| text.parse::<BackendModes>().unwrap();
    let user = |sources: eks_auth_sources::SourcesBuilder| {
        username(&sources.start().unwrap().snapshot(), &dev())
    };
    assert_eq!(user(all()), "dev-1");
    assert_eq!(
        user(all().with_backend_modes(modes("CRD,EKSConfigMap"))),
        "dev-crd"
    );
    assert_eq!(
        user(all().with_backend_modes(modes("MountedFile"))),
        "dev-mounted"
    );
    let entries = || all().with_file(SourceKind::AccessEntries, folder.path("entries"));
    assert_eq!(user(entries()), "dev-entry");
    let config_map_only = entries().with_authentication_mode(AuthenticationMode::ConfigMap);
    assert_eq!(user(config_map_only), "dev-1");
    // A source that was never read gives no answer, even if a later source has a rule.
    folder.remove("crd");
    assert_eq!(
        user(all().with_backend_modes(modes("CRD,EKSConfigMap"))),
        "unreadable-source"
    );
    assert_eq!(
        user(all().with_backend_modes(modes("EKSConfigMap,CRD"))),
        "dev-1"
    );
}

/// A later source may have a wider rule.
#[test]
fn a_first_version_without_a_readable_rule_gives_no_answer() {
    const HEAD: &str =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: aws-auth, namespace: kube-system}\n";
    let folder = Folder::new();
    folder.write("mounted", MOUNTED);
    for (data, code) in [
        ("", "unreadable-source"),
        ("data: {}", "unreadable-source"),
        ("data: {maproles: x}", "unreadable-source"),
        (
            "data: {mapRoles: '- rolearn: [', mapUsers: '['}",
            "unreadable-section",
        ),
    ] {
        folder.write("aws-auth.yaml", &format!("{HEAD}{data}\n"));
        let modes = "EKSConfigMap,MountedFile".parse().unwrap();
        let sources = of_config_map(&folder)
            .with_file(SourceKind::MountedFile, folder.path("mounted"))
            .with_backend_modes(modes)
            .start()
            .unwrap();
        assert_eq!(username(&sources.snapshot(), &dev()), code, "{data}");
        assert!(!sources.report().is_ready(), "{data}");
    }
    // An empty list says that there is no rule.
    folder.write(
        "aws-auth.yaml",
        &format!("{HEAD}data: {{mapRoles: '[]'}}\n"),
    );
    let sources = of_config_map(&folder)
        .with_file(SourceKind::MountedFile, folder.path("mounted"))
        .with_backend_modes("EKSConfigMap,MountedFile".parse().unwrap())
        .start()
        .unwrap();
    assert_eq!(username(&sources.snapshot(), &dev()), "dev-mounted");
}

#[test]
fn the_mounted_file_brings_its_settings() {
    let folder = Folder::new();
    folder.write("config.yaml", MOUNTED);
    let sources = builder()
        .with_file(SourceKind::MountedFile, folder.path("config.yaml"))
        .start()
        .unwrap();
    let snapshot = sources.snapshot();
    let Resolution::Mapped(mapped) = snapshot.identities().resolve(&dev()) else {
        panic!("not mapped");
    };
    assert!(mapped.user().extra().is_empty(), "the account is scrubbed");
    let reserved = MOUNTED.replace("dev-mounted", "root-dev");
    folder.write("config.yaml", &reserved);
    assert_eq!(reload(&sources).2, "reserved-username");
}

#[test]
fn settings_apply_to_every_version() {
    let folder = Folder::new();
    let text = config_map("1").replace("admin-1", "admin-{{SessionName}}");
    folder.write("rules", &text);
    let account = AccountId::parse("111122223333").unwrap();
    let sources = builder()
        .with_file(SourceKind::ConfigMap, folder.path("rules"))
        .with_scrubbed_accounts([account])
        .with_reserved_prefixes(BackendKind::EksConfigMap, ["dev-2"])
        .with_strict_session_names()
        .start()
        .unwrap();
    let arn = "arn:aws:sts::111122223333:assumed-role/admin/a:b";
    let odd = Identity::new(arn, "111122223333", "AROAEXAMPLEEXAMPLEEX:a:b").unwrap();
    assert_eq!(
        username(&sources.snapshot(), &odd),
        "session-name-character"
    );
    assert_eq!(username(&sources.snapshot(), &dev()), "dev-1");
    folder.write("rules", &config_map("2"));
    assert_eq!(reload(&sources).2, "reserved-username");
}

#[test]
fn rbac_comes_from_several_sources_and_from_the_program() {
    let folder = Folder::new();
    let text = rbac("1");
    let (role, binding) = text.split_once("---\n").unwrap();
    folder.write("role.yaml", role);
    folder.write("bindings/dev.yaml", binding);
    let sources = builder()
        .with_file(SourceKind::Rbac, folder.path("role.yaml"))
        .with_file(SourceKind::Rbac, folder.path("bindings"))
        .with_objects(Objects::default())
        .with_aggregation()
        .start()
        .unwrap();
    let is_allowed = || {
        let snapshot = sources.snapshot();
        let user = User::new("dev-1", Vec::<String>::new());
        let request: Request<'_> = ResourceRequest::new("get", "", "pods").into();
        let policy = snapshot.policy().unwrap();
        policy.authorize(&user, &request).decision().is_allow()
    };
    assert!(is_allowed());
    // One file of the directory is truncated, or there is no file. The last good version stays.
    for broken in ["", "kind: [", "kind: ClusterRoleBinding\n  x"] {
        folder.write("bindings/dev.yaml", broken);
        assert_eq!(sources.reload_and_wait().degraded().count(), 1, "{broken}");
        assert!(is_allowed());
    }
    folder.remove("bindings/dev.yaml");
    let report = sources.reload_and_wait();
    let fault = report
        .degraded()
        .next()
        .and_then(|status| status.fault.clone());
    assert_eq!(fault.map(|fault| fault.code()), Some("no-manifest"));
    assert!(is_allowed());
    // The object was removed on purpose.
    folder.write(
        "bindings/other.yaml",
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n",
    );
    assert_eq!(sources.reload_and_wait().degraded().count(), 0);
    assert!(!is_allowed());
}

#[test]
fn without_rbac_objects_there_is_no_policy() {
    let folder = Folder::new();
    folder.write("aws-auth.yaml", &config_map("1"));
    let config_map = || builder().with_file(SourceKind::ConfigMap, folder.path("aws-auth.yaml"));
    let policy = |sources: Sources| sources.snapshot().policy().map(|_| ()).unwrap_err();
    assert_eq!(
        policy(config_map().start().unwrap()),
        NoPolicy::NotConfigured
    );
    let missing = config_map().with_file(SourceKind::Rbac, folder.path("rbac"));
    assert_eq!(policy(missing.start().unwrap()), NoPolicy::Unreadable);
}

#[test]
fn a_table_of_access_policies_replaces_the_built_in_one() {
    let folder = Folder::new();
    let entry = ENTRY.replace(
        r#""type""#,
        r#""associatedAccessPolicies": [{"policyArn": "arn:aws:eks::aws:cluster-access-policy/P",
            "accessScope": {"type": "cluster"}}], "type""#,
    );
    folder.write("entries", &entry);
    folder.write(
        "policies",
        r#"{"P": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]}"#,
    );
    let sources = builder()
        .with_file(SourceKind::AccessEntries, folder.path("entries"))
        .with_file(SourceKind::AccessPolicies, folder.path("policies"))
        .start()
        .unwrap();
    let has_rules = || {
        let snapshot = sources.snapshot();
        let Resolution::Mapped(mapped) = snapshot.identities().resolve(&dev()) else {
            panic!("not mapped");
        };
        let policy = mapped.access_policies().first().unwrap();
        snapshot.access_policies().get(policy).is_some()
    };
    assert!(has_rules());
    for broken in ["", "{", "[]", r#"{"P": [{"verb": []}]}"#] {
        folder.write("policies", broken);
        assert_eq!(sources.reload_and_wait().degraded().count(), 1, "{broken}");
        assert!(has_rules());
    }
    folder.write("policies", "{}");
    assert_eq!(sources.reload_and_wait().degraded().count(), 0);
    assert!(!has_rules());
}

#[test]
fn sources_that_contradict_each_other_do_not_start() {
    let rules = |kind| builder().with_file(kind, "rules");
    let twice = rules(SourceKind::ConfigMap).with_feed(SourceKind::ConfigMap, "the cluster");
    assert!(matches!(
        twice.start(),
        Err(StartError::Duplicate(SourceKind::ConfigMap))
    ));
    let dynamic = rules(SourceKind::DynamicFile).with_file(SourceKind::DynamicFileByUserId, "x");
    assert!(matches!(dynamic.start(), Err(StartError::Duplicate(_))));
    let modes = "CRD".parse().unwrap();
    assert!(matches!(
        rules(SourceKind::ConfigMap)
            .with_backend_modes(modes)
            .start(),
        Err(StartError::NoSource(BackendKind::Crd))
    ));
}
