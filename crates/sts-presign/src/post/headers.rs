//! The headers of a forwarded request.

use crate::error::Error;
use crate::post::Form;
use crate::post::authorization::RawAuthorization;
use crate::url::signed_headers::{is_name, names};

/// Header names in lower case, sorted and distinct, with their values.
#[derive(Clone)]
pub(crate) struct Headers<'r> {
    list: Vec<(String, &'r str)>,
}

impl<'r> Headers<'r> {
    /// Parses a list of headers.
    ///
    /// # Errors
    ///
    /// [`Error::HeaderName`], then [`Error::DuplicateHeader`].
    pub(crate) fn parse(headers: &[(&'r str, &'r str)]) -> Result<Self, Error> {
        // ASCII only: by Unicode's rules the Kelvin sign folds to `k`.
        let folded = headers
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), *value));
        let mut list: Vec<_> = folded.collect();
        if !list.iter().all(|(name, _)| is_name(name)) {
            return Err(Error::HeaderName);
        }
        list.sort_unstable();
        let twice = list
            .array_windows()
            .any(|[(one, _), (next, _)]| one == next);
        if twice {
            Err(Error::DuplicateHeader)
        } else {
            Ok(Self { list })
        }
    }

    /// Returns the value of a header by its lower-case name.
    pub(crate) fn find(&self, name: &str) -> Option<&'r str> {
        let at = self
            .list
            .binary_search_by(|(other, _)| other.as_str().cmp(name))
            .ok()?;
        self.list.get(at).map(|(_, value)| *value)
    }

    /// Returns `x-amz-date`, or an empty text.
    pub(crate) fn amz_date(&self) -> &'r str {
        self.find("x-amz-date").unwrap_or_default()
    }

    /// Splits the `Authorization` header into its parts.
    ///
    /// # Errors
    ///
    /// [`Error::Unsigned`], [`Error::Algorithm`], [`Error::Authorization`].
    pub(crate) fn authorization(&self) -> Result<RawAuthorization<'r>, Error> {
        RawAuthorization::parse(self.find("authorization").ok_or(Error::Unsigned)?)
    }

    /// Returns the unsigned headers that AWS reads. An attacker could have added them.
    pub(crate) fn unsigned_amz_headers<'s>(
        &'s self,
        list: &'s str,
    ) -> impl Iterator<Item = &'s str> {
        let is_signed = |name: &str| names(list).any(|signed| signed == name);
        self.list
            .iter()
            .map(|(name, _)| name.as_str())
            .filter(move |name| name.starts_with("x-amz-") && !is_signed(name))
    }

    /// Returns the signed headers whose values SigV4 would normalize.
    pub(crate) fn odd_values<'s>(&self, list: &'s str) -> impl Iterator<Item = &'s str> {
        self.signed(list)
            .filter(|(_, value)| !is_value(value))
            .map(|(name, _)| name)
    }

    /// Returns the signed headers whose values do not fit the form, with their values.
    pub(crate) fn misfits<'s>(
        &self,
        list: &'s str,
        form: Form,
    ) -> impl Iterator<Item = (&'s str, &'r str)> {
        self.signed(list)
            .filter(move |(name, value)| !form.fits(name, value))
    }

    /// Returns the signed headers that were forwarded, with their values, in the order of the list.
    fn signed<'s>(&self, list: &'s str) -> impl Iterator<Item = (&'s str, &'r str)> {
        names(list).filter_map(|name| Some((name, self.find(name)?)))
    }
}

/// Returns whether a value is visible ASCII with single spaces between words. SigV4 does not change such a
/// value, so the signed bytes are the sent bytes.
fn is_value(value: &str) -> bool {
    let word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_graphic());
    value.split(' ').all(word)
}
