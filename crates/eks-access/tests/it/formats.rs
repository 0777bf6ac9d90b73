//! Findings in the formats of other tools.

mod cases;

use std::borrow::Cow;

use eks_access::format::{Accepted, Report};
use eks_access::{Baseline, BaselineError, Finding, Place, Severity};
use serde_sarif::sarif::Sarif;

/// Texts that some program reads as a command, markup or a control sequence.
const HOSTILE: [&str; 10] = [
    "\u{1b}[2K\u{1b}[1A",
    "\n::error::gotcha",
    "a%0Ab,file=x::y",
    "]]></failure><system-out>",
    "<script>alert(1)</script>",
    "| a | b |\n|---|---|",
    "@octocat #1 https://evil.example www.evil.example",
    "`code` **bold** [link](javascript:x) ![image](x)",
    "\u{202e}\u{0}\u{ffff}\u{85}",
    "</code><img src=x onerror=alert(1)>",
];

fn finding(code: &'static str, severity: Severity, text: &str) -> Finding {
    Finding::new(code, severity, format!("the group {text} is not bound"))
        .at(Place::new(text, Some(7), Some(3)))
        .about(text)
        .in_field("groups[0]")
        .with_help(format!("bind `{text}`"))
}

fn hostile() -> Report {
    let findings: Vec<Finding> = HOSTILE
        .iter()
        .zip(Severity::ALL.iter().cycle())
        .map(|(text, severity)| finding("unbound-group", *severity, text))
        .collect();
    let mut report = Report::new("check", findings);
    report.unreadable = HOSTILE.map(str::to_owned).to_vec();
    report.warnings = HOSTILE.map(str::to_owned).to_vec();
    report.accepted = HOSTILE
        .map(|text| {
            Accepted::new(
                finding("unused-role", Severity::Info, text),
                text.to_owned(),
            )
        })
        .to_vec();
    report
}

#[test]
fn sarif_is_what_the_schema_describes() {
    // The types of this package are generated from the schema of SARIF 2.1.0 and refuse unknown fields.
    let log = hostile().to_sarif();
    let read: Sarif = serde_json::from_value(log.clone()).expect("SARIF");
    let run = read.runs.first().expect("a run");
    let results = run.results.as_ref().expect("results");
    assert_eq!(results.len(), 20);
    let region = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"];
    assert_eq!(region["startLine"], 7);
    assert_eq!(region["startColumn"], 3);
    let mut broken = log;
    broken["runs"][0]["results"][0]["level"] = "fatal".into();
    assert!(serde_json::from_value::<Sarif>(broken).is_err());
}

#[test]
fn sarif_refers_to_each_rule_by_its_index_and_names_files_as_uris() {
    let report = Report::new(
        "check",
        vec![
            finding("b", Severity::Low, "deploy/my role.yaml"),
            finding("a", Severity::High, "/etc/x.yaml"),
        ],
    );
    let log = report.to_sarif();
    let run = &log["runs"][0];
    for result in run["results"].as_array().expect("results") {
        let index =
            usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("small");
        assert_eq!(
            run["tool"]["driver"]["rules"][index]["id"],
            result["ruleId"]
        );
    }
    let uri = |at: usize| {
        run["results"][at]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].clone()
    };
    assert_eq!(uri(0), "deploy/my%20role.yaml");
    assert_eq!(uri(1), "file:///etc/x.yaml");
}

#[test]
fn sarif_places_a_finding_without_a_place_in_the_file_of_the_run() {
    let lockout = Finding::new("lockout", Severity::Critical, "no caller may do everything");
    let mut report = Report::new(
        "diff",
        vec![lockout, finding("a", Severity::High, "b.yaml")],
    );
    let location = |report: &Report, at: usize| {
        report.to_sarif()["runs"][0]["results"][at]["locations"][0]["physicalLocation"].clone()
    };
    assert!(location(&report, 0).is_null());
    report.file = Some("a.yaml".to_owned());
    let artifact = serde_json::json!({ "artifactLocation": { "uri": "a.yaml" } });
    assert_eq!(location(&report, 0), artifact);
    assert_eq!(location(&report, 1)["artifactLocation"]["uri"], "b.yaml");
}

