//! Upstream's own configuration file.

use bounded_yaml::{Mapping, Node, Scalar};

use super::entry::{self, Dialect};
use super::place::{Frame, Sink};
use super::{Reader, Reading, document};
use crate::backend::BackendKind;
use crate::problem::{Location, Problem, ProblemKind};
use crate::rules::{Rules, Section};

/// The prefixes that each backend reserves, as a configuration file has them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ReservedPrefixes {
    lists: Vec<(BackendKind, Vec<String>)>,
}

impl ReservedPrefixes {
    /// Returns the prefixes for user names from a backend, for
    /// [`Backend::with_reserved_prefixes`](crate::Backend::with_reserved_prefixes).
    pub fn of(&self, backend: BackendKind) -> impl Iterator<Item = &str> {
        let list = self.lists.iter().find(|(kind, _)| *kind == backend);
        list.into_iter()
            .flat_map(|(_, prefixes)| prefixes)
            .map(String::as_str)
    }
}

const RESERVED: &str = "reservedPrefixConfig";

impl Reader {
    /// Reads the rules of upstream's own configuration file, where they are lists under `server`.
    ///
    /// As upstream, an ARN is made canonical, so that a session's stands for its role. Keys may be
    /// in any case. Unlike upstream, a bad entry is a problem and not the end of the process, and
    /// types are not guessed.
    #[must_use]
    pub fn read_mounted_file(&self, text: &str) -> (Rules, Vec<Problem>) {
        let mut reading = Reading::default();
        let mut sink = Sink::new(text, Frame::Here, &mut reading.problems);
        let Some(nodes) = document::read(text, &self.limits, &mut sink) else {
            return reading.finish();
        };
        let Some(server) = server(&nodes) else {
            sink.report(ProblemKind::NoSections, Location::FILE, None);
            return reading.finish();
        };
        for section in Section::ALL {
            if let Some(node) = value(server, section.key()).filter(|node| !node.is_null()) {
                let rules = &mut reading.rules;
                entry::read_section(Dialect::MountedFile, section, node, rules, &mut sink);
            }
        }
        reading.finish()
    }

    /// Reads which prefixes the same file reserves: `server.reservedPrefixConfig`, a list of
    /// `backendMode` and `usernamePrefixReserveList`. As upstream, of two lists for one backend the
    /// last counts.
    ///
    /// The problems are those of this list alone; that the text is no YAML is one of
    /// [`read_mounted_file`](Self::read_mounted_file) as well.
    #[must_use]
    pub fn read_reserved_prefixes(&self, text: &str) -> (ReservedPrefixes, Vec<Problem>) {
        let mut prefixes = ReservedPrefixes::default();
        let mut problems = Vec::new();
        let mut sink = Sink::new(text, Frame::Here, &mut problems);
        let nodes = document::read(text, &self.limits, &mut sink).unwrap_or_default();
        let list = server(&nodes).and_then(|server| value(server, RESERVED));
        match list {
            None | Some(Node::Null) => {}
            Some(Node::Sequence(entries)) => {
                for entry in entries {
                    if let Some((kind, list)) = read_list(entry, &mut sink) {
                        prefixes.lists.retain(|(other, _)| *other != kind);
                        prefixes.lists.push((kind, list));
                    }
                }
            }
            Some(node) => sink.report(ProblemKind::ReservedPrefixes, AT, node.offset()),
        }
        (prefixes, problems)
    }
}

const AT: Location = Location::FILE.field_of(RESERVED);

// DIFFERENCE: a deprecated name is its mode's; upstream keeps the list under a name that no backend
// asks for (cmd/aws-iam-authenticator/root.go, getConfig).
fn read_list(entry: &Node, sink: &mut Sink<'_>) -> Option<(BackendKind, Vec<String>)> {
    let read = || {
        let entry = entry.as_mapping()?;
        let mode = value(entry, "backendMode")?.as_text()?;
        let list = match value(entry, "usernamePrefixReserveList") {
            None | Some(Node::Null) => Vec::new(),
            Some(node) => {
                let texts = node.as_sequence()?.iter().map(Node::as_text);
                texts
                    .map(|text| text.map(str::to_owned))
                    .collect::<Option<_>>()?
            }
        };
        Some((mode, list))
    };
    let Some((mode, list)) = read() else {
        sink.report(ProblemKind::ReservedPrefixes, AT, entry.offset());
        return None;
    };
    let Some(kind) = BackendKind::from_mode(mode) else {
        sink.report(ProblemKind::UnknownMode, AT, entry.offset());
        return None;
    };
    if kind.as_str() != mode {
        sink.report(ProblemKind::DeprecatedMode(kind), AT, entry.offset());
    }
    Some((kind, list))
}

fn server(nodes: &[Node]) -> Option<&Mapping> {
    let file = nodes.first()?.as_mapping()?;
    value(file, "server")?.as_mapping()
}

/// Returns the value of a key in any case.
fn value<'n>(mapping: &'n Mapping, name: &str) -> Option<&'n Node> {
    let is = |key: &Scalar| key.text().eq_ignore_ascii_case(name);
    mapping
        .entries()
        .iter()
        .find(|(key, _)| is(key))
        .map(|(_, value)| value)
}
