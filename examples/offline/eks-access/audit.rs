//! What users did, from audit logs.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Component, Path, PathBuf};

use eks_access::audit::{
    AuditCounts, AuditLog, DeniedRequest, Generalization, MinimalRole, RoleRequest, UnusedRule,
};
use eks_access::format::Report;
use eks_access::{Cluster, Finding, Severity};
use flate2::bufread::MultiGzDecoder;
use printable_text::Printable;
use program::files;
use program::output::FAILED;
use serde_json::json;

use crate::args::{Args, Audit, Command, Common};
use crate::check::of_report;
use crate::input;
use crate::live::Extent;
use crate::print::{Answer, warnings};

/// The buffer for a log. Our choice: larger ones are no faster.
const BUFFER: usize = 1 << 18;

/// Answers `audit`.
pub(crate) fn answer(common: &Common, asked: &Audit) -> Answer {
    try_answer(common, asked).unwrap_or_else(|why| Answer::failed("audit", why))
}

/// Reads the log that `--save` prints. `None` for another command line.
pub(crate) fn part(args: &Args) -> Option<Result<AuditLog, String>> {
    match &args.command {
        Command::Audit(asked) if asked.save && args.common.fleet.is_none() => {
            Some(read_part(&args.common, asked))
        }
        _ => None,
    }
}

fn read_part(common: &Common, asked: &Audit) -> Result<AuditLog, String> {
    if common.output.is_of_findings() {
        return Err(
            "--save prints JSON: choose text, json or yaml, of which it is each".to_owned(),
        );
    }
    check_given(asked)?;
    read(common, asked)
}

/// Writes the part of a log, which is never in memory as a text: that of a long log has several times the size of the
/// log.
pub(crate) fn write_part(log: &AuditLog, to: impl Write) -> io::Result<()> {
    let mut to = BufWriter::with_capacity(BUFFER, to);
    log.save_to(&mut to)?;
    to.write_all(b"\n")?;
    to.flush()
}

fn check_given(asked: &Audit) -> Result<(), String> {
    match asked.logs.is_empty() && asked.parts.is_empty() {
        true => Err("give an audit log, or `-` for standard input".to_owned()),
        false => Ok(()),
    }
}

fn try_answer(common: &Common, asked: &Audit) -> Result<Answer, String> {
    if let Some(fleet) = &common.fleet {
        return of_fleet(common, asked, fleet);
    }
    check_given(asked)?;
    let log = read(common, asked)?;
    let cluster = match common.files.is_empty() {
        true => None,
        false => Some(input::cluster(common, Extent::Access)?),
    };
    let answer = of_log(common, asked, &log, cluster.as_ref());
    input::leave(common, (log, cluster));
    answer
}

/// Answers for each cluster of a fleet.
fn of_fleet(common: &Common, asked: &Audit, fleet: &Path) -> Result<Answer, String> {
    let clusters = input::fleet(fleet)?.into_iter();
    Ok(Answer::of_fleet(clusters.map(|(name, directory)| {
        let answer = in_directory(common, asked, &directory);
        let answer = answer.unwrap_or_else(|why| Answer::failed("audit", why));
        (name, answer.in_format(common.output, "audit"))
    })))
}

/// Answers for the cluster of a directory, which has its logs.
fn in_directory(common: &Common, asked: &Audit, directory: &Path) -> Result<Answer, String> {
    let below = |paths: &[PathBuf]| -> Result<Vec<PathBuf>, String> {
        match paths.iter().find(|path| !is_below(path)) {
            None => Ok(paths.iter().map(|path| directory.join(path)).collect()),
            Some(path) => Err(format!(
                "{}: with --fleet, a log is a path in the directory of each cluster",
                files::name(path)
            )),
        }
    };
    let mut of_cluster = Audit {
        logs: below(&asked.logs)?,
        parts: below(&asked.parts)?,
        ..asked.clone()
    };
    if of_cluster.logs.is_empty() && of_cluster.parts.is_empty() {
        of_cluster.logs = logs(directory)?;
    }
    let log = read(common, &of_cluster)?;
    // The other questions are about the log alone.
    let cluster = match asked.unused || asked.denied {
        true => Some(input::cluster_in(common, directory)?),
        false => None,
    };
    of_log(common, asked, &log, cluster.as_ref())
}

