//! The comparison of secrets.

use subtle::ConstantTimeEq as _;

/// A signature or session token that is to be compared. [`Compared::is`] is the only comparison: there is no
/// `==`, and the text cannot be taken out.
#[derive(Clone, Copy)]
pub(crate) struct Compared<'t> {
    text: &'t str,
}

impl<'t> Compared<'t> {
    pub(crate) const fn new(text: &'t str) -> Self {
        Self { text }
    }

    /// Compares in constant time, apart from the lengths: all differences are gathered before the result is
    /// examined.
    pub(crate) fn is(self, sent: Compared<'_>) -> bool {
        if self.text.len() != sent.text.len() {
            return false;
        }
        difference(words(self.text), words(sent.text))
            .ct_eq(&0)
            .into()
    }
}

/// The signature that the known secret makes of a request. Like [`Compared`], it has no `==`.
pub(crate) struct ComputedSignature {
    digits: String,
}

impl ComputedSignature {
    pub(crate) const fn new(digits: String) -> Self {
        Self { digits }
    }

    pub(crate) fn is(&self, sent: Compared<'_>) -> bool {
        Compared::new(&self.digits).is(sent)
    }
}

/// Splits a text into words of eight bytes, the last of which is filled up with zeros. By words, because
/// `subtle` alone goes byte by byte, which for a session token takes as long as verifying the signature.
fn words(text: &str) -> impl Iterator<Item = u64> {
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let mut last = [0; 8];
    for (slot, byte) in last.iter_mut().zip(rest) {
        *slot = *byte;
    }
    words.iter().copied().chain([last]).map(u64::from_ne_bytes)
}

/// Returns the bits in which the words differ.
fn difference(own: impl Iterator<Item = u64>, sent: impl Iterator<Item = u64>) -> u64 {
    own.zip(sent).fold(0, |difference, (own, sent)| {
        #[cfg(test)]
        tests::count_a_word();
        difference | (own ^ sent)
    })
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        static WORDS: Cell<usize> = const { Cell::new(0) };
    }

    pub(super) fn count_a_word() {
        WORDS.set(WORDS.get().saturating_add(1));
    }

    /// Compares, and returns the result with the number of words that were examined.
    fn compare(own: &str, sent: &str) -> (bool, usize) {
        WORDS.set(0);
        let is_same = ComputedSignature::new(own.to_owned()).is(Compared::new(sent));
        (is_same, WORDS.get())
    }

    /// Has one implementation for a type without `==`, and two for a type with it. So the list below does not
    /// compile if one of its types gets an `==`.
    trait WithoutEq<Marker> {
        const IS: bool = true;
    }
    struct Any;
    struct WithEq;
    impl<T> WithoutEq<Any> for T {}
    impl<T: PartialEq> WithoutEq<WithEq> for T {}

    const _: [bool; 4] = [
        <Compared<'static> as WithoutEq<_>>::IS,
        <ComputedSignature as WithoutEq<_>>::IS,
        <crate::SecretAccessKey as WithoutEq<_>>::IS,
        <crate::SessionToken as WithoutEq<_>>::IS,
    ];

    /// An `==` would stop at the first difference, and examine no word here.
    #[test]
    fn attack_31_every_word_is_examined_wherever_the_difference_is() {
        let own = "d052bda10bc2c20801d04704e8da83bc17ce4f0c385f2fc03845cb278d94f1ec";
        let (is_same, all) = compare(own, own);
        assert!(is_same && all >= own.len() / 8, "{all} words");
        for at in 0..own.len() {
            let mut other = own.as_bytes().to_vec();
            other[at] ^= 1;
            let other = String::from_utf8(other).unwrap();
            assert_eq!(compare(own, &other), (false, all), "{other}");
        }
    }

    #[test]
    fn texts_are_the_same_only_if_every_byte_is() {
        let is_same = |own: &str, sent: &str| compare(own, sent).0;
        for len in 0..20 {
            let own: String = ('a'..='z').take(len).collect();
            let longer: String = ('a'..='z').take(len.saturating_add(1)).collect();
            assert!(is_same(&own, &own), "{own}");
            assert!(!is_same(&own, &longer), "{own}");
            assert!(!is_same(&longer, &own), "{own}");
            for at in 0..len {
                let mut other = own.as_bytes().to_vec();
                other[at] ^= 1;
                let other = String::from_utf8(other).unwrap();
                assert!(!is_same(&own, &other), "{own} {other}");
            }
        }
        // Two differences do not undo each other.
        assert!(!is_same("aaaaaaaabbbbbbbb", "bbbbbbbbaaaaaaaa"));
        // Nor does filling up the last word make two texts one.
        assert!(!is_same("a", "a\0"));
    }
}
