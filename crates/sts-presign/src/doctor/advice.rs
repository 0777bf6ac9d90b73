//! What to change in the producer.

use crate::error::Error;

impl Error {
    /// Says to the producer's author what to change, in a sentence or two.
    #[must_use]
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::AccessKeyId => {
                "An access key id looks like `AKIA…` or `ASIA…`; check which credentials were used."
            }
            Self::Action | Self::Version | Self::Body => {
                "Presign exactly `Action=GetCallerIdentity&Version=2011-06-15`."
            }
            Self::Algorithm => {
                "Sign with SigV4 (`AWS4-HMAC-SHA256`), not with SigV4A: choose one region to sign for."
            }
            Self::Authorization => {
                "Carry the `Authorization` header as the signer wrote it, each part once."
            }
            Self::BindingHeaderAsParameter => {
                "Add the header to the request before presigning, so that it is signed; signers that \
                 move headers into the query have a setting against it."
            }
            Self::BindingHeaderNotSigned => {
                "Add the binding header (for EKS `x-k8s-aws-id`, the cluster's name) to the request \
                 before it is signed."
            }
            Self::BindingHeaderValue => {
                "Sign the value that this verifier gave out: its own name, or the challenge of this \
                 login."
            }
            Self::ForwardedValue => {
                "Sign `accept: application/json` or none, the form's content type, and the length and \
                 hash of the body that is carried."
            }
            Self::ClusterId | Self::EndpointTable => {
                "This is the verifier's own setting, and none of the token's."
            }
            Self::CredentialScope => {
                "Sign for the service `sts`; in a URL the scope is encoded once, each `/` as `%2F`."
            }
            Self::Date => "Write the time of signing in UTC as `YYYYMMDDTHHMMSSZ`.",
            Self::DuplicateHeader | Self::DuplicateParameter(_) => "Write it once.",
            Self::EmptyParameter(_) => "Leave a parameter without a value out.",
            Self::Expired { .. } => {
                "Sign anew: a signature lives for fifteen minutes from `X-Amz-Date`, whatever \
                 `X-Amz-Expires` says. If it is new, set the signer's clock."
            }
            Self::Expires => "Presign with an expiry of 60 seconds; STS takes no more than 900.",
            Self::ForbiddenByte(_) => {
                "Carry the URL as the signer returned it; percent-encode every parameter, once."
            }
            Self::HeaderName => {
                "Carry header names of letters, digits, `-`, `_` and `.`; a name that the verifier is \
                 set to must not be one that HTTP or AWS gives a meaning."
            }
            Self::HeaderValue => "Sign visible ASCII characters, with one space between words.",
            Self::Host => {
                "Sign for an STS endpoint of the verifier's partition, for instance \
                 `sts.eu-west-1.amazonaws.com`, in lower case."
            }
            Self::HostHeader => "Carry the URL of the host that was signed.",
            Self::HostNotSigned => "Sign the `host` header; every SDK does.",
            Self::HostPartition => {
                "Use credentials and an STS endpoint of the partition that the verifier is in."
            }
            Self::Method => "Sign a POST, or presign a URL and make a token of it.",
            Self::MissingParameter(_) => {
                "Presign the URL with SigV4 and an expiry, and encode the whole of it."
            }
            Self::NotHttps => {
                "Carry the URL itself, which starts with `https://`; do not percent-encode it as a \
                 whole."
            }
            Self::NotYetValid { .. } => "Set the signer's clock, which runs ahead.",
            Self::Pair => {
                "Write the query as `name=value` pairs joined by `&`, each value percent-encoded (`=` \
                 as `%3D`)."
            }
            Self::ParameterSpelling(_) => {
                "Write the name exactly so, and do not percent-encode it."
            }
            Self::Path => "Presign `https://HOST/?…`, with the path `/`.",
            Self::PercentEncoding => {
                "Percent-encode each value once; a `%` of the value itself is `%25`."
            }
            Self::Port => "Sign for the host alone; 443 is understood.",
            Self::PostPath => "Sign a POST to `https://HOST/`; everything else is in its body.",
            Self::ReadersDisagree => "Carry the URL as the signer returned it.",
            Self::RegionNotAllowed => {
                "Use the STS endpoint of a region that the verifier lists, or have it listed."
            }
            Self::ScopeDate => "Let one signer write both dates, from one reading of the clock.",
            Self::ScopeRegion => "Sign for the region of the host; the global host is `us-east-1`.",
            Self::Signature => "Keep the signature as the signer wrote it.",
            Self::SignedHeaders => {
                "Keep the list as the signer wrote it: lower case, sorted, each name once."
            }
            Self::TooLong => {
                "Use credentials with a shorter session token (fewer session tags or policies), and \
                 carry no header that the login does not need."
            }
            Self::UnknownParameter => {
                "Presign nothing but the action and its version; leave out what the SDK adds."
            }
            Self::Unsigned | Self::UnsignedHeader => {
                "Carry the headers of the signed request, all of them, and no `x-amz-` header that \
                 was added later."
            }
            Self::UnsuppliedHeader => {
                "Sign `host` and the binding header only, and in a POST what describes its body; switch \
                 off what the SDK adds on its own (retry and tracing headers), and carry what is signed."
            }
            Self::Value(_) => "Only visible ASCII characters stand in these values.",
        }
    }
}
