//! Problems of the documents, each with its place.

use std::fmt::{self, Display, Formatter};

use k8s_rbac::Fault;
use k8s_rbac_lint::Severity;
use printable_text::Printable;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use thiserror::Error;

use crate::finding::severity_of_problem;
use crate::place::Place;

/// A problem in reading a document. Prints with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    place: Place,
    cause: Cause,
    is_lost: bool,
}

/// The kind of problem, by the reader that found it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Cause {
    /// In the mapping: the ConfigMap, access entries, and other sources of rules.
    Mapping(aws_auth_map::Problem),
    /// In RBAC manifests.
    Manifest {
        /// The path of the field in its document. Empty for the document.
        path: String,
        /// The problem.
        fault: Fault,
    },
    /// In a document of another kind, or in the documents as a whole.
    Source(SourceFault),
}

/// A problem of a document that is neither a mapping nor a manifest.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum SourceFault {
    /// The document is empty, or contains only empty lists.
    #[error(
        "nothing is in it; an empty answer of a command does not mean that a cluster has nothing"
    )]
    Empty,
    /// The document cannot be parsed.
    #[error("{0}")]
    Syntax(bounded_yaml::Error),
    /// Several `ConfigMap`s may have the mapping.
    #[error(
        "another ConfigMap may be the one with the mapping, too; name one with its namespace, or leave the others out"
    )]
    SeveralConfigMaps,
    /// A rule for a user id without an ARN. Questions name callers by their ARN.
    #[error(
        "the rule for the user id `{0}` has no ARN, so it is not known who its callers are; write the ARN beside the \
         user id"
    )]
    UserIdWithoutArn(String),
    /// The value depends on a parameter or on another resource.
    #[error(
        "{0}: the value is known only after the template is deployed or the plan is applied; give what the cluster has \
         instead, as `kubectl get -o yaml` and `aws eks describe-access-entry` print it"
    )]
    NotKnownYet(String),
    /// The authentication mode of a cluster depends on a parameter or on another resource.
    #[error(
        "the authentication mode of {0}, known only after the template is deployed or the plan is applied, decides \
         which rules count; add the output of `aws eks describe-cluster`"
    )]
    ModeNotKnownYet(String),
    /// A value that the provider plans in one way, whether it depends on another resource or EKS fills it in.
    #[error(
        "{0} is known only after the plan is applied if the configuration has it; taken for what EKS fills in"
    )]
    TakenForDefault(String),
    /// A plan of Terraform that failed.
    #[error("the plan failed, so parts of it are missing; give one that did not")]
    FailedPlan,
    /// A role or a binding whose group is not that of RBAC: the kind, and the group.
    #[error(
        "a {0} whose API group is {group} and not `rbac.authorization.k8s.io`; correct the `apiVersion`",
        group = group_of(.1)
    )]
    WrongGroup(String, String),
    /// A plan of Terraform for some resources only.
    #[error(
        "the plan is incomplete, as with `-target`, so parts of the cluster are missing; give a plan without `-target`"
    )]
    PartOfPlan,
    /// A part that gives access, in a format that this crate does not read.
    #[error(
        "{0} gives access and is not read; give what EKS has of it, from `aws eks describe-access-entry` or \
         the ConfigMap"
    )]
    NotRead(String),
    /// A part that may give access and is not read, with what to give for it.
    #[error("{0} may give access and is not read; give {1}")]
    Unread(String, &'static str),
    /// A Helm chart with templates that cannot be read until they are rendered.
    #[error(
        "a Helm chart whose templates are not rendered ({0}); give the output of `helm template` instead"
    )]
    Chart(usize),
    /// The document is a text and not an object, such as a message of a command.
    #[error("a text, not an object; a command may have printed it in place of its output")]
    Text,
    /// The document is a text for human readers: the kind of text, and the command that prints the same for
    /// programs.
    #[error("{0}, which is not read; give the output of `{1}`")]
    ForPeople(&'static str, &'static str),
    /// The document is an error of AWS.
    #[error("the error message of AWS, not the output of a command")]
    ErrorMessage,
    /// An object that is encrypted with SOPS.
    #[error("the object is encrypted with SOPS; decrypt it first")]
    Encrypted,
    /// A Kustomization that changes the files beside it, or has others, and what it does.
    #[error(
        "a Kustomization that is not built ({0}); give the output of `kubectl kustomize` for its directory instead"
    )]
    Kustomization(String),
    /// A JSON patch of roles, bindings or the mapping.
    #[error("a patch of `{0}`, which is not applied; give the objects with the patch in them")]
    Patch(String),
    /// A name of the mapping that another tool fills in.
    #[error("`{0}` is a placeholder that is not filled in; give the file in which it is")]
    Unfilled(String),
    /// An object that the API server refuses to store: the object, and why.
    #[error("{0}: the API server refuses this object; {1}")]
    Refused(String, String),
    /// A binding whose name an earlier binding has, with another role.
    #[error(
        "{0}: an earlier object of this name refers to another role, and the API server never changes a `roleRef`, so it is not \
         known which of the two the cluster has; leave one out"
    )]
    OtherRole(String),
    /// A key of an object is written twice, so that a reader sees only the last value: two values of one
    /// object, or two objects without `---` between them.
    #[error("`{0}` is written twice; write it once, or `---` between two objects")]
    DuplicateKey(String),
    /// Documents are of different clusters, which are never joined.
    #[error(
        "this is of a cluster with the {part} `{this}`, and {other_place} of one with the {part} `{other}`; ask about \
         each cluster by itself, or give each a directory and use --fleet"
    )]
    SeveralClusters {
        /// What differs: `name`, `region` or `account`.
        part: &'static str,
        /// The value in this document.
        this: String,
        /// That of the earlier document.
        other: String,
        /// The place in the earlier document.
        other_place: Place,
    },
    /// A source of mappings that EKS does not read, in documents of a cluster of EKS.
    #[error(
        "{0} has no effect: EKS reads access entries and the ConfigMap aws-auth only; leave it out, or give --dialect \
         authenticator if the cluster is not one of EKS"
    )]
    NotReadByEks(&'static str),
    /// `IAMIdentityMapping` objects beside the ConfigMap, of a cluster that may be one of EKS.
    #[error(
        "an `IAMIdentityMapping` object counts here, and EKS does not read it; add the output of `aws eks describe-cluster` \
         if the cluster is one of EKS, or give --dialect authenticator if it is not"
    )]
    PerhapsNotReadByEks,
    /// A field is missing or has a type that differs from the format.
    #[error("`{0}` is missing or is not of the type that this format has")]
    Field(&'static str),
    /// A workload or a namespaced object has no namespace. It is placed in `default`.
    #[error("no namespace is given; taken for `default`, as kubectl does by default")]
    NamespaceDefaulted,
    /// An unknown version of Kubernetes; the newest version is used.
    #[error("Kubernetes {0} is not known here; the newest known version is used")]
    UnknownVersion(String),
    /// Two documents disagree on a setting of the cluster. The first is used.
    #[error("another document has a different {0}; that of the first is used")]
    Contradiction(&'static str),
    /// Two documents disagree on the authentication mode: the place of the first.
    #[error(
        "this authentication mode is not that of {0}, so it is not known what the cluster reads; leave one of the two out"
    )]
    SeveralModes(Place),
    /// Two documents map one principal to different users: the principal, and the place of the first.
    #[error("{1} maps {0} differently; leave out the document that is out of date")]
    DifferentRules(String, Place),
    /// Two documents that each have the whole ConfigMap of the mapping have different rules: the place of the first.
    #[error(
        "the rules of aws-auth here differ from those in {0}, so it is not known which the cluster has; leave out the \
         document that is out of date"
    )]
    DifferentMappings(Place),
    /// An access entry as eksctl prints it, and no other description of it: its principal.
    #[error(
        "eksctl prints the access entry of {0} without its username and its type; add the output of `aws eks \
         describe-access-entry`"
    )]
    EntryOfEksctl(String),
    /// eksctl prints other groups than another document has: the principal.
    #[error("{0} has other groups in another document; leave out the one that is out of date")]
    OtherGroups(String),
    /// Something else stands in place of an access entry or of a list of them, such as the message of a command that failed.
    #[error("this is not an access entry; it may be the error message of a command")]
    ForeignItem,
    /// A list that goes on in another answer, and how to get the rest.
    #[error("the list is cut off: it has a token for the next page; {0}")]
    CutOff(&'static str),
    /// The principal that created the cluster has an access entry, or is an administrator without one, and no document names
    /// it.
    #[error(
        "the principal that created the cluster is its administrator, and the documents do not name it; `aws eks \
         list-access-entries` lists it, unless the authentication mode is CONFIG_MAP: then nothing does"
    )]
    UnnamedCreator,
    /// An authentication mode that EKS does not have.
    #[error("`{0}` is not an authentication mode")]
    AuthenticationMode(String),
}

