//! Takes documents apart, and sorts their parts by kind.

mod charts;
pub(crate) mod inside;
mod kinds;
mod kustomize;
mod one_cluster;
mod output;
mod pages;
mod record;
mod unparsed;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Mutex, PoisonError};

use aws_auth_map::{AuthenticationMode, Reader};
use bounded_yaml::{Limits, LineIndex, Node, Position, documents};
use k8s_rbac::{Fault, KubernetesVersion, ManifestReader, Manifests};

use self::kustomize::Kustomization;
use self::one_cluster::OneCluster;
use self::output::{is_comment, is_ytt};
use crate::document::Document;
use crate::managed::ManagedEntries;
use crate::options::Options;
use crate::parallel::{at_once, is_worth_a_thread};
use crate::place::Place;
use crate::principals::Principals;
use crate::problem::{Problem, SourceFault};
use crate::rbac::RulePositions;
use crate::source::{Source, SourceKind, Unrecognized};
use crate::sources::{self, Account, EksctlEntry, MadeCluster, NestedStack, Objects};
use crate::workload::Workload;

/// Everything that the documents have.
pub(crate) struct Gathered {
    pub(crate) manifests: Manifests,
    pub(crate) rule_positions: RulePositions,
    /// The namespace of objects without a namespace.
    namespace: String,
    pub(crate) config_maps: Vec<ConfigMapCandidate>,
    /// Access entries in the shape of the EKS API, by document.
    pub(crate) entries: Vec<(usize, Vec<Node>)>,
    /// Access entries as eksctl prints them.
    pub(crate) eksctl_entries: Vec<EksctlEntry>,
    /// Documents that a reader of `aws-auth-map` reads from their text.
    pub(crate) mapping_texts: Vec<(usize, SourceKind)>,
    /// The places of templates of CloudFormation, by document. They are filled in once the account of the cluster is
    /// known.
    templates: BTreeMap<usize, Vec<Option<usize>>>,
    pub(crate) account: Option<Account>,
    /// Objects of the Kubernetes API in plans of Terraform and templates of CloudFormation.
    pub(crate) objects: Vec<(usize, Node, SourceKind)>,
    pub(crate) workloads: Vec<Workload>,
    pub(crate) service_accounts: Vec<(String, String)>,
    pub(crate) principals: Principals,
    pub(crate) managed: ManagedEntries,
    pub(crate) version: Option<(KubernetesVersion, Place)>,
    pub(crate) mode: Option<(AuthenticationMode, Place)>,
    /// The authentication mode that the first cluster without one gets when it is made.
    pub(crate) mode_by_default: Option<(AuthenticationMode, Place)>,
    /// The first cluster with an authentication mode that is written and not known yet, and why not.
    pub(crate) unknown_mode: Option<(Place, String)>,
    pub(crate) made_cluster: Option<MadeCluster>,
    pub(crate) nested_stacks: Vec<NestedStack>,
    pub(crate) sources: Vec<Source>,
    pub(crate) unrecognized: BTreeMap<String, Unrecognized>,
    pub(crate) problems: Vec<Problem>,
    kustomizations: Vec<Kustomization>,
    /// The places of files with the values of parameters of templates.
    parameters: Vec<Place>,
    pub(crate) cluster: OneCluster,
}

/// A ConfigMap that may have the mapping.
pub(crate) struct ConfigMapCandidate {
    pub(crate) document: usize,
    /// The nodes of its document that may contain a ConfigMap. For a plan of Terraform, an object that is made
    /// from the plan.
    pub(crate) nodes: Rc<[Node]>,
    pub(crate) namespace: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) offset: Option<usize>,
    pub(crate) kind: SourceKind,
    /// Whether Terraform only reads it: it is that of the cluster, as it was once.
    pub(crate) is_data: bool,
}

/// A document that is read, with the facts that its places need.
pub(crate) struct Text<'d> {
    pub(crate) index: usize,
    pub(crate) document: &'d Document,
    lines: std::cell::OnceCell<LineIndex<'d>>,
}

impl<'d> Text<'d> {
    fn new(index: usize, document: &'d Document) -> Self {
        Self {
            index,
            document,
            lines: std::cell::OnceCell::new(),
        }
    }

