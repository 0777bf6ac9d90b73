//! The command `report`.

use std::fs;
use std::path::{Path, PathBuf};

use eks_access::Cluster;
use eks_access::report::{AccessReport, ReportOptions};
use program::files;
use serde_json::{Map, Value, json};

use crate::args::{Common, Output, Report};
use crate::input;
use crate::print::{self, Answer};

/// Reports on a cluster: prints the page, or writes it to a file.
pub(crate) fn report(asked: &Report, common: &Common, cluster: &Cluster) -> Answer {
    let options = options(asked.title.as_deref());
    let mut answer = page(&options, cluster);
    match &asked.save_as {
        Some(path) if answer.status == 0 => match save(path, common.output, &mut answer) {
            Ok(()) => answer,
            Err(why) => Answer::failed("file", why),
        },
        _ => answer,
    }
}

/// Reports on each cluster of a fleet: writes a page for each into a directory.
pub(crate) fn of_fleet(asked: &Report, common: &Common) -> Result<Answer, String> {
    let (Some(fleet), Some(directory)) = (&common.fleet, &asked.save_as) else {
        return Err("for a fleet, give the directory of the pages with --save-as DIR".to_owned());
    };
    fs::create_dir_all(directory).map_err(|why| format!("{}: {why}", files::name(directory)))?;
    let clusters = input::fleet(fleet)?.into_iter();
    Ok(Answer::of_fleet(clusters.map(|(name, files)| {
        let answer = of_cluster(asked, common, &name, &files, directory);
        let answer = answer.unwrap_or_else(|why| Answer::failed("file", why));
        (name, answer)
    })))
}

fn of_cluster(
    asked: &Report,
    common: &Common,
    name: &str,
    files: &Path,
    directory: &Path,
) -> Result<Answer, String> {
    let cluster = input::cluster_in(common, files)?;
    let title = match &asked.title {
        Some(title) => format!("{title}: {name}"),
        None => name.to_owned(),
    };
    let mut answer = page(&options(Some(&title)), &cluster);
    if answer.status == 0 {
        let extension = match common.output {
            Output::Json => "json",
            Output::Yaml => "yaml",
            _ => "html",
        };
        let path = directory.join(format!("{name}.{extension}"));
        save(&path, common.output, &mut answer)?;
        answer.text = format!("{}\n", files::name(&path));
    }
    Ok(answer)
}

fn options(title: Option<&str>) -> ReportOptions {
    match title {
        Some(title) => ReportOptions::new().with_title(title),
        None => ReportOptions::new(),
    }
}

/// Builds the page of a cluster.
fn page(options: &ReportOptions, cluster: &Cluster) -> Answer {
    let report = match cluster.report(options) {
        Ok(report) => report,
        Err(why) => return Answer::none(&why, cluster),
    };
    match report.to_html() {
        Err(why) => Answer::failed("page", why.to_string()),
        Ok(text) => Answer {
            status: 0,
            text,
            data: data(&report, cluster),
            aside: aside(&report, cluster),
            failure: None,
        },
    }
}

fn data(report: &AccessReport, cluster: &Cluster) -> Value {
    match serde_json::to_value(report) {
        Ok(Value::Object(data)) => print::with_cluster(data, cluster),
        Ok(other) => other,
        Err(why) => json!({ "error": { "code": "json", "message": why.to_string() } }),
    }
}

/// Writes the warnings that the page leaves out. The page lists the problems of the files among its
/// findings.
fn aside(report: &AccessReport, cluster: &Cluster) -> Vec<String> {
    let left_out = report.left_out().iter();
    left_out
        .map(|one| format!("left out: {one}"))
        .chain(print::warnings_beside(cluster))
        .collect()
}

/// Writes the answer to a file, and nothing to standard output.
fn save(path: &Path, output: Output, answer: &mut Answer) -> Result<(), String> {
    // Writing in place would replace a device by a file.
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        return Err(format!(
            "{}: it exists, and is not a file",
            files::name(path)
        ));
    }
    files::replace_public(path, print::text(answer, output).as_bytes())?;
    answer.text.clear();
    answer.data = Value::Object(Map::from_iter([(
        "file".to_owned(),
        Value::String(files::name(&PathBuf::from(path))),
    )]));
    Ok(())
}
