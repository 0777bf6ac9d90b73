//! Texts that users paste in the place of a token.

use std::fmt;

use crate::token::PREFIX;

/// A text that is not a token, but was recognized. `Display` names it and gives advice.
///
/// ```
/// use eks_token::Lookalike;
///
/// let found = Lookalike::of("Bearer k8s-aws-v1.aHR0cHM6").unwrap();
/// assert_eq!(found, Lookalike::BearerHeader);
/// assert_eq!(found.to_string(), "an `Authorization` header; pass only the text after `Bearer`");
/// assert_eq!(Lookalike::of("k8s-aws-v1.aHR0cHM6"), None);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Lookalike {
    /// Nothing, or only white space.
    Empty,
    /// A token after a byte order mark.
    ByteOrderMark,
    /// The beginning of a token, ending in `…` or `...`, as logs and screens shorten it.
    Shortened,
    /// Several tokens.
    Several,
    /// A token whose characters are percent-encoded.
    PercentEncoded,
    /// An `Authorization` header or its value, `Bearer …`.
    BearerHeader,
    /// A token in quotation marks.
    Quoted,
    /// An `ExecCredential` document, as credential plugins print it.
    ExecCredential,
    /// A kubeconfig.
    Kubeconfig,
    /// Another document in JSON or YAML.
    Document,
    /// A JSON Web Token, such as the token of a service account or an OIDC provider.
    Jwt,
    /// A base64 text that decodes to a token: encoded once more, as in a Secret.
    EncodedToken,
    /// The presigned URL, not yet encoded.
    Url,
    /// An error message of the AWS CLI or of another program.
    ErrorMessage,
}

impl Lookalike {
    /// Recognizes a text; `None` for a token, and for anything unknown. White space around the text is
    /// ignored.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let is_marked = text.trim().starts_with(BYTE_ORDER_MARK);
        let text = text.trim_matches(|c: char| c == BYTE_ORDER_MARK || c.is_whitespace());
        if text.is_empty() {
            return Some(Self::Empty);
        }
        if let Some(encoded) = text.strip_prefix(PREFIX) {
            let mark = is_marked.then_some(Self::ByteOrderMark);
            return Self::of_encoded(encoded).or(mark);
        }
        let starts_with = |prefix: &str| {
            text.get(..prefix.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        };
        if starts_with("bearer ") || starts_with("authorization:") {
            return Some(Self::BearerHeader);
        }
        if let Some(inner) = text.strip_prefix(['"', '\'', '`']) {
            return inner.starts_with(PREFIX).then_some(Self::Quoted);
        }
        if is_exec_credential(text) {
            return Some(Self::ExecCredential);
        }
        if is_kubeconfig(text) {
            return Some(Self::Kubeconfig);
        }
        if text.starts_with(['{', '[']) || text.contains("apiVersion:") {
            return Some(Self::Document);
        }
        if starts_with("https:") || starts_with("https%3a") {
            return Some(Self::Url);
        }
        if is_jwt(text) {
            return Some(Self::Jwt);
        }
        if text.starts_with(ENCODED_PREFIX) {
            return Some(Self::EncodedToken);
        }
        let is_sentence = text.contains(' ') && text.chars().any(char::is_alphabetic);
        is_sentence.then_some(Self::ErrorMessage)
    }

    /// Recognizes the text after the prefix of a token.
    fn of_encoded(encoded: &str) -> Option<Self> {
        let is_apart = |c: char| c.is_whitespace() || c == ',';
        if encoded.split(is_apart).any(|word| word.starts_with(PREFIX)) {
            Some(Self::Several)
        } else if encoded.ends_with(['…', '.']) {
            Some(Self::Shortened)
        } else if encoded.contains('%') {
            Some(Self::PercentEncoded)
        } else {
            None
        }
    }

    /// Returns the stable kebab-case code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::ByteOrderMark => "byte-order-mark",
            Self::Shortened => "shortened",
            Self::Several => "several",
            Self::PercentEncoded => "percent-encoded",
            Self::Kubeconfig => "kubeconfig",
            Self::BearerHeader => "bearer-header",
            Self::Quoted => "quoted",
            Self::ExecCredential => "exec-credential",
            Self::Document => "document",
            Self::Jwt => "jwt",
            Self::EncodedToken => "encoded-token",
            Self::Url => "url",
            Self::ErrorMessage => "error-message",
        }
    }
}

/// `k8s-aws-v1.` in base64, as far as whole groups go.
const ENCODED_PREFIX: &str = "azhzLWF3cy12";

/// The character that some editors write at the start of a file.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Returns whether the text is a kubeconfig in JSON or YAML.
fn is_kubeconfig(text: &str) -> bool {
    let plain: String = text.chars().filter(|c| !matches!(c, ' ' | '"')).collect();
    let mut kinds = plain.split("kind:Config").skip(1);
    kinds.any(|rest| !rest.starts_with(char::is_alphanumeric))
}

/// Returns whether the text is an `ExecCredential` in JSON or YAML.
fn is_exec_credential(text: &str) -> bool {
    text.contains("ExecCredential") && text.contains("kind")
}

/// Returns whether the text has the three parts of a signed JWT (RFC 7519, section 3), the first of which
/// encodes a JSON object, `{"`.
fn is_jwt(text: &str) -> bool {
    let is_base64 = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    text.starts_with("eyJ")
        && text.split('.').count() == 3
        && text.bytes().all(|b| is_base64(b) || b == b'.')
}

impl fmt::Display for Lookalike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "nothing; the program that should have printed a token printed none",
            Self::ByteOrderMark => {
                "a token after a byte order mark; write the file as UTF-8 without one"
            }
            Self::Shortened => {
                "a token that was shortened for a log or a screen; pass all of it"
            }
            Self::Several => "several tokens; pass one of them",
            Self::PercentEncoded => {
                "a token that was percent-encoded, as in a URL or a form; decode it once"
            }
            Self::Kubeconfig => {
                "a kubeconfig; pass the token that its `exec` command prints (`status.token`)"
            }
            Self::BearerHeader => "an `Authorization` header; pass only the text after `Bearer`",
            Self::Quoted => "a token in quotation marks; remove them",
            Self::ExecCredential => {
                "an ExecCredential document; pass the value of `status.token` in it \
                 (`jq -r .status.token`)"
            }
            Self::Document => "a document, not a token; pass the token alone",
            Self::Jwt => {
                "a JSON Web Token, such as that of a service account or an OIDC provider; this verifier \
                 authenticates AWS identities, whose tokens begin with `k8s-aws-v1.`"
            }
            Self::EncodedToken => "a token that was base64-encoded once more; decode it once",
            Self::Url => {
                "a presigned URL; encode it with URL-safe base64 without padding, after `k8s-aws-v1.`"
            }
            Self::ErrorMessage => {
                "a message, not a token; the program that should have printed a token failed"
            }
        })
    }
}
