//! The report: its cells agree with the answers to the other questions, and no text of the input becomes
//! markup.

mod page;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use eks_access::report::{
    AccessCell, AccessLevel, AccessReport, MAX_BINDINGS, MAX_FINDINGS, MAX_NAMESPACES,
    PrincipalAccess, ReportOptions,
};
use eks_access::{Cluster, Document, NoAnswer, Options, Question, Verdict, Who};
use proptest::prelude::*;
use roxmltree::Node;

use crate::props::{ROLES, arn, world};

const VERBS: [&str; 3] = ["get", "list", "delete"];
const RESOURCES: [&str; 2] = ["pods", "secrets"];
const SCOPES: [Option<&str>; 4] = [None, Some("dev"), Some("prod"), Some("other")];

fn who(principal: &PrincipalAccess) -> Who {
    let caller = principal.caller();
    if !principal.is_of_aws() {
        return Who::user(caller.username(), [""; 0]).unwrap();
    }
    let role = caller.principal().rsplit('/').next().unwrap();
    let session = caller.session_name().unwrap_or("SESSION");
    let arn = format!("arn:aws:sts::111122223333:assumed-role/{role}/{session}");
    Who::caller(&arn).unwrap()
}

fn question(verb: &str, resource: &str, scope: Option<&str>) -> Question {
    let scope = scope.map_or_else(|| "-A".to_owned(), |name| format!("-n {name}"));
    Question::parse(&format!("{verb} {resource} {scope}")).unwrap()
}

