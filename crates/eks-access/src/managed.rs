//! The access entries that EKS makes itself, if the documents show them.

use std::fmt::{self, Display, Formatter};

use iam_principal::Principal;
use printable_text::Printable;

use crate::place::Place;

/// The reason why EKS makes an access entry.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Manager {
    /// A Fargate profile, by its name.
    FargateProfile(String),
    /// A managed node group, by its name.
    NodeGroup(String),
}

impl Display for Manager {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::FargateProfile(name) => {
                write!(f, "the Fargate profile {}", Printable::new(name))
            }
            Self::NodeGroup(name) => write!(f, "the managed node group {}", Printable::new(name)),
        }
    }
}

/// The roles whose access entries EKS makes itself, and the known facts of the entry of the principal that created
/// the cluster.
///
/// EKS user guide, "Create access entries": EKS makes the entries of managed node groups and Fargate profiles,
/// and, unless the cluster was created without them, the entry of its creator with
/// `AmazonEKSClusterAdminPolicy`.
#[derive(Clone, Debug, Default)]
pub(crate) struct ManagedEntries {
    roles: Vec<(String, Manager)>,
    /// `bootstrapClusterCreatorAdminPermissions` and its place, if a document has it.
    pub(crate) creator: Option<(bool, Place)>,
}

impl ManagedEntries {
    /// Adds the role of a node group or a Fargate profile. A text that is not the ARN of a principal is
    /// skipped, because no rule of the mapping can name it.
    pub(crate) fn add(&mut self, arn: &str, manager: Manager) {
        if Principal::parse(arn).is_ok() {
            self.roles.push((without_path(arn), manager));
        }
    }

    /// Returns whether the principal that created the cluster has an entry. `None` if it is not known.
    pub(crate) fn has_creator(&self) -> Option<bool> {
        self.creator.as_ref().map(|(has_creator, _)| *has_creator)
    }

    /// Returns whether no node group or Fargate profile is known.
    pub(crate) const fn is_empty(&self) -> bool {
        self.roles.is_empty()
    }

    /// Iterates over the roles, each with the reason why EKS makes its entry.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Manager)> {
        let roles = self.roles.iter();
        roles.map(|(role, manager)| (role.as_str(), manager))
    }

    /// Returns the reason why EKS makes the entry of a principal. `None` if it is unknown.
    pub(crate) fn manager(&self, arn: &str) -> Option<&Manager> {
        let arn = without_path(arn);
        let found = self.roles.iter().find(|(role, _)| *role == arn);
        found.map(|(_, manager)| manager)
    }
}

/// Returns an ARN as EKS compares it: without the path, and in one case. The ARN of a session becomes the
/// ARN of its role.
pub(crate) fn without_path(arn: &str) -> String {
    let folded = arn.to_ascii_lowercase();
    Principal::parse(&folded).map_or_else(|_| folded.clone(), |principal| principal.without_path())
}
