//! Reading files: the cases of `testdata/manifests.toml`.

use std::collections::BTreeMap;

use k8s_rbac::{ManifestReader, Manifests, Objects, Policy};
use serde::Deserialize;
use testkit::Report;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    text: String,
    /// The objects kept, as `KIND [NAMESPACE/]NAME`.
    #[serde(default)]
    objects: Vec<String>,
    #[serde(default)]
    skipped: BTreeMap<String, usize>,
    /// The problems as they print, without the file's name.
    #[serde(default)]
    problems: Vec<String>,
}

fn names(objects: &Objects) -> Vec<String> {
    let cluster_roles = objects
        .cluster_roles
        .iter()
        .map(|o| ("ClusterRole", &o.metadata));
    let cluster_role_bindings = objects
        .cluster_role_bindings
        .iter()
        .map(|o| ("ClusterRoleBinding", &o.metadata));
    let roles = objects.roles.iter().map(|o| ("Role", &o.metadata));
    let role_bindings = objects
        .role_bindings
        .iter()
        .map(|o| ("RoleBinding", &o.metadata));
    cluster_roles
        .chain(cluster_role_bindings)
        .chain(roles)
        .chain(role_bindings)
        .map(|(kind, metadata)| match metadata.namespace.as_str() {
            "" => format!("{kind} {}", metadata.name),
            namespace => format!("{kind} {namespace}/{}", metadata.name),
        })
        .collect()
}

#[test]
fn manifests_are_read_as_the_cases_say() {
    let mut report = Report::new();
    for case in testkit::toml::<File>("testdata/manifests.toml").case {
        let manifests = Manifests::read([("f", case.text.as_str())]);
        let problems: Vec<String> = manifests
            .problems()
            .iter()
            .map(ToString::to_string)
            .collect();
        let problems: Vec<String> = problems
            .iter()
            .filter_map(|p| p.strip_prefix('f'))
            .map(str::to_owned)
            .collect();
        report.check(
            &format!("{}: objects", case.name),
            &names(manifests.objects()),
            &case.objects,
        );
        report.check(
            &format!("{}: skipped", case.name),
            manifests.skipped(),
            &case.skipped,
        );
        report.check(
            &format!("{}: problems", case.name),
            &problems,
            &case.problems,
        );
    }
    report.finish();
}

#[test]
fn groups_that_may_be_left_out_are_filled_in() {
    let text = "
        {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: b},
         subjects: [{kind: User, name: u}, {kind: Group, name: g, apiGroup: x},
                    {kind: ServiceAccount, name: s, namespace: n}, {kind: user, name: w}],
         roleRef: {kind: ClusterRole, name: r}}";
    let read = Manifests::read([("f", text)]);
    let [binding] = read.objects().cluster_role_bindings.as_slice() else {
        panic!("{:?}", read.problems());
    };
    assert_eq!(binding.role_ref.api_group, "rbac.authorization.k8s.io");
    let groups: Vec<&str> = binding
        .subjects
        .iter()
        .map(|s| s.api_group.as_str())
        .collect();
    assert_eq!(groups, ["rbac.authorization.k8s.io", "x", "", ""]);

    let namespaced = text
        .replace("ClusterRoleBinding", "RoleBinding")
        .replace("{name: b}", "{name: b, namespace: n}");
    let manifests = Manifests::read([("f", namespaced.as_str())]);
    let [of_namespace] = manifests.objects().role_bindings.as_slice() else {
        panic!("{:?}", manifests.problems());
    };
    assert_eq!(of_namespace.role_ref, binding.role_ref);
    assert_eq!(of_namespace.subjects, binding.subjects);
}

#[test]
fn each_kind_of_problem_has_its_code() {
    let role =
        |rest: &str| format!("{{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, {rest}}}");
    let read = |text: &str| Manifests::read([("f", text)]);
    let named = role("metadata: {name: a, namespace: ns}");
    for (manifests, code) in [
        (read("error: x"), "command-output"),
        (read("{apiVersion: v1, kind: role}"), "misspelled-kind"),
        (read(&role("metadata: {namespace: ns}")), "missing-field"),
        (read(&role("metadata: {name: a}")), "namespace-defaulted"),
        (read("{apiVersion: v1, kind: List, items: 1}"), "not-a-list"),
        (
            read(&role("metadata: {name: a, namespace: ns, annotations: []}")),
            "not-a-mapping",
        ),
        (read("[]"), "not-an-object"),
        (
            read(&role("metadata: {name: 7, namespace: ns}")),
            "not-text",
        ),
        (
            ManifestReader::new().read_bytes([("f", &b"\xff"[..])]),
            "not-unicode",
        ),
        (
            read(&role("metadata: {name: '${A}', namespace: ns}")),
            "placeholder",
        ),
        (read(&format!("{named}\n---\n{named}")), "replaces"),
        (
            read(&role("metadata: {name: a, namespace: ns}, rules: 1")),
            "shape",
        ),
        (read("a: ]"), "syntax"),
        (
            read(&role("metadata: {name: a, namespace: ns}, rule: []")),
            "unknown-field",
        ),
        (read("a: {{ .Values.a }}\nb: ]"), "unrendered-template"),
        (
            read(&named.replace("/v1", "/v1beta1")),
            "unsupported-version",
        ),
    ] {
        let codes: Vec<&str> = (manifests.problems().iter())
            .map(|problem| problem.fault.code())
            .collect();
        assert_eq!(codes, [code], "{manifests:?}");
    }
}

