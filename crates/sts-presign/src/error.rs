//! Why a request is refused.

use thiserror::Error as ThisError;

use crate::param::Param;

/// Why a presigned URL or a request in POST form is refused. Each numbered check of the front page has at
/// least one variant.
///
/// It is `Copy` and quotes no part of the request, so it may be logged. **A service answers an
/// unauthenticated caller with `401` and nothing else**; the value belongs in the log, and helps the author
/// of the token producer.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, ThisError)]
#[non_exhaustive]
pub enum Error {
    /// The access key id is not 1 to 128 characters of `[A-Za-z0-9_]`.
    #[error("the access key id is not 1 to 128 letters, digits and `_`")]
    AccessKeyId,
    /// `Action` is not `GetCallerIdentity`.
    #[error("`Action` is not `GetCallerIdentity`")]
    Action,
    /// The algorithm is not `AWS4-HMAC-SHA256`.
    #[error("the algorithm is not `AWS4-HMAC-SHA256`")]
    Algorithm,
    /// The `Authorization` header does not have exactly its three parts, each once.
    #[error("`Authorization` is not `Credential=…, SignedHeaders=…, Signature=…`, each once")]
    Authorization,
    /// The binding header is a query parameter.
    #[error("the binding header is a query parameter")]
    BindingHeaderAsParameter,
    /// The binding header is not signed, so the token is not bound to a cluster.
    #[error("the signed headers lack the binding header (`x-k8s-aws-id` for EKS)")]
    BindingHeaderNotSigned,
    /// A binding header was forwarded with a value other than this verifier's.
    #[error("a binding header is signed with another value than this verifier's")]
    BindingHeaderValue,
    /// The body is not the form of `GetCallerIdentity`.
    #[error("the body is not `Action=GetCallerIdentity&Version=2011-06-15`")]
    Body,
    /// A signed `accept`, `content-type`, `content-length` or `x-amz-content-sha256` is not JSON, a form, the
    /// length of the form or its hash.
    #[error("a signed header has a value that does not fit the request")]
    ForwardedValue,
    /// The cluster id is not 1 to 255 visible ASCII characters.
    #[error("a cluster id is 1 to 255 visible ASCII characters")]
    ClusterId,
    /// The credential does not have five parts that end in `sts/aws4_request`.
    #[error("the credential is not `KEY-ID/DATE/REGION/sts/aws4_request`")]
    CredentialScope,
    /// `X-Amz-Date` is not a date and time of the form `YYYYMMDDTHHMMSSZ`.
    #[error("`X-Amz-Date` is not a date and time of the form `YYYYMMDDTHHMMSSZ`")]
    Date,
    /// A header occurs twice, perhaps in two letter cases.
    #[error("a header occurs twice")]
    DuplicateHeader,
    /// A parameter occurs twice.
    #[error("`{0}` occurs twice")]
    DuplicateParameter(Param),
    /// A parameter has no value.
    #[error("`{0}` has no value")]
    EmptyParameter(Param),
    /// A host or region for an [`EndpointTable`](crate::EndpointTable) is not a DNS name or label.
    #[error("a host is a lower-case DNS name, a region a label of at most 32 characters")]
    EndpointTable,
    /// The request is older than fifteen minutes, or than the policy's maximum age.
    #[error("expired {seconds} s ago")]
    Expired {
        /// Seconds since expiry.
        seconds: u64,
    },
    /// `X-Amz-Expires` is not a plain number from 0 to 900.
    #[error("`X-Amz-Expires` is not a plain decimal number from 0 to 900")]
    Expires,
    /// A byte that no producer writes and about which parsers disagree.
    #[error("the URL has {0}")]
    ForbiddenByte(Byte),
    /// The name of a header cannot be signed, or a name in the policy is reserved.
    #[error("a header name is not lower-case letters, digits, `-`, `_` and `.`, or is reserved")]
    HeaderName,
    /// The value of a header is not visible ASCII, or is too long.
    #[error("a header value is not visible ASCII with single spaces between words, or is too long")]
    HeaderValue,
    /// The host is not an STS endpoint.
    #[error("the host is not an STS endpoint of a known partition and region")]
    Host,
    /// The `host` header and the URL name different hosts.
    #[error("the `host` header is not the URL's host")]
    HostHeader,
    /// The host belongs to another partition.
    #[error("the host belongs to another partition than this verifier")]
    HostPartition,
    /// `host` is not signed.
    #[error("the signed headers lack `host`")]
    HostNotSigned,
    /// The method of a forwarded request is not `POST`.
    #[error("the method is not `POST`")]
    Method,
    /// A required parameter is missing.
    #[error("`{0}` is missing")]
    MissingParameter(Param),
    /// The URL does not start with `https://`.
    #[error("the URL does not start with `https://`")]
    NotHttps,
    /// The time of signing is later than the clock and its tolerated skew allow.
    #[error("signed {seconds} s in the future, more than the tolerated clock skew")]
    NotYetValid {
        /// Seconds until it becomes valid.
        seconds: u64,
    },
    /// A part of the query that is not `name=value`.
    #[error("the query is not `name=value` pairs joined by `&`")]
    Pair,
    /// A known parameter in another letter case, or percent-encoded.
    #[error("`{0}` is misspelled; names are case-sensitive and not percent-encoded")]
    ParameterSpelling(Param),
    /// The path is not `/`, or there is no query after it.
    #[error("the path of the URL is not `/`, or it has no query")]
    Path,
    /// A `%` without two hexadecimal digits after it.
    #[error("a `%` without two hexadecimal digits after it")]
    PercentEncoding,
    /// The host has a port.
    #[error("the URL has a port")]
    Port,
    /// The URL of a forwarded request is not `https://HOST/`.
    #[error("the URL of a POST is not `https://HOST/`")]
    PostPath,
    /// `url` or `http` parses the text differently from this crate.
    #[error("two URL parsers disagree about the URL")]
    ReadersDisagree,
    /// The policy does not accept the region.
    #[error("this verifier does not accept the region")]
    RegionNotAllowed,
    /// The date in the credential scope differs from the date of `X-Amz-Date`.
    #[error("the date in the credential is not that of `X-Amz-Date`")]
    ScopeDate,
    /// The region in the credential scope is not the host's.
    #[error("the region in the credential is not the host's")]
    ScopeRegion,
    /// The signature is not 64 lower-case hexadecimal digits.
    #[error("the signature is not 64 lower-case hexadecimal digits")]
    Signature,
    /// The signed headers are not lower-case names, sorted and distinct.
    #[error("the signed headers are not lower-case names joined by `;`, sorted and distinct")]
    SignedHeaders,
    /// The URL or forwarded request is longer than [`MAX_URL_LEN`](crate::MAX_URL_LEN), or has more than
    /// [`MAX_FORWARDED_HEADERS`](crate::MAX_FORWARDED_HEADERS) headers.
    #[error("longer than 16384 bytes, or more than 40 headers")]
    TooLong,
    /// A parameter that does not belong to the request.
    #[error("a parameter does not belong to a presigned GetCallerIdentity request")]
    UnknownParameter,
    /// A forwarded request has no `Authorization` header.
    #[error("there is no `Authorization` header")]
    Unsigned,
    /// An `x-amz-` header, which AWS reads, is not signed.
    #[error("an `x-amz-` header is not signed")]
    UnsignedHeader,
    /// The verifier does not have the value of a signed header, so STS could not check the signature.
    #[error("a signed header has a value that the verifier cannot supply")]
    UnsuppliedHeader,
    /// A decoded value has a character outside visible ASCII.
    #[error("the value of `{0}` has a character outside visible ASCII")]
    Value(Param),
    /// `Version` is not `2011-06-15`.
    #[error("`Version` is not `2011-06-15`")]
    Version,
}

