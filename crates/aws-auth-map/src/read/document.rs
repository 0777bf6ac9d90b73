//! Finds the data of the ConfigMap in a text.

use bounded_yaml::{Limits, Mapping, Node, Position, documents};

use super::config_map_name::ConfigMapName;
use super::problem_sink::{ProblemSink, TextFrame};
use super::suggest_key::suggest_key;
use crate::problem::{Location, ProblemKind};
use crate::rules::Section;

/// The form in which the text gives a section.
pub(crate) enum Source<'n> {
    /// As the list itself.
    List(&'n Node),
    /// As the list's text, with its place in the whole text.
    Text(&'n str, TextFrame),
}

/// Parses all documents. Reports the reason if that fails.
pub(crate) fn read(text: &str, limits: &Limits, sink: &mut ProblemSink<'_>) -> Option<Vec<Node>> {
    let nodes: Result<Vec<Node>, _> = documents(text, limits).collect();
    match nodes {
        Ok(nodes) if nodes.iter().all(Node::is_null) => {
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
    /// `None` for bare data.
    object: Option<&'n Node>,
    data: &'n Mapping,
}

impl<'n> Found<'n> {
    pub(crate) const fn data(self) -> &'n Mapping {
        self.data
    }

    /// Whether the data belongs to an object. Kubernetes then accepts only text as its values.
    pub(crate) const fn is_object(self) -> bool {
        self.object.is_some()
    }
}

/// The result of looking for the ConfigMap.
pub(crate) enum Search<'n> {
    Found(Found<'n>),
    /// The ConfigMap is there and has no data.
    Empty(&'n Mapping),
    /// There is no ConfigMap, or it is unknown which ConfigMap is meant. The reason was reported.
    Unknown,
}

/// Finds the ConfigMap in a text: the ConfigMap with the wanted name; or else the only ConfigMap,
/// if it has no name, or the wanted name and no namespace, or is bare data.
pub(crate) fn find<'n>(
    nodes: &'n [Node],
    wanted: &ConfigMapName,
    sink: &mut ProblemSink<'_>,
) -> Search<'n> {
    let mut candidates: Vec<Candidate<'n>> = Vec::new();
    for node in nodes {
        if collect(node, None, &mut candidates, sink).is_err() {
            return Search::Unknown;
        }
    }
    match choose(&candidates, wanted) {
        Ok(candidate) => {
            if candidate.lacks_namespace() {
                let kind = ProblemKind::NoNamespace;
                sink.report(kind, Location::FILE, candidate.name_offset());
            }
            open(candidate, sink)
        }
        Err((kind, at)) => {
            let is_server_config = at.is_some_and(Candidate::is_server_config);
            let kind = match kind {
                ProblemKind::OtherConfigMap if is_server_config => ProblemKind::ServerConfig,
                kind => kind,
            };
            let offset = at.map_or_else(
                || nodes.first().and_then(Node::offset),
                Candidate::name_offset,
            );
            sink.report(kind, Location::FILE, offset);
            Search::Unknown
        }
    }
}

/// A key of an object appears twice, which was reported.
struct Repeated;

/// Collects each `ConfigMap` of an object: itself, or the items of a list, which may be lists again. An item of a
/// `ConfigMapList` needs no kind: the API server prints it without one.
///
/// # Errors
///
/// If an object has a key twice. Two objects are then joined into one, and either could be the ConfigMap.
fn collect<'n>(
    node: &'n Node,
    kind_in_list: Option<&'n str>,
    candidates: &mut Vec<Candidate<'n>>,
    sink: &mut ProblemSink<'_>,
) -> Result<(), Repeated> {
    let keys = ["apiVersion", "data", "items", "kind", "metadata"];
    let is_object = sink.report_repeated(node, &keys).is_none();
    let metadata = node.get("metadata").unwrap_or(&Node::Null);
    let is_named = sink
        .report_repeated(metadata, &["name", "namespace"])
        .is_none();
    if !is_object || !is_named {
        return Err(Repeated);
    }
    let kind = text_of(node, "kind").or(kind_in_list);
    let Some(of_items @ ("" | "ConfigMap")) = kind.and_then(|kind| kind.strip_suffix("List"))
    else {
        candidates.extend(candidate(node, kind));
        return Ok(());
    };
    let of_items = (!of_items.is_empty()).then_some(of_items);
    let items = node.get("items").and_then(Node::as_sequence);
    for item in items.unwrap_or_default() {
        collect(item, of_items, candidates, sink)?;
    }
    Ok(())
}

