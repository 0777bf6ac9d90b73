//! The number of each record, found by the record's user, action and outcome.

use std::collections::HashMap;

/// Numbers by the hash of a record. The records themselves are compared, so the table needs no copy of their texts.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers(HashMap<u64, usize>);

/// A place for a number that is not in the table.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Vacant(u64);

impl Numbers {
    /// Finds the number of a record by its hash. `is_same` returns whether a number belongs to the wanted
    /// record.
    ///
    /// # Errors
    ///
    /// The place for its number, if there is no such record.
    pub(super) fn find(&self, hash: u64, is_same: impl Fn(usize) -> bool) -> Result<usize, Vacant> {
        let mut hash = hash;
        while let Some(number) = self.0.get(&hash) {
            if is_same(*number) {
                return Ok(*number);
            }
            // Two records with one hash are nearly impossible, since the hash has a random key.
            hash = hash.wrapping_add(1);
        }
        Err(Vacant(hash))
    }

    pub(super) fn insert(&mut self, vacant: Vacant, number: usize) {
        self.0.insert(vacant.0, number);
    }
}

#[cfg(test)]
mod tests {
    use super::{Numbers, Vacant};

    #[test]
    fn records_with_one_hash_are_distinguished() {
        let mut numbers = Numbers::default();
        for number in 0..3 {
            let vacant = numbers.find(u64::MAX, |one| one == number);
            numbers.insert(vacant.unwrap_err(), number);
        }
        for number in 0..3 {
            assert_eq!(numbers.find(u64::MAX, |one| one == number), Ok(number));
        }
        assert_eq!(numbers.find(1, |one| one == 0), Err(Vacant(2)));
        assert_eq!(numbers.find(u64::MAX, |one| one == 3), Err(Vacant(2)));
    }
}
