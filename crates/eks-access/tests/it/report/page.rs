//! The whole page of a cluster that has principals of each level: `testdata/report/page.html`.
//!
//! `ACCEPT_REPORT=1 cargo test -p eks-access --all-features --test it report::page` writes the page as it is now. Read the
//! difference before it is committed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use eks_access::Document;
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