/// Returns whether a path stays in the directory that it is joined to.
fn is_below(path: &Path) -> bool {
    let is_normal = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    path.as_os_str() != "-" && path.components().all(is_normal)
}

/// Lists the logs in a directory by name.
fn logs(directory: &Path) -> Result<Vec<PathBuf>, String> {
    let failed = |why: io::Error| format!("{}: {why}", files::name(directory));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        if (name.ends_with(".log") || name.ends_with(".jsonl")) && path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    match found.is_empty() {
        true => Err(format!(
            "{}: no .log or .jsonl file in this directory",
            files::name(directory)
        )),
        false => Ok(found),
    }
}

/// Reads the logs and the saved parts.
fn read(common: &Common, asked: &Audit) -> Result<AuditLog, String> {
    let mut log = match &asked.user {
        Some(user) => AuditLog::of_user(user),
        None => AuditLog::new(),
    };
    for path in &asked.logs {
        let failed = |why: &dyn std::fmt::Display| format!("{}: {why}", files::name(path));
        let reader = open(path).map_err(|why| failed(&why))?;
        log.read(&files::name(path), reader)
            .map_err(|why| failed(&why))?;
    }
    for path in &asked.parts {
        let failed = |why: &dyn std::fmt::Display| format!("{}: {why}", files::name(path));
        let text = files::read(path, common.max_input_size)?;
        let part = AuditLog::from_saved(&text).map_err(|why| failed(&why))?;
        log.merge(part).map_err(|why| failed(&why))?;
    }
    Ok(log)
}

/// Answers from a log and, if it is given, the cluster.
fn of_log(
    common: &Common,
    asked: &Audit,
    log: &AuditLog,
    cluster: Option<&Cluster>,
) -> Result<Answer, String> {
    if let Some(problem) = cluster.and_then(|one| one.unreadable().next()) {
        return Err(problem.to_string());
    }
    if !log.counts().has_events() {
        return Err(match log.counts().not_events {
            0 => "no answer: the log has no audit event; a query of Logs Insights needs the field @message"
                .to_owned(),
            1 => "no answer: the log has no audit event, but one other line or object".to_owned(),
            count => {
                format!("no answer: the log has no audit event, but {count} other lines or objects")
            }
        });
    }
    let bound = || cluster.ok_or("--unused needs the roles and bindings: give them with -f");
    if common.output.is_of_findings() {
        let findings = match (asked.unused, asked.denied) {
            (true, _) => {
                let cluster = bound()?;
                let unused = log.unused(cluster.policy());
                unused.iter().map(|one| one.finding(cluster)).collect()
            }
            (false, true) => {
                let denied = log.denied(cluster.map(Cluster::policy));
                denied.iter().map(DeniedRequest::finding).collect()
            }
            (false, false) => {
                return Err("this form is for the findings of --denied and --unused".to_owned());
            }
        };
        let mut answer = of_findings(findings, common, asked, log.counts());
        answer.aside.extend(cluster.into_iter().flat_map(warnings));
        return Ok(answer);
    }
    let mut answer = match (asked.unused, asked.denied, &asked.user) {
        (true, ..) => unused(&log.unused(bound()?.policy())),
        (false, true, _) => denied(&log.denied(cluster.map(Cluster::policy))),
        (false, false, Some(user)) => {
            // What the default policy allows every user needs no role.
            let default = Cluster::from_documents([], &input::options(common));
            let request = RoleRequest::new(user, &asked.name).with_baseline(default.policy());
            minimal(&MinimalRole::new(log, &request), user)
        }
        (false, false, None) => users(log),
    };
    if log.counts().is_incomplete() {
        answer = without_absence(answer, asked);
    }
    if let Some(data) = answer.data.as_object_mut() {
        data.insert("events".to_owned(), json!(log.counts()));
    }
    answer.aside.extend(of_counts(log.counts()));
    answer.aside.extend(cluster.into_iter().flat_map(warnings));
    Ok(answer)
}