/// Returns the cell that shows a scope, with its level there.
fn shown<'p>(
    principal: &'p PrincipalAccess,
    scope: Option<&str>,
) -> (Option<&'p AccessCell>, AccessLevel) {
    let cells = principal.cells().iter();
    match cells.clone().find(|cell| cell.namespace() == scope) {
        Some(cell) => (Some(cell), cell.level()),
        None if scope.is_none() => (None, AccessLevel::None),
        None => {
            let level = principal.level_elsewhere();
            let is_shown =
                |cell: &&AccessCell| cell.namespace().is_none() && level > AccessLevel::None;
            (cells.clone().find(is_shown), level)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn cells_are_what_can_answers(world in world()) {
        let options = Options::new().without_default_policy().with_authentication_mode(world.mode);
        let cluster = Cluster::from_documents(world.documents(), &options);
        let report = match cluster.report(&ReportOptions::new()) {
            Ok(report) => report,
            Err(NoAnswer::NoMapping) => return Ok(()),
            Err(why) => return Err(TestCaseError::fail(why.to_string())),
        };
        for principal in report.principals() {
            let who = who(principal);
            for scope in SCOPES {
                let (cell, level) = shown(principal, scope);
                let verbs = cell.map_or(&[][..], AccessCell::verbs);
                let can = |verb: &str, resource: &str| {
                    cluster.can(&who, &question(verb, resource, scope)).unwrap().verdict() == Verdict::Yes
                };
                for verb in VERBS {
                    let is_shown = verbs.iter().any(|one| one == verb || one == "*");
                    let is_allowed = RESOURCES.iter().any(|resource| can(verb, resource));
                    prop_assert_eq!(is_shown, is_allowed, "{} {} {:?} {:?}", &who, verb, scope, verbs);
                }
                let reads_secrets = ["get", "list"].iter().any(|verb| can(verb, "secrets"));
                prop_assert_eq!(level >= AccessLevel::Secrets, reads_secrets, "{} {:?} {}", &who, scope, level);
                prop_assert_eq!(level == AccessLevel::None, verbs.is_empty(), "{} {:?} {}", &who, scope, level);
                prop_assert_eq!(level == AccessLevel::Full, can("delete", "pods"), "{} {:?} {}", &who, scope, level);
            }
            for cell in principal.cells() {
                prop_assert!(!cell.ways().is_empty(), "{} {:?}", &who, cell.namespace());
                if cell.level() == AccessLevel::Secrets {
                    let asked = |verb| cluster.why(&who, &question(verb, "secrets", cell.namespace()));
                    let get = asked("get").unwrap();
                    let why = if get.ways().is_empty() { asked("list").unwrap() } else { get };
                    prop_assert_eq!(cell.ways(), why.ways());
                }
            }
        }
        // No principal with permissions is missing.
        for role in ROLES {
            let caller = Who::caller(&arn(role)).unwrap();
            let listing = cluster.list(&caller).unwrap();
            let is_listed = |one: &PrincipalAccess| {
                one.caller().principal() == arn(role) && one.caller().session_name().is_none()
            };
            let found = report.principals().iter().find(|one| is_listed(one));
            let is_found = found.is_some_and(|one| !one.cells().is_empty());
            prop_assert_eq!(is_found, listing.verdict() == Verdict::Yes, "{}", listing);
        }
    }
}

/// Texts that contain markup, end an attribute or a script, or change the direction of the text.
const HOSTILE: [&str; 8] = [
    "</script><script>window.__pwned=1</script>",
    "<!--",
    "<img src=x onerror=window.__pwned=1>",
    "\" onmouseover=\"window.__pwned=1",
    "' autofocus onfocus='window.__pwned=1",
    "&lt;b&gt;{{ title {% raw",
    "]]></style><svg onload=window.__pwned=1>",
    "\u{202e}nimda\u{2066}\u{200b}",
];

/// Builds a cluster with a hostile text in every field that a person chooses.
fn hostile(text: &str) -> Vec<Document> {
    let quoted = serde_json::to_string(text).unwrap();
    let map = format!(
        "mapRoles:\n\
         - {{rolearn: 'arn:aws:iam::111122223333:role/dev', username: {quoted}, groups: [{quoted}, unbound]}}\n\
         - {{rolearn: 'arn:aws:iam::111122223333:role/ops', username: ops, groups: ['system:masters']}}\n\
         mapUsers:\n\
         - {{userarn: 'arn:aws:iam::111122223333:user/ann', username: ann, groups: [{quoted}]}}\n"
    );
    let api = "apiVersion: rbac.authorization.k8s.io/v1";
    let mut rbac = String::new();
    for (kind, scope) in [
        ("RoleBinding", format!(", namespace: {quoted}")),
        ("ClusterRoleBinding", String::new()),
    ] {
        let _ = write!(
            rbac,
            "---\n{api}\nkind: {kind}\nmetadata: {{name: {quoted}{scope}, labels: {{{quoted}: {quoted}}}}}\n\
             roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {quoted}}}\n\
             subjects: [{{apiGroup: rbac.authorization.k8s.io, kind: Group, name: {quoted}}}]\n"
        );
    }
    let _ = write!(
        rbac,
        "---\n{api}\nkind: ClusterRole\nmetadata: {{name: {quoted}}}\n\
         rules: [{{apiGroups: [{quoted}, ''], resources: [{quoted}, pods], resourceNames: [{quoted}], verbs: [{quoted}, get]}},\n\
         {{nonResourceURLs: [{quoted}], verbs: [get]}}]\n\
         ---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {quoted}, namespace: {quoted}}}\nspec: {{serviceAccountName: {quoted}}}\n\
         ---\napiVersion: v1\nkind: {quoted}\nmetadata: {{name: {quoted}}}\n"
    );
    vec![
        Document::new(format!("{text}.yaml"), map),
        Document::new(format!("rbac {text}.yaml"), rbac),
    ]
}

fn report(documents: Vec<Document>, title: &str) -> AccessReport {
    let cluster = Cluster::from_documents(documents, &Options::new());
    let options = ReportOptions::new().with_title(title);
    cluster.report(&options).unwrap()
}

/// Removes the style and the script from a page. The rest has the form of XML.
fn markup(html: &str) -> String {
    let mut rest = html.strip_prefix("<!doctype html>").unwrap().to_owned();
    for (begin, end) in [("<style>", "</style>"), ("<script>", "</script>")] {
        assert_eq!(rest.matches(begin).count(), 1, "{begin}");
        assert_eq!(rest.matches(end).count(), 1, "{end}");
        let (before, after) = rest.split_once(begin).unwrap();
        let (_, after) = after.split_once(end).unwrap();
        rest = format!("{before}{after}");
    }
    rest
}

/// The elements and attributes of the template.
fn shape(document: &roxmltree::Document<'_>) -> BTreeSet<String> {
    let elements = document.descendants().filter(Node::is_element);
    elements
        .flat_map(|element| {
            let name = element.tag_name().name();
            let attributes = element
                .attributes()
                .map(move |one| format!("{name} {}", one.name()));
            std::iter::once(name.to_owned()).chain(attributes)
        })
        .collect()
}

#[test]
fn no_text_of_the_input_becomes_markup() {
    let plain = report(hostile("plain"), "plain").to_html().unwrap();
    let plain = markup(&plain);
    let plain = roxmltree::Document::parse(&plain).unwrap();
    for text in HOSTILE {
        let html = report(hostile(text), text).to_html().unwrap();
        let page = markup(&html);
        let page = roxmltree::Document::parse(&page).unwrap_or_else(|why| panic!("{text}: {why}"));
        let extra: Vec<_> = shape(&page).difference(&shape(&plain)).cloned().collect();
        assert!(extra.is_empty(), "{text}: {extra:?}");
        assert!(
            html.chars().all(|c| c == '\n'
                || !c.is_control() && c.escape_debug().len() == 1
                || "'\"\\".contains(c)),
            "{text}: an invisible character"
        );
        let title = page
            .descendants()
            .find(|node| node.has_tag_name("h1"))
            .unwrap();
        let shown = text
            .replace('\u{202e}', "\\u{202e}")
            .replace('\u{2066}', "\\u{2066}")
            .replace('\u{200b}', "\\u{200b}");
        assert_eq!(title.text().unwrap(), shown);
        for place in page
            .descendants()
            .filter(|node| node.attribute("class") == Some("at"))
        {
            let file = place.text().unwrap();
            assert!(file.contains(&shown), "{file}");
        }
    }
}

fn example() -> Vec<Document> {
    let map = "mapRoles:\n\
        - {rolearn: 'arn:aws:iam::111122223333:role/admin', username: admin, groups: ['system:masters']}\n\
        - {rolearn: 'arn:aws:iam::111122223333:role/dev', username: 'dev:{{SessionName}}', groups: [devs]}\n\
        - {rolearn: 'arn:aws:iam::111122223333:role/old', username: old, groups: [dev]}\n";
    let api = "apiVersion: rbac.authorization.k8s.io/v1";
    let group = "subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: devs}]";
    let rbac = format!(
        "{api}\nkind: RoleBinding\nmetadata: {{name: devs, namespace: shop}}\n\
         roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}}\n{group}\n\
         ---\n{api}\nkind: RoleBinding\nmetadata: {{name: lost, namespace: bank}}\n\
         roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: missing}}\n{group}\n\
         ---\n{api}\nkind: ClusterRoleBinding\nmetadata: {{name: alice}}\n\
         roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}}\n\
         subjects: [{{apiGroup: rbac.authorization.k8s.io, kind: User, name: 'dev:alice'}}]\n"
    );
    let entry = r#"{"principalArn": "arn:aws:iam::111122223333:role/net", "username": "net", "kubernetesGroups": [], "type": "STANDARD"}
{"principalArn": "arn:aws:iam::111122223333:role/net", "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSNetworkingPolicy", "accessScope": {"type": "namespace", "namespaces": ["sho*"]}}
"#;
    vec![
        Document::new("aws-auth.yaml", map),
        Document::new("rbac.yaml", rbac),
        Document::new("entries.json", entry),
    ]
}

#[test]
fn levels_are_ordered_by_risk_and_have_their_places() {
    let report = report(example(), "example");
    let summary: Vec<String> = report
        .principals()
        .iter()
        .map(|one| {
            let cells = one
                .cells()
                .iter()
                .map(|cell| format!("{}={}", cell.namespace().unwrap_or("*"), cell.level()));
            let caller = one.caller();
            format!(
                "{} {} {}",
                caller.principal().rsplit('/').next().unwrap(),
                caller.session_name().unwrap_or("-"),
                cells.collect::<Vec<_>>().join(" ")
            )
        })
        .collect();
    assert_eq!(
        summary,
        [
            "admin - *=full",
            "dev - bank=unknown shop=workloads",
            "dev alice *=read bank=read shop=workloads",
            "net - shop=unknown",
            "old - ",
        ]
    );
    let dev = &report.principals()[1];
    let way: Vec<String> = dev.cells()[1].ways()[0]
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        way[0],
        "RoleBinding \"devs/shop\" names Group \"devs\" (rbac.yaml:1:1)"
    );
    let html = report.to_html().unwrap();
    for text in [
        "rbac.yaml:1:1",
        "aws-auth.yaml:3:",
        "whose rules AWS does not publish",
        "mapped to Group &quot;dev&quot;, which no binding names; similar and bound: Group &quot;devs&quot;",
        "neither the documents nor the default policy have it",
    ] {
        assert!(html.contains(text), "{text}");
    }
}

#[test]
fn a_page_is_sound() {
    let pages = [
        report(example(), "example"),
        report(
            vec![Document::new("aws-auth.yaml", "mapRoles: []\n")],
            "nothing",
        ),
    ];
    for report in pages {
        let html = report.to_html().unwrap();
        let markup = markup(&html);
        let page = roxmltree::Document::parse(&markup).unwrap();
        let elements = || page.descendants().filter(Node::is_element);
        let mut ids = BTreeSet::new();
        for id in elements().filter_map(|one| one.attribute("id")) {
            assert!(ids.insert(id), "the id {id} is used twice");
        }
        for element in elements() {
            let name = element.tag_name().name();
            let text: String = element.descendants().filter_map(|one| one.text()).collect();
            let has = |attribute| element.attribute(attribute).is_some();
            match name {
                "a" => {
                    let target = element.attribute("href").unwrap().strip_prefix('#');
                    assert!(target.is_some_and(|id| ids.contains(id)), "{target:?}");
                    assert!(!text.trim().is_empty(), "a link without a text");
                }
                "th" => assert!(has("scope"), "a heading of a table without a scope: {text}"),
                "details" => {
                    let first = element.first_element_child().unwrap();
                    assert_eq!(first.tag_name().name(), "summary");
                }
                "button" => assert!(has("aria-label") || !text.trim().is_empty()),
                "input" | "select" => {
                    assert_eq!(element.parent().unwrap().tag_name().name(), "label");
                }
                "section" => {
                    assert!(ids.contains(element.attribute("aria-labelledby").unwrap()));
                }
                _ => {}
            }
            let names = element.attribute("aria-labelledby").unwrap_or_default();
            assert!(names.split_whitespace().all(|id| ids.contains(id)));
            assert!(!has("style") && !has("src"), "{name}");
        }
        let count = |name| elements().filter(|one| one.has_tag_name(name)).count();
        assert_eq!(
            [count("h1"), count("main"), count("header"), count("footer")],
            [1; 4]
        );
    }
}

/// Bindings for `dev`, who acts as a service account that may bind any role. `guest` does so by an access policy.
/// `view` is the same user as `guest` without the policy, and does not.
fn chained() -> Vec<Document> {
    let map = "mapRoles:\n\
        - {rolearn: 'arn:aws:iam::111122223333:role/admin', username: admin, groups: ['system:masters']}\n\
        - {rolearn: 'arn:aws:iam::111122223333:role/dev', username: dev, groups: [devs]}\n\
        - {rolearn: 'arn:aws:iam::111122223333:role/twin', username: dev, groups: [devs]}\n\
        - {rolearn: 'arn:aws:iam::111122223333:role/view', username: view, groups: [viewers]}\n";
    let api = "apiVersion: rbac.authorization.k8s.io/v1";
    let subjects = |subject: &str| format!("subjects: [{subject}]\n---\n");
    let group = |name: &str| {
        subjects(&format!(
            "{{apiGroup: rbac.authorization.k8s.io, kind: Group, name: {name}}}"
        ))
    };
    let role = |kind: &str, name: &str| {
        format!("roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: {kind}, name: {name}}}\n")
    };
    let rbac = format!(
        "{api}\nkind: RoleBinding\nmetadata: {{name: devs, namespace: shop}}\n{edit}{devs}\
         {api}\nkind: ClusterRoleBinding\nmetadata: {{name: viewers}}\n{view}{viewers}\
         {api}\nkind: ClusterRole\nmetadata: {{name: binder}}\nrules:\n\
         - {{apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles], verbs: [bind]}}\n\
         - {{apiGroups: [rbac.authorization.k8s.io], resources: [clusterrolebindings], verbs: [create]}}\n---\n\
         {api}\nkind: ClusterRoleBinding\nmetadata: {{name: binder}}\n{binder}{deployer}",
        edit = role("ClusterRole", "edit"),
        devs = group("devs"),
        view = role("ClusterRole", "view"),
        viewers = group("viewers"),
        binder = role("ClusterRole", "binder"),
        deployer = subjects("{kind: ServiceAccount, name: deployer, namespace: shop}"),
    );
    let guest = r#"{"accessEntry": {"principalArn": "arn:aws:iam::111122223333:role/guest", "type": "STANDARD",
        "username": "view", "kubernetesGroups": ["viewers"], "associatedAccessPolicies": [
            {"policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy",
             "accessScope": {"type": "namespace", "namespaces": ["shop"]}}]}}"#;
    vec![
        Document::new("entries.json", guest),
        Document::new("aws-auth.yaml", map),
        Document::new("rbac.yaml", rbac),
    ]
}

