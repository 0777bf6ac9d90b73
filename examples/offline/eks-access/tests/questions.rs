//! Questions as data: `testdata/cases.toml`.

use std::collections::BTreeMap;

use eks_access::{Cluster, Document};
use serde::Deserialize;

use super::{TESTDATA, parse};
use crate::{ask, input, print};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    cluster: Vec<Documents>,
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Documents {
    name: String,
    documents: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    argv: String,
    cluster: Option<String>,
    #[serde(default)]
    files: Vec<String>,
    status: u8,
    #[serde(default)]
    prints: Vec<String>,
    #[serde(default)]
    not: Vec<String>,
}

#[test]
fn questions_are_answered_as_the_cases_say() {
    let file = std::fs::read_to_string(format!("{TESTDATA}/cases.toml")).unwrap();
    let file: File = toml::from_str(&file).unwrap();
    let mut failures = Vec::new();
    for case in &file.case {
        let args = parse(&case.argv);
        let mut documents: Vec<Document> = case
            .files
            .iter()
            .map(|name| {
                let text = std::fs::read_to_string(format!("{TESTDATA}/{name}")).unwrap();
                Document::new(name, text)
            })
            .collect();
        let clusters = file.cluster.iter();
        for cluster in clusters.filter(|one| Some(&one.name) == case.cluster.as_ref()) {
            let texts = cluster.documents.iter();
            documents.extend(texts.map(|(name, text)| Document::new(name, text)));
        }
        assert!(!documents.is_empty(), "{}: no documents", case.argv);
        let cluster = Cluster::from_documents(documents, &input::options(&args.common));
        let answer = ask::ask(&args.command, &args.common, &cluster);
        let printed = print::text(&answer, args.common.output);
        let all = format!("{printed}{}", answer.aside.join("\n"));
        if answer.status != case.status {
            failures.push(format!("{}: status {}\n{all}", case.argv, answer.status));
        }
        let missing = case.prints.iter().filter(|text| !all.contains(*text));
        failures.extend(missing.map(|text| format!("{}: lacks {text:?}\n{all}", case.argv)));
        let wrong = case.not.iter().filter(|text| all.contains(*text));
        failures.extend(wrong.map(|text| format!("{}: has {text:?}\n{all}", case.argv)));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}