/// Formats findings for another tool.
fn of_findings(
    findings: Vec<Finding>,
    common: &Common,
    asked: &Audit,
    counts: &AuditCounts,
) -> Answer {
    let mut status = u8::from(!findings.is_empty());
    let mut report = Report::new("audit", findings);
    report.file = asked
        .logs
        .iter()
        .chain(&asked.parts)
        .next()
        .map(|path| files::name(path));
    report.warnings = of_counts(counts);
    if counts.is_incomplete() && (asked.unused || report.findings.is_empty()) {
        status = FAILED;
        report.unreadable.push(INCOMPLETE.to_owned());
    }
    let mut answer = of_report(&report, common.output, Severity::Info, status);
    answer.aside.append(&mut report.warnings);
    answer.aside.append(&mut report.unreadable);
    answer
}

const INCOMPLETE: &str = "no answer: events that could not be read may change it";

/// Turns an answer that rests on what a log does not have into no answer, since a part of the log could not be
/// read. A list of unused rules is still printed.
fn without_absence(answer: Answer, asked: &Audit) -> Answer {
    let is_nothing = answer.status == u8::from(!asked.unused && !asked.denied);
    if !is_nothing && !asked.unused {
        return answer;
    }
    let mut aside = answer.aside;
    aside.push(INCOMPLETE.to_owned());
    Answer {
        status: FAILED,
        text: if is_nothing {
            String::new()
        } else {
            answer.text
        },
        data: answer.data,
        aside,
        failure: None,
    }
}

/// Opens a log, which may be compressed with gzip; `-` is standard input.
fn open(path: &Path) -> io::Result<Box<dyn BufRead>> {
    let mut reader: Box<dyn BufRead> = match path.as_os_str() == "-" {
        true => Box::new(BufReader::with_capacity(BUFFER, io::stdin())),
        false => Box::new(BufReader::with_capacity(BUFFER, File::open(path)?)),
    };
    let is_gzip = reader.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    Ok(match is_gzip {
        true => Box::new(BufReader::with_capacity(
            BUFFER,
            MultiGzDecoder::new(reader),
        )),
        false => reader,
    })
}

fn minimal(role: &MinimalRole, user: &str) -> Answer {
    let yaml = role.to_yaml();
    let mut aside = Vec::new();
    for one in role.generalizations() {
        match one {
            Generalization::EveryNamespace(action) => {
                aside.push(format!("{action}: the role allows it in every namespace"));
            }
            Generalization::TooManyNames(action) => {
                aside.push(format!("{action}: the role allows it for every name"));
            }
            // A request without a name can be allowed by no other rule.
            _ => {}
        }
    }
    for one in role.left_out() {
        let (action, count) = (&one.action, times(one.count));
        aside.push(format!(
            "{action}: left out, since the rule would have a wildcard ({count})"
        ));
    }
    if yaml.is_empty() {
        aside.push(format!(
            "the log has no request that needs a role for {}",
            Printable::new(user)
        ));
    }
    Answer {
        status: u8::from(yaml.is_empty()),
        text: yaml,
        data: json!({ "minimalRole": role }),
        aside,
        failure: None,
    }
}

fn times(count: u64) -> String {
    match count {
        1 => "once".to_owned(),
        count => format!("{count} times"),
    }
}