#[test]
fn a_chain_of_several_steps_to_full_access_is_shown() {
    let report = report(chained(), "chained");
    let chains: Vec<String> = report
        .principals()
        .iter()
        .map(|one| {
            let name = one.caller().principal().rsplit('/').next().unwrap();
            let steps: Vec<String> = one
                .chain()
                .iter()
                .map(|step| format!("{} {}", step.actor(), step.reaches()))
                .collect();
            format!("{name}: {}", steps.join("; "))
        })
        .collect();
    let steps = "User \"dev\" becomes ServiceAccount \"deployer/shop\"; \
                 ServiceAccount \"deployer/shop\" has ClusterRole \"cluster-admin\" cluster-wide; \
                 User \"dev\" may do everything cluster-wide";
    assert_eq!(
        chains,
        [
            "admin: ".to_owned(),
            // A service account that no caller of AWS becomes.
            "system:serviceaccount:shop:deployer: \
             ServiceAccount \"deployer/shop\" has ClusterRole \"cluster-admin\" cluster-wide; \
             ServiceAccount \"deployer/shop\" may do everything cluster-wide"
                .to_owned(),
            format!("dev: {steps}"),
            format!("guest: {}", steps.replace("\"dev\"", "\"view\"")),
            format!("twin: {steps}"),
            "view: ".to_owned(),
        ]
    );
    let html = report.to_html().unwrap();
    assert_eq!(html.matches("full access in 3 steps").count(), 3);
    assert_eq!(html.matches("title=\"Full access in 3 steps\"").count(), 3);
    assert!(html.contains("binds a role that it does not hold"));
}

