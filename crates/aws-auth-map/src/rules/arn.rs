//! The form in which ARNs are compared.

use iam_principal::{Kind, Principal};

/// Folds an ARN for lookup.
///
/// Upstream lower-cases both sides (`pkg/mapper/configmap/configmap.go`, `RoleMapping`).
// DIFFERENCE: only ASCII is folded; Go's `ToLower` also maps the Kelvin sign to `k`.
pub(crate) fn fold(arn: &str) -> String {
    arn.to_ascii_lowercase()
}

/// Removes the path from a folded role ARN, as STS does. Any other text is returned unchanged.
// As upstream: pkg/arn/arn.go, StripPath.
pub(crate) fn strip_path(folded: &str) -> String {
    match Principal::parse(folded) {
        Ok(principal) if principal.kind() == Kind::Role => principal.without_path(),
        _ => folded.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn only_ascii_case_is_folded() {
        assert_eq!(
            fold("ARN:AWS:IAM::1:ROLE/\u{212a}"),
            "arn:aws:iam::1:role/\u{212a}"
        );
    }
}
