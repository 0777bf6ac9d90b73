//! Texts that users paste in the place of a token.

use std::fmt;

use crate::token::PREFIX;

/// A text that is not a token, recognized for what it is. `Display` writes it with advice.
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
    /// An `Authorization` header or its value, `Bearer …`.
    BearerHeader,
    /// A token in quotation marks.
    Quoted,
    /// An `ExecCredential` document, as credential plugins print it.
    ExecCredential,
    /// Another document in JSON or YAML, such as a kubeconfig.
    Document,
    /// A JSON Web Token, such as that of a service account or an OIDC provider.
    Jwt,
    /// A base64 text that decodes to a token: encoded once more, as in a Secret.
    EncodedToken,
    /// The presigned URL, not yet encoded.
    Url,
    /// An error message of the AWS CLI or of another program.
    ErrorMessage,
}

impl Lookalike {
    /// Recognizes a text; `None` for a token, and for anything unknown.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() {
            return Some(Self::Empty);
        }
        if text.starts_with(PREFIX) {
            return None;
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

    /// Returns the stable kebab-case code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty",
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
