//! Names that are a few typing errors apart.

/// Returns the distance of two names if it is within the limit. `same` compares characters. `measure` gets the names
/// without their common beginning and end, which do not change an edit distance.
pub(crate) fn distance_within(
    limit: usize,
    (one, other): (&str, &str),
    same: impl Fn(char, char) -> bool,
    measure: impl Fn(&str, &str) -> usize,
) -> Option<usize> {
    let (one, other) = without_common_ends(one, other, same);
    // Each error removes one letter and adds another at most.
    let differing = (letters(one) ^ letters(other)).count_ones();
    let is_far = usize::try_from(differing).is_ok_and(|count| count > limit.saturating_mul(2));
    if is_far
        || one.len().min(other.len()) == 0 && one.chars().chain(other.chars()).nth(limit).is_some()
    {
        return None;
    }
    let distance = measure(one, other);
    (distance <= limit).then_some(distance)
}

fn without_common_ends<'n>(
    one: &'n str,
    other: &'n str,
    same: impl Fn(char, char) -> bool,
) -> (&'n str, &'n str) {
    let pairs = one.chars().zip(other.chars());
    let equal = pairs.take_while(|(a, b)| same(*a, *b));
    let (of_one, of_other) = equal.fold((0_usize, 0_usize), |(one, other), (a, b)| {
        (
            one.saturating_add(a.len_utf8()),
            other.saturating_add(b.len_utf8()),
        )
    });
    let one = one.get(of_one..).unwrap_or_default();
    let other = other.get(of_other..).unwrap_or_default();
    let pairs = one.chars().rev().zip(other.chars().rev());
    let equal = pairs.take_while(|(a, b)| same(*a, *b));
    let (of_one, of_other) = equal.fold((one.len(), other.len()), |(one, other), (a, b)| {
        (
            one.saturating_sub(a.len_utf8()),
            other.saturating_sub(b.len_utf8()),
        )
    });
    (
        one.get(..of_one).unwrap_or_default(),
        other.get(..of_other).unwrap_or_default(),
    )
}

/// Returns a set of the letters of a text, in any case: several letters share a place.
fn letters(text: &str) -> u64 {
    text.chars().fold(0, |set, letter| {
        let place = u32::from(letter.to_ascii_lowercase()) & 63;
        set | 1_u64.checked_shl(place).unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::distance_within;

    /// Names of few letters, and names of many that differ little.
    fn pair() -> impl Strategy<Value = (String, String)> {
        let letters = "[a-cA-Cé]{0,3}";
        let alike = (letters, letters, "[d-k]{0,8}", letters, letters);
        let alike = alike.prop_map(|(begin, other_begin, middle, end, other_end)| {
            let name = |begin: String, end: String| format!("{begin}{middle}{end}");
            (name(begin, end), name(other_begin, other_end))
        });
        prop_oneof![("[a-cA-Cé]{0,9}", "[a-cA-Cé]{0,9}"), alike]
    }

    proptest! {
        #[test]
        fn the_distance_is_that_of_the_whole_names((one, other) in pair(), limit in 0_usize..3) {
            for measure in [strsim::osa_distance, strsim::levenshtein] {
                let whole = measure(&one, &other);
                let found = distance_within(limit, (&one, &other), |a, b| a == b, measure);
                prop_assert_eq!(found, (whole <= limit).then_some(whole));
                let lower = |a: &str, b: &str| measure(&a.to_ascii_lowercase(), &b.to_ascii_lowercase());
                let whole = lower(&one, &other);
                let found = distance_within(limit, (&one, &other), |a, b| a.eq_ignore_ascii_case(&b), lower);
                prop_assert_eq!(found, (whole <= limit).then_some(whole));
            }
        }
    }
}
