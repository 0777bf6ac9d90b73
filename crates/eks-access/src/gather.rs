//! Takes documents apart: what each of them has, by kind.

mod charts;
mod output;

use std::collections::BTreeMap;
use std::rc::Rc;

use aws_auth_map::{AuthenticationMode, ProblemKind, Reader};
use bounded_yaml::{Limits, LineIndex, Node, Position, documents};
use k8s_rbac::{Fault, KubernetesVersion, ManifestReader, Manifests};

use self::output::{MAPPING_WORDS, is_comment, is_empty_list, is_error_message, is_sentence};
use crate::document::Document;
use crate::managed::ManagedEntries;
use crate::options::Options;
use crate::place::Place;
use crate::principals::Principals;
use crate::problem::{Cause, Problem, SourceFault};
use crate::rbac::RulePositions;
use crate::source::{Source, SourceKind, Unrecognized};
use crate::sources::{self, Account, Shape};
use crate::workload::Workload;

/// Everything that the documents have.
pub(crate) struct Gathered {
    pub(crate) manifests: Manifests,
    pub(crate) rule_positions: RulePositions,
    /// The namespace of objects that name none.
    namespace: String,
    pub(crate) config_maps: Vec<ConfigMapCandidate>,
    /// Access entries in the shape of the EKS API, by document.
    pub(crate) entries: Vec<(usize, Vec<Node>)>,
    /// Documents that a reader of `aws-auth-map` reads from their text.
    pub(crate) mapping_texts: Vec<(usize, SourceKind)>,
    /// Templates of CloudFormation, which are filled in once the account of the cluster is known.
    templates: Vec<(usize, Node)>,
    pub(crate) account: Option<Account>,
    /// Objects of the Kubernetes API in plans of Terraform and templates of CloudFormation.
    pub(crate) objects: Vec<(usize, Node, SourceKind)>,
    pub(crate) workloads: Vec<Workload>,
    pub(crate) service_accounts: Vec<(String, String)>,
    pub(crate) principals: Principals,
    pub(crate) managed: ManagedEntries,
    pub(crate) version: Option<(KubernetesVersion, Place)>,
    pub(crate) mode: Option<(AuthenticationMode, Place)>,
    pub(crate) sources: Vec<Source>,
    pub(crate) unrecognized: BTreeMap<String, Unrecognized>,
    pub(crate) problems: Vec<Problem>,
    /// The name of the cluster in the first document that has one.
    pub(crate) cluster: Option<String>,
}

/// A ConfigMap that may be the one with the mapping.
pub(crate) struct ConfigMapCandidate {
    pub(crate) document: usize,
    /// The nodes of its document, as far as a ConfigMap may be in them; for one in a plan of Terraform, an object
    /// made of the plan.
    pub(crate) nodes: Rc<[Node]>,
    pub(crate) namespace: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) offset: Option<usize>,
    pub(crate) kind: SourceKind,
}

/// A document that is read, with what its places need.
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

/// What a document of comments counts as.
const COMMENTS: &str = "documents of comments";

/// The length of a kind that is printed: that of a kind and a group of a `CustomResourceDefinition`, each a DNS name.
const MAX_KIND: usize = 317;

