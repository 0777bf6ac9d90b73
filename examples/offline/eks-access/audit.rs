//! What users did, from audit logs.

mod logs;
mod text;

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use eks_access::audit::{AuditCounts, AuditLog, DeniedRequest, MinimalRole, RoleRequest};
use eks_access::format::Report;
use eks_access::{Cluster, Finding, Severity};
use printable_text::Printable;
use program::files;
use program::output::FAILED;
use serde_json::json;

use self::logs::{is_below, logs, read};
pub(crate) use self::text::of_counts;
use self::text::{denied, minimal, unused, users};
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

/// Writes the part of a log, piece by piece: the text is several times as long as the log, so it is never in memory.
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

/// Answers for the cluster of a directory. The logs are in the same directory.
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

/// Answers from a log, and from the cluster if there is one.
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
    let has_unused = || cluster.is_some_and(|cluster| !log.unused(cluster.policy()).is_empty());
    if let Some(user) = asked.user.as_deref().filter(|_| log.records().is_empty())
        && (asked.denied || asked.unused && !has_unused())
    {
        let user = Printable::new(user);
        return Err(format!("no answer: the log has no request of {user}"));
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
            // A request that the default policy allows every user needs no role.
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

/// Replaces an answer that rests on the absence of an event by no answer, since a part of the log could not be
/// read. A list of unused rules and a role are still printed. A request that was denied, or a user, is there in any
/// case.
fn without_absence(answer: Answer, asked: &Audit) -> Answer {
    let is_nothing = answer.status == u8::from(!asked.unused && !asked.denied);
    let does_rest_on_all = asked.unused || (asked.user.is_some() && !asked.denied);
    if !is_nothing && !does_rest_on_all {
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
