// The README's examples use these features.
#![cfg_attr(
    all(feature = "local", feature = "rbac", feature = "serde"),
    doc = include_str!("../README.md")
)]
#![cfg_attr(
    not(all(feature = "local", feature = "rbac", feature = "serde")),
    doc = "From an EKS bearer token to a Kubernetes user."
)]

mod authenticated;
mod authenticator;
mod error;
#[cfg(feature = "review")]
mod json;
mod transport;

#[cfg(feature = "local")]
mod local;
#[cfg(feature = "local")]
mod local_keys;
#[cfg(feature = "review")]
mod object;
#[cfg(feature = "rbac")]
mod rbac;
#[cfg(feature = "review")]
mod review;
#[cfg(feature = "reqwest")]
mod sts_client;

// The crates underneath, so that a program can name them without depending on each crate.
pub use aws_auth_map;
pub use eks_token;
pub use iam_principal;
#[cfg(feature = "rbac")]
pub use k8s_rbac;
pub use sts_presign;

// The types of these crates that a guard needs.
pub use aws_auth_map::{
    AuthenticationMode, Backend, BackendKind, IdentityMap, PolicyTable, UserInfo, read_config_map,
};
pub use iam_principal::{Identity, Partition};
pub use sts_presign::{AcceptPolicy, BindingHeader, ClusterId, UnixTime};

pub use authenticated::{Authenticated, require_mapped};
pub use authenticator::{Authenticator, PendingStsCall};
pub use error::{AuthError, Failed, Refused};
#[cfg(feature = "local")]
pub use local::LocalTransport;
#[cfg(feature = "local")]
pub use local_keys::{LocalKeys, LocalKeysError, LocalProfile, ProfileError};
#[cfg(feature = "rbac")]
pub use rbac::{AccessPolicyGrant, AccessPolicyRules, Authorization, KubernetesUser, authorize};
#[cfg(feature = "review")]
pub use review::{MAX_REVIEW_LEN, Review, ReviewError, ReviewVersion};
#[cfg(feature = "reqwest")]
pub use sts_client::{
    STS_ATTEMPT_TIMEOUT, STS_CONNECT_TIMEOUT, STS_IDLE_CONNECTIONS, STS_IDLE_TIMEOUT, StsClient,
    StsClientBuilder, StsProxy,
};
pub use transport::{
    BoxedAnswer, DynTransport, PostTransport, Transport, TransportError, TransportErrorKind,
};
