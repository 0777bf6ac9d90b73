//! Finds the data of the ConfigMap in what was read.

use bounded_yaml::{Limits, Mapping, Node, Position, documents};

use super::problem_sink::{ProblemSink, TextFrame};
use super::suggest_key::suggest_key;
use crate::problem::{Location, ProblemKind};
use crate::rules::Section;

/// What a section is given as.
pub(crate) enum Source<'n> {
    /// The list itself.
    List(&'n Node),
    /// The list's text, and how it lies in the whole.
    Text(&'n str, TextFrame),
}

/// Reads all documents; reports what keeps them from being read.
pub(crate) fn read(text: &str, limits: &Limits, sink: &mut ProblemSink<'_>) -> Option<Vec<Node>> {
    let nodes: Result<Vec<Node>, _> = documents(text, limits).collect();
    match nodes {
        Ok(nodes) if nodes.is_empty() => {
            sink.report(ProblemKind::NothingThere, Location::FILE, None);
            None
        }
        Ok(nodes) => Some(nodes),
        Err(error) => {
            sink.report_error(&error, Location::FILE);
            None
        }
    }
}

/// The data of a ConfigMap.
#[derive(Clone, Copy)]
pub(crate) struct Found<'n> {
    /// None of bare data.
    object: Option<&'n Node>,
    data: &'n Mapping,
}

impl<'n> Found<'n> {
    pub(crate) const fn data(self) -> &'n Mapping {
        self.data
    }

    /// Whether it is that of an object, whose values Kubernetes wants to be text.
    pub(crate) const fn is_object(self) -> bool {
        self.object.is_some()
    }
}

/// Finds the data: that of the first ConfigMap that has a section, or a document that has one
/// itself.
pub(crate) fn find<'n>(nodes: &'n [Node], sink: &mut ProblemSink<'_>) -> Option<Found<'n>> {
    let mut candidates: Vec<Candidate<'n>> = Vec::new();
    for node in nodes {
        match text_of(node, "kind") {
            Some("List" | "ConfigMapList") => {
                let items = node.get("items").and_then(Node::as_sequence);
                candidates.extend(items.unwrap_or_default().iter().filter_map(candidate));
            }
            _ => candidates.extend(candidate(node)),
        }
    }
    let found = candidates.iter().filter_map(|candidate| match candidate {
        Candidate::Data(found) => Some(*found),
        Candidate::Empty(_) => None,
    });
    let mut with_sections = found.clone().filter(|found| has_section(found.data));
    if let Some(first) = with_sections.next() {
        check_name(first, sink);
        if let Some(second) = with_sections.next() {
            let offset = second
                .data
                .entries()
                .first()
                .and_then(|(key, _)| key.offset());
            sink.report(ProblemKind::MoreDocuments, Location::FILE, offset);
        }
        return Some(first);
    }
    let kind = if candidates.is_empty() {
        ProblemKind::NotAConfigMap
    } else {
        ProblemKind::NoSections
    };
    sink.report(kind, Location::FILE, nodes.first().and_then(Node::offset));
    for candidate in &candidates {
        if let Candidate::Empty(object) = candidate {
            check_misplaced(object, sink);
        }
    }
    // A misspelled section is still worth a word.
    found.clone().next()
}

/// A ConfigMap, or what may be the data of one.
enum Candidate<'n> {
    Data(Found<'n>),
    /// An object without data.
    Empty(&'n Mapping),
}

fn candidate(node: &Node) -> Option<Candidate<'_>> {
    let mapping = node.as_mapping()?;
    let data = node.get("data").and_then(Node::as_mapping);
    match (text_of(node, "kind"), data) {
        (Some("ConfigMap"), Some(data)) => Some(Candidate::Data(Found {
            object: Some(node),
            data,
        })),
        (Some("ConfigMap"), None) => Some(Candidate::Empty(mapping)),
        (Some(_), _) => None,
        (None, data) => {
            let data = data.filter(|data| has_section(data)).unwrap_or(mapping);
            let object = None;
            has_section(data).then_some(Candidate::Data(Found { object, data }))
        }
    }
}

/// Reports that an object has another name than the one that EKS and upstream read.
fn check_name(found: Found<'_>, sink: &mut ProblemSink<'_>) {
    for (key, want) in [("name", "aws-auth"), ("namespace", "kube-system")] {
        let metadata = found.object.and_then(|object| object.get("metadata"));
        let value = metadata.and_then(|metadata| metadata.get(key));
        let is_other = value
            .and_then(Node::as_text)
            .is_some_and(|text| text != want);
        if is_other {
            let offset = value.and_then(Node::offset);
            sink.report(ProblemKind::OtherConfigMap, Location::FILE, offset);
        }
    }
}

