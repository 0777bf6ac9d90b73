//! Manifests: the input of `kubectl apply` and the output of `kubectl get`.

mod fields;
mod kind;
mod object;
mod problem;
mod reader;
mod template;
mod texts;

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::collections::hash_map::{Entry, HashMap};

use bounded_yaml::{LineIndex, Node};

pub use problem::{CommandOutput, Fault, ManifestProblem, Place};
pub use reader::ManifestReader;
pub use template::Placeholder;

use crate::engine::policy::Policy;
use crate::manifests::object::Object;
use crate::manifests::texts::{has_no_placeholder, texts_are_texts};
use crate::objects::{API_GROUP, ClusterRole, ClusterRoleBinding, Objects, Role, RoleBinding};

/// The default size limit of one file: 16 MiB. Our choice: a dump of 10,000 bindings has 5 MiB.
pub const DEFAULT_MAX_BYTES: usize = 16 * 1024 * 1024;

/// The key in [`Manifests::skipped`] of documents that are not API objects, since `apiVersion` or
/// `kind` is missing: `kustomization.yaml`, or Helm's `Chart.yaml` and `values.yaml`.
pub const NOT_AN_API_OBJECT: &str = "documents without apiVersion and kind";

/// The default namespace of a namespaced object without a namespace, as in `kubectl`.
const DEFAULT_NAMESPACE: &str = "default";

impl Policy {
    /// Builds a policy from one text of manifests, with the defaults of [`Manifests::read`]. Aggregated
    /// `ClusterRole`s keep the rules that are written in them.
    ///
    /// # Errors
    ///
    /// Every problem, if one of them leaves an object out: the policy would not match the text.
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
/// - A field that the API does not have is a problem and is ignored, as with the API's field validation `Warn`.
///   Fields that RBAC does not need are not kept.
/// - A field of the wrong type, such as a number for a name, makes the object unreadable, as in the
///   API. So does a duplicate key.
///
/// An object that cannot be read is a problem; the other objects are kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Manifests {
    objects: Objects,
    skipped: BTreeMap<String, usize>,
    problems: Vec<ManifestProblem>,
    /// The place of each object, by kind, namespace and name.
    places: HashMap<(&'static str, String, String), Place>,
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

    /// Returns the place of an object, with its path in the document. If several objects have one name,
    /// the last takes effect, and its place is returned.
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
        for (field, fault) in fields::unknown(node, T::FIELDS) {
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
