//! The documents of STS, read and written in both formats.
//!
//! The sources are the STS API reference (`GetCallerIdentity`, "Common errors") and published responses;
//! `testdata/answers.toml` has them.

mod json;
mod xml;

#[cfg(feature = "verify")]
use iam_principal::Identity;

/// The format of a document. STS writes XML unless the `accept` header of the request names JSON.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Format {
    Json,
    Xml,
}

/// The content of a `GetCallerIdentityResponse`, not yet checked.
pub(crate) struct Caller {
    pub(crate) arn: String,
    pub(crate) account: String,
    pub(crate) user_id: String,
}

/// The content of an error document.
pub(crate) struct Fault {
    pub(crate) code: String,
    /// Whether `Type` is `Sender` or missing: the fault is the request's, not STS's.
    pub(crate) is_the_senders: bool,
}

impl Fault {
    pub(crate) fn is_throttling(&self) -> bool {
        self.code.starts_with("Throttling")
    }
}

impl Format {
    /// Returns the content type that STS declares.
    #[cfg(feature = "verify")]
    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Xml => "text/xml",
        }
    }

    /// Writes a `GetCallerIdentityResponse`.
    #[cfg(feature = "verify")]
    pub(crate) fn write_caller(self, caller: &Identity, request_id: &str) -> String {
        match self {
            Self::Json => json::write_caller(caller, request_id),
            Self::Xml => xml::write_caller(caller, request_id),
        }
    }

    /// Writes an error document of type `Sender`.
    #[cfg(feature = "verify")]
    pub(crate) fn write_fault(self, code: &str, message: &str, request_id: &str) -> String {
        match self {
            Self::Json => json::write_fault(code, message, request_id),
            Self::Xml => xml::write_fault(code, message, request_id),
        }
    }

    /// Parses a content type. Its parameters do not matter, since STS writes only ASCII.
    pub(crate) fn of_content_type(text: &str) -> Option<Self> {
        let essence = text.split(';').next().unwrap_or(text).trim();
        if essence.eq_ignore_ascii_case("application/json") {
            Some(Self::Json)
        } else if essence.eq_ignore_ascii_case("text/xml") {
            Some(Self::Xml)
        } else {
            None
        }
    }

    /// Reads a `GetCallerIdentityResponse`; `None` for any other document.
    pub(crate) fn read_caller(self, body: &[u8]) -> Option<Caller> {
        let text = std::str::from_utf8(body).ok()?;
        match self {
            Self::Json => json::read_caller(text),
            Self::Xml => xml::read_caller(text),
        }
    }

    /// Reads an error document; `None` for any other document.
    pub(crate) fn read_fault(self, body: &[u8]) -> Option<Fault> {
        let text = std::str::from_utf8(body).ok()?;
        match self {
            Self::Json => json::read_fault(text),
            Self::Xml => xml::read_fault(text),
        }
    }
}
