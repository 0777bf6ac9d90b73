//! The content that is read from the documents, one fact on each line.

use std::fmt::{Display, Write as _};

use eks_access::{Cluster, Origin, Setting};

use super::ask::Answer;

pub(super) fn documents(cluster: &Cluster) -> Answer {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let mut line = |args: std::fmt::Arguments<'_>| {
        let _ = writeln!(text, "{args}");
    };
    if let Some(name) = cluster.name() {
        line(format_args!("cluster {name}"));
    }
    line(format_args!(
        "version {}",
        setting(cluster.kubernetes_version())
    ));
    line(format_args!(
        "mode {}",
        setting(cluster.authentication_mode())
    ));
    line(format_args!("dialect {}", setting(cluster.dialect())));
    for one in cluster.sources() {
        line(format_args!(
            "{} {} ({})",
            one.count(),
            one.kind(),
            one.place()
        ));
    }
    for one in cluster.unrecognized() {
        line(format_args!(
            "not used: {} {} ({})",
            one.count(),
            one.kind(),
            one.first()
        ));
    }
    for one in cluster.problems() {
        let what = match one.is_unreadable() {
            true => "unreadable",
            false => "problem",
        };
        line(format_args!("{what}: {one}"));
    }
    if let Ok(callers) = cluster.callers(None) {
        for one in callers.callers() {
            line(format_args!("caller: {one}"));
        }
    }
    for one in cluster.principals().iter() {
        line(format_args!(
            "principal: {} {}",
            one.arn(),
            one.unique_id().unwrap_or("-")
        ));
    }
    for one in cluster.workloads() {
        let (kind, namespace, name) = (one.kind(), one.namespace(), one.name());
        let account = one.service_account();
        line(format_args!(
            "workload: {kind} {namespace}/{name} runs as {account} ({})",
            one.place()
        ));
    }
    for (namespace, name) in cluster.service_accounts() {
        line(format_args!("service account: {namespace}/{name}"));
    }
    Answer { text, json: None }
}

fn setting<T: Display + Copy>(setting: &Setting<T>) -> String {
    match setting.origin() {
        Origin::Document(place) => format!("{} of {place}", setting.value()),
        Origin::Option => format!("{} as given", setting.value()),
        Origin::Default => format!("{} by default", setting.value()),
    }
}