/// Texts with three more objects than a report can have.
fn too_many(max: usize, one: impl Fn(usize) -> String) -> String {
    (0..max.saturating_add(3)).map(one).collect()
}

#[test]
fn bindings_and_findings_are_cut_at_their_limits() {
    // Each binding names a missing role, which gives a finding.
    let bindings = too_many(MAX_BINDINGS, |at| {
        format!(
            "{{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {{name: b{at}, namespace: n}}, \
             roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: missing}}, \
             subjects: [{{apiGroup: rbac.authorization.k8s.io, kind: Group, name: g}}]}}\n---\n"
        )
    });
    let documents = vec![
        Document::new("aws-auth.yaml", "mapRoles: []\n"),
        Document::new("rbac.yaml", bindings),
    ];
    let report = report(documents, "large");
    let left_out = report.left_out().join("\n");
    assert!(left_out.starts_with("3 bindings\n"), "{left_out}");
    assert!(
        left_out.contains(" findings: no more severe than those listed"),
        "{left_out}"
    );
    let data = serde_json::to_value(&report).unwrap();
    let count = |key: &str| data[key].as_array().unwrap().len();
    assert_eq!(
        [count("bindings"), count("findings")],
        [MAX_BINDINGS, MAX_FINDINGS]
    );
    let html = report.to_html().unwrap();
    for one in report.left_out() {
        assert!(html.contains(one), "{one}");
    }
}

