//! The rules of a user, as recorded.

use k8s_rbac::{Objects, Policy, PolicyRule, SubjectRulesReviewStatus, User};
use serde::Deserialize;
use testkit::Report;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct World {
    world: Objects,
    rules_for: Vec<RulesFor>,
}

#[derive(Deserialize)]
struct RulesFor {
    user: String,
    groups: Option<Vec<String>>,
    namespace: String,
    #[serde(flatten)]
    status: SubjectRulesReviewStatus,
}

#[test]
fn the_rules_of_a_user_are_those_upstream_lists() {
    let mut report = Report::new();
    for case in testkit::json_lines::<World>("testdata/authorize.jsonl") {
        let policy = Policy::new(case.world);
        for case in case.rules_for {
            let user = User::new(case.user, case.groups.unwrap_or_default());
            let listing = policy.rules_for(&user, &case.namespace);
            let name = format!("{user:?} in {:?}", case.namespace);
            report.check(&name, &listing.status(), &case.status);
            // Kubernetes' own client reads the rules of a review as rules again.
            let without = |rule: &PolicyRule, is_of_paths: bool| match is_of_paths {
                true => PolicyRule {
                    api_groups: Vec::new(),
                    resources: Vec::new(),
                    resource_names: Vec::new(),
                    ..rule.clone()
                },
                false => PolicyRule {
                    non_resource_urls: Vec::new(),
                    ..rule.clone()
                },
            };
            let of_resources = (listing.rules())
                .filter(|rule| !rule.resources.is_empty())
                .map(|rule| without(rule, false));
            let of_paths = (listing.rules())
                .filter(|rule| !rule.non_resource_urls.is_empty())
                .map(|rule| without(rule, true));
            let rules: Vec<PolicyRule> = of_resources.chain(of_paths).collect();
            report.check(
                &format!("{name}\n    as rules"),
                &case.status.rules(),
                &rules,
            );
        }
    }
    report.finish();
}
