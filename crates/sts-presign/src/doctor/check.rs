//! The checks, in order.

use crate::error::Error;

/// A check of the [front page](crate). Presigned URLs and requests in POST form share most checks, in the
/// same order.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Check {
    /// 1, P1: the length.
    Length,
    /// P2: the method.
    Method,
    /// 2, P3: the bytes of the URL.
    Bytes,
    /// 3, P4: `https`.
    Scheme,
    /// 4, P5: a host, followed by `/?` or by `/` alone.
    HostAndPath,
    /// 5: the names, encoding and number of the parameters.
    Parameters,
    /// 6: the presence of every required parameter.
    Complete,
    /// 7: `Action`.
    Action,
    /// 8: `Version`.
    Version,
    /// P6: the form.
    Body,
    /// P7: the names of the headers, each once.
    HeaderNames,
    /// P8: the presence of an `Authorization` header.
    Signed,
    /// 9, P9: the algorithm.
    Algorithm,
    /// 10: `X-Amz-Expires`.
    Expires,
    /// P10: the three parts of the `Authorization` header.
    Authorization,
    /// 11, P11: the form of the signature.
    Signature,
    /// 12, P12: the form of the list of signed headers.
    SignedHeaders,
    /// 13, P13: `X-Amz-Date`.
    Date,
    /// 14, P14: the form of the credential.
    Credential,
    /// 15, P15: the date in the credential scope.
    ScopeDate,
    /// P16: the signing of every `x-amz-` header.
    AmzHeaders,
    /// P17: the `host` header.
    HostHeader,
    /// P18: the form of the signed values.
    HeaderValues,
    /// P19: the values of signed headers that describe the request.
    ForwardedValues,
    /// 16, P20: the time.
    Window,
    /// 17, P21: which headers are signed.
    Headers,
    /// 18, P22: the host.
    Host,
    /// 19, P23: its partition.
    Partition,
    /// 20, P24: its region, if regions are restricted.
    Region,
    /// 21, P25: the region in the credential scope.
    ScopeRegion,
    /// 22, P26: the agreement of other parsers about the URL.
    Readers,
}

impl Check {
    /// The checks of a presigned URL, in order: 1 to 22.
    pub const OF_URL: [Self; 22] = [
        Self::Length,
        Self::Bytes,
        Self::Scheme,
        Self::HostAndPath,
        Self::Parameters,
        Self::Complete,
        Self::Action,
        Self::Version,
        Self::Algorithm,
        Self::Expires,
        Self::Signature,
        Self::SignedHeaders,
        Self::Date,
        Self::Credential,
        Self::ScopeDate,
        Self::Window,
        Self::Headers,
        Self::Host,
        Self::Partition,
        Self::Region,
        Self::ScopeRegion,
        Self::Readers,
    ];

    /// The checks of a request in POST form, in order: P1 to P26.
    pub const OF_POST: [Self; 26] = [
        Self::Length,
        Self::Method,
        Self::Bytes,
        Self::Scheme,
        Self::HostAndPath,
        Self::Body,
        Self::HeaderNames,
        Self::Signed,
        Self::Algorithm,
        Self::Authorization,
        Self::Signature,
        Self::SignedHeaders,
        Self::Date,
        Self::Credential,
        Self::ScopeDate,
        Self::AmzHeaders,
        Self::HostHeader,
        Self::HeaderValues,
        Self::ForwardedValues,
        Self::Window,
        Self::Headers,
        Self::Host,
        Self::Partition,
        Self::Region,
        Self::ScopeRegion,
        Self::Readers,
    ];

    /// Returns a short title.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::Method => "method",
            Self::Bytes => "characters",
            Self::Scheme => "scheme",
            Self::HostAndPath => "host and path",
            Self::Parameters => "parameters",
            Self::Complete => "required parameters",
            Self::Action => "Action",
            Self::Version => "Version",
            Self::Body => "form",
            Self::HeaderNames => "header names",
            Self::Signed => "Authorization header",
            Self::Algorithm => "algorithm",
            Self::Expires => "X-Amz-Expires",
            Self::Authorization => "Authorization parts",
            Self::Signature => "signature",
            Self::SignedHeaders => "list of signed headers",
            Self::Date => "X-Amz-Date",
            Self::Credential => "credential",
            Self::ScopeDate => "date of the scope",
            Self::AmzHeaders => "x-amz- headers signed",
            Self::HostHeader => "host header",
            Self::HeaderValues => "signed values",
            Self::ForwardedValues => "consistent values",
            Self::Window => "time",
            Self::Headers => "signed headers",
            Self::Host => "STS endpoint",
            Self::Partition => "partition",
            Self::Region => "region",
            Self::ScopeRegion => "region of the scope",
            Self::Readers => "other parsers",
        }
    }

    /// Returns the check of an error; `None` for an error in a setting rather than a request.
    #[must_use]
    pub const fn of(error: Error) -> Option<Self> {
        Some(match error {
            Error::TooLong => Self::Length,
            Error::Method => Self::Method,
            Error::ForbiddenByte(_) => Self::Bytes,
            Error::NotHttps => Self::Scheme,
            Error::Path | Error::Port | Error::PostPath => Self::HostAndPath,
            Error::Pair
            | Error::ParameterSpelling(_)
            | Error::BindingHeaderAsParameter
            | Error::UnknownParameter
            | Error::PercentEncoding
            | Error::Value(_)
            | Error::EmptyParameter(_)
            | Error::DuplicateParameter(_) => Self::Parameters,
            Error::MissingParameter(_) => Self::Complete,
            Error::Action => Self::Action,
            Error::Version => Self::Version,
            Error::Body => Self::Body,
            Error::HeaderName | Error::DuplicateHeader => Self::HeaderNames,
            Error::Unsigned => Self::Signed,
            Error::Algorithm => Self::Algorithm,
            Error::Expires => Self::Expires,
            Error::Authorization => Self::Authorization,
            Error::Signature => Self::Signature,
            Error::SignedHeaders => Self::SignedHeaders,
            Error::Date => Self::Date,
            Error::CredentialScope | Error::AccessKeyId => Self::Credential,
            Error::ScopeDate => Self::ScopeDate,
            Error::UnsignedHeader => Self::AmzHeaders,
            Error::HostHeader => Self::HostHeader,
            Error::HeaderValue => Self::HeaderValues,
            Error::ForwardedValue => Self::ForwardedValues,
            Error::NotYetValid { .. } | Error::Expired { .. } => Self::Window,
            Error::HostNotSigned
            | Error::BindingHeaderNotSigned
            | Error::BindingHeaderValue
            | Error::UnsuppliedHeader => Self::Headers,
            Error::Host => Self::Host,
            Error::HostPartition => Self::Partition,
            Error::RegionNotAllowed => Self::Region,
            Error::ScopeRegion => Self::ScopeRegion,
            Error::ReadersDisagree => Self::Readers,
            Error::ClusterId | Error::EndpointTable => return None,
        })
    }
}