impl Error {
    /// Returns the stable kebab-case code, for logs, metrics and protocols.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::AccessKeyId => "access-key-id",
            Self::Action => "action",
            Self::Algorithm => "algorithm",
            Self::Authorization => "authorization",
            Self::BindingHeaderAsParameter => "binding-header-as-parameter",
            Self::BindingHeaderNotSigned => "binding-header-not-signed",
            Self::BindingHeaderValue => "binding-header-value",
            Self::Body => "body",
            Self::ClusterId => "cluster-id",
            Self::CredentialScope => "credential-scope",
            Self::Date => "date",
            Self::DuplicateHeader => "duplicate-header",
            Self::DuplicateParameter(_) => "duplicate-parameter",
            Self::EmptyParameter(_) => "empty-parameter",
            Self::EndpointTable => "endpoint-table",
            Self::Expired { .. } => "expired",
            Self::Expires => "expires",
            Self::ForbiddenByte(_) => "forbidden-byte",
            Self::ForwardedValue => "forwarded-value",
            Self::HeaderName => "header-name",
            Self::HeaderValue => "header-value",
            Self::Host => "host",
            Self::HostHeader => "host-header",
            Self::HostPartition => "host-partition",
            Self::HostNotSigned => "host-not-signed",
            Self::Method => "method",
            Self::MissingParameter(_) => "missing-parameter",
            Self::NotHttps => "not-https",
            Self::NotYetValid { .. } => "not-yet-valid",
            Self::Pair => "pair",
            Self::ParameterSpelling(_) => "parameter-spelling",
            Self::Path => "path",
            Self::PercentEncoding => "percent-encoding",
            Self::Port => "port",
            Self::PostPath => "post-path",
            Self::ReadersDisagree => "readers-disagree",
            Self::RegionNotAllowed => "region-not-allowed",
            Self::ScopeDate => "scope-date",
            Self::ScopeRegion => "scope-region",
            Self::Signature => "signature",
            Self::SignedHeaders => "signed-headers",
            Self::TooLong => "too-long",
            Self::UnknownParameter => "unknown-parameter",
            Self::Unsigned => "unsigned",
            Self::UnsignedHeader => "unsigned-header",
            Self::UnsuppliedHeader => "unsupplied-header",
            Self::Value(_) => "value",
            Self::Version => "version",
        }
    }
}

/// The kind of the first forbidden byte; see [`Error::ForbiddenByte`].
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Byte {
    /// `@`: userinfo, which an HTTP client would send as an `Authorization` header.
    At,
    /// A control character: tab, newline, NUL.
    Control,
    /// `#`: a fragment.
    Fragment,
    /// A byte outside ASCII.
    NonAscii,
    /// Any other byte that must be percent-encoded.
    Other,
    /// `+`, which some parsers read as a space.
    Plus,
    /// `;`, which some parsers read as `&`.
    Semicolon,
    /// A space.
    Space,
}

impl std::fmt::Display for Byte {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::At => "an `@`; STS URLs have no userinfo",
            Self::Control => "a control character",
            Self::Fragment => "a `#`; STS URLs have no fragment",
            Self::NonAscii => "a byte outside ASCII",
            Self::Other => "a character that must be percent-encoded",
            Self::Plus => "a raw `+`; write `%2B`",
            Self::Semicolon => "a raw `;`; write `%3B`",
            Self::Space => "a raw space",
        })
    }
}
