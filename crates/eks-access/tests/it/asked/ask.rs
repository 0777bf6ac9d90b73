//! A question to the library, and the answer as text and JSON.

use std::fmt::Write as _;

use eks_access::{
    CallerArn, Cluster, ConvertOptions, Edit, EditRefused, Edited, Finding, NewEntry, NoAnswer,
    Options, Power, Question, Target, Who,
};
use k8s_rbac::Objects;
use serde::Serialize;
use serde_json::Value;

use super::{Case, File};

pub(super) struct Answer {
    pub(super) text: String,
    pub(super) json: Option<Value>,
}

pub(super) fn ask(file: &File, case: &Case) -> Answer {
    let options = case.options();
    let cluster = file.cluster(&case.of, &options);
    let new = || file.cluster(&case.new, &options);
    let (method, rest) = case.ask.split_once(' ').unwrap_or((&case.ask, ""));
    let answer = match method {
        "can" => {
            let (who, request) = rest.split_once(' ').unwrap();
            Question::parse(request)
                .and_then(|request| cluster.can(&parsed(who), &request))
                .map(printed)
        }
        "why" => {
            let (who, request) = rest.split_once(' ').unwrap();
            Question::parse(request)
                .and_then(|request| cluster.why(&parsed(who), &request))
                .map(printed)
        }
        "escalate" => {
            let (who, power) = rest.split_once(" to ").unwrap_or((rest, ""));
            let power = (!power.is_empty()).then(|| Power::parse(power).unwrap());
            let escalation = cluster.escalate(&parsed(who), power.as_ref());
            escalation.map(|one| with_status(printed(&one), one.exit_status()))
        }
        "who" => Question::parse(rest)
            .and_then(|request| cluster.who(&request))
            .map(printed),
        "whoami" => cluster.whoami(&caller(rest)).map(printed),
        "callers" => cluster
            .callers((!rest.is_empty()).then(|| rest.trim_matches('"')))
            .map(printed),
        "list" => cluster.list(&parsed(rest)).map(printed),
        "list-by-namespace" => cluster
            .list(&parsed(rest))
            .map(|list| printed(list.by_namespace())),
        "documents" => Ok(super::documents::documents(&cluster)),
        "writes" => cluster
            .writes(&parsed(rest), new().rbac().written())
            .map(|writes| with_status(printed(&writes), writes.exit_status())),
        "check" => cluster.check(&Objects::default()).map(|checked| {
            let mut text: String = checked.findings.iter().map(line).collect();
            for problem in &checked.unreadable {
                let _ = writeln!(text, "not checked: {problem}");
            }
            Answer {
                text,
                json: Some(serde_json::to_value(&checked.findings).unwrap()),
            }
        }),
        "diff-text" => cluster.diff(&new(), None).map(|diff| Answer {
            text: format!("{diff}empty: {}", diff.is_empty()),
            json: None,
        }),
        "diff" => {
            let caller = (!rest.is_empty()).then(|| caller(rest));
            cluster.diff(&new(), caller.as_ref()).map(|diff| {
                let mut text = String::new();
                for finding in diff.lockouts().iter().chain(diff.differences()) {
                    text.push_str(&line(finding));
                }
                for note in diff.notes() {
                    let _ = writeln!(text, "note: {note}");
                }
                let answer = Answer {
                    text,
                    json: Some(serde_json::to_value(&diff).unwrap()),
                };
                with_status(answer, diff.exit_status())
            })
        }
        "edit" | "fix" => return edited(&edit(&cluster, &case.ask, &options)),
        "convert" => convert(&cluster, rest, case, &options),
        other => panic!("{other}"),
    };
    answer.unwrap_or_else(|why| Answer {
        text: format!("no answer: {why}"),
        json: None,
    })
}

fn printed(answer: impl ToString + Serialize) -> Answer {
    Answer {
        text: answer.to_string(),
        json: Some(serde_json::to_value(&answer).unwrap()),
    }
}

fn with_status(mut answer: Answer, status: u8) -> Answer {
    let _ = writeln!(answer.text, "status {status}");
    answer
}

fn caller(arn: &str) -> CallerArn {
    let (arn, name) = arn.split_once(' ').unwrap_or((arn, ""));
    let caller = CallerArn::parse(arn).unwrap();
    match name {
        "" => caller,
        name => caller.with_private_dns_name(name),
    }
}

fn parsed(who: &str) -> Who {
    match who.strip_prefix("user:") {
        None => Who::caller(who).unwrap(),
        Some(user) => {
            let mut names = user.split(',');
            Who::user(names.next().unwrap(), names).unwrap()
        }
    }
}

/// Every field of a finding except its help.
fn line(finding: &Finding) -> String {
    let place = finding
        .place
        .as_ref()
        .map_or_else(String::new, |place| format!(" ({place})"));
    format!(
        "{:?} {} [{}]{place}: {}\n",
        finding.severity,
        finding.code,
        finding.subject(),
        finding.message
    )
}

fn edit(cluster: &Cluster, line: &str, options: &Options) -> Result<Edited, EditRefused> {
    let mut words = line.split(' ').skip(1);
    let mut word = || words.next().unwrap_or_default().to_owned();
    let verb = word();
    let (arn, username, groups) = (word(), word(), word());
    let entry = NewEntry {
        arn: arn.clone(),
        username,
        groups: groups
            .split(',')
            .filter(|group| !group.is_empty())
            .map(str::to_owned)
            .collect(),
    };
    let edit = match verb.as_str() {
        "" => return cluster.fix(options),
        "add" => Edit::Add(entry),
        "replace" => Edit::Replace(entry),
        "remove" => Edit::Remove(arn),
        "dedupe" => Edit::Dedupe,
        other => panic!("{other}"),
    };
    cluster.edit(&edit, options)
}

fn edited(edited: &Result<Edited, EditRefused>) -> Answer {
    let text = match edited {
        Err(why) => format!("refused: {why}"),
        Ok(edited) => {
            let mut text = format!("document {}\n{}", edited.document, edited.text);
            for finding in &edited.harm {
                text.push_str(&format!("harm: {}", line(finding)));
            }
            for finding in &edited.warnings {
                text.push_str(&format!("warning: {}", line(finding)));
            }
            for changed in &edited.changed {
                text.push_str(&format!("changed: {changed}\n"));
            }
            text
        }
    };
    Answer { text, json: None }
}

fn convert(
    cluster: &Cluster,
    target: &str,
    case: &Case,
    options: &Options,
) -> Result<Answer, NoAnswer> {
    let (target, rest) = target.split_once(' ').unwrap_or((target, ""));
    let target = match target {
        "cloud-formation" => Target::CloudFormation,
        "config-map" => Target::ConfigMap,
        "eksctl" => Target::Eksctl,
        "entries" => Target::Entries,
        "terraform" => Target::Terraform,
        other => panic!("{other}"),
    };
    let settings = ConvertOptions {
        creator: case.creator.clone(),
        is_managed_included: rest == "managed",
        ..ConvertOptions::default()
    };
    let converted = cluster.convert(target, &settings, options)?;
    let mut text = converted.to_string();
    for remark in converted.remarks() {
        let _ = writeln!(text, "{remark}");
    }
    let answer = Answer {
        text,
        json: Some(serde_json::to_value(&converted).unwrap()),
    };
    Ok(with_status(answer, converted.exit_status()))
}