#[test]
fn a_misspelled_field_is_found_in_each_part_of_an_object() {
    let binding = |role: &str, subject: &str| {
        format!(
            "{{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {{name: a}}, roleRef: \
             {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view{role}}}, subjects: [{{kind: User, \
             name: u{subject}}}]}}"
        )
    };
    for (role, subject, path) in [
        (", nmae: edit", "", Some("roleRef.nmae")),
        ("", ", namespce: a", Some("subjects[0].namespce")),
        ("", "", None),
    ] {
        let text = binding(role, subject);
        let read = Manifests::read([("f", text.as_str())]);
        let problems = read.problems().iter();
        let unknown = problems.filter(|problem| problem.fault.code() == "unknown-field");
        let paths: Vec<&str> = unknown.map(|problem| problem.place.path.as_str()).collect();
        assert_eq!(paths, Vec::from_iter(path));
    }
}

#[test]
fn documents_that_are_parsed_are_read_as_text_is() {
    let text = "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: a}}\n---\n\
                {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: 1}}\n";
    let limits = bounded_yaml::Limits::new();
    let nodes: Vec<bounded_yaml::Node> = bounded_yaml::documents(text, &limits)
        .collect::<Result<_, _>>()
        .unwrap();
    let mut manifests = Manifests::default();
    ManifestReader::new().read_nodes("f", text, (1..).zip(&nodes), &mut manifests);
    let of_text = Manifests::read([("f", text)]);
    assert_eq!(names(manifests.objects()), ["ClusterRole a"]);
    assert_eq!(manifests.problems().len(), 1);
    assert_eq!(manifests.problems(), of_text.problems());
}

#[test]
fn files_keep_their_order_and_the_limit_is_each_files_own() {
    let role = |name: &str| {
        format!(
            "{{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {{name: {name}}}}}"
        )
    };
    let (first, second) = (role("b"), role("a"));
    let long = format!("{}# {}", role("c"), "-".repeat(200));
    let files = [
        ("1", first.as_str()),
        ("2", long.as_str()),
        ("3", second.as_str()),
    ];
    let manifests = ManifestReader::new().with_max_bytes(200).read(files);
    assert_eq!(
        names(manifests.objects()),
        ["ClusterRole b", "ClusterRole a"]
    );
    let places: Vec<&str> = manifests
        .problems()
        .iter()
        .map(|p| p.place.file.as_str())
        .collect();
    assert_eq!(places, ["2"]);
}

#[test]
fn places_are_those_of_the_objects_that_hold() {
    let role = |name: &str| {
        format!(
            "- apiVersion: rbac.authorization.k8s.io/v1\n  kind: Role\n  \
             metadata: {{name: {name}, namespace: ns}}\n"
        )
    };
    let list = format!(
        "apiVersion: v1\nkind: List\nitems:\n{}{}{}",
        role("a"),
        role("b"),
        role("a")
    );
    let manifests = Manifests::read([("list.yaml", list.as_str())]);
    let place = |name| manifests.place("Role", "ns", name).map(ToString::to_string);
    assert_eq!(
        place("a").as_deref(),
        Some("list.yaml:10:3: document 1, items[2]")
    );
    assert_eq!(
        place("b").as_deref(),
        Some("list.yaml:7:3: document 1, items[1]")
    );
    assert_eq!(place("c"), None);
    assert_eq!(manifests.place("Secret", "ns", "a"), None);
}

#[test]
fn what_names_no_namespace_is_where_the_reader_is_told() {
    let kinds = "\
        {apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: a}}\n---\n\
        {apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: b, namespace: x}}\n\
        ---\n{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: c}}";
    let manifests = ManifestReader::new()
        .in_namespace("flux")
        .read([("all.yaml", kinds)]);
    assert!(manifests.problems().is_empty());
    let objects = manifests.objects();
    let roles = objects.roles.iter();
    let namespaces: Vec<&str> = roles.map(|role| role.metadata.namespace.as_str()).collect();
    assert_eq!(namespaces, ["flux", "x"]);
    assert_eq!(objects.cluster_roles.len(), 1);
}

/// Each of many problems has its line. Finding a line must not read the whole file.
#[test]
fn many_problems_have_their_lines() {
    let item = "- {kind: Role, apiVersion: rbac.authorization.k8s.io/v1, metadata: {name: r}}\n";
    let many = 20_000;
    let list = format!("apiVersion: v1\nkind: List\nitems:\n{}", item.repeat(many));
    let manifests = Manifests::read([("list.yaml", list.as_str())]);
    // Each object gets defaults, and each except the first repeats the name.
    assert_eq!(manifests.problems().len(), 2 * many - 1);
    let last = manifests
        .problems()
        .last()
        .map(|problem| problem.place.position);
    let last = last.flatten().map(bounded_yaml::Position::line);
    assert_eq!(last, Some(many + 3));
}

