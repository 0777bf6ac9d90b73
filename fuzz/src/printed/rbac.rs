//! Prints the results of reading manifests, and answers to questions about RBAC.

use k8s_rbac::{
    ClusterRole, Coverage, FieldRequirement, KubernetesVersion, LabelRequirement, LabelSelector,
    LabelSelectorRequirement, Manifests, Objects, Permit, Policy, Request, RequestInfo, User,
    Write, WriteRefusal,
};
use k8s_rbac_analysis::can_i::Question;
use k8s_rbac_analysis::{diff, escalation_paths, explain, permissions, who_can};
use k8s_rbac_lint::{Baseline, FindingCode, Lint, Severity};

use super::{error, line, report};
use crate::analyses::{requests_of, rules_of, users_of};

/// The number of users, and of rules, that are taken from the manifests. Our choice, so that a run
/// stays short.
const MAX_ASKED: usize = 3;

pub(super) fn print_objects(text: &str) {
    let manifests = Manifests::read([("fuzz", text)]);
    manifests.problems().iter().for_each(line);
    let mut objects = manifests.into_objects();
    print_findings(&objects);
    for role in &objects.cluster_roles {
        print_role(role);
    }
    objects.aggregate();
    let users = users_of(&objects);
    let rules: Vec<_> = rules_of(&objects).take(MAX_ASKED).cloned().collect();
    let roles = objects.cluster_roles.clone();
    let policy = Policy::new(objects);
    for user in users.iter().take(MAX_ASKED) {
        for rule in &rules {
            line(rule);
            for request in requests_of(rule, "ns1") {
                print_answer(&policy, user, &request);
            }
        }
        for role in &roles {
            let version = KubernetesVersion::NEWEST;
            print_write(policy.write_cluster_role(version, user, role, Write::Create));
        }
        print_user(&policy, user);
    }
    let nothing = Policy::default();
    for (before, after) in [(&policy, &nothing), (&nothing, &policy)] {
        let Some(diff) = error(diff(before, after)) else {
            continue;
        };
        let rules = diff.changes().iter();
        let rules = rules.map(|it| {
            it.gained_rules()
                .len()
                .saturating_add(it.lost_rules().len())
        });
        report(&diff, rules.sum());
    }
}

/// Prints the refusal of a write. As in kube-apiserver, the refusal of an escalation has a line for each
/// permission.
fn print_write(written: Result<Permit, WriteRefusal<'_>>) {
    match written {
        Err(WriteRefusal::Escalation { ref escalation, .. }) => {
            let missing = escalation.coverage().missing_texts().len();
            report(escalation, missing.saturating_add(1));
        }
        _ => {
            error(written);
        }
    }
}

fn print_findings(objects: &Objects) {
    let findings = Lint::new().run(objects);
    for finding in &findings {
        line(finding);
        line(&finding.object);
    }
    let baseline = Baseline::of(&findings).to_string();
    line(baseline.replace('\n', ""));
}

fn print_role(role: &ClusterRole) {
    for version in KubernetesVersion::ALL {
        role.field_errors(version).errors().iter().for_each(line);
    }
    let selectors = role.aggregation_rule.iter();
    for selector in selectors.flat_map(|rule| &rule.cluster_role_selectors) {
        error(selector.compile());
    }
    for missing in Coverage::of([], &role.rules).missing_texts() {
        line(missing);
    }
}

fn print_answer(policy: &Policy, user: &User, request: &Request<'_>) {
    let response = policy.authorize(user, request);
    line(response.reason());
    for version in KubernetesVersion::ALL {
        line(response.reason_in(version));
    }
    response.unresolved().iter().for_each(line);
    let explanation = explain(policy, user, request);
    explanation.notes().iter().for_each(line);
    explanation.grants().iter().for_each(line);
    explanation.near_misses().iter().for_each(line);
    explanation.misplaced().iter().for_each(line);
    for printed in explanation.to_string().lines() {
        line(printed);
    }
    let allowed = who_can(policy, request);
    for subject in allowed.subjects() {
        if let Some(identity) = subject.identity() {
            line(identity);
        }
    }
    line(allowed.evaluation_error());
}

fn print_user(policy: &Policy, user: &User) {
    if let Some(permissions) = error(permissions(policy, user)) {
        permissions.rules().iter().for_each(line);
        permissions.atoms().iter().for_each(line);
    }
    let Some(paths) = error(escalation_paths(policy, user)) else {
        return;
    };
    for step in paths.steps() {
        line(step);
        line(step.target());
        line(paths.actor(step));
        step.granted_by().iter().for_each(line);
    }
    let summary = usize::from(paths.to_everything().is_some());
    report(&paths, paths.steps().len().saturating_add(summary));
}

/// Takes the text as a question, a request, a selector and a name of each kind.
pub(super) fn print_questions(text: &str) {
    let policy = Policy::default();
    for question in [
        Question::parse(text, text),
        Question::from_words([text, text], text),
        Question::from_words(["get", text], text),
        Question::parse_without_context(text),
    ] {
        let Some(question) = error(question) else {
            continue;
        };
        question.warnings().iter().for_each(line);
        if let Some(unknown) = question.unknown_resource(&policy, [text]) {
            line(unknown);
        }
        let explanation = explain(&policy, &User::new(text, [text]), &question.request());
        for printed in explanation.to_string().lines() {
            line(printed);
        }
    }
    let (method, url) = text.split_once(' ').unwrap_or(("GET", text));
    error(RequestInfo::parse(method, url));
    for version in KubernetesVersion::ALL {
        error(RequestInfo::parse_like_apiserver(version, method, url));
        error(LabelRequirement::parse_in(version, text));
    }
    error(FieldRequirement::parse(text));
    error(text.parse::<KubernetesVersion>());
    error(text.parse::<FindingCode>());
    error(text.parse::<Severity>());
    error(Baseline::parse(text));
    let requirement = LabelSelectorRequirement {
        key: text.to_owned(),
        operator: text.to_owned(),
        values: vec![text.to_owned()],
    };
    let selector = LabelSelector {
        match_labels: [(text.to_owned(), text.to_owned())].into(),
        match_expressions: vec![requirement],
    };
    error(selector.compile());
}
