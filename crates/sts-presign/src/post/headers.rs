//! The headers of a carried request.

use crate::error::Error;
use crate::post::Form;
use crate::post::authorization::RawAuthorization;
use crate::url::signed_headers::{is_name, names};

/// Header names in lower case, sorted, each once, with their values as they were carried.
#[derive(Clone)]
pub(crate) struct Headers<'r> {
    list: Vec<(String, &'r str)>,
}

impl<'r> Headers<'r> {
    /// Reads a list of headers.
    ///
    /// # Errors
    ///
    /// [`Error::HeaderName`], then [`Error::DuplicateHeader`].
    pub(crate) fn parse(headers: &[(&'r str, &'r str)]) -> Result<Self, Error> {
        // ASCII only: by Unicode's rules the Kelvin sign is a `k` as well.
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
        match twice {
            true => Err(Error::DuplicateHeader),
            false => Ok(Self { list }),
        }
    }

    /// Returns the value of a header, its name in lower case.
    pub(crate) fn find(&self, name: &str) -> Option<&'r str> {
        let at = self
            .list
            .binary_search_by(|(other, _)| other.as_str().cmp(name))
            .ok()?;
        self.list.get(at).map(|(_, value)| *value)
    }

    /// Returns the time of signing as it was carried; empty if it was not.
    pub(crate) fn amz_date(&self) -> &'r str {
        self.find("x-amz-date").unwrap_or_default()
    }

    /// Reads the `Authorization` header, as far as its parts.
    ///
    /// # Errors
    ///
    /// [`Error::Unsigned`], [`Error::Algorithm`], [`Error::Authorization`].
    pub(crate) fn authorization(&self) -> Result<RawAuthorization<'r>, Error> {
        RawAuthorization::parse(self.find("authorization").ok_or(Error::Unsigned)?)
    }

    /// Returns the headers that AWS reads and that nobody signed: somebody else could have put them
    /// there.
    pub(crate) fn unsigned_amz_headers<'s>(
        &'s self,
        list: &'s str,
    ) -> impl Iterator<Item = &'s str> {
        let is_signed = |name: &str| names(list).any(|signed| signed == name);
        let carried = self.list.iter().map(|(name, _)| name.as_str());
        carried.filter(move |name| name.starts_with("x-amz-") && !is_signed(name))
    }

    /// Returns the signed headers whose values SigV4 counts otherwise than as they stand.
    pub(crate) fn odd_values<'s>(&self, list: &'s str) -> impl Iterator<Item = &'s str> {
        let odd = self.signed(list).filter(|(_, value)| !is_value(value));
        odd.map(|(name, _)| name)
    }

    /// Returns the signed headers whose values do not fit the form, with these.
    pub(crate) fn misfits<'s>(
        &self,
        list: &'s str,
        form: Form,
    ) -> impl Iterator<Item = (&'s str, &'r str)> {
        let signed = self.signed(list);
        signed.filter(move |(name, value)| !form.fits(name, value))
    }

    /// Returns the signed headers that were carried, with their values, in the order of the list.
    fn signed<'s>(&self, list: &'s str) -> impl Iterator<Item = (&'s str, &'r str)> {
        names(list).filter_map(|name| Some((name, self.find(name)?)))
    }
}

/// Tells visible ASCII, words separated by one space: as SigV4 counts the value, so that what is
/// signed and what is sent are the same bytes.
fn is_value(value: &str) -> bool {
    let word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_graphic());
    value.split(' ').all(word)
}
