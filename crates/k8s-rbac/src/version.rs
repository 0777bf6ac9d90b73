//! The releases of Kubernetes whose behavior and data this crate has.

use std::error::Error;
use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A minor release of Kubernetes.
///
/// Most of RBAC is the same in all of them. The version selects the rest: the default policy, the
/// API resources, the reason text of a refusal, and some validation messages. The default is the
/// newest version.
///
/// Parses from `1.34`, `v1.34`, and any patch release or build of it, such as
/// `v1.34.1-eks-3cfe0ce`. Prints as `1.34`.
///
/// ```
/// use k8s_rbac::KubernetesVersion;
///
/// let version: KubernetesVersion = "v1.34.1-eks-3cfe0ce".parse()?;
/// assert_eq!(version, KubernetesVersion::V1_34);
/// assert!(version < KubernetesVersion::default());
/// assert_eq!(version.to_string(), "1.34");
/// # Ok::<(), k8s_rbac::KubernetesVersionError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum KubernetesVersion {
    /// Kubernetes 1.31.
    V1_31,
    /// Kubernetes 1.32.
    V1_32,
    /// Kubernetes 1.33.
    V1_33,
    /// Kubernetes 1.34.
    V1_34,
    /// Kubernetes 1.35.
    V1_35,
    /// Kubernetes 1.36.
    V1_36,
    /// Kubernetes 1.37.
    #[default]
    V1_37,
}

impl KubernetesVersion {
    /// All versions, in ascending order.
    pub const ALL: [Self; 7] = [
        Self::V1_31,
        Self::V1_32,
        Self::V1_33,
        Self::V1_34,
        Self::V1_35,
        Self::V1_36,
        Self::V1_37,
    ];

    /// The oldest version.
    pub const OLDEST: Self = Self::V1_31;

    /// The newest version, which is the default.
    pub const NEWEST: Self = Self::V1_37;

    /// Returns the minor version, such as 34.
    #[must_use]
    pub const fn minor(self) -> u8 {
        match self {
            Self::V1_31 => 31,
            Self::V1_32 => 32,
            Self::V1_33 => 33,
            Self::V1_34 => 34,
            Self::V1_35 => 35,
            Self::V1_36 => 36,
            Self::V1_37 => 37,
        }
    }
}

impl Display for KubernetesVersion {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.minor())
    }
}

/// Why a text is not a [`KubernetesVersion`].
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum KubernetesVersionError {
    /// The text does not start with a major and a minor version.
    Malformed,
    /// The crate has no data for this release.
    Unsupported,
}

impl KubernetesVersionError {
    /// Returns a short, stable name of the error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "malformed-version",
            Self::Unsupported => "unsupported-version",
        }
    }
}

impl Display for KubernetesVersionError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("expected a Kubernetes version such as `1.34`"),
            Self::Unsupported => write!(
                f,
                "supported Kubernetes versions are {} to {}",
                KubernetesVersion::OLDEST,
                KubernetesVersion::NEWEST
            ),
        }
    }
}

impl Error for KubernetesVersionError {}

impl FromStr for KubernetesVersion {
    type Err = KubernetesVersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let malformed = KubernetesVersionError::Malformed;
        let (major, rest) = text
            .strip_prefix('v')
            .unwrap_or(text)
            .split_once('.')
            .ok_or(malformed)?;
        // What follows the minor version is a patch release (`.1`), or a build as in the `minor`
        // field of `kubectl version` (`34+`).
        let end = rest.find(|c: char| !c.is_ascii_digit());
        let (minor, suffix) = match end.and_then(|end| rest.split_at_checked(end)) {
            Some(parts) => parts,
            None => (rest, ""),
        };
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if major.is_empty()
            || !is_number(major)
            || minor.is_empty()
            || !(suffix.is_empty() || suffix.starts_with(['.', '-', '+']))
        {
            return Err(malformed);
        }
        Self::ALL
            .into_iter()
            .find(|version| major == "1" && minor.parse() == Ok(version.minor()))
            .ok_or(KubernetesVersionError::Unsupported)
    }
}

impl Serialize for KubernetesVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KubernetesVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_parse_and_print() {
        for version in KubernetesVersion::ALL {
            assert_eq!(version.to_string().parse(), Ok(version));
        }
        for text in [
            "1.37",
            "v1.37",
            "1.37.0",
            "v1.37.2-eks-1a2b3c",
            "1.37+",
            "1.037",
        ] {
            assert_eq!(text.parse(), Ok(KubernetesVersion::V1_37), "{text}");
        }
        for text in ["1.30", "1.38", "2.34", "0.34", "1.300", "v1.99999999999"] {
            let unsupported = Err(KubernetesVersionError::Unsupported);
            assert_eq!(text.parse::<KubernetesVersion>(), unsupported, "{text}");
        }
        for text in [
            "", "1", "v", "1.", "1.x", ".34", "vv1.34", "1.34x", " 1.34", "-1.34", "1.-4",
        ] {
            let malformed = Err(KubernetesVersionError::Malformed);
            assert_eq!(text.parse::<KubernetesVersion>(), malformed, "{text}");
        }
    }

    #[test]
    fn the_default_is_the_newest() {
        assert_eq!(KubernetesVersion::default(), KubernetesVersion::NEWEST);
        assert_eq!(
            KubernetesVersion::ALL.last(),
            Some(&KubernetesVersion::NEWEST)
        );
        assert_eq!(
            KubernetesVersion::ALL.first(),
            Some(&KubernetesVersion::OLDEST)
        );
        assert!(KubernetesVersion::ALL.is_sorted());
    }
}
