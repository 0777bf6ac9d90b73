#![doc = include_str!("../README.md")]

mod time;

mod authorization;
mod binding;
mod cluster;
mod credential;
mod endpoint;
mod endpoint_table;
mod param;
mod percent;
mod query;
mod signature;
mod signed_headers;

mod post;
mod url;

mod accepted_post;
mod doctor;
mod policy;
mod request;

mod answer;
mod document;
mod identity;

#[cfg(feature = "verify")]
mod canonical;
#[cfg(feature = "verify")]
mod keys;
#[cfg(feature = "verify")]
mod local;
#[cfg(feature = "sign")]
mod sign;
#[cfg(feature = "verify")]
mod verify;

mod error;

pub use accepted_post::AcceptedPost;
pub use answer::{AnswerError, AnswerFailure, Refusal};
pub use binding::{BINDING_HEADER, BindingHeader, MAX_BINDING_LEN};
pub use cluster::{ClusterId, MAX_CLUSTER_ID_LEN};
pub use credential::MAX_ACCESS_KEY_ID_LEN;
pub use doctor::{Check, Diagnosis, Finding, MAX_QUOTED_LEN, Outcome};
pub use endpoint::{Endpoint, EndpointVariant};
pub use endpoint_table::EndpointTable;
pub use error::{Byte, Error};
pub use identity::{MAX_ANSWER_LEN, read_identity};
#[cfg(feature = "verify")]
pub use keys::{Key, KeyLookup, Keys, SecretAccessKey, SessionToken};
#[cfg(feature = "verify")]
pub use local::{LocalSts, MAX_REQUEST_LEN, StsError, verify_request};
pub use param::Param;
pub use policy::{DEFAULT_CLOCK_SKEW, MAX_AGE, Policy};
pub use post::{CarriedRequest, MAX_CARRIED_HEADERS, SignedPost};
pub use request::AcceptedRequest;
#[cfg(feature = "sign")]
pub use sign::{SignError, SignedUrl, Signer, TOKEN_LIFE};
pub use time::{TimeError, UnixTime};
pub use url::{MAX_EXPIRES, MAX_URL_LEN, PresignedUrl};
#[cfg(feature = "verify")]
pub use verify::{VerifyError, verify, verify_post};
