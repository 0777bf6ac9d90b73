//! The edit distance of two names.

/// Returns the Levenshtein distance: the least number of bytes to change, insert or delete.
pub(crate) fn edit_distance(one: &[u8], other: &[u8]) -> usize {
    let (one, other) = without_common_ends(one, other);
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, byte) in one.iter().enumerate() {
        let mut diagonal = at;
        let mut left = at.saturating_add(1);
        let mut next = vec![left];
        for (above, wanted) in row.iter().skip(1).zip(other) {
            let changed = diagonal.saturating_add(usize::from(byte != wanted));
            left = changed
                .min(above.saturating_add(1))
                .min(left.saturating_add(1));
            next.push(left);
            diagonal = *above;
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

/// Cuts off the common beginning and the common end of two names, which do not change their distance, and
/// returns the rest of each.
fn without_common_ends<'n>(one: &'n [u8], other: &'n [u8]) -> (&'n [u8], &'n [u8]) {
    let rest = |name: &'n [u8], from: usize| name.get(from..).unwrap_or_default();
    let begin = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    let (one, other) = (rest(one, begin), rest(other, begin));
    let ends = one.iter().rev().zip(other.iter().rev());
    let end = ends.take_while(|(a, b)| a == b).count();
    let before = |name: &'n [u8]| {
        name.get(..name.len().saturating_sub(end))
            .unwrap_or_default()
    };
    (before(one), before(other))
}

/// Returns whether the distance of two names certainly exceeds `limit`, ignoring case. It only compares the lengths
/// and the sets of bytes, which takes less time than [`edit_distance`].
pub(crate) fn is_far(one: &[u8], other: &[u8], limit: usize) -> bool {
    let set = |name: &[u8]| {
        name.iter().fold(0_u64, |set, byte| {
            let place = u32::from(byte.to_ascii_lowercase()) & 63;
            set | 1_u64.checked_shl(place).unwrap_or_default()
        })
    };
    // Changing a byte removes one byte from the set and adds another.
    let differing = (set(one) ^ set(other)).count_ones();
    one.len().abs_diff(other.len()) > limit
        || usize::try_from(differing).is_ok_and(|count| count > limit.saturating_mul(2))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{edit_distance, is_far};

    proptest! {
        #[test]
        fn what_is_far_has_a_greater_distance(one in "[a-e]{0,9}", other in "[a-e]{0,9}", limit in 0_usize..4) {
            let distance = strsim::levenshtein(&one, &other);
            prop_assert_eq!(edit_distance(one.as_bytes(), other.as_bytes()), distance);
            let upper = other.to_ascii_uppercase();
            prop_assert!(!is_far(one.as_bytes(), upper.as_bytes(), limit) || distance > limit);
        }
    }

    #[test]
    fn the_distance_counts_changed_bytes() {
        for (one, other, want) in [
            ("", "", 0),
            ("", "ab", 2),
            ("abc", "abd", 1),
            ("abc", "bc", 1),
        ] {
            assert_eq!(edit_distance(one.as_bytes(), other.as_bytes()), want);
            assert_eq!(edit_distance(other.as_bytes(), one.as_bytes()), want);
        }
    }
}