    /// Returns the place of an offset.
    pub(crate) fn place(&self, offset: Option<usize>) -> Place {
        let position = offset.map(|offset| self.position(offset));
        Place::at(self.document.name(), position)
    }

    fn position(&self, offset: usize) -> Position {
        self.lines
            .get_or_init(|| LineIndex::new(self.document.text()))
            .position(offset)
    }
}

/// The kind under which a document of comments is counted.
const COMMENTS: &str = "documents of comments";

impl Gathered {
    /// Reads every document.
    pub(crate) fn read(documents: &[Document], options: &Options, reader: &Reader) -> Self {
        let manifest_reader = ManifestReader::new().with_max_bytes(options.max_bytes);
        let manifest_reader = match &options.namespace {
            Some(namespace) => manifest_reader.in_namespace(namespace.clone()),
            None => manifest_reader,
        };
        let mut gathered = Self {
            manifests: Manifests::default(),
            rule_positions: RulePositions::new(),
            namespace: options
                .namespace
                .clone()
                .unwrap_or_else(|| "default".to_owned()),
            config_maps: Vec::new(),
            entries: Vec::new(),
            eksctl_entries: Vec::new(),
            mapping_texts: Vec::new(),
            templates: BTreeMap::new(),
            account: None,
            objects: Vec::new(),
            workloads: Vec::new(),
            service_accounts: Vec::new(),
            principals: Principals::default(),
            managed: ManagedEntries::default(),
            version: None,
            mode: None,
            mode_by_default: None,
            unknown_mode: None,
            made_cluster: None,
            nested_stacks: Vec::new(),
            sources: Vec::new(),
            unrecognized: BTreeMap::new(),
            problems: Vec::new(),
            kustomizations: Vec::new(),
            parameters: Vec::new(),
            cluster: OneCluster::default(),
        };
        let limits = Limits::new()
            .with_max_bytes(options.max_bytes)
            .with_threads(options.threads)
            .with_every_offset();
        for (index, document) in documents.iter().enumerate() {
            let text = Text::new(index, document);
            gathered.read_document(&text, &limits, &manifest_reader, reader);
        }
        let account = gathered.account.clone();
        for (index, places) in std::mem::take(&mut gathered.templates) {
            let Some(document) = documents.get(index) else {
                continue;
            };
            let text = Text::new(index, document);
            gathered.read_templates(&text, &places, &limits.with_tags(), account.as_ref());
        }
        sources::lose_unread(&mut gathered);
        gathered.report_unnamed_creator();
        gathered.lose_parameters();
        for (index, object, source) in std::mem::take(&mut gathered.objects) {
            let Some(document) = documents.get(index) else {
                continue;
            };
            let (text, mut found) = (Text::new(index, document), Found::default());
            gathered.take_object(&text, &object, None, &mut found);
            gathered.take_config_maps(&text, std::slice::from_ref(&object), (found, source));
            let (name, source) = (document.name(), document.text());
            let manifests = &mut gathered.manifests;
            manifest_reader.read_nodes(name, source, [(1, &object)], manifests);
        }
        gathered.take_manifest_problems();
        charts::join(&mut gathered.problems, documents);
        let kustomizations = std::mem::take(&mut gathered.kustomizations).into_iter();
        let unbuilt = kustomizations.filter_map(|one| one.unbuilt(documents));
        gathered.problems.extend(unbuilt);
        gathered
    }

