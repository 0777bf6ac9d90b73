//! Manifests: the input of `kubectl apply` and the output of `kubectl get`.

mod kind;
mod object;
mod problem;
mod template;

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::collections::hash_map::{Entry, HashMap};

use bounded_yaml::{Kind, Limits, LineIndex, Node, decode, documents};

pub use problem::{CommandOutput, Fault, ManifestProblem, Place};
pub use template::Placeholder;

use crate::engine::policy::Policy;
use crate::manifests::object::Object;
use crate::objects::{API_GROUP, ClusterRole, ClusterRoleBinding, Objects, Role, RoleBinding};

/// The default size limit of one file: 16 MiB. Our choice: a dump of 10,000 bindings has 5 MiB.
pub const DEFAULT_MAX_BYTES: usize = 16 * 1024 * 1024;

/// The key in [`Manifests::skipped`] of documents that are not API objects, since `apiVersion` or
/// `kind` is missing: `kustomization.yaml`, or Helm's `Chart.yaml` and `values.yaml`.
pub const NOT_AN_API_OBJECT: &str = "documents without apiVersion and kind";

/// The namespace of a namespaced object that names none, as `kubectl` has it by default.
const DEFAULT_NAMESPACE: &str = "default";

impl Policy {
    /// Builds a policy from one text of manifests, with the defaults of [`Manifests::read`]. Aggregated
    /// `ClusterRole`s keep the rules that they carry.
    ///
    /// # Errors
    ///
    /// Every problem, if one of them leaves an object out: the policy would not be that of the text.
    /// [`Manifests`] keeps the readable objects.
    pub fn from_manifests(text: &str) -> Result<Self, Vec<ManifestProblem>> {
        let manifests = Manifests::read([("", text)]);
        if manifests
            .problems
            .iter()
            .any(|problem| problem.fault.loses_an_object())
        {
            return Err(manifests.problems);
        }
        Ok(Self::new(manifests.into_objects()))
    }
}

/// The contents of manifest files: RBAC objects, other objects, and problems.
///
/// A file has any number of YAML or JSON documents. Each document is an object or a list of objects
/// (`List`, `RoleList`, …, also nested). The objects are read as the API server would store them:
///
/// - `roleRef.apiGroup` and the `apiGroup` of users and groups are filled in, as the API does.
/// - A namespaced object without a namespace gets `default` and a problem, unless the reader has a
///   namespace for it. The namespace of a cluster-scoped object is dropped.
/// - Unknown fields are ignored, as with the API's field validation `Ignore`. Fields that RBAC does not
///   need are not kept.
/// - A field of the wrong type, such as a number for a name, makes the object unreadable, as in the
///   API. So does a duplicate key.
///
/// An object that cannot be read is a problem, and the others are kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Manifests {
    objects: Objects,
    skipped: BTreeMap<String, usize>,
    problems: Vec<ManifestProblem>,
    /// The place of each object, by kind, namespace and name.
    places: HashMap<(&'static str, String, String), Place>,
}

/// The settings for reading manifests.
#[derive(Clone, Debug)]
pub struct ManifestReader {
    max_bytes: usize,
    namespace: Option<String>,
}

impl Default for ManifestReader {
    fn default() -> Self {
        Self::new()
    }
}

