//! The file that sets the order of the backends at run time, and the fields that it shares with the
//! dynamic file.

use std::fmt;

use eks_auth::BackendKind;
use eks_auth::aws_auth_map::BackendModes;
use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess, Visitor};

/// The fields of a dynamic file and of a file of backend modes that are not rules.
///
/// As in upstream (Go's `encoding/json`), keys may be in any case, the last of several values
/// counts, null changes nothing, and other keys are ignored.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Header {
    pub(crate) last_updated: Option<String>,
    pub(crate) modes: Option<String>,
}

impl Header {
    /// Reads the fields. `None` if the text is not a JSON object, or a field is not text.
    pub(crate) fn read(text: &str) -> Option<Self> {
        serde_json::from_str::<Option<Self>>(text)
            .ok()
            .map(Option::unwrap_or_default)
    }

    /// Returns the time of the change in seconds since 1970: upstream's
    /// `CalculateTimeDeltaFromUnixInSeconds` reads a decimal number.
    pub(crate) fn last_updated(&self) -> Option<u64> {
        self.last_updated.as_deref()?.parse().ok()
    }
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeaderVisitor)
    }
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = Header;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
        let mut header = Header::default();
        while let Some(key) = map.next_key::<String>()? {
            let field = if key.eq_ignore_ascii_case("LastUpdatedDateTime") {
                &mut header.last_updated
            } else if key.eq_ignore_ascii_case("backendMode") {
                &mut header.modes
            } else if key.eq_ignore_ascii_case("Version") {
                // If it is not text, the file is not of this form.
                map.next_value::<Option<String>>()?;
                continue;
            } else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            if let Some(text) = map.next_value::<Option<String>>()? {
                *field = Some(text);
            }
        }
        Ok(header)
    }
}

/// Why a text is not a file of backend modes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum ModesError {
    #[error("it is not a JSON object whose `backendMode` is text")]
    NotJson,
    #[error(
        "`backendMode` is not a list of `MountedFile`, `EKSConfigMap`, `CRD` and `DynamicFile` with \
         single spaces between them"
    )]
    Unknown,
}

impl ModesError {
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::NotJson => "not-json",
            Self::Unknown => "unknown-mode",
        }
    }
}

/// Reads a file of backend modes: a JSON object whose `backendMode` names them, separated by single
/// spaces.
///
/// As upstream (`pkg/server/server.go`, `CallBackForFileLoad`): an unknown or empty name is an error.
/// A backend that is named twice is searched once, since a second search would find the same rules.
pub(crate) fn read_modes(text: &str) -> Result<(BackendModes, Header), ModesError> {
    let header = Header::read(text).ok_or(ModesError::NotJson)?;
    let mut kinds: Vec<BackendKind> = Vec::new();
    for name in header.modes.as_deref().unwrap_or_default().split(' ') {
        let kind = name.parse().map_err(|_| ModesError::Unknown)?;
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    let modes = BackendModes::new(kinds).map_err(|_| ModesError::Unknown)?;
    Ok((modes, header))
}

#[cfg(test)]
mod tests {
    use super::{ModesError, read_modes};

    fn modes(text: &str) -> Result<String, ModesError> {
        read_modes(text).map(|(modes, _)| modes.to_string())
    }

    #[test]
    fn a_file_of_modes_is_read_as_by_upstream() {
        let good = r#"{"backendMode": "EKSConfigMap DynamicFile", "Version": "1"}"#;
        assert_eq!(modes(good).as_deref(), Ok("EKSConfigMap,DynamicFile"));
        let keys = r#"{"BACKENDMODE": "CRD", "backendmode": "File", "x": [{}]}"#;
        assert_eq!(modes(keys).as_deref(), Ok("MountedFile"));
        let twice = r#"{"backendMode": "CRD File CRD MountedFile"}"#;
        assert_eq!(modes(twice).as_deref(), Ok("CRD,MountedFile"));
        for unknown in ["", "CRD  File", " CRD", "AccessEntries", "CRD,File", "crd"] {
            let text = format!(r#"{{"backendMode": "{unknown}"}}"#);
            assert_eq!(modes(&text), Err(ModesError::Unknown), "{unknown:?}");
        }
        for unknown in ["null", "{}", r#"{"backendMode": null}"#] {
            assert_eq!(modes(unknown), Err(ModesError::Unknown), "{unknown}");
        }
        for broken in [
            "",
            "CRD",
            "[]",
            "3",
            r#"{"backendMode": ["CRD"]}"#,
            r#"{"Version": 1}"#,
        ] {
            assert_eq!(modes(broken), Err(ModesError::NotJson), "{broken:?}");
        }
    }

    #[test]
    fn the_time_of_the_change_is_a_decimal_number() {
        let at = |text: &str| {
            let text = format!(r#"{{"backendMode": "CRD", "lastUpdatedDateTime": "{text}"}}"#);
            read_modes(&text).map(|(_, header)| header.last_updated())
        };
        assert_eq!(at("1764000000"), Ok(Some(1_764_000_000)));
        assert_eq!(at("yesterday"), Ok(None));
    }
}
