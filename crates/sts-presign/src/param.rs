//! The nine query parameters.

use std::fmt;

/// A parameter of a presigned `GetCallerIdentity` URL.
///
/// The order is the order of SigV4's canonical query string. The signature, which is not part of it, is
/// last.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Param {
    /// `Action`
    Action,
    /// `Version`
    Version,
    /// `X-Amz-Algorithm`
    Algorithm,
    /// `X-Amz-Credential`
    Credential,
    /// `X-Amz-Date`
    Date,
    /// `X-Amz-Expires`
    Expires,
    /// `X-Amz-Security-Token`, for temporary credentials only.
    SecurityToken,
    /// `X-Amz-SignedHeaders`
    SignedHeaders,
    /// `X-Amz-Signature`
    Signature,
}

impl Param {
    pub(crate) const ALL: [Self; 9] = [
        Self::Action,
        Self::Version,
        Self::Algorithm,
        Self::Credential,
        Self::Date,
        Self::Expires,
        Self::SecurityToken,
        Self::SignedHeaders,
        Self::Signature,
    ];

    /// Returns the exact name in the URL.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Action => "Action",
            Self::Version => "Version",
            Self::Algorithm => "X-Amz-Algorithm",
            Self::Credential => "X-Amz-Credential",
            Self::Date => "X-Amz-Date",
            Self::Expires => "X-Amz-Expires",
            Self::SecurityToken => "X-Amz-Security-Token",
            Self::SignedHeaders => "X-Amz-SignedHeaders",
            Self::Signature => "X-Amz-Signature",
        }
    }

    /// Returns the position in [`Self::ALL`].
    pub(crate) const fn index(self) -> usize {
        match self {
            Self::Action => 0,
            Self::Version => 1,
            Self::Algorithm => 2,
            Self::Credential => 3,
            Self::Date => 4,
            Self::Expires => 5,
            Self::SecurityToken => 6,
            Self::SignedHeaders => 7,
            Self::Signature => 8,
        }
    }

    /// Returns the parameter with this exact name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "Action" => Self::Action,
            "Version" => Self::Version,
            "X-Amz-Algorithm" => Self::Algorithm,
            "X-Amz-Credential" => Self::Credential,
            "X-Amz-Date" => Self::Date,
            "X-Amz-Expires" => Self::Expires,
            "X-Amz-Security-Token" => Self::SecurityToken,
            "X-Amz-SignedHeaders" => Self::SignedHeaders,
            "X-Amz-Signature" => Self::Signature,
            _ => return None,
        })
    }
}

impl fmt::Display for Param {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_index_and_is_found_by_its_exact_name() {
        for (place, param) in Param::ALL.into_iter().enumerate() {
            assert_eq!(param.index(), place);
            assert_eq!(Param::named(param.name()), Some(param));
            assert_eq!(Param::named(&param.name().to_ascii_lowercase()), None);
            assert_eq!(param.to_string(), param.name());
        }
    }

    /// SigV4 sorts by the bytes of the name. The signature is not part of the canonical query.
    #[test]
    fn the_order_is_that_of_the_canonical_query() {
        let names = Param::ALL.map(Param::name);
        assert!(names[..8].is_sorted());
        assert_eq!(names[8], "X-Amz-Signature");
    }
}