#[test]
fn sarif_of_unreadable_sources_says_that_the_run_failed() {
    let mut report = Report::new("check", Vec::new());
    assert_eq!(
        report.to_sarif()["runs"][0]["invocations"][0]["executionSuccessful"],
        true
    );
    report.unreadable.push("a.yaml: not YAML".to_owned());
    let log = report.to_sarif();
    let invocation = &log["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    assert_eq!(
        invocation["toolExecutionNotifications"][0]["message"]["text"],
        "a.yaml: not YAML"
    );
}

#[test]
fn each_github_command_is_one_line_with_its_properties_escaped() {
    let text = hostile().to_github();
    assert_eq!(text.lines().count(), 30);
    for line in text.lines() {
        assert!(line.starts_with("::"), "{line}");
        let (properties, _) = line
            .strip_prefix("::")
            .and_then(|l| l.split_once("::"))
            .expect(line);
        let names: Vec<&str> = properties
            .split_once(' ')
            .map(|(_, list)| {
                list.split(',')
                    .filter_map(|one| Some(one.split_once('=')?.0))
                    .collect()
            })
            .unwrap_or_default();
        assert!(
            names == ["file", "line", "col", "title"] || names == ["title"],
            "{line}"
        );
        assert!(!line.chars().any(char::is_control), "{line:?}");
    }
    assert!(text.contains("file=a%250Ab%2Cfile=x%3A%3Ay,line=7,col=3,"));
}

#[test]
fn junit_is_well_formed_and_fails_from_the_chosen_severity_up() {
    for (fail_on, want) in [
        (Severity::Info, 10),
        (Severity::High, 4),
        (Severity::Critical, 2),
    ] {
        let text = hostile().to_junit(fail_on);
        let xml = roxmltree::Document::parse(&text).expect("XML");
        let count = |name: &str| {
            xml.descendants()
                .filter(|node| node.has_tag_name(name))
                .count()
        };
        assert_eq!(count("testcase"), 20);
        assert_eq!(count("failure"), want);
        assert_eq!(count("error"), 10);
        let stated: usize = xml
            .descendants()
            .filter_map(|node| node.attribute("failures")?.parse::<usize>().ok())
            .sum();
        assert_eq!(stated, want);
    }
    let empty = Report::new("check", Vec::new()).to_junit(Severity::High);
    let xml = roxmltree::Document::parse(&empty).expect("XML");
    assert!(
        xml.descendants()
            .any(|node| node.attribute("name") == Some("nothing found"))
    );
}

#[test]
fn markdown_has_one_row_for_each_finding_and_no_markup_from_the_input() {
    let text = hostile().to_markdown();
    let rows = text.lines().filter(|line| line.starts_with("| ")).count();
    assert_eq!(rows, 11, "the header and ten findings");
    let (table, _) = text.split_once("**Could not be read**").expect("a list");
    for line in table.lines().filter(|line| line.starts_with("| ")) {
        assert_eq!(line.matches('|').count(), 5, "{line}");
    }
    for never in [
        "<script", "<img", "**bold**", "](", "www.", "https:", "@octocat", "#1 ", "\u{1b}",
        "::error",
    ] {
        assert!(!text.contains(never), "{never}: {text}");
    }
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'));
}

#[test]
fn text_is_one_line_for_each_finding_without_control_characters() {
    let report = hostile();
    let text = report.to_text();
    let (lines, _) = text.split_once("\n\n").expect("advice below");
    assert_eq!(lines.lines().count(), 10);
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'));
    assert_eq!(
        text.lines().last(),
        Some(
            "2 critical, 2 high, 2 medium, 2 low, 2 info, 10 accepted, 10 sources could not be read"
        )
    );
}