/// Writes an API group. The core group has no name.
fn group_of(group: &str) -> String {
    match group {
        "" => "the core group".to_owned(),
        group => format!("`{}`", Printable::new(group)),
    }
}

impl SourceFault {
    /// Returns a stable code in kebab case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::DuplicateKey(_) => "duplicate-key",
            Self::Empty => "empty-source",
            Self::Syntax(_) => "syntax",
            Self::SeveralConfigMaps => "several-config-maps",
            Self::UserIdWithoutArn(_) => "user-id-without-arn",
            Self::TakenForDefault(_) => "taken-for-default",
            Self::FailedPlan => "failed-plan",
            Self::PartOfPlan => "incomplete-plan",
            Self::WrongGroup(..) => "wrong-group",
            Self::NotKnownYet(_) | Self::ModeNotKnownYet(_) => "not-known-yet",
            Self::NotRead(_) | Self::Unread(..) => "not-read",
            Self::Chart(_) => "unrendered-chart",
            Self::Encrypted => "encrypted",
            Self::Kustomization(_) => "unbuilt-kustomization",
            Self::Patch(_) => "patch",
            Self::Refused(..) => "field-error",
            Self::Unfilled(_) => "unfilled",
            Self::Text | Self::ForPeople(..) => "text",
            Self::ErrorMessage => "error-message",
            Self::SeveralClusters { .. } => "several-clusters",
            Self::Field(_) => "field",
            Self::NotReadByEks(_) => "not-read-by-eks",
            Self::PerhapsNotReadByEks => "perhaps-not-read-by-eks",
            Self::NamespaceDefaulted => "namespace-defaulted",
            Self::UnknownVersion(_) => "unknown-version",
            Self::Contradiction(_) | Self::OtherRole(_) | Self::SeveralModes(_) => "contradiction",
            Self::DifferentMappings(_) | Self::DifferentRules(..) | Self::OtherGroups(_) => {
                "different-mappings"
            }
            Self::EntryOfEksctl(_) => "listed-entries",
            Self::CutOff(_) => "cut-off-list",
            Self::ForeignItem => "foreign-item",
            Self::UnnamedCreator => "unnamed-creator",
            Self::AuthenticationMode(_) => "authentication-mode",
        }
    }
}