fn choose<'c, 'n>(
    candidates: &'c [Candidate<'n>],
    wanted: &ConfigMapName,
) -> Result<&'c Candidate<'n>, (ProblemKind, Option<&'c Candidate<'n>>)> {
    let mut named = candidates.iter().filter(|candidate| {
        candidate.metadata("namespace") == Some(wanted.namespace())
            && candidate.metadata("name") == Some(wanted.name())
    });
    match (named.next(), named.next(), candidates) {
        (Some(_), Some(second), _) => Err((ProblemKind::SeveralConfigMaps, Some(second))),
        (Some(named), None, _) => Ok(named),
        (None, _, []) => Err((ProblemKind::NotAConfigMap, None)),
        (None, _, [only]) => {
            let is_namespace = matches!(only.metadata("namespace"), None | Some(""));
            let is_wanted = match only.metadata("name") {
                None | Some("") => {
                    is_namespace || only.metadata("namespace") == Some(wanted.namespace())
                }
                Some(name) => is_namespace && name == wanted.name(),
            };
            if is_wanted {
                Ok(only)
            } else {
                Err((ProblemKind::OtherConfigMap, Some(only)))
            }
        }
        (None, _, [_, second, ..]) => Err((ProblemKind::SeveralConfigMaps, Some(second))),
    }
}

/// Takes the data of the chosen ConfigMap.
fn open<'n>(candidate: &Candidate<'n>, sink: &mut ProblemSink<'_>) -> Search<'n> {
    match candidate {
        Candidate::Data(found) => {
            if candidate.is_server_config() && !has_section(found.data) {
                let offset = candidate.name_offset();
                sink.report(ProblemKind::ServerConfig, Location::FILE, offset);
                return Search::Unknown;
            }
            if !has_section(found.data) {
                let offset = found.object.and_then(Node::offset);
                sink.report(ProblemKind::NoSections, Location::FILE, offset);
            }
            Search::Found(*found)
        }
        Candidate::Empty(node, object) => {
            sink.report(ProblemKind::NoSections, Location::FILE, node.offset());
            if report_misplaced(object, sink) {
                Search::Unknown
            } else {
                Search::Empty(object)
            }
        }
    }
}

/// A ConfigMap, or bare data that may belong to a ConfigMap.
enum Candidate<'n> {
    Data(Found<'n>),
    /// An object without data.
    Empty(&'n Node, &'n Mapping),
}

impl<'n> Candidate<'n> {
    const fn object(&self) -> Option<&'n Node> {
        match self {
            Self::Data(found) => found.object,
            Self::Empty(node, _) => Some(node),
        }
    }

    fn metadata_node(&self, key: &str) -> Option<&'n Node> {
        self.object()?.get("metadata")?.get(key)
    }

    fn metadata(&self, key: &str) -> Option<&'n str> {
        self.metadata_node(key)?.as_text()
    }

    /// Whether the data contains upstream's configuration file.
    fn is_server_config(&self) -> bool {
        match self {
            Self::Data(found) => found.data.entries().iter().any(|(_, value)| {
                value
                    .as_scalar()
                    .is_some_and(|value| has_server(value.text()))
            }),
            Self::Empty(..) => false,
        }
    }

    /// Whether this is an object with a name and no namespace.
    fn lacks_namespace(&self) -> bool {
        self.metadata("name").is_some_and(|name| !name.is_empty())
            && matches!(self.metadata("namespace"), None | Some(""))
    }

    /// Returns the offset of the name, or else of the namespace, or else of the object.
    fn name_offset(&self) -> Option<usize> {
        ["name", "namespace"]
            .into_iter()
            .filter_map(|key| self.metadata_node(key)?.offset())
            .next()
            .or_else(|| self.object()?.offset())
            .or_else(|| match self {
                Self::Data(found) => found.data.entries().first()?.0.offset(),
                Self::Empty(..) => None,
            })
    }
}

fn candidate<'n>(node: &'n Node, kind: Option<&str>) -> Option<Candidate<'n>> {
    let mapping = node.as_mapping()?;
    let data = node.get("data").and_then(Node::as_mapping);
    match (kind, data) {
        (Some("ConfigMap"), Some(data)) => Some(Candidate::Data(Found {
            object: Some(node),
            data,
        })),
        (Some("ConfigMap"), None) => Some(Candidate::Empty(node, mapping)),
        (Some(_), _) => None,
        (None, data) => {
            let data = data.filter(|data| has_section(data)).unwrap_or(mapping);
            let object = None;
            has_section(data).then_some(Candidate::Data(Found { object, data }))
        }
    }
}

/// Reports sections beside the data. Returns whether there are any.
fn report_misplaced(object: &Mapping, sink: &mut ProblemSink<'_>) -> bool {
    let mut is_found = false;
    // Neither key is read: one has values in base64, the other is a field of a Secret.
    let hidden = ["binaryData", "stringData"]
        .into_iter()
        .filter_map(|field| object.get(field)?.as_mapping())
        .flat_map(Mapping::entries);
    for (key, _) in object.entries().iter().chain(hidden) {
        if let Some(section) = named(key.text()) {
            let at = Location::section_of(section);
            sink.report(ProblemKind::MisplacedSection, at, key.offset());
            is_found = true;
        }
    }
    is_found
}

