//! The command `diff`.

use std::collections::BTreeSet;
use std::path::Path;

use eks_access::{Baseline, CallerArn, Cluster, ClusterDiff, NoAnswer, Place, Severity};
use program::files;
use program::output::FAILED;
use serde_json::Map;

use crate::LOCKOUT;
use crate::args::{Common, Diff, Output};
use crate::check::{first_file, of_report};
use crate::git;
use crate::input::{self, Files};
use crate::live::{self, Extent, Live};
use crate::print::{Answer, warnings, with_cluster};

/// Compares two fleets by cluster. The clusters are the directories of the fleet and of the old side.
pub(crate) fn diff_fleets(asked: &Diff, common: &Common, fleet: &Path) -> Result<Answer, String> {
    let mut names: BTreeSet<String> = input::fleet(fleet)?
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    names.extend(git::directories(&asked.old)?);
    Ok(Answer::of_fleet(names.into_iter().map(|name| {
        let of_cluster = Diff {
            old: git::below(&asked.old, &name),
            new: git::below(&asked.new, &name),
            caller: asked.caller.clone(),
            accept: asked.accept.clone(),
        };
        let answer = diff(&of_cluster, common);
        let answer = answer.unwrap_or_else(|why| Answer::failed("input", why));
        (name, answer.in_format(common.output, "diff"))
    })))
}

/// Compares two clusters.
pub(crate) fn diff(asked: &Diff, common: &Common) -> Result<Answer, String> {
    let live = live_side(asked, common)?;
    let shared = input::files(common, &common.files)?;
    let side = |path: &str| -> Result<Files, String> {
        let mut files = match &live {
            Some(live) if path == LIVE => Files {
                documents: live.documents.clone(),
                unread: Vec::new(),
            },
            _ => git::files(path, common)?,
        };
        files.extend(shared.clone());
        Ok(files)
    };
    let (old, new) = (side(&asked.old)?, side(&asked.new)?);
    let unread = [old.unread.clone(), new.unread.clone()];
    let options = match &live {
        Some(live) => input::options_of_live(common, live),
        None => input::options(common),
    };
    let (before, after) = input::both(old, new, &options);
    let caller = match &asked.caller {
        None => None,
        Some(arn) => Some(CallerArn::parse(arn).map_err(|why| why.to_string())?),
    };
    let mut diff = match before.diff(&after, caller.as_ref()) {
        Ok(diff) => diff,
        Err(why) => return Ok(none(&why, &before, &after, asked)),
    };
    let mut aside = sides(&before, &after, asked);
    if let Some(path) = &asked.accept {
        let accepted = Baseline::parse(&files::read(path, common.max_input_size)?)
            .map_err(|why| format!("{}: {why}", files::name(path)))?;
        let stale = diff.accept(&accepted);
        let stale = stale.entries();
        aside.extend(stale.map(|entry| format!("{}: not needed: {entry}", files::name(path))));
    }
    let mut answer = if common.output.is_of_findings() {
        let mut report = diff.report();
        report.file = first_file(&after).or_else(|| first_file(&before));
        if matches!(common.output, Output::Sarif | Output::Github) {
            for finding in &mut report.findings {
                finding.place = finding
                    .place
                    .take()
                    .map(|place| of_repository(place, asked));
            }
            report.file = report.file.map(|file| {
                let file = Place::of_file(&file);
                of_repository(file, asked).file().to_owned()
            });
        }
        of_report(&report, common.output, Severity::Info, diff.exit_status())
    } else {
        let mut answer = Answer::new(diff.exit_status(), &diff, &after);
        if let Some(data) = answer.data.as_object_mut() {
            data.insert("old".to_owned(), with_cluster(Map::new(), &before));
        }
        answer
    };
    answer.aside = aside;
    // EKS ignores these keys. If they are meant for another authenticator, a lockout there counts as
    // well.
    let is_every_key_asked = common.dialect.is_none() && has_unread_keys(&[&before, &after]);
    if is_every_key_asked && answer.status != LOCKOUT {
        let options = options.with_dialect(aws_auth_map::Dialect::Ours);
        let files = |cluster: &Cluster, unread| Files {
            documents: cluster.documents().to_vec(),
            unread,
        };
        let [old, new] = unread;
        let (old, new) = (files(&before, old), files(&after, new));
        let (before, after) = input::both(old, new, &options);
        let other = before.diff(&after, caller.as_ref());
        input::leave(common, (before, after));
        if let Some((status, text)) = other.as_ref().ok().and_then(of_every_key) {
            answer.status = status;
            match common.output {
                Output::Text => answer.text.push_str(&text),
                _ => answer.aside.extend(text.lines().map(str::to_owned)),
            }
        }
    }
    let of_cluster = match asked.old == LIVE {
        true => &before,
        false => &after,
    };
    let answer = live::note(answer, common, of_cluster);
    input::leave(common, (before, after));
    Ok(answer)
}

/// Returns a place in a revision as a place in the repository, and any other place unchanged.
fn of_repository(place: Place, asked: &Diff) -> Place {
    let sides = [&asked.old, &asked.new];
    let path = sides
        .into_iter()
        .find_map(|side| git::without_revision(side, place.file()));
    match path {
        Some(path) => Place::new(path, place.line(), place.column()),
        None => place,
    }
}

/// The side that is the cluster itself, with `--live`.
const LIVE: &str = "live";

/// Reads the cluster, if one side is `live`. `None` without `--live`.
fn live_side(asked: &Diff, common: &Common) -> Result<Option<Live>, String> {
    if common.live && (asked.old == LIVE) == (asked.new == LIVE) {
        return Err(
            "--live: name the cluster as one side, `live`: `eks-access diff --live live NEW`"
                .to_owned(),
        );
    }
    live::read(common, Extent::Access)
}

/// Returns the status and the text of the comparison in which every key takes effect. `None` if it
/// shows no lockout and is exhaustive.
fn of_every_key(diff: &ClusterDiff) -> Option<(u8, String)> {
    let status = match (diff.lockouts().is_empty(), diff.is_exhaustive()) {
        (false, _) => LOCKOUT,
        (true, false) => FAILED,
        (true, true) => return None,
    };
    Some((
        status,
        format!(
            "if `rolearnLike`, `userarnLike` and `sso`, which EKS does not read, take effect:\n{diff}"
        ),
    ))
}

fn has_unread_keys(clusters: &[&Cluster]) -> bool {
    let mut problems = clusters.iter().flat_map(|cluster| cluster.problems());
    problems.any(|problem| matches!(problem.code(), "pattern-not-read" | "sso-not-read"))
}

fn none(why: &NoAnswer, before: &Cluster, after: &Cluster, asked: &Diff) -> Answer {
    let mut answer = Answer::none(why, after);
    let last = answer.aside.pop();
    answer.aside = sides(before, after, asked);
    answer.aside.extend(last);
    answer
}

/// Returns the problems of both sides, each once.
fn sides(before: &Cluster, after: &Cluster, _asked: &Diff) -> Vec<String> {
    let mut lines = warnings(before);
    for line in warnings(after) {
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}
