//! Pods and the objects that create pods, which show the service accounts in use.

use std::fmt::{self, Display, Formatter};

use printable_text::Printable;
use serde::Serialize;

use crate::place::Place;

/// A pod, or an object that creates pods, and the service account that they run as.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Workload {
    pub(crate) kind: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) service_account: String,
    pub(crate) place: Place,
}

impl Workload {
    /// Returns the kind, such as `Deployment`.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Returns the namespace.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the name of the service account, in the same namespace. If none is given, it is `default`,
    /// as in the admission plugin `ServiceAccount`.
    #[must_use]
    pub fn service_account(&self) -> &str {
        &self.service_account
    }

    /// Returns the place of the object.
    #[must_use]
    pub const fn place(&self) -> &Place {
        &self.place
    }
}

impl Display for Workload {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}/{}",
            Printable::new(&self.kind),
            Printable::new(&self.namespace),
            Printable::new(&self.name)
        )
    }
}
