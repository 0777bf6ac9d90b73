//! The feature gates of aws-iam-authenticator.

use std::str::FromStr;

use printable_text::Printable;

/// The gates of upstream (`pkg/config/features.go`) and of its library (`component-base/featuregate`), and why
/// each cannot be turned off.
const GATES: [(&str, &str); 5] = [
    ("AllAlpha", "every feature is on"),
    ("AllBeta", "there is no beta feature"),
    (
        "ConfiguredInitDirectories",
        "`verifier init` writes to --state-dir",
    ),
    (
        "IAMIdentityMappingCRD",
        "the backend CRD is searched if --backend-mode names it",
    ),
    ("SSORoleMatch", "rules for SSO roles match"),
];

/// Gates as `NAME=BOOL`, separated by commas. The features behind them are always on here.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct FeatureGates {
    /// The notes to log: one for each gate that is turned off without effect.
    pub(crate) notes: Vec<String>,
}

impl FromStr for FeatureGates {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut gates = Self::default();
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let wrong = |why: &str| format!("{}: {why}", Printable::new(part));
            let (name, value) = part
                .split_once('=')
                .ok_or_else(|| wrong("expected NAME=BOOL"))?;
            let is_on = boolean(value.trim()).ok_or_else(|| wrong("expected NAME=BOOL"))?;
            let gate = GATES.iter().find(|(own, _)| *own == name.trim());
            let (name, why) = gate.ok_or_else(|| wrong("unknown feature gate"))?;
            if !is_on {
                gates
                    .notes
                    .push(format!("--feature-gates {name}=false has no effect: {why}"));
            }
        }
        Ok(gates)
    }
}

/// Parses a boolean as Go's `strconv.ParseBool` does.
fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}
