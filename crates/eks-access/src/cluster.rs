//! One cluster, joined from its documents.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use aws_auth_map::{
    AuthenticationMode, Backend, BackendKind, Dialect, IdentityMap, RuleRef, Rules,
};
use eks_auth::AccessPolicyRules;
use k8s_rbac::{KubernetesVersion, Policy, SubjectName};

use crate::document::Document;
use crate::gather::Gathered;
use crate::managed::ManagedEntries;
use crate::options::{Options, Origin, Setting};
use crate::place::Place;
use crate::principals::Principals;
use crate::problem::{Problem, SourceFault};
use crate::rbac::{Rbac, rebound, refused};
use crate::source::{Source, Unrecognized};
use crate::workload::Workload;

mod mapping;
mod notes;

/// One cluster: the users that callers of AWS become, and the permissions of its users.
///
/// # The parts
///
/// - The **identity map**: access entries, then the other sources of rules, depending on the
///   authentication mode. See [`identity_map`](Self::identity_map).
/// - The **policy**: roles and bindings, aggregated, with the default policy of Kubernetes if the documents
///   lack it. See [`policy`](Self::policy).
/// - The **access policies** of access entries, which grant permissions beside RBAC.
/// - Workloads, which name the service accounts that run, and the principals that AWS lists.
///
/// Every part keeps its place in the documents.
///
/// # What cannot be read
///
/// If a document cannot be read, or an object in it is lost, every question is [without an
/// answer](crate::NoAnswer): the cluster may differ from the readable part. That part is still
/// here, for programs that list problems.
#[derive(Clone, Debug)]
pub struct Cluster {
    pub(crate) documents: Vec<Document>,
    pub(crate) version: Setting<KubernetesVersion>,
    pub(crate) mode: Setting<AuthenticationMode>,
    pub(crate) dialect: Setting<Dialect>,
    /// Whether it is known to be a cluster of EKS.
    pub(crate) is_eks: bool,
    pub(crate) map: IdentityMap,
    /// The origin of each backend of the map.
    pub(crate) origins: Vec<BackendOrigin>,
    pub(crate) config_map: Option<usize>,
    pub(crate) rbac: Rbac,
    /// A separate map of each backend, built when a question needs it.
    pub(crate) backends_alone: OnceLock<Vec<IdentityMap>>,
    /// The users and groups that bindings name, collected when a question needs them.
    pub(crate) bound: OnceLock<BTreeSet<SubjectName>>,
    pub(crate) access_policies: AccessPolicyRules,
    pub(crate) workloads: Vec<Workload>,
    pub(crate) service_accounts: Vec<(String, String)>,
    pub(crate) principals: Principals,
    managed: ManagedEntries,
    name: Option<String>,
    pub(crate) sources: Vec<Source>,
    pub(crate) unrecognized: Vec<Unrecognized>,
    pub(crate) problems: Vec<Problem>,
}

/// The documents from which the rules of a backend were read.
#[derive(Clone, Debug)]
pub(crate) enum BackendOrigin {
    /// In one document.
    Document(usize),
    /// In the document of each rule, by its index in the section.
    Documents(Vec<usize>),
}

impl BackendOrigin {
    fn of(&self, rule: Option<RuleRef>) -> Option<usize> {
        match self {
            Self::Document(document) => Some(*document),
            Self::Documents(documents) => documents.get(rule?.index()).copied(),
        }
    }
}

impl Cluster {
    /// Reads documents of any kinds, recognizes each by its content, and joins them.
    ///
    /// This function never fails: see [`problems`](Self::problems) and
    /// [`unreadable`](Self::unreadable).
    #[must_use]
    pub fn from_documents(
        documents: impl IntoIterator<Item = Document>,
        options: &Options,
    ) -> Self {
        let documents: Vec<Document> = documents.into_iter().collect();
        let reader = options.reader();
        let mut gathered = Gathered::read(&documents, options, &reader);
        let is_eks = mapping::is_eks(options, &gathered);
        if is_eks {
            mapping::leave_out_unread(&mut gathered);
        } else if options.dialect.is_none() {
            mapping::report_perhaps_unread(&mut gathered);
        }
        let dialect = mapping::dialect(options, &gathered);
        let reader = reader.with_dialect(dialect.value());
        let mapping = mapping::read(&documents, &reader, &mut gathered);
        let version = Setting::choose(
            options.kubernetes_version,
            gathered.version.clone(),
            KubernetesVersion::default(),
        );
        let mode = Setting::choose(
            options.authentication_mode,
            gathered
                .mode
                .clone()
                .or_else(|| gathered.mode_by_default.take()),
            AuthenticationMode::ApiAndConfigMap,
        );
        let refused = refused(&gathered.manifests, version.value());
        gathered.problems.extend(refused);
        let rebound = rebound(&gathered.manifests);
        gathered.problems.extend(rebound);
        if let (Origin::Default, Some((place, what))) =
            (mode.origin(), gathered.unknown_mode.take())
            && mapping.depends_on_mode()
        {
            gathered.lost(place, SourceFault::ModeNotKnownYet(what));
        }
        let default_policy = options.is_default_policy_added.then_some(version.value());
        Self {
            map: mapping.map.with_authentication_mode(mode.value()),
            origins: mapping.origins,
            config_map: mapping.config_map,
            rbac: Rbac::new(gathered.manifests, gathered.rule_positions, default_policy),
            backends_alone: OnceLock::new(),
            bound: OnceLock::new(),
            access_policies: AccessPolicyRules::from(&aws_auth_map::PolicyTable::eks()),
            workloads: gathered.workloads,
            service_accounts: gathered.service_accounts,
            principals: gathered.principals,
            managed: gathered.managed,
            name: gathered.cluster.into_name(),
            sources: gathered.sources,
            unrecognized: gathered.unrecognized.into_values().collect(),
            problems: gathered.problems,
            documents,
            version,
            mode,
            dialect,
            is_eks,
        }
    }

