//! The report of `diff` on a change: lockouts and differences, by their codes.

use aws_auth_map::Dialect;
use eks_access::{Baseline, Cluster, Document, Finding, Options, Who};

const ADMIN: &str = "- {rolearn: 'arn:aws:iam::111122223333:role/admin', username: admin, groups: ['system:masters']}\n";
const BOSS: &str = "- {rolearn: 'arn:aws:iam::111122223333:role/boss', username: boss}\n";
const DEV: &str =
    "- {rolearn: 'arn:aws:iam::111122223333:role/dev', username: dev, groups: [devs]}\n";
const DEV_IN_OPS: &str =
    "- {rolearn: 'arn:aws:iam::111122223333:role/dev', username: dev, groups: [ops]}\n";
const NODES: &str = "- {rolearn: 'arn:aws:iam::111122223333:role/nodes', username: 'system:node:{{EC2PrivateDNSName}}', groups: ['system:bootstrappers', 'system:nodes']}\n";
const NODES_BY_SESSION: &str = "- {rolearn: 'arn:aws:iam::111122223333:role/nodes', username: 'system:node:{{SessionName}}', groups: ['system:bootstrappers', 'system:nodes']}\n";

/// Binds a ClusterRole in the whole cluster: `kind name role`.
fn binding(words: &str) -> String {
    let mut words = words.split(' ');
    let [kind, name, role] = [(); 3].map(|()| words.next().unwrap());
    format!(
        "---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {{name: {name}-{role}}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {role}}}
subjects: [{{apiGroup: rbac.authorization.k8s.io, kind: {kind}, name: {name}}}]
"
    )
}

fn cluster((map, bindings): (&[&str], &[&str])) -> Cluster {
    let mut documents = vec![Document::new(
        "map.yaml",
        format!("mapRoles:\n{}", map.concat()),
    )];
    if !bindings.is_empty() {
        let bindings: Vec<String> = bindings.iter().map(|one| binding(one)).collect();
        documents.push(Document::new("rbac.yaml", bindings.concat()));
    }
    Cluster::from_documents(documents, &Options::new())
}

/// Rules of the mapping, and bindings.
type Side<'r> = (&'r [&'r str], &'r [&'r str]);

/// The old and the new side, the role of the caller, and the codes of the lockouts and of the differences.
type Row<'r> = (
    Side<'r>,
    Side<'r>,
    Option<&'r str>,
    &'r [&'r str],
    &'r [&'r str],
);

#[test]
fn a_change_has_the_lockouts_and_differences_that_the_table_says() {
    let boss = "User boss cluster-admin";
    let view = "Group devs view";
    let edit = "Group devs edit";
    let rows: [Row<'_>; 12] = [
        (
            (&[ADMIN, DEV], &[view]),
            (&[ADMIN, DEV], &[view]),
            None,
            &[],
            &[],
        ),
        // The last administrator by group is lost, unless a binding names another.
        (
            (&[ADMIN, DEV], &[view]),
            (&[DEV], &[view]),
            None,
            &["lockout-no-administrator"],
            &["loses"],
        ),
        (
            (&[ADMIN, BOSS], &[boss]),
            (&[BOSS], &[boss]),
            None,
            &[],
            &["loses"],
        ),
        // The last administrator by a binding is lost.
        (
            (&[BOSS, DEV], &[boss, view]),
            (&[BOSS, DEV], &[view]),
            None,
            &["lockout-no-administrator"],
            &["loses-permissions", "no-longer-allowed"],
        ),
        (
            (&[BOSS, DEV], &[boss, view]),
            (&[DEV], &[boss, view]),
            None,
            &["lockout-no-administrator"],
            &["loses"],
        ),
        (
            (&[BOSS, ADMIN], &[boss]),
            (&[BOSS, ADMIN], &[view]),
            None,
            &[],
            &["loses-permissions", "newly-allowed", "no-longer-allowed"],
        ),
        // Without roles and bindings, the permissions of a group are unknown.
        (
            (&[ADMIN, DEV], &[]),
            (&[ADMIN, DEV_IN_OPS], &[]),
            None,
            &[],
            &["changes"],
        ),
        (
            (&[ADMIN, DEV], &[view, "Group ops view"]),
            (&[ADMIN, DEV_IN_OPS], &[view, "Group ops view"]),
            None,
            &[],
            &[],
        ),
        // The caller who makes the change is locked out.
        (
            (&[ADMIN, DEV], &[view]),
            (&[ADMIN, DEV], &[view, edit]),
            Some("dev"),
            &[],
            &["gains-permissions", "gains-permissions", "newly-allowed"],
        ),
        (
            (&[ADMIN, DEV], &[view, edit]),
            (&[ADMIN, DEV], &[view]),
            Some("dev"),
            &["lockout-caller"],
            &[
                "loses-permissions",
                "loses-permissions",
                "no-longer-allowed",
            ],
        ),
        (
            (&[ADMIN, DEV], &[view, edit]),
            (&[ADMIN, DEV], &[view]),
            Some("admin"),
            &[],
            &["loses-permissions", "no-longer-allowed"],
        ),
        // The node gets another name.
        (
            (&[ADMIN, NODES], &[view]),
            (&[ADMIN, NODES_BY_SESSION], &[view]),
            None,
            &["lockout-nodes"],
            &["changes"],
        ),
    ];
    for (number, (old, new, caller, lockouts, differences)) in rows.into_iter().enumerate() {
        let caller = caller.map(|role| {
            match Who::caller(&format!("arn:aws:iam::111122223333:role/{role}")) {
                Ok(Who::Caller(caller)) => caller,
                other => panic!("{other:?}"),
            }
        });
        let diff = cluster(old).diff(&cluster(new), caller.as_ref()).unwrap();
        let codes = |findings: &[Finding]| -> Vec<String> {
            findings.iter().map(|one| one.code.to_string()).collect()
        };
        let got = (codes(diff.lockouts()), codes(diff.differences()));
        let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        assert_eq!(got, (own(lockouts), own(differences)), "row {number}");
        assert!(diff.is_exhaustive(), "row {number}");
    }
}

