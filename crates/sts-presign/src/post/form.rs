//! The form: action and version, in either order.

use crate::error::Error;

/// The content type of a request that does not sign its own.
pub(crate) const DEFAULT_CONTENT_TYPE: &str = "application/x-www-form-urlencoded";

/// The two possible forms. The signature covers the bytes, so the form is sent unchanged. Both are constants,
/// so no text of the caller is sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Form {
    ActionFirst,
    VersionFirst,
}

impl Form {
    /// Parses a body.
    ///
    /// # Errors
    ///
    /// [`Error::Body`].
    pub(crate) fn parse(body: &str) -> Result<Self, Error> {
        [Self::ActionFirst, Self::VersionFirst]
            .into_iter()
            .find(|form| form.text() == body)
            .ok_or(Error::Body)
    }

    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::ActionFirst => "Action=GetCallerIdentity&Version=2011-06-15",
            Self::VersionFirst => "Version=2011-06-15&Action=GetCallerIdentity",
        }
    }

    /// Returns whether a header that describes the form or the response has the right value. Any value of
    /// any other header fits.
    pub(crate) fn fits(self, name: &str, value: &str) -> bool {
        match name {
            "accept" => value == ACCEPTED,
            "content-length" => value == self.text().len().to_string(),
            "content-type" => CONTENT_TYPES.contains(&value),
            "x-amz-content-sha256" => value == self.sha256(),
            _ => true,
        }
    }

    /// Returns the SHA-256 of the form, a constant.
    const fn sha256(self) -> &'static str {
        match self {
            Self::ActionFirst => SHA256_OF_ACTION_FIRST,
            Self::VersionFirst => SHA256_OF_VERSION_FIRST,
        }
    }
}

/// The only format that a caller may request. A caller who chose the format would choose the parser
/// (CVE-2020-16250).
const ACCEPTED: &str = "application/json";

/// The content types that SDKs write for a form.
const CONTENT_TYPES: [&str; 4] = [
    DEFAULT_CONTENT_TYPE,
    "application/x-www-form-urlencoded; charset=utf-8",
    "application/x-www-form-urlencoded; charset=UTF-8",
    "application/x-www-form-urlencoded;charset=utf-8",
];

const SHA256_OF_ACTION_FIRST: &str =
    "ab821ae955788b0e33ebd34c208442ccfc2d406e2edc5e7a39bd6458fbb4f843";
const SHA256_OF_VERSION_FIRST: &str =
    "2e5272931159dc39306511e6dbae66f365e6748f021352ad514b568d66ebba7c";