impl Problem {
    /// Builds a problem of a part that was read nevertheless, or that refuses callers.
    pub(crate) const fn new(place: Place, cause: Cause) -> Self {
        Self {
            place,
            cause,
            is_lost: false,
        }
    }

    /// Builds a problem for which a part of the cluster is unknown, so that there is no answer.
    pub(crate) const fn lost(place: Place, cause: Cause) -> Self {
        Self {
            place,
            cause,
            is_lost: true,
        }
    }

    /// Returns the place.
    #[must_use]
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// Returns the problem as its reader reports it.
    #[must_use]
    pub const fn cause(&self) -> &Cause {
        &self.cause
    }

    /// Returns whether a part of the cluster could not be read because of the problem, so that every
    /// question is without an answer.
    #[must_use]
    pub const fn is_unreadable(&self) -> bool {
        self.is_lost
    }

    /// Returns a stable code in kebab case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match &self.cause {
            Cause::Mapping(problem) => problem.code(),
            Cause::Manifest { fault, .. } => fault.code(),
            Cause::Source(fault) => fault.code(),
        }
    }

    /// Returns the severity: `high` if a part was not read, the result of [`severity_of_problem`] if the part
    /// was read from a mapping, `low` if a value was filled in or the creator of the cluster is not named, else `medium`.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        match &self.cause {
            _ if self.is_lost => Severity::High,
            Cause::Mapping(problem) => severity_of_problem(problem.kind()),
            Cause::Manifest {
                fault: Fault::NamespaceDefaulted,
                ..
            }
            | Cause::Source(SourceFault::NamespaceDefaulted | SourceFault::UnnamedCreator) => {
                Severity::Low
            }
            Cause::Source(SourceFault::Refused(..)) => Severity::High,
            Cause::Manifest { .. } | Cause::Source(_) => Severity::Medium,
        }
    }

    /// Returns the message, without the place, in one line and without control characters.
    #[must_use]
    pub fn message(&self) -> String {
        match &self.cause {
            Cause::Mapping(problem) => format!("{}: {}", problem.at(), problem.kind()),
            Cause::Manifest { path, fault } if path.is_empty() => fault.to_string(),
            Cause::Manifest { path, fault } => format!("{}: {fault}", Printable::new(path)),
            Cause::Source(fault) => Printable::new(&fault.to_string()).to_string(),
        }
    }
}

impl Display for Problem {
    /// Prints `FILE:LINE:COLUMN: SEVERITY[CODE]: MESSAGE`, as compilers do.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (place, severity) = (&self.place, self.severity());
        write!(
            f,
            "{place}: {}[{}]: {}",
            severity.as_str(),
            self.code(),
            self.message()
        )
    }
}

/// Serializes as `{"place", "severity", "code", "message", "isUnreadable"}`.
impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("place", &self.place)?;
        map.serialize_entry("severity", &self.severity())?;
        map.serialize_entry("code", self.code())?;
        map.serialize_entry("message", &self.message())?;
        map.serialize_entry("isUnreadable", &self.is_lost)?;
        map.end()
    }
}