#[test]
fn a_baseline_accepts_by_code_and_object_and_keeps_its_reasons() {
    let text = "# accepted on 2026-11-28\n\n\
        unbound-group Group/dev # the team is new\n\
        unused-role ClusterRole/old\n\
        no-nodes cluster # Fargate only\n";
    let baseline = Baseline::parse(text).expect("a baseline");
    let findings = vec![
        Finding::new("unbound-group", Severity::High, "").about("Group/dev"),
        Finding::new("unbound-group", Severity::High, "").about("Group/ops"),
        Finding::new("no-nodes", Severity::High, ""),
    ];
    let reviewed = baseline.apply(findings);
    let reasons: Vec<&str> = reviewed
        .accepted
        .iter()
        .map(|one| one.reason.as_str())
        .collect();
    assert_eq!(reasons, ["the team is new", "Fargate only"]);
    assert_eq!(reviewed.findings.len(), 1);
    assert_eq!(reviewed.stale.to_string(), "unused-role ClusterRole/old\n");
    assert_eq!(
        baseline.without_reason().collect::<Vec<_>>(),
        ["unused-role ClusterRole/old"]
    );
    assert_eq!(
        baseline.entries().collect::<Vec<_>>(),
        [
            "no-nodes cluster",
            "unbound-group Group/dev",
            "unused-role ClusterRole/old"
        ]
    );
}

#[test]
fn a_baseline_of_findings_accepts_all_of_them_whatever_their_names() {
    let findings: Vec<Finding> = HOSTILE
        .iter()
        .map(|text| finding("unbound-group", Severity::High, &format!("{text} # why")))
        .collect();
    let printed = Baseline::of(&findings).to_string();
    let baseline = Baseline::parse(&printed).expect("what was printed");
    assert_eq!(baseline.apply(findings).findings, []);
}

#[test]
fn a_wrong_line_of_a_baseline_is_refused_with_its_number() {
    let code = Baseline::parse("# x\nSecrets Read").unwrap_err();
    assert_eq!(code, BaselineError::Code { line: 2 });
    let object = Baseline::parse("secrets-read # why").unwrap_err();
    assert_eq!(object, BaselineError::Object { line: 1 });
}

#[test]
fn a_finding_about_the_cluster_has_no_place() {
    let finding = Finding::new(
        Cow::Borrowed("no-nodes"),
        Severity::High,
        "no rule is for nodes",
    );
    assert_eq!(finding.to_string(), "high[no-nodes]: no rule is for nodes");
    let log = Report::new("check", vec![finding]).to_sarif();
    serde_json::from_value::<Sarif>(log).expect("SARIF");
}

/// GitHub refuses a longer comment, so a pull request with many findings would get no comment.
#[test]
fn a_comment_in_markdown_has_at_most_65_536_bytes() {
    let long = |length: usize| Finding::new("a", Severity::Low, "<".repeat(length));
    // Each `<` takes five characters.
    let mut report = Report::new("check", vec![long(200); 100]);
    report.findings[3] = long(20_000);
    report.unreadable = vec!["text".repeat(100); 90];
    report.warnings = vec!["text".repeat(100); 90];
    report.accepted = vec![Accepted::new(long(1), "text".repeat(100)); 90];
    report.no_answer = Some("<".repeat(20_000));
    let text = report.to_markdown();
    assert!((60_000..=65_536).contains(&text.len()), "{}", text.len());
    let rows = text.lines().filter(|line| line.starts_with("| 🔵")).count();
    let cuts: Vec<&str> = text.lines().filter(|line| line.contains("more")).collect();
    // Only the long row is left out first, and every list keeps its number.
    assert!((50..100).contains(&rows), "{rows}");
    assert_eq!(cuts[0], format!("… and {} more", 100 - rows));
    assert_eq!(cuts.len(), 4, "{cuts:?}");
    assert!(text.contains("too long for a comment"));
    assert!(text.ends_with("</details>\n"));
    report.findings.truncate(10);
    report.no_answer = Some("none".to_owned());
    let text = report.to_markdown();
    let rows = text.lines().filter(|line| line.starts_with("| 🔵")).count();
    assert_eq!(rows, 9);
    assert!(text.contains("\nnone\n"));
}

#[test]
fn each_list_that_markdown_cuts_says_how_many_more_there_are() {
    let finding = Finding::new("a", Severity::Low, "text");
    let mut report = Report::new("check", vec![finding.clone(); 101]);
    report.unreadable = vec!["text".to_owned(); 102];
    report.warnings = vec!["text".to_owned(); 100];
    report.accepted = vec![Accepted::new(finding, String::new()); 103];
    let text = report.to_markdown();
    let cuts: Vec<&str> = text.lines().filter(|line| line.contains("more")).collect();
    assert_eq!(cuts, ["… and 1 more", "… and 2 more", "… and 3 more"]);
}
