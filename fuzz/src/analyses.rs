use std::collections::BTreeSet;

use k8s_rbac::{
    Manifests, Objects, Policy, PolicyRule, Request, ResourceRequest, SubjectName, User,
};
use k8s_rbac_analysis::{AllowedSubject, diff, escalation_paths, explain, permissions, who_can};
use k8s_rbac_lint::{Baseline, Lint};

/// The number of users, and of rules, that are taken from the manifests. Our choice, so that a run
/// stays short.
const MAX_ASKED: usize = 12;

/// Asserts that the analyses agree with the decision, and that the lint is consistent.
///
/// For users and requests that occur in the manifests, the view, the explanation, the allowed subjects
/// and the user's permissions agree with the decision. A policy does not differ from itself. Each
/// escalation path begins with the user. Each finding names an object of the manifests, and the baseline
/// of all findings can be parsed again and accepts them.
///
/// # Panics
///
/// If the property does not hold.
pub fn analyses_say_what_is_decided(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let mut objects = Manifests::read([("fuzz", text)]).into_objects();
    findings_are_about_the_objects(&objects);
    objects.aggregate();
    let users = users_of(&objects);
    let rules: Vec<PolicyRule> = rules_of(&objects).cloned().collect();
    let policy = Policy::new(objects);
    assert!(diff(&policy, &policy).is_ok_and(|diff| diff.is_empty()));
    for user in users {
        if let Ok(paths) = escalation_paths(&policy, &user) {
            for (number, step) in paths.steps().iter().enumerate() {
                let path = paths.path(number);
                assert_eq!(path.last(), Some(&step));
                assert!(path.first().is_some_and(|first| first.after().is_empty()));
            }
        }
        for rule in rules.iter().take(MAX_ASKED) {
            for namespace in ["", "ns1"] {
                for request in requests_of(rule, namespace) {
                    all_agree(&policy, &user, &request);
                }
            }
        }
    }
}

fn all_agree(policy: &Policy, user: &User, request: &Request<'_>) {
    let response = policy.rbac(user, request);
    let is_allowed = response.decision().is_allow();
    assert_eq!(policy.view(user).rbac(request), response);

    let explanation = explain(policy, user, request);
    assert_eq!(explanation.grants().is_empty(), !is_allowed);

    let allowed = who_can(policy, request);
    let identities = allowed
        .subjects()
        .iter()
        .filter_map(AllowedSubject::identity);
    let is_one = identities.into_iter().any(|one| match one {
        SubjectName::User(name) => name == user.name,
        SubjectName::Group(name) => user.groups.contains(&name) && name != "system:masters",
    });
    assert_eq!(is_one, is_allowed, "{user:?} {request:?}");

    if let Ok(permissions) = permissions(policy, user) {
        let namespace = request.namespace();
        let holds = |namespaces: &[&str]| {
            namespaces.is_empty() || namespace.is_some_and(|own| namespaces.contains(&own))
        };
        let rules = permissions.rules();
        let mut rules = rules.iter().filter(|rule| holds(rule.namespaces()));
        let is_held = rules.any(|rule| rule.to_rule().allows(request));
        assert_eq!(is_held, is_allowed, "{user:?} {request:?}");
    }
}

fn findings_are_about_the_objects(objects: &Objects) {
    let findings = Lint::new().run(objects);
    let mut names = BTreeSet::new();
    names.extend((objects.cluster_roles.iter()).map(|it| ("ClusterRole", "", &*it.metadata.name)));
    let bindings = objects.cluster_role_bindings.iter();
    names.extend(bindings.map(|it| ("ClusterRoleBinding", "", &*it.metadata.name)));
    let roles = objects.roles.iter().map(|it| ("Role", &it.metadata));
    let bindings = objects.role_bindings.iter();
    let namespaced = roles.chain(bindings.map(|it| ("RoleBinding", &it.metadata)));
    names.extend(namespaced.map(|(kind, it)| (kind, &*it.namespace, &*it.name)));
    for finding in &findings {
        let object = &finding.object;
        assert!(
            names.contains(&(object.kind, &*object.namespace, &*object.name)),
            "{finding}"
        );
    }
    let baseline = Baseline::of(&findings);
    let again = Baseline::parse(&baseline.to_string());
    let reviewed = again.map(|again| again.apply(findings));
    assert!(
        reviewed.is_ok_and(|it| it.findings.is_empty() && it.stale.is_empty()),
        "{baseline}"
    );
}

/// Returns the users that the bindings name, directly or by a group.
pub(crate) fn users_of(objects: &Objects) -> Vec<User> {
    let of_cluster = objects.cluster_role_bindings.iter();
    let of_cluster = of_cluster.map(|it| (&it.subjects, None));
    let of_namespaces = objects.role_bindings.iter();
    let of_namespaces = of_namespaces.map(|it| (&it.subjects, Some(&*it.metadata.namespace)));
    let subjects = of_cluster
        .chain(of_namespaces)
        .flat_map(|(subjects, own)| subjects.iter().map(move |subject| (subject, own)));
    let identities: BTreeSet<SubjectName> = subjects
        .filter_map(|(subject, own)| SubjectName::of(subject, own))
        .collect();
    let identities = identities.into_iter().take(MAX_ASKED);
    identities
        .map(|identity| match identity {
            SubjectName::User(name) => User::new(name, [""; 0]),
            SubjectName::Group(name) => User::new("jane", [name]),
        })
        .collect()
}

pub(crate) fn rules_of(objects: &Objects) -> impl Iterator<Item = &PolicyRule> {
    let cluster = objects.cluster_roles.iter().flat_map(|role| &role.rules);
    cluster.chain(objects.roles.iter().flat_map(|role| &role.rules))
}

/// Builds requests from the first entries of a rule, with an ordinary word in place of `*`.
pub(crate) fn requests_of<'r>(rule: &'r PolicyRule, namespace: &'r str) -> Vec<Request<'r>> {
    let first = |texts: &'r [String]| match texts.first().map(String::as_str) {
        Some("*") => Some("ordinary"),
        text => text,
    };
    let mut requests = Vec::new();
    let Some(verb) = first(&rule.verbs) else {
        return requests;
    };
    if let (Some(group), Some(resource)) = (first(&rule.api_groups), first(&rule.resources)) {
        let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        let request = ResourceRequest::new(verb, group, resource)
            .with_subresource(subresource)
            .in_namespace(namespace);
        requests.push(request.into());
        if let Some(name) = first(&rule.resource_names) {
            requests.push(request.with_name(name).into());
        }
    }
    if let Some(path) = first(&rule.non_resource_urls) {
        requests.push(Request::path(verb, path.trim_end_matches('*')));
    }
    requests
}