    /// Counts files that were not read among the parts without a role in the answers: their kind, their number and
    /// the name of the first.
    #[must_use]
    pub fn with_unread(mut self, kind: &str, count: usize, first: &str) -> Self {
        self.unrecognized.push(Unrecognized {
            kind: kind.to_owned(),
            count,
            first: Place::of_file(first),
        });
        self
    }

    /// Returns the documents, in the order given.
    #[must_use]
    pub fn documents(&self) -> &[Document] {
        &self.documents
    }

    /// Returns the version of Kubernetes.
    #[must_use]
    pub const fn kubernetes_version(&self) -> &Setting<KubernetesVersion> {
        &self.version
    }

    /// Returns the authentication mode. The [`identity_map`](Self::identity_map) has the same mode.
    #[must_use]
    pub const fn authentication_mode(&self) -> &Setting<AuthenticationMode> {
        &self.mode
    }

    /// Returns the authenticator that the mapping was read for.
    #[must_use]
    pub const fn dialect(&self) -> &Setting<Dialect> {
        &self.dialect
    }

    /// Returns the map from callers of AWS to users.
    #[must_use]
    pub const fn identity_map(&self) -> &IdentityMap {
        &self.map
    }

    /// Returns the place of a rule of the map, given the index of its backend.
    #[must_use]
    pub fn place_of_mapping(&self, backend_index: usize, rule: RuleRef) -> Option<Place> {
        let document = self.origins.get(backend_index)?.of(Some(rule))?;
        let rules = self.map.backends().get(backend_index)?.rules();
        Some(Place::of_rule(
            self.documents.get(document)?.name(),
            rules.place(rule),
        ))
    }

    /// Returns the place of a rule of a role, by the index of the rule in the role as written, counted from
    /// zero. `None` for a role of the default policy.
    ///
    /// `kind` is `Role` or `ClusterRole`; the namespace of a ClusterRole is empty.
    #[must_use]
    pub fn place_of_role_rule(
        &self,
        kind: &str,
        namespace: &str,
        name: &str,
        rule: usize,
    ) -> Option<Place> {
        let role = (kind, namespace, name);
        self.rbac.place_of_rule(&self.documents, role, rule)
    }

    /// Returns the document of a backend of the map, by their indexes. `None` for access entries: each
    /// may be in another document, see [`place_of_mapping`](Self::place_of_mapping).
    #[must_use]
    pub fn document_of_backend(&self, backend_index: usize) -> Option<usize> {
        self.origins.get(backend_index)?.of(None)
    }

    /// Returns the index of the document with the ConfigMap of the mapping. `None` if there is no such
    /// document, or if the ConfigMap is part of a plan of Terraform.
    #[must_use]
    pub const fn config_map_document(&self) -> Option<usize> {
        self.config_map
    }

    /// Returns the roles and bindings, with their places.
    #[must_use]
    pub const fn rbac(&self) -> &Rbac {
        &self.rbac
    }

    /// Returns the policy: the roles and bindings of the documents, and the default policy of Kubernetes.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        self.rbac.policy()
    }

    /// Returns the known rules of the access policies of EKS.
    #[must_use]
    pub const fn access_policies(&self) -> &AccessPolicyRules {
        &self.access_policies
    }

    /// Returns the access entries, in the order written: first the entries from documents of the AWS
    /// command line, then the entries from other sources. The authentication mode does not matter.
    pub fn entries(&self) -> impl Iterator<Item = (usize, RuleRef, &aws_auth_map::Rule)> {
        let backends = self.map.backends().iter().enumerate();
        backends
            .filter(|(_, backend)| backend.kind() == BackendKind::AccessEntries)
            .flat_map(|(index, backend)| {
                let rules = Backend::rules(backend).iter();
                rules.map(move |(at, rule)| (index, at, rule))
            })
    }

    /// Returns the pods and the objects that create pods.
    #[must_use]
    pub fn workloads(&self) -> &[Workload] {
        &self.workloads
    }

    /// Returns the service accounts that have an object, as namespace and name.
    #[must_use]
    pub fn service_accounts(&self) -> &[(String, String)] {
        &self.service_accounts
    }

    /// Returns the roles and users that AWS lists.
    #[must_use]
    pub const fn principals(&self) -> &Principals {
        &self.principals
    }

    /// Returns the name of the cluster. `None` if no document has it, or if documents have different
    /// names.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Returns the access entries that EKS makes itself.
    pub(crate) const fn managed_entries(&self) -> &ManagedEntries {
        &self.managed
    }

    /// Returns the recognized parts of the documents, in their order.
    #[must_use]
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Returns the parts of documents without a role in the answers, by kind.
    #[must_use]
    pub fn unrecognized(&self) -> &[Unrecognized] {
        &self.unrecognized
    }

    /// Returns the problems of the documents, including the problems that leave every question without an
    /// answer.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Returns the problems that leave every question without an answer.
    pub fn unreadable(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter().filter(|one| one.is_unreadable())
    }

    /// Returns whether a document maps AWS identities.
    #[must_use]
    pub fn has_mapping(&self) -> bool {
        let has_rules = |rules: &Rules| !rules.is_empty();
        self.sources.iter().any(|source| source.kind().is_mapping())
            || self.map.backends().iter().any(|one| has_rules(one.rules()))
    }
}
