//! The rules of a user, as recorded.

use k8s_rbac::{Objects, Policy, SubjectRulesReviewStatus, User};
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
        }
    }
    report.finish();
}