pub(super) fn text_of<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    node.get(key)?.as_text()
}

fn has_section(data: &Mapping) -> bool {
    Section::ALL
        .into_iter()
        .any(|section| data.get(section.key()).is_some())
}

/// Returns the section of this name.
fn named(key: &str) -> Option<Section> {
    Section::ALL
        .into_iter()
        .find(|section| section.key() == key)
}

/// Returns the section whose name a key resembles. As upstream, such a key is not read.
pub(crate) fn misspelled(key: &str) -> Option<Section> {
    if named(key).is_some() {
        return None;
    }
    named(suggest_key(key, &Section::ALL.map(Section::key))?)
}

/// The keys of an object, which operators may mix with bare data.
const OF_OBJECTS: [&str; 6] = [
    "apiVersion",
    "binaryData",
    "data",
    "immutable",
    "kind",
    "metadata",
];

/// Reports keys that are not sections, and sections that appear twice. Returns the sections that cannot be
/// read: those that appear twice, or only under a misspelled name.
pub(crate) fn check_keys(
    data: &Mapping,
    sink: &mut ProblemSink<'_>,
) -> Vec<(Section, Option<usize>)> {
    let mut lost = Vec::new();
    for (key, _) in data.entries() {
        let name = key.text();
        if let Some(meant) = misspelled(name) {
            let at = Location::section_of(meant);
            sink.report(ProblemKind::MisspelledSection(meant), at, key.offset());
            if data.get(meant.key()).is_none() {
                lost.push((meant, key.offset()));
            }
        } else if named(name).is_none() && !OF_OBJECTS.contains(&name) {
            sink.report(ProblemKind::UnknownKey, Location::FILE, key.offset());
        }
    }
    for key in data.duplicates() {
        if let Some(section) = named(key.text()) {
            let at = Location::section_of(section);
            sink.report(ProblemKind::DuplicateSection, at, key.offset());
            lost.push((section, key.offset()));
        }
    }
    lost
}

/// Returns a section, as it is given in `text`.
pub(crate) fn section<'n>(data: &'n Mapping, section: Section, text: &str) -> Option<Source<'n>> {
    let (key, value) = data
        .entries()
        .iter()
        .find(|(key, _)| key.text() == section.key())?;
    match value {
        Node::Null => None,
        Node::Scalar(scalar) => {
            let frame = frame(text, key.offset(), scalar.offset(), scalar.text());
            Some(Source::Text(scalar.text(), frame))
        }
        Node::Sequence(_) | Node::Mapping(_) => Some(Source::List(value)),
    }
}

/// Finds upstream's configuration file in the data of a ConfigMap: a value with a line `server:`.
pub(crate) fn embedded<'n>(nodes: &'n [Node], text: &str) -> Option<(&'n str, TextFrame)> {
    nodes
        .iter()
        .filter(|node| text_of(node, "kind") == Some("ConfigMap"))
        .filter_map(|node| node.get("data")?.as_mapping())
        .flat_map(Mapping::entries)
        .find_map(|(key, value)| {
            let value = value.as_scalar()?;
            has_server(value.text()).then(|| {
                let frame = frame(text, key.offset(), value.offset(), value.text());
                (value.text(), frame)
            })
        })
}

/// Returns whether a text has a line `server:`, as upstream's configuration file does.
fn has_server(text: &str) -> bool {
    text.lines().any(|line| line.trim_end() == "server:")
}

/// Finds the place of a section's text in the whole text.
fn frame(text: &str, key: Option<usize>, value: Option<usize>, inner: &str) -> TextFrame {
    let position = |offset| Position::of(text, offset);
    if let Some(value) = value {
        // The value is in one line, without escapes.
        let at = position(value);
        return TextFrame::Block {
            lines: at.line().saturating_sub(1),
            columns: at.column().saturating_sub(1),
        };
    }
    let Some(key) = key else {
        return TextFrame::Here;
    };
    let line = position(key).line();
    let mut lines = text.get(key..).unwrap_or("").split('\n');
    let is_literal = lines
        .next()
        .and_then(|header| header.split_once(':'))
        .is_some_and(|(_, header)| header.trim_start().starts_with('|'));
    if !is_literal {
        return TextFrame::Line(line);
    }
    let columns = indentation(lines).saturating_sub(indentation(inner.split('\n')));
    TextFrame::Block {
        lines: line,
        columns,
    }
}

/// Returns the indentation of the first line that is not blank.
fn indentation<'t>(mut lines: impl Iterator<Item = &'t str>) -> usize {
    let line = lines.find(|line| !line.trim().is_empty()).unwrap_or("");
    line.len()
        .saturating_sub(line.trim_start_matches(' ').len())
}
