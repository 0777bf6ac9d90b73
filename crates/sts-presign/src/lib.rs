#![doc = include_str!("../README.md")]

// The values that the rest is made of.
mod cluster;
mod endpoint;
mod endpoint_table;
mod error;
mod param;
mod time;

// The two forms of a login, each read into a type that proves its shape.
mod binding;
mod post;
mod url;

// The verdict, and the request that follows from it.
mod accept_policy;
mod accepted_request;
mod cache_key;

// The answers of STS.
mod answer;

// Signing, verifying, and STS itself as a function.
#[cfg(feature = "verify")]
mod local;
#[cfg(feature = "sign")]
mod sign;
#[cfg(feature = "verify")]
mod sigv4;

// Explaining a refusal.
mod doctor;

pub use accept_policy::{AcceptPolicy, DEFAULT_CLOCK_SKEW, MAX_AGE};
pub use accepted_request::AcceptedRequest;
pub use answer::{
    AnswerError, AnswerFailure, FaultCode, MAX_ANSWER_LEN, MAX_FAULT_CODE_LEN, Refusal,
    read_identity,
};
pub use binding::{BindingHeader, MAX_BINDING_LEN};
pub use cache_key::CacheKey;
pub use cluster::{BINDING_HEADER, ClusterId, MAX_CLUSTER_ID_LEN};
pub use doctor::{Check, Diagnosis, Finding, MAX_QUOTED_LEN, Outcome, Warning};
#[cfg(feature = "verify")]
pub use doctor::{SignatureCause, SignatureFinding, Suspects};
pub use endpoint::{Endpoint, EndpointVariant};
pub use endpoint_table::EndpointTable;
pub use error::{Byte, Error};
#[cfg(feature = "verify")]
pub use local::{LocalSts, MAX_REQUEST_LEN, StsError, verify_request};
pub use param::Param;
pub use post::{AcceptedPost, ForwardedRequest, MAX_FORWARDED_HEADERS, SignedPost};
#[cfg(feature = "sign")]
pub use sign::{SignError, SignedUrl, Signer, TOKEN_LIFE};
#[cfg(feature = "verify")]
pub use sigv4::{
    Key, KeyLookup, Keys, SecretAccessKey, SessionToken, VerifyError, verify, verify_post,
};
pub use time::{TimeError, UnixTime};
pub use url::{MAX_EXPIRES, MAX_URL_LEN, PresignedUrl};
