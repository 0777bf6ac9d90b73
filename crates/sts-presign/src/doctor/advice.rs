//! Advice to the author of a token producer.

use crate::error::Error;
use crate::param::Param;

impl Error {
    /// Returns a sentence or two on how to change the producer.
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
                "Forward the `Authorization` header as the signer wrote it, each part once."
            }
            Self::BindingHeaderAsParameter => {
                "Add the header to the request before presigning, so that it is signed. If the signer \
                 moves headers into the query, turn that off."
            }
            Self::BindingHeaderNotSigned => {
                "Add the binding header (for EKS `x-k8s-aws-id`, the cluster's name) to the request \
                 before it is signed."
            }
            Self::BindingHeaderValue => {
                "Sign the value that this verifier expects: its own name, or the challenge of this \
                 login."
            }
            Self::ForwardedValue => {
                "Sign `accept: application/json` or no `accept`, the content type of a form, and the \
                 length and hash of the forwarded body."
            }
            Self::ClusterId | Self::EndpointTable => {
                "This is a setting of the verifier, not a property of the token."
            }
            Self::CredentialScope => {
                "Sign for the service `sts`; in a URL the scope is encoded once, each `/` as `%2F`."
            }
            Self::Date => "Write the time of signing in UTC as `YYYYMMDDTHHMMSSZ`.",
            Self::DuplicateHeader | Self::DuplicateParameter(_) => "Send it once.",
            Self::EmptyParameter(Param::SecurityToken) => {
                "Omit `X-Amz-Security-Token` for a long-term key: an empty one is another session \
                 token to AWS, which refuses it (aws-sdk-ruby issue 1651)."
            }
            Self::EmptyParameter(_) => "Omit a parameter that has no value.",
            Self::Expired { .. } => {
                "Sign again: a signature is valid for fifteen minutes from `X-Amz-Date`, whatever \
                 `X-Amz-Expires` says. If it is new, correct the signer's clock."
            }
            Self::Expires => "Presign with an expiry of 60 seconds; STS accepts at most 900.",
            Self::ForbiddenByte(_) => {
                "Send the URL as the signer returned it; percent-encode every parameter once."
            }
            Self::HeaderName => {
                "Use header names of letters, digits, `-`, `_` and `.`. A name in the verifier's \
                 settings must not be reserved by HTTP or AWS."
            }
            Self::HeaderValue => "Sign visible ASCII characters, with one space between words.",
            Self::Host => {
                "Sign for an STS endpoint of the verifier's partition, such as \
                 `sts.eu-west-1.amazonaws.com`, in lower case."
            }
            Self::HostHeader => "Forward the URL of the host that was signed.",
            Self::HostNotSigned => "Sign the `host` header; every SDK does.",
            Self::HostPartition => {
                "Use credentials and an STS endpoint of the verifier's partition."
            }
            Self::Method => "Sign a POST, or presign a URL and encode it as a token.",
            Self::MissingParameter(_) => {
                "Presign the URL with SigV4 and an expiry, and encode all of it."
            }
            Self::NotHttps => {
                "Send the URL itself, which starts with `https://`; do not percent-encode it as a \
                 whole."
            }
            Self::NotYetValid { .. } => "Correct the signer's clock, which is ahead.",
            Self::Pair => {
                "Write the query as `name=value` pairs joined by `&`, each value percent-encoded (`=` \
                 as `%3D`)."
            }
            Self::ParameterSpelling(_) => {
                "Write the name exactly like this, and do not percent-encode it."
            }
            Self::Path => "Presign `https://HOST/?…`, with the path `/`.",
            Self::PercentEncoding => {
                "Percent-encode each value once; a `%` in a value becomes `%25`."
            }
            Self::Port => "Sign for the host without a port; 443 is the default.",
            Self::PostPath => "Sign a POST to `https://HOST/`; the parameters belong in its body.",
            Self::ReadersDisagree => "Send the URL as the signer returned it.",
            Self::RegionNotAllowed => {
                "Use the STS endpoint of a region that the verifier accepts, or add the region to its \
                 settings."
            }
            Self::ScopeDate => "Write both dates from one reading of the clock.",
            Self::ScopeRegion => {
                "Sign for the region of the host; that of the global endpoint is `us-east-1`."
            }
            Self::Signature => "Keep the signature as the signer wrote it.",
            Self::SignedHeaders => {
                "Keep the list as the signer wrote it: lower case, sorted, each name once."
            }
            Self::TooLong => {
                "Use credentials with a shorter session token (fewer session tags or policies), and \
                 forward only the headers that the login needs."
            }
            Self::UnknownParameter => {
                "Presign only the action and its version; omit parameters that the SDK adds."
            }
            Self::Unsigned | Self::UnsignedHeader => {
                "Forward all headers of the signed request, and no `x-amz-` header that was added \
                 after signing."
            }
            Self::UnsuppliedHeader => {
                "Sign only `host` and the binding header, and in a POST the headers that describe its \
                 body. Turn off headers that the SDK adds (retries, tracing), and forward every \
                 signed header."
            }
            Self::Value(_) => "Use only visible ASCII characters in the value.",
        }
    }
}