impl ManifestReader {
    /// Reads files of at most [`DEFAULT_MAX_BYTES`] each. A namespaced object without a namespace gets
    /// `default` and a problem.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            max_bytes: DEFAULT_MAX_BYTES,
            namespace: None,
        }
    }

    /// Sets the size limit of one file, in bytes. Memory is proportional to the largest file.
    #[must_use]
    pub const fn with_max_bytes(mut self, max_bytes: usize) -> Self {
        self.max_bytes = max_bytes;
        self
    }

    /// Sets the namespace of namespaced objects without one, as `kubectl apply --namespace` and
    /// `helm install --namespace` do. They are then read without a problem.
    #[must_use]
    pub fn in_namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// Reads files in this order, each given as its name, which problems quote, and its text.
    #[must_use]
    pub fn read<'a>(&self, files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Manifests {
        let mut manifests = Manifests::default();
        for (name, text) in files {
            self.read_file(name, text, &mut manifests);
        }
        manifests
    }

    /// Reads files as they are stored: UTF-8, or what a byte order mark announces, such as the UTF-16
    /// that `>` of Windows PowerShell writes. A file that is not text is a problem.
    #[must_use]
    pub fn read_bytes<'a>(
        &self,
        files: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    ) -> Manifests {
        let mut manifests = Manifests::default();
        for (name, bytes) in files {
            match decode(bytes, &self.limits()) {
                Ok(text) => self.read_file(name, &text, &mut manifests),
                Err(error) => manifests.problems.push(ManifestProblem {
                    place: Place {
                        file: name.to_owned(),
                        document: 1,
                        path: String::new(),
                        position: error.position(),
                    },
                    fault: Fault::NotUnicode(error),
                }),
            }
        }
        manifests
    }

    /// Adds documents that are parsed already, each with its number in the file, counted from one. The
    /// offsets of the nodes are those in `text`.
    pub fn read_nodes<'n>(
        &self,
        name: &str,
        text: &str,
        nodes: impl IntoIterator<Item = (usize, &'n Node)>,
        manifests: &mut Manifests,
    ) {
        let positions = OnceCell::new();
        for (document, node) in nodes {
            let at = At {
                file: name,
                text,
                positions: &positions,
                document,
                namespace: self.namespace.as_deref(),
            };
            manifests.add(node, "", &TypeMeta::default(), &at);
        }
    }

    const fn limits(&self) -> Limits {
        Limits::new().with_max_bytes(self.max_bytes)
    }

    fn read_file(&self, name: &str, text: &str, manifests: &mut Manifests) {
        let limits = self.limits();
        let positions = OnceCell::new();
        for (document, number) in documents(text, &limits).zip(1_usize..) {
            let at = At {
                file: name,
                text,
                positions: &positions,
                document: number,
                namespace: self.namespace.as_deref(),
            };
            match document {
                Ok(node) => manifests.add(&node, "", &TypeMeta::default(), &at),
                Err(error) => manifests.problems.push(ManifestProblem {
                    place: Place {
                        position: error.position(),
                        ..at.place("", None)
                    },
                    fault: match template::action_line(text, &error) {
                        Some(line) => Fault::Unrendered { line, error },
                        None => Fault::Syntax(error),
                    },
                }),
            }
        }
    }
}