#[test]
fn what_is_accepted_is_no_lockout_and_no_difference() {
    let view = "Group devs view";
    let (old, new) = (
        cluster((&[ADMIN, DEV], &[view])),
        cluster((&[DEV], &[view])),
    );
    let mut diff = old.diff(&new, None).unwrap();
    assert_eq!(diff.exit_status(), 3);
    let admin = "loses arn:aws:iam::111122223333:role/admin";
    let lockout = Baseline::of(diff.lockouts()).entries().next().unwrap();
    let text = format!("{lockout} # meant\n{admin}\ngains nothing\n");
    let stale = diff.accept(&Baseline::parse(&text).unwrap());
    assert_eq!(stale.entries().collect::<Vec<_>>(), ["gains nothing"]);
    assert_eq!((diff.exit_status(), diff.is_empty()), (0, true));
    let accepted = diff.accepted().iter();
    let accepted: Vec<_> = accepted
        .map(|one| format!("{} {}", one.finding.code, one.reason))
        .collect();
    assert_eq!(accepted, ["lockout-no-administrator meant", "loses "]);
    assert_eq!(
        diff.to_string(),
        "accepted: lockout-no-administrator: no caller will be in `system:masters` or have the access policy \
         AmazonEKSClusterAdminPolicy (meant)\naccepted: loses: arn:aws:iam::111122223333:role/admin: admin in \
         system:masters\n"
    );
    let report = diff.report();
    assert_eq!((report.accepted.len(), report.unreadable.len()), (2, 0));
}

/// These patterns combine in more ways than are searched.
#[test]
fn a_comparison_that_stopped_early_is_no_answer_without_a_lockout() {
    let of_groups = |first: &str, second: &str| {
        let rule = |letter: &str, group: &str| {
            format!(
                "- {{rolearnLike: 'arn:aws:iam::111122223333:role/*{letter}????????????????', username: {letter}, \
                 groups: ['{group}']}}\n"
            )
        };
        let map = format!("mapRoles:\n{}{}", rule("a", first), rule("b", second));
        let options = Options::new().with_dialect(Dialect::Ours);
        Cluster::from_documents([Document::new("map.yaml", map)], &options)
    };
    let view = of_groups("view", "view");
    for (old, lockouts, status) in [
        (of_groups("view", "edit"), 0, 2),
        (of_groups("system:masters", "view"), 1, 3),
    ] {
        let diff = old.diff(&view, None).unwrap();
        assert!(!diff.is_exhaustive() && !diff.is_empty(), "{diff}");
        let got = (diff.lockouts().len(), diff.exit_status());
        assert_eq!(got, (lockouts, status), "{diff}");
        assert_eq!(diff.report().unreadable.len(), 1);
    }
}
