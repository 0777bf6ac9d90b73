//! What other readers take unquoted text for.
//!
//! Here a number or a boolean is its text. Upstream's readers, and those of most tools, follow YAML
//! 1.1: where text is wanted they take an unquoted `yes` or `0123` for nothing, or for `1` or `83`.

use bounded_yaml::{Kind, Scalar};

/// What YAML 1.1 takes for a boolean besides `true` and `false`.
const BOOLEANS: [&str; 6] = ["n", "no", "off", "on", "y", "yes"];

/// Whether readers of YAML 1.1 take an unquoted scalar for something else than text.
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

/// Whether they take an account id for a number, and its leading zeros for nothing or for the sign of
/// an octal one.
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
    fn only_what_begins_with_a_zero_loses_zeros() {
        assert!(loses_zeros(&Scalar::new("012345678901", Kind::String)));
        assert!(!loses_zeros(&Scalar::new("111122223333", Kind::Int)));
    }
}
