#![doc = include_str!("../README.md")]

mod identities;
mod limits;
mod metrics;
mod private_dns_names;
mod rate;
mod record;
mod request_id;
mod server;
mod snapshot;
mod source_status;
mod sts_lanes;
mod tls;
mod traces;
mod webhooks;

// The transport to STS, which `Identities` takes.
pub use eks_auth::{
    STS_ATTEMPT_TIMEOUT, STS_CONNECT_TIMEOUT, STS_IDLE_CONNECTIONS, STS_IDLE_TIMEOUT, StsClient,
    StsClientBuilder, StsProxy,
};
// A program that registers its own metrics needs the same version.
pub use prometheus_client;

pub use identities::{
    CACHE_BYTES, CacheSettings, CacheUse, Identified, Identities, NEGATIVE_TTL, POSITIVE_TTL,
    STS_DEADLINE, STS_RETRIES, TokenFacts,
};
pub use limits::{
    BODY_TIMEOUT, DRAIN_DEADLINE, HANDSHAKE_TIMEOUT, HEADER_TIMEOUT, IDLE_TIMEOUT, LAME_DUCK,
    LISTEN_BACKLOG, Limits, MAX_CONNECTIONS, MAX_HEAD_LEN, MAX_STREAMS,
};
pub use metrics::{DynamicFile, METRICS_CONTENT_TYPE, Metrics};
pub use private_dns_names::{PendingName, PrivateDnsNameError, PrivateDnsNames};
pub use record::{Observer, ReviewRecord, ReviewedKind, ServerEvent, Verdict};
pub use server::{Server, listen};
pub use snapshot::{SharedSnapshot, Snapshot};
pub use source_status::SourceStatus;
pub use sts_lanes::{MAX_STS_CALLS, MAX_WAITING, RESERVED_STS_CALLS};
pub use tls::{PemFault, ServerTls, TlsError, TlsFiles, Validity};
pub use webhooks::{
    AUTHENTICATE_PATH, AUTHORIZE_PATH, MAX_ACCESS_REVIEW_LEN, MAX_REQUESTS, StatusCodes, Webhooks,
};
