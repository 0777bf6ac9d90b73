//! The keys of the configuration file.

use bounded_yaml::{Mapping, Node, Scalar};

use super::{BACKEND_MODE, RESERVED, SCRUBBED, USER_ID_STRICT};
use crate::problem::{Location, ProblemKind};
use crate::read::problem_sink::ProblemSink;
use crate::read::suggest_key::suggest_key;
use crate::rules::Place;

/// The top-level keys that upstream's commands read (`cmd/`, `BindPFlag`) or that its README names.
pub(super) const TOP: [&str; 12] = [
    "cache",
    "clusterID",
    "defaultRole",
    "externalID",
    "feature-gates",
    "forwardSessionName",
    "log-verbosity",
    "region",
    "role",
    "server",
    "sessionName",
    "tokenOnly",
];

/// The keys under `server` (`cmd/aws-iam-authenticator/root.go`, `getConfig`).
pub(super) const SERVER: [&str; 21] = [
    "address",
    BACKEND_MODE,
    "dynamicBackendModePath",
    "dynamicfilepath",
    USER_ID_STRICT,
    "ec2DescribeInstancesBurst",
    "ec2DescribeInstancesQps",
    "ec2DescribeInstancesRoleARN",
    "generateKubeconfig",
    "hostname",
    "kubeconfig",
    "kubeconfigPregenerated",
    "mapAccounts",
    "mapRoles",
    "mapUsers",
    "master",
    "partition",
    "port",
    RESERVED,
    SCRUBBED,
    "stateDir",
];

/// A further key under `server`, which is not suggested for a key that ends in `arn`.
const SOURCE_ARN: &str = "sourceARN";

/// Reports unknown keys, and known keys that appear twice in any case. Returns the offset of a key that appears
/// twice.
///
/// Viper compares keys without regard to case, too.
pub(super) fn check(
    mapping: &Mapping,
    known: &[&'static str],
    at: impl Fn(&'static str) -> Location,
    sink: &mut ProblemSink<'_>,
) -> Option<Place> {
    let mut seen: Vec<(&str, Option<usize>)> = Vec::new();
    let mut repeated = None;
    for (key, _) in mapping.entries() {
        let is = |name: &&str| name.eq_ignore_ascii_case(key.text());
        let Some(name) = known.iter().chain([&SOURCE_ARN]).copied().find(is) else {
            let meant = suggest_key(key.text(), known);
            let kind = meant.map_or(ProblemKind::UnknownKey, ProblemKind::MisspelledKey);
            sink.report(kind, Location::FILE, key.offset());
            continue;
        };
        match seen.iter().find(|(other, _)| *other == name) {
            None => seen.push((name, key.offset())),
            Some((_, first)) => {
                let line = sink.locate(*first).line();
                let kind = ProblemKind::DuplicateSetting(name, line);
                sink.report(kind, at(name), key.offset());
                repeated = Some(sink.locate(key.offset()));
            }
        }
    }
    repeated
}

/// Returns the value of a key in any case.
pub(super) fn value<'n>(mapping: &'n Mapping, name: &str) -> Option<&'n Node> {
    let is = |key: &Scalar| key.text().eq_ignore_ascii_case(name);
    mapping
        .entries()
        .iter()
        .find(|(key, _)| is(key))
        .map(|(_, value)| value)
}
