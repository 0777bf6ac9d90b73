//! Unquoted text that other readers parse as a number or a boolean.
//!
//! Here a number or a boolean is read as its text. Upstream and most tools follow YAML 1.1: where text
//! is expected, they read an unquoted `yes` or `0123` as nothing, or as `1` or `83`.

use bounded_yaml::{Kind, Scalar};

/// The booleans of YAML 1.1 besides `true` and `false`.
const BOOLEANS: [&str; 6] = ["n", "no", "off", "on", "y", "yes"];

/// Returns whether a YAML 1.1 reader parses an unquoted scalar as something other than text.
pub(super) fn is_typed(scalar: &Scalar) -> bool {
    let text = scalar.text();
    let is_number = |text: &str| {
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        let is_digit = |b: u8| b.is_ascii_digit() || b == b'_';
        digits.starts_with(|c: char| c.is_ascii_digit()) && digits.bytes().all(is_digit)
    };
    scalar.kind() != Kind::String
        || BOOLEANS.iter().any(|word| text.eq_ignore_ascii_case(word))
        || is_number(text)
}

/// Returns whether a YAML 1.1 reader parses an account id as a number and drops its leading zeros, or
/// reads it as octal.
pub(super) fn loses_zeros(scalar: &Scalar) -> bool {
    scalar.text().starts_with('0') && is_typed(scalar)
}

#[cfg(test)]
mod tests {
    use super::{is_typed, loses_zeros};
    use bounded_yaml::{Kind, Scalar};

    #[test]
    fn numbers_and_booleans_of_yaml_1_1_are_typed() {
        for (text, want) in [
            ("yes", true),
            ("Off", true),
            ("0123", true),
            ("1_000", true),
            ("-5", true),
            ("dev", false),
            ("none", false),
            ("", false),
            ("-", false),
            ("12a", false),
        ] {
            assert_eq!(is_typed(&Scalar::new(text, Kind::String)), want, "{text}");
        }
        assert!(is_typed(&Scalar::new("1.5", Kind::Float)));
    }

    #[test]
    fn only_an_id_with_a_leading_zero_loses_zeros() {
        assert!(loses_zeros(&Scalar::new("012345678901", Kind::String)));
        assert!(!loses_zeros(&Scalar::new("111122223333", Kind::Int)));
    }
}
