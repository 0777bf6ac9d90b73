//! The checks, in their order.

use crate::error::Error;

/// The checks of the [front page](crate), by their numbers.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Check {
    /// 1: the length.
    Length,
    /// 2: the bytes that a URL may hold.
    Bytes,
    /// 3: `https`.
    Scheme,
    /// 4: a host and nothing but `/?` behind it.
    HostAndPath,
    /// 5: names, encoding and number of the parameters.
    Parameters,
    /// 6: every parameter there.
    Complete,
    /// 7: `Action`.
    Action,
    /// 8: `Version`.
    Version,
    /// 9: `X-Amz-Algorithm`.
    Algorithm,
    /// 10: `X-Amz-Expires`.
    Expires,
    /// 11: the form of `X-Amz-Signature`.
    Signature,
    /// 12: the form of `X-Amz-SignedHeaders`.
    SignedHeaders,
    /// 13: `X-Amz-Date`.
    Date,
    /// 14: the form of `X-Amz-Credential`.
    Credential,
    /// 15: the date in the credential scope.
    ScopeDate,
    /// 16: the time.
    Window,
    /// 17: which headers are signed.
    Headers,
    /// 18: the host.
    Host,
    /// 19: its partition.
    Partition,
    /// 20: its region, where regions are restricted.
    Region,
    /// 21: the region in the credential scope.
    ScopeRegion,
    /// 22: what other readers make of the URL.
    Readers,
}

impl Check {
    /// Every check, in order.
    pub const ALL: [Self; 22] = [
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

    /// Returns what is checked, in a few words.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::Bytes => "characters",
            Self::Scheme => "scheme",
            Self::HostAndPath => "host and path",
            Self::Parameters => "parameters",
            Self::Complete => "all parameters there",
            Self::Action => "Action",
            Self::Version => "Version",
            Self::Algorithm => "X-Amz-Algorithm",
            Self::Expires => "X-Amz-Expires",
            Self::Signature => "X-Amz-Signature",
            Self::SignedHeaders => "X-Amz-SignedHeaders",
            Self::Date => "X-Amz-Date",
            Self::Credential => "X-Amz-Credential",
            Self::ScopeDate => "date of the scope",
            Self::Window => "time",
            Self::Headers => "headers signed",
            Self::Host => "STS endpoint",
            Self::Partition => "partition",
            Self::Region => "region",
            Self::ScopeRegion => "region of the scope",
            Self::Readers => "other readers",
        }
    }

    /// Returns the check that gives an error; `None` for the errors that no URL gives.
    #[must_use]
    pub const fn of(error: Error) -> Option<Self> {
        Some(match error {
            Error::TooLong => Self::Length,
            Error::ForbiddenByte(_) => Self::Bytes,
            Error::NotHttps => Self::Scheme,
            Error::Path | Error::Port => Self::HostAndPath,
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
            Error::Algorithm => Self::Algorithm,
            Error::Expires => Self::Expires,
            Error::Signature => Self::Signature,
            Error::SignedHeaders => Self::SignedHeaders,
            Error::Date => Self::Date,
            Error::CredentialScope | Error::AccessKeyId => Self::Credential,
            Error::ScopeDate => Self::ScopeDate,
            Error::NotYetValid { .. } | Error::Expired { .. } => Self::Window,
            Error::HostNotSigned | Error::BindingHeaderNotSigned | Error::UnsuppliableHeader => {
                Self::Headers
            }
            Error::Host => Self::Host,
            Error::HostPartition => Self::Partition,
            Error::RegionNotAllowed => Self::Region,
            Error::ScopeRegion => Self::ScopeRegion,
            Error::ReadersDisagree => Self::Readers,
            _ => return None,
        })
    }
}
