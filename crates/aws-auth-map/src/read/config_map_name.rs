//! The namespace and name of a ConfigMap.

use std::fmt;
use std::str::FromStr;

use printable_text::Printable;
use thiserror::Error as ThisError;

/// The namespace and name of a ConfigMap. Prints as `NAMESPACE/NAME`.
///
/// The default is `kube-system/aws-auth`, the only ConfigMap that EKS and aws-iam-authenticator
/// read (`pkg/mapper/configmap/configmap.go`).
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct ConfigMapName {
    namespace: String,
    name: String,
}

impl ConfigMapName {
    /// Names a ConfigMap.
    #[must_use]
    pub fn new(namespace: &str, name: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
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
}

impl Default for ConfigMapName {
    fn default() -> Self {
        Self::new("kube-system", "aws-auth")
    }
}

impl fmt::Display for ConfigMapName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (namespace, name) = (Printable::new(&self.namespace), Printable::new(&self.name));
        write!(f, "{namespace}/{name}")
    }
}

/// A text that is not `NAMESPACE/NAME`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, ThisError)]
#[error("expected NAMESPACE/NAME")]
#[expect(
    clippy::exhaustive_structs,
    reason = "the error has no details, and callers compare it"
)]
pub struct ConfigMapNameError;

impl FromStr for ConfigMapName {
    type Err = ConfigMapNameError;

    fn from_str(text: &str) -> Result<Self, ConfigMapNameError> {
        match text.split_once('/') {
            Some((namespace, name))
                if !namespace.is_empty() && !name.is_empty() && !name.contains('/') =>
            {
                Ok(Self::new(namespace, name))
            }
            _ => Err(ConfigMapNameError),
        }
    }
}
