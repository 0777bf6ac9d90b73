//! The edit distance of two names.

/// Returns the Levenshtein distance: the least number of bytes to change, insert or delete.
pub(crate) fn edit_distance(one: &[u8], other: &[u8]) -> usize {
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

#[cfg(test)]
mod tests {
    use super::edit_distance;

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