#[test]
fn what_is_left_out_is_named() {
    let mut rbac = String::new();
    for at in 0..MAX_NAMESPACES.saturating_add(3) {
        let _ = write!(
            rbac,
            "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {{name: r, namespace: n{at}}}\n"
        );
    }
    let documents = vec![
        Document::new("aws-auth.yaml", "mapRoles: []\n"),
        Document::new("rbac.yaml", rbac),
    ];
    let report = report(documents, "wide");
    assert_eq!(report.namespaces().len(), MAX_NAMESPACES);
    let [left_out] = report.left_out() else {
        panic!("{:?}", report.left_out());
    };
    assert!(left_out.starts_with("3 namespaces"), "{left_out}");
    assert!(report.to_html().unwrap().contains(left_out));
}

#[test]
fn a_policy_with_an_unknown_scope_has_its_name() {
    let principal = r#""principalArn": "arn:aws:iam::111122223333:role/sre""#;
    let arn = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSAdminPolicy";
    let entry = format!(r#"{{"accessEntry": {{{principal}, "type": "STANDARD"}}}}"#);
    let list = format!(
        r#"{{{principal}, "associatedAccessPolicies": [{{"policyArn": "{arn}", "accessScope": {{}}}}]}}"#
    );
    let documents = vec![
        Document::new("entry.json", entry),
        Document::new("list.json", list),
    ];
    let page = report(documents, "one").to_html().unwrap();
    let markup = markup(&page);
    let markup = roxmltree::Document::parse(&markup).unwrap();
    let texts: Vec<&str> = markup
        .descendants()
        .filter_map(|node| node.text())
        .collect();
    let doors = texts
        .iter()
        .filter(|text| text.trim() == "AmazonEKSAdminPolicy");
    assert!(doors.count() > 0, "{texts:?}");
}

#[test]
fn a_role_that_the_documents_lack_is_shown_with_its_binding() {
    let map = "mapRoles: [{rolearn: 'arn:aws:iam::111122223333:role/dev', username: dev}]";
    let binding = "{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: b, namespace: a}, \
                   roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: team-edit}, \
                   subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: dev}]}";
    let documents = vec![
        Document::new("map.yaml", map),
        Document::new("binding.yaml", binding),
    ];
    let page = report(documents, "one").to_html().unwrap();
    let markup = markup(&page);
    let markup = roxmltree::Document::parse(&markup).unwrap();
    let texts = markup.descendants().filter_map(|node| node.text());
    let texts: Vec<&str> = texts
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .collect();
    let way = [r#"RoleBinding "b/a""#, "ClusterRole team-edit"];
    assert!(texts.windows(2).any(|pair| pair == way), "{texts:?}");
}

#[test]
fn an_unreadable_document_has_no_report() {
    let documents = [Document::new("aws-auth.yaml", "")];
    let cluster = Cluster::from_documents(documents, &Options::new());
    let report = cluster.report(&ReportOptions::new());
    assert_eq!(report.unwrap_err().code(), "unreadable");
}
