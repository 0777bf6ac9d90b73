//! The whole page of a cluster that has principals of each level: `testdata/report/page.html`.
//!
//! `ACCEPT_REPORT=1 cargo test -p eks-access --all-features --test it report::page` writes the current page. Read the
//! difference before you commit it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use eks_access::report::ReportOptions;
use eks_access::{Cluster, Document, Options};
use sha2::{Digest as _, Sha256};

use super::{markup, report};

const PAGE: &str = "testdata/report/page.html";

const FILES: [&str; 5] = [
    "aws-auth.yaml",
    "entries.jsonl",
    "rbac.yaml",
    "roles.json",
    "workloads.yaml",
];

fn part<'h>(html: &'h str, begin: &str, end: &str) -> &'h str {
    let (_, after) = html.split_once(begin).unwrap();
    after.split_once(end).unwrap().0
}

#[test]
fn a_page_has_each_level_with_its_reasons() {
    let documents = FILES.map(|name| {
        let text = testkit::text(format!("testdata/report/{name}"));
        Document::new(name, text)
    });
    let html = report(documents.to_vec(), "shop & bank").to_html().unwrap();
    let hash = |begin: &str, end: &str| {
        STANDARD.encode(Sha256::digest(part(&html, begin, end).as_bytes()))
    };
    let (script, style) = (hash("<script>", "</script>"), hash("<style>", "</style>"));
    let page = markup(&html)
        .replace(
            &format!("script-src &#x27;sha256-{script}"),
            "script-src &#x27;HASH",
        )
        .replace(
            &format!("style-src &#x27;sha256-{style}"),
            "style-src &#x27;HASH",
        );
    if std::env::var_os("ACCEPT_REPORT").is_some() {
        std::fs::write(PAGE, &page).unwrap();
    }
    let accepted = testkit::text(PAGE);
    let differing = page
        .lines()
        .zip(accepted.lines())
        .find(|(got, want)| got != want);
    assert_eq!(differing, None, "the first line that is not that of {PAGE}");
    assert_eq!(page.lines().count(), accepted.lines().count(), "{PAGE}");
}

#[test]
fn a_matrix_that_paper_has_no_room_for_is_not_printed() {
    for (count, is_wide) in [(24, false), (25, true)] {
        let roles: String = (0..count)
            .map(|at| {
                format!(
                    "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {{name: r, namespace: n{at}}}\n"
                )
            })
            .collect();
        let map = "mapRoles:\n- {rolearn: 'arn:aws:iam::111122223333:role/dev', username: dev}\n";
        let documents = vec![
            Document::new("aws-auth.yaml", map),
            Document::new("rbac.yaml", roles),
        ];
        let html = report(documents, "wide").to_html().unwrap();
        assert_eq!(
            html.contains("too many columns for paper"),
            is_wide,
            "{count}"
        );
    }
}

#[test]
fn a_text_that_is_too_long_is_cut() {
    let map = vec![Document::new("aws-auth.yaml", "mapRoles: []\n")];
    let max = printable_text::MAX_PRINTED_CHARS;
    let title = "x".repeat(max.saturating_add(7));
    let html = report(map, &title).to_html().unwrap();
    let cut = format!("<h1>{}… (7 more characters)</h1>", "x".repeat(max));
    assert!(html.contains(&cut));
}

#[test]
fn the_privileged_group_has_full_control_without_a_binding() {
    let map = "mapRoles:\n- {rolearn: 'arn:aws:iam::111122223333:role/a', username: a, groups: ['system:masters']}\n";
    let documents = [Document::new("aws-auth.yaml", map)];
    let cluster = Cluster::from_documents(documents, &Options::new().without_default_policy());
    let report = cluster.report(&ReportOptions::new()).unwrap();
    let data = serde_json::to_value(&report).unwrap();
    let levels = ["/identities/0/level", "/principals/0/level"].map(|at| data.pointer(at));
    assert_eq!(levels, [Some(&"full".into()); 2], "{data}");
}