#[test]
fn a_policy_is_refused_if_an_object_cannot_be_read() {
    let role = "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: r}}";
    let policy = Policy::from_manifests(role).unwrap();
    assert_eq!(policy.cluster_roles().count(), 1);

    // A number is not a name.
    let unreadable = format!("{role}\n---\n{}", role.replace("name: r", "name: 7"));
    let problems = Policy::from_manifests(&unreadable).unwrap_err();
    assert_eq!(problems.len(), 1);
    assert!(problems[0].fault.loses_an_object());

    // If the namespace is filled in, no object is left out.
    let defaulted = role.replace("ClusterRole", "Role");
    assert_eq!(
        Policy::from_manifests(&defaulted).unwrap().roles().count(),
        1
    );
}

#[test]
fn files_are_decoded_as_their_byte_order_mark_says() {
    let text =
        "apiVersion: rbac.authorization.k8s.io/v1\r\nkind: Role\r\nmetadata: {name: r\u{e9}}\r\n";
    let units = || text.encode_utf16();
    let little: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain(units().flat_map(u16::to_le_bytes))
        .collect();
    let big: Vec<u8> = [0xfe, 0xff]
        .into_iter()
        .chain(units().flat_map(u16::to_be_bytes))
        .collect();
    let marked = format!("\u{feff}{text}");
    let read = |bytes: &[u8]| ManifestReader::new().read_bytes([("f", bytes)]);
    let plain = read(text.as_bytes());
    assert_eq!(names(plain.objects()), ["Role default/r\u{e9}"]);
    for bytes in [&little, &big, marked.as_bytes()] {
        assert_eq!(read(bytes), plain);
    }
    // A mark at the start of a decoded text does not shift a column either.
    assert_eq!(Manifests::read([("f", marked.as_str())]), plain);
    assert_eq!(
        plain.problems()[0].to_string().split(": ").next(),
        Some("f:1:1")
    );

    let cut = read(&little[..little.len() - 1]);
    let binary = read(b"\x1f\x8b\x08");
    for (manifests, beginning) in [
        (&cut, "f: document 1: not UTF-16"),
        (&binary, "f: document 1: a compressed"),
    ] {
        let [problem] = manifests.problems() else {
            panic!("{manifests:?}");
        };
        assert!(problem.fault.loses_an_object());
        assert!(problem.to_string().starts_with(beginning), "{problem}");
    }
    let long = ManifestReader::new()
        .with_max_bytes(10)
        .read_bytes([("f", text.as_bytes())]);
    assert!(long.problems()[0].fault.loses_an_object());
    // An empty text gives no object and no problem.
    for bytes in [
        &b""[..],
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"---\n# nothing\n...\n",
    ] {
        assert_eq!(read(bytes), Manifests::default());
    }
}

#[test]
fn a_place_prints_no_control_character_of_a_file() {
    let text = r#"{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
        "metadata": {"name": "r", "namespace": "n", "labels": {"l\u001b[2J\u202e\n": 1}}}"#;
    let manifests = Manifests::read([("f\u{1b}\n", text)]);
    let printed: Vec<String> = manifests
        .problems()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        printed,
        [concat!(
            r"f\u{1b}\n:1:3: document 1, metadata.labels.l\u{1b}[2J\u{202e}\n: ",
            "expected text, found a number; put it in quotes"
        )]
    );
}

/// Kinds, keys and file names come from outside. They are printed on one line without control
/// characters.
#[test]
fn problems_print_nothing_raw() {
    let hostile = format!("\u{1b}[2J\u{202e}\n::error::{}", "x".repeat(10_000));
    let quoted = serde_json::to_string(&hostile).unwrap();
    let meta = "\"apiVersion\": \"rbac.authorization.k8s.io/v1\", \"kind\": \"ClusterRole\"";
    let texts = [
        format!("{{{meta}, \"metadata\": {{\"name\": \"a\", \"labels\": {{{quoted}: 1}}}}}}"),
        format!("{{{meta}, \"metadata\": {{\"name\": \"a\", \"annotations\": {{{quoted}: 1}}}}}}"),
        format!("{{{meta}, \"metadata\": {{\"name\": {quoted}}}, \"rules\": 1}}"),
        format!("{{{meta}, \"metadata\": {{\"name\": {quoted}}}, {quoted}: 1, {quoted}: 2}}"),
        format!("{{\"apiVersion\": {quoted}, \"kind\": \"ClusterRole\", \"rules\": {quoted}"),
        format!("{{{meta}, \"metadata\": {{\"name\": \"a${{}}\", \"namespace\": {quoted}}}}}"),
    ];
    for text in &texts {
        for file in ["f", &hostile] {
            let manifests = Manifests::read([(file, text.as_str())]);
            assert!(!manifests.problems().is_empty(), "{text}");
            for problem in manifests.problems() {
                let printed = problem.to_string();
                let is_raw = |c: char| c.is_control() || c == '\u{202e}';
                assert!(!printed.contains(is_raw), "{printed:?}");
                assert!(printed.len() < 10_000, "{}", printed.len());
            }
        }
    }
}
