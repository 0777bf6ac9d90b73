//! The settings of a cluster, given or read.

use std::num::NonZeroUsize;

use aws_auth_map::{AuthenticationMode, ConfigMapName, Dialect, Reader};
use k8s_rbac::KubernetesVersion;

use crate::place::Place;

/// The default size limit of one document: 64 MiB. Our choice: a dump of a cluster with 25,500 roles and
/// bindings has 30 MB.
pub const DEFAULT_MAX_BYTES: usize = 64 * 1024 * 1024;

/// The settings of a cluster that the program knows. Other settings come from the documents, or else are
/// defaults.
#[derive(Clone, Debug)]
pub struct Options {
    pub(crate) kubernetes_version: Option<KubernetesVersion>,
    pub(crate) authentication_mode: Option<AuthenticationMode>,
    pub(crate) dialect: Option<Dialect>,
    pub(crate) config_map: ConfigMapName,
    pub(crate) is_default_policy_added: bool,
    pub(crate) max_bytes: usize,
    pub(crate) namespace: Option<String>,
    pub(crate) threads: NonZeroUsize,
}

impl Options {
    /// Builds the defaults: the newest version of Kubernetes, `API_AND_CONFIG_MAP`, the dialect of EKS, the
    /// ConfigMap `kube-system/aws-auth`, the default policy of Kubernetes added if it is missing, and
    /// documents of at most [`DEFAULT_MAX_BYTES`].
    #[must_use]
    pub fn new() -> Self {
        Self {
            kubernetes_version: None,
            authentication_mode: None,
            dialect: None,
            config_map: ConfigMapName::default(),
            is_default_policy_added: true,
            max_bytes: DEFAULT_MAX_BYTES,
            namespace: None,
            threads: NonZeroUsize::MIN,
        }
    }

    /// Sets the version of Kubernetes.
    #[must_use]
    pub fn with_kubernetes_version(self, version: KubernetesVersion) -> Self {
        Self {
            kubernetes_version: Some(version),
            ..self
        }
    }

    /// Sets the authentication mode: whether access entries, the ConfigMap, or both are used.
    #[must_use]
    pub fn with_authentication_mode(self, mode: AuthenticationMode) -> Self {
        Self {
            authentication_mode: Some(mode),
            ..self
        }
    }

    /// Sets the authenticator that the mapping is written for.
    #[must_use]
    pub fn with_dialect(self, dialect: Dialect) -> Self {
        Self {
            dialect: Some(dialect),
            ..self
        }
    }

    /// Sets the name of the ConfigMap with the mapping.
    #[must_use]
    pub fn with_config_map(self, config_map: ConfigMapName) -> Self {
        Self { config_map, ..self }
    }

    /// Leaves out the default policy of Kubernetes if the documents lack it.
    #[must_use]
    pub fn without_default_policy(self) -> Self {
        Self {
            is_default_policy_added: false,
            ..self
        }
    }

    /// Sets the maximum size of a document in bytes.
    #[must_use]
    pub fn with_max_bytes(self, max_bytes: usize) -> Self {
        Self { max_bytes, ..self }
    }

    /// Sets how many threads may parse a long YAML document: one by default. The cluster is the same with any
    /// number.
    #[must_use]
    pub fn with_threads(self, threads: NonZeroUsize) -> Self {
        Self { threads, ..self }
    }

    /// Sets the namespace of namespaced RBAC objects without one, as `kubectl apply --namespace` does. They
    /// are otherwise placed in `default`, with a problem.
    #[must_use]
    pub fn in_namespace(self, namespace: impl Into<String>) -> Self {
        Self {
            namespace: Some(namespace.into()),
            ..self
        }
    }
}

impl Options {
    /// Returns the reader of the mapping, for the given dialect or else the dialect of EKS.
    pub(crate) fn reader(&self) -> Reader {
        Reader::new()
            .with_config_map(self.config_map.clone())
            .with_max_bytes(self.max_bytes)
            .with_dialect(self.dialect.unwrap_or(Dialect::Eks))
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

/// A setting of a cluster, and its origin.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Setting<T> {
    value: T,
    origin: Origin,
}

impl<T: Copy> Setting<T> {
    /// Chooses the value of an option, else the value in the documents, else the default.
    pub(crate) fn choose(option: Option<T>, input: Option<(T, Place)>, default: T) -> Self {
        match (option, input) {
            (Some(value), _) => Self {
                value,
                origin: Origin::Option,
            },
            (None, Some((value, place))) => Self {
                value,
                origin: Origin::Document(place),
            },
            (None, None) => Self {
                value: default,
                origin: Origin::Default,
            },
        }
    }

    /// Returns the value.
    #[must_use]
    pub const fn value(&self) -> T {
        self.value
    }

    /// Returns the origin of the value.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }
}

/// The origin of a [`Setting`].
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a setting is given, read or neither"
)]
pub enum Origin {
    /// The [`Options`].
    Option,
    /// A document, at this place.
    Document(Place),
    /// The default: neither the options nor a document has the setting.
    Default,
}