    /// Reads a document.
    fn read_document(
        &mut self,
        text: &Text<'_>,
        limits: &Limits,
        manifest_reader: &ManifestReader,
        reader: &Reader,
    ) {
        let source = text.document.text();
        if is_ytt(source) {
            let fault = SourceFault::Unread("a template of ytt".to_owned(), "the output of `ytt`");
            self.lost(Place::of_file(text.document.name()), fault);
        }
        let mut nodes = Vec::new();
        for node in documents(source, limits) {
            match node {
                Ok(node) => match sources::objects_of(node) {
                    Objects::Whole(node) => nodes.push(node),
                    Objects::Items(items) => {
                        self.lose_documents(text, &items);
                        nodes.extend(items);
                    }
                },
                Err(error) => {
                    self.unparsed(text, error, manifest_reader, reader);
                    return;
                }
            }
        }
        let manifests = Mutex::new(std::mem::take(&mut self.manifests));
        let read_manifests = || {
            let api_objects = nodes.iter().zip(1..).filter_map(|(node, number)| {
                sources::is_api_object(node).then_some((number, node))
            });
            let mut manifests = manifests.lock().unwrap_or_else(PoisonError::into_inner);
            manifest_reader.read_nodes(text.document.name(), source, api_objects, &mut manifests);
        };
        let mut found = match is_worth_a_thread(source, limits.threads()) {
            true => at_once(&read_manifests, || self.take(text, &nodes, reader)),
            false => {
                read_manifests();
                self.take(text, &nodes, reader)
            }
        };
        self.manifests = manifests
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        if !found.is_any {
            match is_comment(source) {
                true => self.skip(text, COMMENTS.to_owned(), &Node::Null),
                false => {
                    let place = Place::of_file(text.document.name());
                    self.lost(place, SourceFault::Empty);
                }
            }
        }
        if !found.entries.is_empty() {
            let entries = std::mem::take(&mut found.entries);
            self.entries.push((text.index, entries));
        }
        self.take_config_maps(text, &nodes, (found, SourceKind::ConfigMap));
    }

    /// Reads the templates at some places of a document, this time with the tags that stand for functions.
    fn read_templates(
        &mut self,
        text: &Text<'_>,
        places: &[Option<usize>],
        limits: &Limits,
        account: Option<&Account>,
    ) {
        for node in documents(text.document.text(), limits) {
            match node {
                Ok(node) if places.contains(&node.offset()) => {
                    let entries = sources::take_template(self, text, &node, account);
                    self.entries.push((text.index, entries));
                }
                Ok(_) => {}
                Err(error) => {
                    let place = Place::at(text.document.name(), error.position());
                    self.lost(place, SourceFault::Syntax(error));
                }
            }
        }
    }

    /// Takes the parts of a document that the cluster needs, except roles and bindings.
    fn take(&mut self, text: &Text<'_>, nodes: &[Node], reader: &Reader) -> Found {
        let mut found = Found::default();
        for node in nodes {
            match sources::is_api_object(node) {
                true => self.take_object(text, node, None, &mut found),
                false => self.take_other(text, node, reader, &mut found),
            }
        }
        found
    }

    /// Keeps each ConfigMap that may have the mapping, with the facts of its document.
    fn take_config_maps(
        &mut self,
        text: &Text<'_>,
        nodes: &[Node],
        (found, kind): (Found, SourceKind),
    ) {
        if found.config_maps.is_empty() {
            return;
        }
        let nodes: Rc<[Node]> = nodes.iter().map(sources::with_config_maps_only).collect();
        let found = found.config_maps.into_iter();
        self.config_maps
            .extend(found.map(|(namespace, name, offset)| ConfigMapCandidate {
                document: text.index,
                nodes: Rc::clone(&nodes),
                namespace,
                name,
                offset,
                kind,
                is_data: false,
            }));
    }
}

/// Returns whether a role or a binding is read, but may grant something else than its author means.
pub(crate) const fn is_not_as_meant(fault: &Fault) -> bool {
    matches!(fault, Fault::Placeholder(_) | Fault::UnknownField(Some(_)))
}

/// The content of one document.
#[derive(Default)]
struct Found {
    /// Whether there is any object or value.
    is_any: bool,
    config_maps: Vec<(Option<String>, Option<String>, Option<usize>)>,
    entries: Vec<Node>,
    /// Whether the text is the output of a command that failed. `None` if all values so far are known.
    is_output: Option<bool>,
}

impl Found {
    /// Returns whether the text is the output of a command that failed. The text is read once for all its values.
    fn is_output(&mut self, read: impl FnOnce() -> bool) -> bool {
        *self.is_output.get_or_insert_with(read)
    }

    fn add_config_map(&mut self, node: &Node) {
        let metadata = |key| Some(node.get("metadata")?.get(key)?.as_text()?.to_owned());
        let field = |key| metadata(key).filter(|text| !text.is_empty());
        self.config_maps
            .push((field("namespace"), field("name"), node.offset()));
    }
}
