//! The authenticator that rules are written for.

use std::fmt;
use std::str::FromStr;

use thiserror::Error as ThisError;

/// The authenticator that rules are written for.
///
/// This crate understands rules that Amazon EKS and aws-iam-authenticator do not: patterns
/// (`rolearnLike`, `userarnLike`), permission sets (`sso`) without a feature gate, and the
/// placeholder spelling `<<SessionName>>`. In a dialect without these extensions they are errors,
/// and a rule that uses them has the same effect as in that authenticator.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Dialect {
    /// The authenticator of Amazon EKS: aws-iam-authenticator with every feature gate off.
    Eks,
    /// aws-iam-authenticator 0.7.
    Authenticator {
        /// Whether the feature gate `SSORoleMatch` is on (`pkg/config/features.go`).
        sso_role_match: bool,
    },
    /// This crate, with all of its extensions.
    Ours,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Self; 4] = [
        Self::Eks,
        Self::Authenticator {
            sso_role_match: false,
        },
        Self::Authenticator {
            sso_role_match: true,
        },
        Self::Ours,
    ];

    /// Returns the name: `eks`, `authenticator`, `authenticator+SSORoleMatch` or `ours`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Eks => "eks",
            Self::Authenticator {
                sso_role_match: false,
            } => "authenticator",
            Self::Authenticator {
                sso_role_match: true,
            } => "authenticator+SSORoleMatch",
            Self::Ours => "ours",
        }
    }

    /// Returns whether `rolearnLike` and `userarnLike` are read.
    #[must_use]
    pub const fn has_patterns(self) -> bool {
        matches!(self, Self::Ours)
    }

    /// Returns whether `sso` is read.
    #[must_use]
    pub const fn has_permission_sets(self) -> bool {
        matches!(
            self,
            Self::Ours
                | Self::Authenticator {
                    sso_role_match: true
                }
        )
    }

    /// Returns whether `<<SessionName>>` is a placeholder.
    ///
    /// Elsewhere it is literal text: aws-iam-authenticator replaces only the names in braces
    /// (`pkg/server/server.go`, `renderTemplate`).
    #[must_use]
    pub const fn has_angle_placeholders(self) -> bool {
        matches!(self, Self::Ours)
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name of no dialect.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, ThisError)]
#[error("unknown dialect; expected `eks`, `authenticator`, `authenticator+SSORoleMatch` or `ours`")]
#[expect(
    clippy::exhaustive_structs,
    reason = "the error has no details, and callers compare it"
)]
pub struct UnknownDialect;

impl FromStr for Dialect {
    type Err = UnknownDialect;

    fn from_str(name: &str) -> Result<Self, UnknownDialect> {
        Self::ALL
            .into_iter()
            .find(|dialect| dialect.as_str() == name)
            .ok_or(UnknownDialect)
    }
}

#[cfg(test)]
mod tests {
    use super::{Dialect, UnknownDialect};

    #[test]
    fn every_dialect_is_parsed_from_its_name() {
        for dialect in Dialect::ALL {
            assert_eq!(dialect.to_string().parse(), Ok(dialect));
        }
        assert_eq!("EKS".parse::<Dialect>(), Err(UnknownDialect));
    }
}