/// Whether a kind is that of an access entry of EKS, as a controller in a cluster has it: of ACK, of the providers of
/// Crossplane, or the control plane of Cluster API with a mapping.
fn is_access_of_controller(group: &str, kind: &str, node: &Node) -> bool {
    let crossplane = [
        "eks.aws.crossplane.io",
        "eks.aws.upbound.io",
        "eks.aws.m.upbound.io",
    ];
    match (group, kind) {
        ("eks.services.k8s.aws", "AccessEntry") => true,
        (group, "AccessEntry" | "AccessPolicyAssociation") => crossplane.contains(&group),
        ("controlplane.cluster.x-k8s.io", "AWSManagedControlPlane") => node
            .get("spec")
            .is_some_and(|spec| spec.get("iamAuthenticatorConfig").is_some()),
        _ => false,
    }
}

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
            mapping_texts: Vec::new(),
            templates: Vec::new(),
            account: None,
            objects: Vec::new(),
            workloads: Vec::new(),
            service_accounts: Vec::new(),
            principals: Principals::default(),
            managed: ManagedEntries::default(),
            version: None,
            mode: None,
            sources: Vec::new(),
            unrecognized: BTreeMap::new(),
            problems: Vec::new(),
            cluster: None,
        };
        let limits = Limits::new()
            .with_max_bytes(options.max_bytes)
            .with_threads(options.threads)
            .with_every_offset();
        for (index, document) in documents.iter().enumerate() {
            let text = Text::new(index, document);
            gathered.read_document(&text, &limits, &manifest_reader, reader);
        }
        for (index, node) in std::mem::take(&mut gathered.templates) {
            let Some(document) = documents.get(index) else {
                continue;
            };
            let (text, account) = (Text::new(index, document), gathered.account.clone());
            let entries = sources::take_template(&mut gathered, &text, &node, account.as_ref());
            gathered.entries.push((index, entries));
        }
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
        gathered
    }

    fn read_document(
        &mut self,
        text: &Text<'_>,
        limits: &Limits,
        manifest_reader: &ManifestReader,
        reader: &Reader,
    ) {
        let source = text.document.text();
        let mut nodes = Vec::new();
        for node in documents(source, limits) {
            match node {
                Ok(node) => nodes.extend(sources::objects_of(node)),
                Err(error) => return self.unparsed(text, error, manifest_reader, reader),
            }
        }
        let mut found = Found::default();
        let api_objects = nodes
            .iter()
            .zip(1..)
            .filter_map(|(node, number)| sources::is_api_object(node).then_some((number, node)));
        let (name, manifests) = (text.document.name(), &mut self.manifests);
        manifest_reader.read_nodes(name, source, api_objects, manifests);
        for node in &nodes {
            match sources::is_api_object(node) {
                true => self.take_object(text, node, None, &mut found),
                false => self.take_other(text, node, reader, &mut found),
            }
        }
        match (found.is_any, is_comment(source)) {
            (true, _) => {}
            (false, true) => self.skip(text, COMMENTS.to_owned(), &Node::Null),
            (false, false) => {
                let place = Place::of_file(text.document.name());
                self.lost(place, SourceFault::Empty);
            }
        }
        if !found.entries.is_empty() {
            let entries = std::mem::take(&mut found.entries);
            self.entries.push((text.index, entries));
        }
        self.take_config_maps(text, &nodes, (found, SourceKind::ConfigMap));
    }

    /// Keeps each ConfigMap that may be the one with the mapping, with what their document has beside them.
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
            }));
    }

    /// Reports why a document cannot be parsed, by the reader that knows its format best.
    fn unparsed(
        &mut self,
        text: &Text<'_>,
        error: bounded_yaml::Error,
        manifest_reader: &ManifestReader,
        reader: &Reader,
    ) {
        let (name, source) = (text.document.name(), text.document.text());
        let is_mapping = MAPPING_WORDS.iter().any(|word| source.contains(word));
        let (_, problems) = reader.read_config_map(source);
        let is_known = |kind| {
            !matches!(
                kind,
                ProblemKind::Alias
                    | ProblemKind::Syntax
                    | ProblemKind::Tab
                    | ProblemKind::TooLarge
                    | ProblemKind::Unclosed
                    // A template of manifests, of which the reader of manifests knows more.
                    | ProblemKind::Unfilled
            )
        };
        if is_mapping || problems.iter().any(|problem| is_known(problem.kind())) {
            self.lose_mapping(name, problems);
            return;
        }
        let read = manifest_reader.read([(name, source)]);
        let is_of_text =
            |fault: &Fault| matches!(fault, Fault::Syntax(_) | Fault::Unrendered { .. });
        match read.problems().iter().find(|one| is_of_text(&one.fault)) {
            Some(problem) => {
                let place = Place::at(name, problem.place.position);
                let (path, fault) = (problem.place.path.clone(), problem.fault.clone());
                let cause = Cause::Manifest { path, fault };
                self.problems.push(Problem::lost(place, cause));
            }
            None => self.lost(
                Place::at(name, error.position()),
                SourceFault::Syntax(error),
            ),
        }
    }

    /// Records the problems of a mapping that cannot be read at all.
    pub(crate) fn lose_mapping(&mut self, name: &str, problems: Vec<aws_auth_map::Problem>) {
        self.problems.extend(problems.into_iter().map(|problem| {
            let place = Place::of_problem(name, &problem);
            match problem.severity() {
                aws_auth_map::Severity::Error => Problem::lost(place, Cause::Mapping(problem)),
                aws_auth_map::Severity::Warning => Problem::new(place, Cause::Mapping(problem)),
            }
        }));
    }

    /// Takes an API object, or the items of a list.
    fn take_object(
        &mut self,
        text: &Text<'_>,
        node: &Node,
        inherited: Option<(&str, &str)>,
        found: &mut Found,
    ) {
        let field = |key| {
            node.get(key)
                .and_then(Node::as_text)
                .filter(|t| !t.is_empty())
        };
        let api_version = field("apiVersion").or_else(|| Some(inherited?.0));
        let kind = field("kind").or_else(|| Some(inherited?.1));
        let (Some(api_version), Some(kind)) = (api_version, kind) else {
            // The reader of manifests reports it.
            found.is_any = true;
            return;
        };
        let items = node.get("items").and_then(Node::as_sequence);
        if let (Some(items), Some(of_items)) = (items, kind.strip_suffix("List")) {
            for item in items {
                let inherited = (!of_items.is_empty()).then_some((api_version, of_items));
                self.take_object(text, item, inherited, found);
            }
            return;
        }
        if kind.ends_with("List") && node.get("items").is_none_or(Node::is_null) {
            return;
        }
        found.is_any = true;
        let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
        if sources::take_workload(self, text, node, (group, kind)) {
            return;
        }
        match (group, kind) {
            ("", "ConfigMap") => self.take_config_map(text, node, found),
            ("", "ServiceAccount") => sources::take_service_account(self, text, node),
            (
                k8s_rbac::API_GROUP,
                "ClusterRole" | "ClusterRoleBinding" | "Role" | "RoleBinding",
            ) => {
                self.saw(text, SourceKind::Rbac, node.offset());
                self.take_rule_positions(text, kind, node);
            }
            (_, "IAMIdentityMapping") => self.saw_text(text, SourceKind::IdentityMappings, node),
            ("eksctl.io", "ClusterConfig") => {
                self.saw_text(text, SourceKind::ClusterConfig, node);
                sources::take_cluster_config(self, text, node);
            }
            (group, kind) if is_access_of_controller(group, kind, node) => {
                let what = format!("{kind}.{group}");
                self.lost(text.place(node.offset()), SourceFault::NotRead(what));
            }
            (_, kind) if kind.starts_with("ENC[") => {
                self.lost(text.place(node.offset()), SourceFault::Encrypted);
            }
            ("", kind) => self.skip(text, kind.to_owned(), node),
            (group, kind) => self.skip(text, format!("{kind}.{group}"), node),
        }
    }

    /// Records where the rules of a role are.
    fn take_rule_positions(&mut self, text: &Text<'_>, kind: &str, node: &Node) {
        let Some(rules) = node.get("rules").and_then(Node::as_sequence) else {
            return;
        };
        let metadata = |key| {
            let value = node.get("metadata")?.get(key)?.as_text()?;
            (!value.is_empty()).then(|| value.to_owned())
        };
        // As the reader of manifests fills in the namespace.
        let namespace = match kind {
            "Role" => metadata("namespace").unwrap_or_else(|| self.namespace.clone()),
            _ => String::new(),
        };
        if let Some(name) = metadata("name") {
            let offsets = rules.iter().map(Node::offset);
            let positions = offsets.map(|offset| Some(text.position(offset?))).collect();
            self.rule_positions
                .insert((namespace, name), (text.index, positions));
        }
    }

    fn take_config_map(&mut self, text: &Text<'_>, node: &Node, found: &mut Found) {
        match sources::config_map(node) {
            sources::ConfigMapContent::ServerConfig => {
                self.saw_text(text, SourceKind::ServerConfig, node);
            }
            sources::ConfigMapContent::Mapping => found.add_config_map(node),
            // It has the name, perhaps, and nothing else.
            sources::ConfigMapContent::Other if sources::is_named_like_mapping(node) => {
                found.add_config_map(node);
            }
            sources::ConfigMapContent::Other => self.skip(text, "ConfigMap".to_owned(), node),
        }
    }

    /// Takes a document that is not an API object.
    fn take_other(&mut self, text: &Text<'_>, node: &Node, reader: &Reader, found: &mut Found) {
        if node.is_null() || is_empty_list(node) {
            return;
        }
        found.is_any = true;
        match sources::shape(node) {
            Some(Shape::AccessEntries) => {
                self.saw(text, SourceKind::AccessEntries, node.offset());
                let entry = node.get("accessEntry").unwrap_or(node);
                self.saw_cluster(text, entry.get("clusterName"));
                found.entries.push(node.clone());
            }
            Some(Shape::CloudFormation) => self.templates.push((text.index, node.clone())),
            Some(Shape::Terraform) => {
                sources::take_terraform(self, text, node, &mut found.entries);
            }
            Some(Shape::ConfigMapData) => found.add_config_map(node),
            Some(Shape::DescribeCluster) => sources::take_cluster(self, text, node),
            Some(Shape::ManagedNodes) => sources::take_managed_nodes(self, text, node),
            Some(Shape::Principals) => sources::take_principals(self, text, node),
            Some(Shape::Mapping(kind)) => self.saw_text(text, kind, node),
            None => {
                if !found.is_output(|| self.take_output(text, reader)) {
                    self.take_unknown(text, node);
                }
            }
        }
    }

    /// Reports a text that is the output of a command that failed. Returns whether it is one.
    fn take_output(&mut self, text: &Text<'_>, reader: &Reader) -> bool {
        let (_, problems) = reader.read_config_map(text.document.text());
        let is_output = |kind| {
            matches!(
                kind,
                ProblemKind::ErrorOutput | ProblemKind::KubectlDescribe
            )
        };
        if problems.iter().any(|problem| is_output(problem.kind())) {
            self.lose_mapping(text.document.name(), problems);
            return true;
        }
        let read = ManifestReader::new()
            .with_max_bytes(text.document.text().len())
            .read([(text.document.name(), text.document.text())]);
        let output = read
            .problems()
            .iter()
            .find(|problem| matches!(problem.fault, Fault::CommandOutput(_)));
        if let Some(problem) = output {
            let place = Place::at(text.document.name(), problem.place.position);
            let (path, fault) = (problem.place.path.clone(), problem.fault.clone());
            let cause = Cause::Manifest { path, fault };
            self.problems.push(Problem::lost(place, cause));
        }
        output.is_some()
    }

    /// Takes a value of no known shape.
    fn take_unknown(&mut self, text: &Text<'_>, node: &Node) {
        match node {
            Node::Scalar(_) => self.lost(text.place(node.offset()), SourceFault::Text),
            _ if is_sentence(node) => self.lost(text.place(node.offset()), SourceFault::Text),
            _ if is_error_message(node) => {
                self.lost(text.place(node.offset()), SourceFault::ErrorMessage);
            }
            _ => self.skip(text, k8s_rbac::NOT_AN_API_OBJECT.to_owned(), node),
        }
    }

    /// Counts an object of a kind that is read.
    pub(crate) fn saw(&mut self, text: &Text<'_>, kind: SourceKind, offset: Option<usize>) {
        // The objects of a document come one after another.
        let mut of_document = self
            .sources
            .iter_mut()
            .rev()
            .take_while(|source| source.place.file() == text.document.name());
        if let Some(source) = of_document.find(|source| source.kind == kind) {
            source.count = source.count.saturating_add(1);
            return;
        }
        self.sources.push(Source {
            kind,
            place: text.place(offset),
            count: 1,
        });
    }

    /// Counts an object that a reader of `aws-auth-map` reads from the document's text.
    fn saw_text(&mut self, text: &Text<'_>, kind: SourceKind, node: &Node) {
        self.saw(text, kind, node.offset());
        let read = (text.index, kind);
        if !self.mapping_texts.contains(&read) {
            self.mapping_texts.push(read);
        }
    }

    /// Counts an object that has no part in the answers.
    pub(crate) fn skip(&mut self, text: &Text<'_>, kind: String, node: &Node) {
        let kind = match kind.len() > MAX_KIND {
            true => "objects whose kind is not a name".to_owned(),
            false => kind,
        };
        let counted = self
            .unrecognized
            .entry(kind.clone())
            .or_insert_with(|| Unrecognized {
                kind,
                count: 0,
                first: text.place(node.offset()),
            });
        counted.count = counted.count.saturating_add(1);
    }

    pub(crate) fn report(&mut self, place: Place, fault: SourceFault) {
        self.problems
            .push(Problem::new(place, Cause::Source(fault)));
    }

    pub(crate) fn lost(&mut self, place: Place, fault: SourceFault) {
        self.problems
            .push(Problem::lost(place, Cause::Source(fault)));
    }

    /// Takes a setting of the cluster. The first document that has it decides.
    pub(crate) fn set_mode(&mut self, mode: AuthenticationMode, place: Place) {
        match &self.mode {
            None => self.mode = Some((mode, place)),
            Some((first, _)) if *first == mode => {}
            Some(_) => self.report(place, SourceFault::Contradiction("authentication mode")),
        }
    }

    /// Takes the version of Kubernetes. The first document that has it decides.
    pub(crate) fn set_version(&mut self, version: KubernetesVersion, place: Place) {
        match &self.version {
            None => self.version = Some((version, place)),
            Some((first, _)) if *first == version => {}
            Some(_) => self.report(place, SourceFault::Contradiction("version of Kubernetes")),
        }
    }

    /// Takes the name of the cluster that a document is of.
    pub(crate) fn saw_cluster(&mut self, text: &Text<'_>, name: Option<&Node>) {
        let Some((node, name)) = name.and_then(|node| Some((node, node.as_text()?))) else {
            return;
        };
        match &self.cluster {
            None => self.cluster = Some(name.to_owned()),
            Some(first) if first == name => {}
            Some(first) => {
                let fault = SourceFault::SeveralClusters(name.to_owned(), first.clone());
                let is_reported = |one: &Problem| one.code() == fault.code();
                if !self.problems.iter().any(is_reported) {
                    self.report(text.place(node.offset()), fault);
                }
            }
        }
    }

    fn take_manifest_problems(&mut self) {
        let problems = self.manifests.problems().iter().map(|problem| {
            let place = Place::at(&problem.place.file, problem.place.position);
            let (path, fault) = (problem.place.path.clone(), problem.fault.clone());
            let is_lost = fault.loses_an_object();
            let cause = Cause::Manifest { path, fault };
            match is_lost {
                true => Problem::lost(place, cause),
                false => Problem::new(place, cause),
            }
        });
        self.problems.extend(problems);
    }
}

/// What one document has.
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