fn denied(all: &[DeniedRequest]) -> Answer {
    let mut text = String::new();
    for one in all {
        let user = Printable::new(&one.user().username);
        let names = one.tally().names().named();
        let names: Vec<String> = names
            .iter()
            .map(|name| Printable::new(name).to_string())
            .collect();
        let _ = write!(text, "{user}: {}", one.action());
        if !names.is_empty() {
            let _ = write!(text, ", {}", names.join(", "));
        }
        let _ = writeln!(
            text,
            " ({}, last {})",
            times(one.tally().count()),
            Printable::new(one.tally().last())
        );
        if one.is_allowed_now() {
            text.push_str("  allowed now\n");
            continue;
        }
        for near in one.near_misses() {
            let _ = writeln!(text, "  nearly by {near}");
        }
        match one.addition() {
            None => text.push_str("  a rule for it would have a wildcard\n"),
            Some(addition) => {
                match &addition.namespace {
                    None => text.push_str("  add to a ClusterRole:\n"),
                    Some(namespace) => {
                        let namespace = Printable::new(namespace);
                        let _ = writeln!(text, "  add to a Role in namespace {namespace}:");
                    }
                }
                for line in addition.to_string().lines() {
                    let _ = writeln!(text, "    {line}");
                }
            }
        }
    }
    if all.is_empty() {
        text.push_str("no request was denied\n");
    }
    Answer {
        status: u8::from(!all.is_empty()),
        text,
        data: json!({ "denied": all }),
        aside: Vec::new(),
        failure: None,
    }
}

fn unused(all: &[UnusedRule<'_>]) -> Answer {
    let mut text = String::new();
    for one in all {
        let role = one.role();
        let (kind, name) = (Printable::new(role.kind), Printable::new(role.name));
        let number = one.number().saturating_add(1);
        let _ = write!(text, "{} of {kind} {name}, rule {number}: ", one.binding());
        match one.is_unused() {
            true => text.push_str("never used"),
            false => {
                let verbs = one.unused_verbs();
                let verbs: Vec<String> = verbs
                    .iter()
                    .map(|verb| Printable::new(verb).to_string())
                    .collect();
                let _ = write!(text, "never used for {}", verbs.join(", "));
            }
        }
        let _ = writeln!(text, " ({})", one.rule());
    }
    if all.is_empty() {
        text.push_str("every rule was used\n");
    }
    Answer {
        status: u8::from(!all.is_empty()),
        text,
        data: json!({ "unused": all }),
        aside: Vec::new(),
        failure: None,
    }
}

/// Lists the users of a log.
fn users(log: &AuditLog) -> Answer {
    let users = log.users();
    let mut text = String::new();
    for (user, (allowed, denied)) in &users {
        let _ = writeln!(
            text,
            "{}: {allowed} allowed, {denied} denied",
            Printable::new(user)
        );
    }
    let data: Vec<_> = users
        .iter()
        .map(|(user, (allowed, denied))| json!({"username": user, "allowed": allowed, "denied": denied}))
        .collect();
    Answer {
        status: u8::from(users.is_empty()),
        text,
        data: json!({ "users": data }),
        aside: Vec::new(),
        failure: None,
    }
}

/// Writes what the answer does not rest on.
pub(crate) fn of_counts(counts: &AuditCounts) -> Vec<String> {
    let mut lines = Vec::new();
    let mut add = |count: u64, one: &str, many: &str| match count {
        0 => {}
        1 => lines.push(format!("not used: 1 {one}")),
        count => lines.push(format!("not used: {count} {many}")),
    };
    add(
        counts.unreadable,
        "unreadable event: the answer may lack what it has",
        "unreadable events: the answer may lack what they have",
    );
    add(
        counts.too_long,
        "event that is too long: the answer may lack what it has",
        "events that are too long: the answer may lack what they have",
    );
    for (version, count) in &counts.other_versions {
        let version = Printable::new(version);
        let of = |what: &str| format!("{what} of version {version}");
        add(*count, &of("event"), &of("events"));
    }
    add(
        counts.not_events,
        "line that is not an audit event",
        "lines that are not audit events",
    );
    add(
        counts.undecided,
        "request without a decision, such as a failed login",
        "requests without a decision, such as failed logins",
    );
    let places = counts.places.iter();
    lines.extend(
        places.map(|one| format!("{}:{}: unreadable", Printable::new(&one.file), one.number)),
    );
    lines
}
