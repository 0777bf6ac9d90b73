//! Cluster ids.

use std::fmt;
use std::str::FromStr;

use http::HeaderValue;

use crate::error::Error;

/// The header that binds a token to a cluster: upstream's `clusterIDHeader`
/// (`pkg/token/token.go`).
pub const BINDING_HEADER: &str = "x-k8s-aws-id";

/// The longest cluster id in bytes: our choice. An EKS cluster name has at most 100 characters, but
/// aws-iam-authenticator's ids are free text.
pub const MAX_CLUSTER_ID_LEN: usize = 255;

/// The longest name of an EKS cluster (EKS API reference, `CreateCluster`, `name`).
const MAX_EKS_NAME_LEN: usize = 100;

/// The cluster that a token is bound to: 1 to 255 visible ASCII characters, the value of
/// [`BINDING_HEADER`].
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ClusterId {
    text: String,
    /// The same text as a header value.
    header_value: HeaderValue,
}

impl ClusterId {
    /// Parses a cluster id.
    ///
    /// # Errors
    ///
    /// [`Error::ClusterId`] unless `text` is 1 to 255 visible ASCII characters. (No space: SigV4 trims and
    /// folds white space in header values, so two ids would have one signature.)
    pub fn parse(text: &str) -> Result<Self, Error> {
        if !(1..=MAX_CLUSTER_ID_LEN).contains(&text.len())
            || !text.bytes().all(|b| b.is_ascii_graphic())
        {
            return Err(Error::ClusterId);
        }
        Ok(Self {
            text: text.to_owned(),
            header_value: HeaderValue::from_str(text).map_err(|_| Error::ClusterId)?,
        })
    }

    /// Parses the name of an EKS cluster: 1 to 100 ASCII letters, digits, `-` and `_`, the first a letter or
    /// digit.
    ///
    /// # Errors
    ///
    /// [`Error::ClusterId`] for any other text (EKS API reference, `CreateCluster`, `name`).
    pub fn parse_eks_name(text: &str) -> Result<Self, Error> {
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        let starts_well = text
            .bytes()
            .next()
            .is_some_and(|b| b.is_ascii_alphanumeric());
        if text.len() > MAX_EKS_NAME_LEN || !starts_well || !text.bytes().all(word) {
            return Err(Error::ClusterId);
        }
        Self::parse(text)
    }

    /// Returns the id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn into_header_value(self) -> HeaderValue {
        self.header_value
    }
}

impl FromStr for ClusterId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

impl TryFrom<&str> for ClusterId {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_id_is_visible_ascii() {
        let long = "c".repeat(MAX_CLUSTER_ID_LEN);
        for text in ["a", "a/b:c", "!~", &long] {
            let id = ClusterId::parse(text).unwrap();
            assert_eq!((id.as_str(), &*id.to_string()), (text, text));
            assert_eq!(id.into_header_value(), text);
        }
        for bad in ["", "a b", "a\n", "\u{7f}", "é", &format!("{long}c")] {
            assert_eq!(ClusterId::parse(bad), Err(Error::ClusterId), "{bad}");
        }
    }

    #[test]
    fn the_name_of_an_eks_cluster_is_narrower() {
        let long = "c".repeat(MAX_EKS_NAME_LEN);
        for text in ["my_Cluster-1", "0", "a-", "a_", &long] {
            let id = ClusterId::parse_eks_name(text).unwrap();
            assert_eq!(id.as_str(), text);
        }
        for bad in ["", "-a", "_a", "a/b", "a.b", "é", &format!("{long}c")] {
            assert_eq!(
                ClusterId::parse_eks_name(bad),
                Err(Error::ClusterId),
                "{bad}"
            );
        }
    }
}