impl Manifests {
    /// Reads files in this order, each given as its name, which problems quote, and its text.
    /// [`ManifestReader`] has settings.
    #[must_use]
    pub fn read<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        ManifestReader::new().read(files)
    }

    /// Returns the RBAC objects in the order of the input.
    #[must_use]
    pub const fn objects(&self) -> &Objects {
        &self.objects
    }

    /// Returns the RBAC objects, to build a [`Policy`](crate::Policy) of.
    #[must_use]
    pub fn into_objects(self) -> Objects {
        self.objects
    }

    /// Returns how many objects of other kinds there were, by kind and group as `kubectl` writes
    /// them: `ConfigMap`, `Deployment.apps`. Documents with neither `apiVersion` nor `kind`, such as
    /// `kustomization.yaml`, are counted as [`NOT_AN_API_OBJECT`].
    #[must_use]
    pub const fn skipped(&self) -> &BTreeMap<String, usize> {
        &self.skipped
    }

    /// Returns the problems, in the order of the input.
    #[must_use]
    pub fn problems(&self) -> &[ManifestProblem] {
        &self.problems
    }

    /// Returns the place of an object, with its path in the document. Of several objects with one name,
    /// the last one takes effect, and the place is its.
    #[must_use]
    pub fn place(&self, kind: &str, namespace: &str, name: &str) -> Option<&Place> {
        let kind = KINDS.into_iter().find(|one| *one == kind)?;
        let key = (kind, namespace.to_owned(), name.to_owned());
        self.places.get(&key)
    }

    /// Adds the objects of a node, whose path in the document is `path`. The items of a list inherit the
    /// fields in `inherited` that they lack.
    fn add(&mut self, node: &Node, path: &str, inherited: &TypeMeta<'_>, at: &At<'_>) {
        if path.is_empty() && is_not_an_api_object(node) {
            return match kind::command_output(node) {
                Some(output) => self.report(at, path, node, Fault::CommandOutput(output)),
                None => self.skip(NOT_AN_API_OBJECT.to_owned()),
            };
        }
        let meta = match TypeMeta::of(node, inherited) {
            Ok(meta) => meta,
            Err(fault) => return self.report(at, path, node, fault),
        };
        let (group, version) = meta
            .api_version
            .rsplit_once('/')
            .unwrap_or(("", meta.api_version));
        let is_ours = group == API_GROUP;
        let item_kind = match meta.kind {
            "List" if group.is_empty() => Some(""),
            // The envelope of Kustomize's functions.
            "ResourceList" if group == "config.kubernetes.io" => Some(""),
            "ClusterRoleBindingList" | "ClusterRoleList" | "RoleBindingList" | "RoleList"
                if is_ours =>
            {
                meta.kind.strip_suffix("List")
            }
            _ => None,
        };
        if let Some(kind) = item_kind {
            let api_version = if kind.is_empty() {
                ""
            } else {
                meta.api_version
            };
            return self.add_items(node, path, "items", &TypeMeta { api_version, kind }, at);
        }
        if meta.kind == "Template" && matches!(group, "" | "template.openshift.io") {
            return self.add_items(node, path, "objects", &TypeMeta::default(), at);
        }
        let add = match meta.kind {
            "ClusterRole" if is_ours => Self::add_object::<ClusterRole>,
            "ClusterRoleBinding" if is_ours => Self::add_object::<ClusterRoleBinding>,
            "Role" if is_ours => Self::add_object::<Role>,
            "RoleBinding" if is_ours => Self::add_object::<RoleBinding>,
            kind => {
                return match kind::fault(group, kind) {
                    Some(fault) => self.report(at, path, node, fault),
                    None if group.is_empty() => self.skip(kind.to_owned()),
                    None => self.skip(format!("{kind}.{group}")),
                };
            }
        };
        if version != "v1" {
            return self.report(
                at,
                &join(path, "apiVersion"),
                node,
                Fault::UnsupportedVersion,
            );
        }
        add(self, node, path, at);
    }

    fn skip(&mut self, kind: String) {
        let count = self.skipped.entry(kind).or_default();
        *count = count.saturating_add(1);
    }

    fn add_items(
        &mut self,
        list: &Node,
        path: &str,
        field: &'static str,
        inherited: &TypeMeta<'_>,
        at: &At<'_>,
    ) {
        let path = join(path, field);
        match list.get(field) {
            None | Some(Node::Null) => {}
            Some(Node::Sequence(items)) => {
                for (number, item) in items.iter().enumerate() {
                    self.add(item, &format!("{path}[{number}]"), inherited, at);
                }
            }
            Some(other) => self.report(at, &path, other, Fault::NotAList(field)),
        }
    }

    fn add_object<T: Object>(&mut self, node: &Node, path: &str, at: &At<'_>) {
        if let Err((field, fault)) = has_no_placeholder(node) {
            self.report(at, &join(path, &field), node, fault);
        }
        let read = texts_are_texts(node).and_then(|()| {
            T::deserialize(node)
                .map_err(|why| (why.path().to_owned(), Fault::Shape(why.mismatch().clone())))
        });
        let mut object = match read {
            Ok(object) => object,
            Err((field, fault)) => return self.report(at, &join(path, &field), node, fault),
        };
        object.fill_in_groups();
        let metadata = object.metadata_mut();
        if metadata.name.is_empty() {
            return self.report(
                at,
                &join(path, "metadata.name"),
                node,
                Fault::Missing("name"),
            );
        }
        if !T::IS_NAMESPACED {
            metadata.namespace.clear();
        } else if metadata.namespace.is_empty()
            && let Some(namespace) = at.namespace
        {
            namespace.clone_into(&mut metadata.namespace);
        } else if metadata.namespace.is_empty() {
            DEFAULT_NAMESPACE.clone_into(&mut metadata.namespace);
            self.report(
                at,
                &join(path, "metadata.namespace"),
                node,
                Fault::NamespaceDefaulted,
            );
        }
        let name = (T::KIND, metadata.namespace.clone(), metadata.name.clone());
        let place = at.place(path, node.offset());
        match self.places.entry(name) {
            Entry::Vacant(entry) => drop(entry.insert(place)),
            Entry::Occupied(mut entry) => {
                entry.insert(place);
                self.report(at, &join(path, "metadata.name"), node, Fault::Replaces);
            }
        }
        object.store(&mut self.objects);
    }

    fn report(&mut self, at: &At<'_>, path: &str, node: &Node, fault: Fault) {
        self.problems.push(ManifestProblem {
            place: at.place(path, node.offset()),
            fault,
        });
    }
}

/// The context of a document.
struct At<'a> {
    file: &'a str,
    text: &'a str,
    positions: &'a OnceCell<LineIndex<'a>>,
    document: usize,
    /// The namespace of objects without one, if it is set.
    namespace: Option<&'a str>,
}

impl At<'_> {
    fn place(&self, path: &str, offset: Option<usize>) -> Place {
        Place {
            file: self.file.to_owned(),
            document: self.document,
            path: path.to_owned(),
            position: offset.map(|offset| {
                let positions = self.positions.get_or_init(|| LineIndex::new(self.text));
                positions.position(offset)
            }),
        }
    }
}

/// The type that an object declares.
#[derive(Default)]
struct TypeMeta<'n> {
    api_version: &'n str,
    kind: &'n str,
}

impl<'n> TypeMeta<'n> {
    fn of(node: &'n Node, inherited: &Self) -> Result<Self, Fault> {
        if node.as_mapping().is_none() {
            return Err(Fault::NotAnObject);
        }
        let field = |name, inherited: &'n str| match node.get(name).and_then(Node::as_text) {
            None | Some("") if inherited.is_empty() => Err(Fault::Missing(name)),
            None | Some("") => Ok(inherited),
            Some(text) => Ok(text),
        };
        Ok(Self {
            api_version: field("apiVersion", inherited.api_version)?,
            kind: field("kind", inherited.kind)?,
        })
    }
}

