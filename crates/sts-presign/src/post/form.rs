//! The form: action and version, in one of two spellings.

use crate::error::Error;

/// What is sent where the content type is not signed.
pub(crate) const DEFAULT_CONTENT_TYPE: &str = "application/x-www-form-urlencoded";

/// The two texts that the form may be. The signature is over its bytes, so it is sent as it is; and
/// since there are two only, nothing of the caller's is sent with it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Form {
    ActionFirst,
    VersionFirst,
}

impl Form {
    /// Reads a body.
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

    /// Tells whether a header whose value follows from the form, or from how it is answered, has that
    /// value. Of every other header any value fits.
    pub(crate) fn fits(self, name: &str, value: &str) -> bool {
        match name {
            "accept" => value == ACCEPTED,
            "content-length" => value == self.text().len().to_string(),
            "content-type" => CONTENT_TYPES.contains(&value),
            "x-amz-content-sha256" => value == self.sha256(),
            _ => true,
        }
    }

    /// Its SHA-256, so that no hash is calculated here.
    const fn sha256(self) -> &'static str {
        match self {
            Self::ActionFirst => SHA256_OF_ACTION_FIRST,
            Self::VersionFirst => SHA256_OF_VERSION_FIRST,
        }
    }
}

/// The answer has to be in a form that is read here: whoever chose another would choose the reader
/// (CVE-2020-16250).
const ACCEPTED: &str = "application/json";

/// How SDKs write that the body is a form.
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