/// Reports sections that stand beside the data, and not in it.
fn check_misplaced(object: &Mapping, sink: &mut ProblemSink<'_>) {
    for (key, _) in object.entries() {
        if let Some(section) = Section::ALL.into_iter().find(|s| s.key() == key.text()) {
            let at = Location::section_of(section);
            sink.report(ProblemKind::MisplacedSection, at, key.offset());
        }
    }
}

fn text_of<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    node.get(key)?.as_text()
}

fn has_section(data: &Mapping) -> bool {
    Section::ALL
        .into_iter()
        .any(|section| data.get(section.key()).is_some())
}

/// Returns the section that a key is nearly the name of. As upstream, it is not read.
pub(crate) fn misspelled(key: &str) -> Option<Section> {
    let is = |section: &Section| section.key() == key;
    if Section::ALL.iter().any(is) {
        return None;
    }
    let meant = suggest_key(key, &Section::ALL.map(Section::key))?;
    Section::ALL
        .into_iter()
        .find(|section| section.key() == meant)
}

/// What an object has besides its data; bare data may be mixed with it.
const OF_OBJECTS: [&str; 6] = [
    "apiVersion",
    "binaryData",
    "data",
    "immutable",
    "kind",
    "metadata",
];

/// Reports keys that are no sections, and sections that stand there twice.
pub(crate) fn check_keys(data: &Mapping, sink: &mut ProblemSink<'_>) {
    for (key, _) in data.entries() {
        let name = key.text();
        if let Some(meant) = misspelled(name) {
            let at = Location::section_of(meant);
            sink.report(ProblemKind::MisspelledSection(meant), at, key.offset());
        } else if Section::ALL.iter().all(|s| s.key() != name) && !OF_OBJECTS.contains(&name) {
            sink.report(ProblemKind::UnknownKey, Location::FILE, key.offset());
        }
    }
    for key in data.duplicates() {
        if let Some(section) = Section::ALL.into_iter().find(|s| s.key() == key.text()) {
            let at = Location::section_of(section);
            sink.report(ProblemKind::DuplicateSection, at, key.offset());
        }
    }
}

/// Returns a section, as it is given in `text`.
pub(crate) fn section<'n>(data: &'n Mapping, section: Section, text: &str) -> Option<Source<'n>> {
    // The last, as it is told.
    let mut entries = data.entries().iter().rev();
    let (key, value) = entries.find(|(key, _)| key.text() == section.key())?;
    match value {
        Node::Null => None,
        Node::Scalar(scalar) => {
            let frame = frame(text, key.offset(), scalar.offset(), scalar.text());
            Some(Source::Text(scalar.text(), frame))
        }
        Node::Sequence(_) | Node::Mapping(_) => Some(Source::List(value)),
    }
}

/// Finds upstream's configuration file in the data of a ConfigMap: the value with a line `server:`.
pub(crate) fn embedded<'n>(nodes: &'n [Node], text: &str) -> Option<(&'n str, TextFrame)> {
    let is_config_map = |node: &&Node| text_of(node, "kind") == Some("ConfigMap");
    let data = nodes.iter().filter(is_config_map);
    let data = data.filter_map(|node| node.get("data")?.as_mapping());
    data.flat_map(Mapping::entries).find_map(|(key, value)| {
        let value = value.as_scalar()?;
        let is_server = |line: &str| line.trim_end() == "server:";
        value.text().lines().any(is_server).then(|| {
            let frame = frame(text, key.offset(), value.offset(), value.text());
            (value.text(), frame)
        })
    })
}

/// Finds out how the text of a section lies in the whole.
fn frame(text: &str, key: Option<usize>, value: Option<usize>, inner: &str) -> TextFrame {
    let place = |offset| Position::of(text, offset);
    if let Some(value) = value {
        // It stands there as it is, in one line.
        let at = place(value);
        return TextFrame::Block {
            lines: at.line().saturating_sub(1),
            columns: at.column().saturating_sub(1),
        };
    }
    let Some(key) = key else {
        return TextFrame::Here;
    };
    let line = place(key).line();
    let after_key = text.get(key..).unwrap_or("");
    let mut lines = after_key.split('\n');
    let header = lines.next().unwrap_or("");
    let is_literal = header
        .split_once(':')
        .is_some_and(|(_, header)| header.trim_start().starts_with('|'));
    if !is_literal {
        return TextFrame::Line(line);
    }
    let indentation = |line: &str| {
        line.len()
            .saturating_sub(line.trim_start_matches(' ').len())
    };
    let first = |mut lines: std::str::Split<'_, char>| {
        lines
            .find(|line| !line.trim().is_empty())
            .map_or(0, indentation)
    };
    let columns = first(lines).saturating_sub(first(inner.split('\n')));
    TextFrame::Block {
        lines: line,
        columns,
    }
}
