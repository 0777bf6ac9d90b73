//! The headers that bind a request to one verifier or one login.

use http::header::{HeaderName, HeaderValue};

use crate::cluster::{BINDING_HEADER, ClusterId};
use crate::error::Error;
use crate::url::signed_headers::is_name;

/// The longest name or value of a binding header in bytes: our choice, four times the longest in use
/// (Teleport's challenge has 43 characters, a cluster id at most 255).
pub const MAX_BINDING_LEN: usize = 1024;

/// A header that must be signed, with the value that the verifier sends. It makes a request valid for this
/// verifier or this login only.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct BindingHeader {
    name: HeaderName,
    value: HeaderValue,
}

impl BindingHeader {
    /// Binds to a value of the verifier (Vault's `x-vault-aws-iam-server-id`) or to a challenge for a single
    /// login (Teleport's `x-teleport-challenge`).
    ///
    /// # Errors
    ///
    /// In this order: [`Error::HeaderName`] unless the name is lower-case letters, digits, `-`, `_` and `.`
    /// and not reserved (`host`, `authorization`, `accept`, `content-…`, `x-amz-…`, hop-by-hop headers);
    /// [`Error::HeaderValue`] unless the value is 1 to [`MAX_BINDING_LEN`] visible ASCII characters.
    pub fn parse(name: &str, value: &str) -> Result<Self, Error> {
        if name.len() > MAX_BINDING_LEN || !is_name(name) || is_reserved_header(name) {
            return Err(Error::HeaderName);
        }
        // No space: SigV4 trims and folds white space, so two values would have one signature.
        if !(1..=MAX_BINDING_LEN).contains(&value.len())
            || !value.bytes().all(|b| b.is_ascii_graphic())
        {
            return Err(Error::HeaderValue);
        }
        Ok(Self {
            name: HeaderName::from_bytes(name.as_bytes()).map_err(|_| Error::HeaderName)?,
            value: HeaderValue::from_str(value).map_err(|_| Error::HeaderValue)?,
        })
    }

    /// Binds to a cluster, as EKS does: `x-k8s-aws-id`.
    #[must_use]
    pub fn cluster(cluster_id: ClusterId) -> Self {
        Self {
            name: HeaderName::from_static(BINDING_HEADER),
            value: cluster_id.into_header_value(),
        }
    }

    /// Returns the name, in lower case.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    /// Returns the value.
    #[must_use]
    pub fn value(&self) -> &str {
        // by INVARIANT: visible ASCII
        self.value.to_str().unwrap_or_default()
    }

    pub(crate) fn to_http(&self) -> (HeaderName, HeaderValue) {
        (self.name.clone(), self.value.clone())
    }
}

/// Returns whether a name is reserved: set or checked elsewhere in this crate, or hop-by-hop (RFC 9110,
/// section 7.6.1).
pub(crate) fn is_reserved_header(name: &str) -> bool {
    const NAMES: [&str; 13] = [
        "accept",
        "accept-encoding",
        "authorization",
        "connection",
        "cookie",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "x-http-method-override",
    ];
    const PREFIXES: [&str; 4] = ["content-", "proxy-", "x-amz-", "x-forwarded"];
    NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// The binding headers of a policy, and the list of signed headers that they require of a URL.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Binding {
    // INVARIANT: sorted by name, distinct, not empty.
    headers: Vec<BindingHeader>,
    /// `host` and the names, sorted and joined by `;`.
    list: String,
    /// The list as a canonical query spells it.
    canonical_list: String,
}

impl Binding {
    pub(crate) fn new(header: BindingHeader) -> Self {
        Self::of(vec![header])
    }

    /// Adds a header, or replaces the value of one.
    pub(crate) fn with(&self, header: BindingHeader) -> Self {
        let mut headers = self.headers.clone();
        headers.retain(|other| other.name != header.name);
        headers.push(header);
        Self::of(headers)
    }

    fn of(mut headers: Vec<BindingHeader>) -> Self {
        headers.sort_by(|a, b| a.name().cmp(b.name()));
        let mut names: Vec<&str> = headers.iter().map(BindingHeader::name).collect();
        names.push("host");
        names.sort_unstable();
        Self {
            list: names.join(";"),
            // by INVARIANT on the names: only the separator needs escaping
            canonical_list: names.join("%3B"),
            headers,
        }
    }

    pub(crate) fn headers(&self) -> &[BindingHeader] {
        &self.headers
    }

    pub(crate) fn find(&self, name: &str) -> Option<&BindingHeader> {
        self.headers.iter().find(|header| header.name() == name)
    }

    #[cfg(feature = "verify")]
    pub(crate) fn list(&self) -> &str {
        &self.list
    }

    pub(crate) fn canonical_list(&self) -> &str {
        &self.canonical_list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserved_name_binds_nothing() {
        for name in [
            "x-k8s-aws-id",
            "x-vault-aws-iam-server-id",
            "a",
            "x_y.z",
            "x-amazon",
        ] {
            assert!(BindingHeader::parse(name, "v").is_ok(), "{name}");
        }
        for name in [
            "",
            "X-A",
            "a b",
            "a:",
            "é",
            "host",
            "accept",
            "content-type",
            "x-amz-date",
            "proxy-x",
            "x-forwarded-for",
            "connection",
            "te",
            "authorization",
            "cookie",
        ] {
            let made = BindingHeader::parse(name, "v");
            assert_eq!(made.unwrap_err(), Error::HeaderName, "{name}");
        }
        let long = "n".repeat(MAX_BINDING_LEN);
        assert!(BindingHeader::parse(&long, "v").is_ok());
        let longer = BindingHeader::parse(&format!("{long}n"), "v");
        assert_eq!(longer.unwrap_err(), Error::HeaderName);
    }

    #[test]
    fn a_value_is_visible_ascii() {
        let long = "v".repeat(MAX_BINDING_LEN);
        for value in ["v", "a/b+c==", "!~", &long] {
            let header = BindingHeader::parse("x-n", value).unwrap();
            assert_eq!((header.name(), header.value()), ("x-n", value));
        }
        for value in ["", " ", "a b", "a\n", "a\u{7f}", "é", &format!("{long}v")] {
            let made = BindingHeader::parse("x-n", value);
            assert_eq!(made.unwrap_err(), Error::HeaderValue, "{value}");
        }
    }

    #[test]
    fn the_list_is_sorted_with_host_in_its_place() {
        let header = |name: &str, value: &str| BindingHeader::parse(name, value).unwrap();
        let binding = Binding::new(header("x-b", "1"))
            .with(header("a-a", "2"))
            .with(header("x-b", "3"));
        assert_eq!(binding.canonical_list(), "a-a%3Bhost%3Bx-b");
        assert_eq!(binding.list, "a-a;host;x-b");
        assert_eq!(binding.headers()[1].value(), "3");
        assert_eq!(binding.headers().len(), 2);
    }
}
