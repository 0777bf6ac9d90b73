//! The documents that STS answers with, in both of its formats, read and written.
//!
//! Their form is that of the STS API reference (`GetCallerIdentity`, "Common errors") and of answers
//! that people have posted; `testdata/answers.toml` holds them.

mod json;
mod xml;

#[cfg(feature = "verify")]
use iam_principal::Identity;

/// How a document is written. STS chooses by the request's `accept` header: XML, unless JSON is asked
/// for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Format {
    Json,
    Xml,
}

/// What a `GetCallerIdentityResponse` says, as written.
pub(crate) struct Caller {
    pub(crate) arn: String,
    pub(crate) account: String,
    pub(crate) user_id: String,
}

/// What an error document says.
pub(crate) struct Fault {
    pub(crate) code: String,
    /// `Type` is `Sender`, or nothing: STS blames the request, not itself.
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

    /// Writes the document that names a caller.
    #[cfg(feature = "verify")]
    pub(crate) fn write_caller(self, caller: &Identity, request_id: &str) -> String {
        match self {
            Self::Json => json::write_caller(caller, request_id),
            Self::Xml => xml::write_caller(caller, request_id),
        }
    }

    /// Writes the document that names an error of the sender's.
    #[cfg(feature = "verify")]
    pub(crate) fn write_fault(self, code: &str, message: &str, request_id: &str) -> String {
        match self {
            Self::Json => json::write_fault(code, message, request_id),
            Self::Xml => xml::write_fault(code, message, request_id),
        }
    }

    /// Reads a content type: parameters do not matter, since all that STS writes is ASCII.
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

    /// Reads the one document that names a caller; of anything else, nothing.
    pub(crate) fn read_caller(self, body: &[u8]) -> Option<Caller> {
        let text = std::str::from_utf8(body).ok()?;
        match self {
            Self::Json => json::read_caller(text),
            Self::Xml => xml::read_caller(text),
        }
    }

    /// Reads the one document that names an error; of anything else, nothing.
    pub(crate) fn read_fault(self, body: &[u8]) -> Option<Fault> {
        let text = std::str::from_utf8(body).ok()?;
        match self {
            Self::Json => json::read_fault(text),
            Self::Xml => xml::read_fault(text),
        }
    }
}
