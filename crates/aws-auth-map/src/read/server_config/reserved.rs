//! The reserved prefixes of each backend.

use bounded_yaml::Node;

use super::keys::{check, value};
use super::{BACKEND_MODE, RESERVED};
use crate::problem::{Location, ProblemKind};
use crate::read::problem_sink::ProblemSink;
use crate::resolve::backend::BackendKind;
use crate::rules::Place;

/// The reserved prefixes of each backend in a configuration file.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ReservedPrefixes {
    lists: Vec<(BackendKind, Vec<String>)>,
}

impl ReservedPrefixes {
    /// Returns the reserved username prefixes of a backend, for
    /// [`Backend::with_reserved_prefixes`](crate::Backend::with_reserved_prefixes).
    pub fn of(&self, backend: BackendKind) -> impl Iterator<Item = &str> {
        let list = self.lists.iter().find(|(kind, _)| *kind == backend);
        list.into_iter()
            .flat_map(|(_, prefixes)| prefixes)
            .map(String::as_str)
    }
}

const AT: Location = Location::FILE.field_of(RESERVED);
const LIST: &str = "usernamePrefixReserveList";

impl ReservedPrefixes {
    /// Reads the lists. Also returns the offset of a list that cannot be read.
    pub(super) fn read(list: Option<&Node>, sink: &mut ProblemSink<'_>) -> (Self, Option<Place>) {
        let mut prefixes = Self::default();
        let mut unreadable = None;
        match list {
            None | Some(Node::Null) => {}
            Some(Node::Sequence(entries)) => {
                for entry in entries {
                    match read_list(entry, sink) {
                        Ok(None) => {}
                        Ok(Some((kind, list))) => {
                            // As in upstream, the last of two lists for one backend takes effect.
                            prefixes.lists.retain(|(other, _)| *other != kind);
                            prefixes.lists.push((kind, list));
                        }
                        Err(place) => unreadable = Some(place),
                    }
                }
            }
            Some(node) => {
                sink.report(ProblemKind::ReservedPrefixes, AT, node.offset());
                unreadable = Some(sink.locate(node.offset()));
            }
        }
        (prefixes, unreadable)
    }
}

// DIFFERENCE: a deprecated name stands for its mode; upstream keeps the list under a name that no
// backend uses (cmd/aws-iam-authenticator/root.go, getConfig).
fn read_list(
    entry: &Node,
    sink: &mut ProblemSink<'_>,
) -> Result<Option<(BackendKind, Vec<String>)>, Place> {
    let repeated = entry
        .as_mapping()
        .and_then(|entry| check(entry, &[BACKEND_MODE, LIST], |_| AT, sink));
    if let Some(place) = repeated {
        return Err(place);
    }
    let read = || {
        let entry = entry.as_mapping()?;
        let mode = value(entry, BACKEND_MODE)?.as_text()?;
        let list = match value(entry, LIST) {
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
        return Err(sink.locate(entry.offset()));
    };
    let Ok(kind) = mode.parse::<BackendKind>() else {
        sink.report(ProblemKind::UnknownMode, AT, entry.offset());
        return Ok(None);
    };
    if kind.as_str() != mode {
        sink.report(ProblemKind::DeprecatedMode(kind), AT, entry.offset());
    }
    Ok(Some((kind, list)))
}