fn join(path: &str, field: &str) -> String {
    let is_joined = path.is_empty() || field.is_empty() || field.starts_with('[');
    let dot = if is_joined { "" } else { "." };
    format!("{path}{dot}{field}")
}

/// Returns whether a document is not an API object: it has neither `apiVersion` nor `kind`, or only one
/// of them and no field of a role, a binding or a list.
fn is_not_an_api_object(node: &Node) -> bool {
    let text = |field| node.get(field).and_then(Node::as_text);
    let is_empty = |field| node.get(field).is_none_or(Node::is_null);
    let is_ours = text("apiVersion").is_some_and(|text| text.starts_with(API_GROUP))
        || text("kind").is_some_and(|kind| KINDS.contains(&kind) || kind.ends_with("List"))
        || PARTS.iter().any(|part| node.get(part).is_some());
    match (is_empty("apiVersion"), is_empty("kind")) {
        _ if node.as_mapping().is_none() => false,
        (true, true) => true,
        (false, false) => false,
        (true, false) | (false, true) => !is_ours,
    }
}

/// The kinds that are read.
const KINDS: [&str; 4] = ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"];

/// The fields of roles, bindings and lists.
const PARTS: [&str; 6] = [
    "aggregationRule",
    "items",
    "objects",
    "roleRef",
    "rules",
    "subjects",
];

/// The fields whose whole content is text, at any depth of an object.
const TEXTS: [&str; 16] = [
    "apiGroup",
    "apiGroups",
    "key",
    "kind",
    "labels",
    "matchLabels",
    "name",
    "namespace",
    "nonResourceURLs",
    "operator",
    "resourceNames",
    "resources",
    "values",
    "verbs",
    "apiVersion",
    "generateName",
];

/// The fields that contain those.
const WAYS: [&str; 7] = [
    "aggregationRule",
    "clusterRoleSelectors",
    "matchExpressions",
    "metadata",
    "roleRef",
    "rules",
    "subjects",
];

/// Refuses numbers and booleans where the API requires text. The deserializer would accept their source
/// text. The path to the field is built on the way back, since only errors need it.
fn texts_are_texts(node: &Node) -> Result<(), (String, Fault)> {
    each(node, |key, value| match key {
        Some("annotations") => are_annotations(value),
        Some(text) if TEXTS.contains(&text) => is_text(value),
        Some(way) if !WAYS.contains(&way) => Ok(()),
        Some(_) | None => texts_are_texts(value),
    })
}

/// Finds the first placeholder of a template.
fn has_no_placeholder(node: &Node) -> Result<(), (String, Fault)> {
    each(node, |key, value| match key {
        Some(text) if TEXTS.contains(&text) => is_filled_in(value),
        Some(way) if !WAYS.contains(&way) => Ok(()),
        Some(_) | None => has_no_placeholder(value),
    })
}

fn is_filled_in(node: &Node) -> Result<(), (String, Fault)> {
    match node {
        Node::Scalar(scalar) => match Placeholder::find(scalar.text()) {
            Some(placeholder) => Err((String::new(), Fault::Placeholder(placeholder))),
            None => Ok(()),
        },
        _ => each(node, |_, value| is_filled_in(value)),
    }
}

/// Refuses annotations that the API would not read. They are not kept, but an object that cannot be
/// applied grants nothing.
fn are_annotations(node: &Node) -> Result<(), (String, Fault)> {
    match node {
        Node::Null | Node::Mapping(_) => each(node, |_, value| match value {
            Node::Null => Ok(()),
            Node::Scalar(_) => is_text(value),
            _ => Err((String::new(), Fault::NotText("a list or a mapping"))),
        }),
        _ => Err((String::new(), Fault::NotAMapping)),
    }
}

fn is_text(node: &Node) -> Result<(), (String, Fault)> {
    match node {
        Node::Scalar(scalar) if scalar.kind() != Kind::String => {
            Err((String::new(), Fault::NotText(scalar.kind().describe())))
        }
        _ => each(node, |_, value| is_text(value)),
    }
}

/// Checks the items of a list or the entries of a mapping.
fn each<'n>(
    node: &'n Node,
    check: impl Fn(Option<&'n str>, &'n Node) -> Result<(), (String, Fault)>,
) -> Result<(), (String, Fault)> {
    match node {
        Node::Null | Node::Scalar(_) => Ok(()),
        Node::Sequence(items) => items.iter().enumerate().try_for_each(|(number, item)| {
            check(None, item).map_err(|(path, fault)| (join(&format!("[{number}]"), &path), fault))
        }),
        Node::Mapping(mapping) => mapping.entries().iter().try_for_each(|(key, value)| {
            check(Some(key.text()), value).map_err(|(path, fault)| (join(key.text(), &path), fault))
        }),
    }
}
