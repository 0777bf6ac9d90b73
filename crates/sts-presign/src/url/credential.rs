//! The credential: `KEY-ID/DATE/REGION/sts/aws4_request`.

use std::ops::Range;

use iam_principal::AccessKeyId;

use crate::error::Error;
use crate::url::percent::split_at_escape;

/// A credential whose service is `sts`, split into its parts.
#[derive(Clone, Copy)]
pub(crate) struct Credential<'a> {
    pub(crate) access_key_id: AccessKeyId<'a>,
    pub(crate) date: &'a str,
    pub(crate) region: &'a str,
}

impl<'a> Credential<'a> {
    /// Parses the credential of an `Authorization` header.
    ///
    /// # Errors
    ///
    /// [`Error::CredentialScope`], then [`Error::AccessKeyId`].
    pub(crate) fn parse(text: &'a str) -> Result<Self, Error> {
        Self::of_parts(text.split('/').map(Some))
    }

    /// Parses the credential of a canonical query, where a `/` is `%2F`. Another escape stays in its part, which
    /// then is no access key id, date or region that there is.
    ///
    /// # Errors
    ///
    /// [`Error::CredentialScope`], then [`Error::AccessKeyId`].
    pub(crate) fn parse_canonical(text: &'a str) -> Result<Self, Error> {
        // A credential with no other escape is read faster.
        Self::of_parts(split_at_escape(text, "2F"))
            .or_else(|_| Self::of_parts(text.split("%2F").map(Some)))
    }

    /// Checks the number of parts and the fixed parts; `None` is a part that cannot be read.
    fn of_parts(mut parts: impl Iterator<Item = Option<&'a str>>) -> Result<Self, Error> {
        let mut next = || parts.next().flatten().ok_or(Error::CredentialScope);
        let (access_key_id, date, region) = (next()?, next()?, next()?);
        let fixed = (next()?, next()?);
        if fixed != ("sts", "aws4_request") || parts.next().is_some() {
            return Err(Error::CredentialScope);
        }
        Ok(Self {
            access_key_id: AccessKeyId::parse(access_key_id).map_err(|_| Error::AccessKeyId)?,
            date,
            region,
        })
    }

    /// Returns where the parts are in the text that [`Credential::parse_canonical`] parsed.
    pub(crate) fn canonical_parts(&self) -> CanonicalParts {
        let before = [self.access_key_id.as_str(), self.date];
        let start = before.iter().fold(0_usize, |start, part| {
            start.saturating_add(part.len()).saturating_add("%2F".len())
        });
        CanonicalParts {
            access_key_id: 0..self.access_key_id.as_str().len(),
            region: start..start.saturating_add(self.region.len()),
        }
    }

    /// Checks that the scope has the date of a well-formed `X-Amz-Date`.
    ///
    /// # Errors
    ///
    /// [`Error::ScopeDate`].
    pub(crate) fn check_date(&self, amz_date: &str) -> Result<(), Error> {
        let day = amz_date.split_once('T').map(|(day, _)| day);
        if day == Some(self.date) {
            Ok(())
        } else {
            Err(Error::ScopeDate)
        }
    }
}

/// Where the parts of a canonical credential are in its text.
#[derive(Clone, Debug)]
pub(crate) struct CanonicalParts {
    pub(crate) access_key_id: Range<usize>,
    pub(crate) region: Range<usize>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<[String; 3], Error> {
        let plain = Credential::parse(text);
        let encoded = text.replace('/', "%2F");
        let canonical = Credential::parse_canonical(&encoded);
        let parts =
            |c: Credential<'_>| [c.access_key_id.as_str(), c.date, c.region].map(str::to_owned);
        let (plain, canonical) = (plain.map(parts), canonical.map(parts));
        assert_eq!(plain, canonical, "{text}");
        if let Ok(credential) = Credential::parse_canonical(&encoded) {
            let parts = credential.canonical_parts();
            let id = encoded.get(parts.access_key_id);
            assert_eq!(id, Some(credential.access_key_id.as_str()), "{text}");
            let region = encoded.get(parts.region);
            assert_eq!(region, Some(credential.region), "{text}");
        }
        plain
    }

    #[test]
    fn a_credential_has_five_parts_of_which_two_are_fixed() {
        assert_eq!(
            read("AK_9/20230428/us-west-2/sts/aws4_request"),
            Ok(["AK_9", "20230428", "us-west-2"].map(str::to_owned))
        );
        for text in [
            "",
            "AKID",
            "AKID/20230428/us-west-2/sts",
            "AKID/20230428/us-west-2/sts/",
            "AKID/20230428/us-west-2/sts/aws4_request/",
            "AKID/20230428/us-west-2/sts/aws4_request/x",
            "AKID/20230428/us-west-2/s3/aws4_request",
            "AKID/20230428/us-west-2/sts/aws3_request",
            "/AKID/20230428/us-west-2/sts/aws4_request",
        ] {
            assert_eq!(read(text), Err(Error::CredentialScope), "{text}");
        }
    }

    #[test]
    fn an_access_key_id_is_1_to_128_word_characters() {
        let of = |id: &str| read(&format!("{id}/20230428/us-west-2/sts/aws4_request")).map(|_| ());
        assert_eq!(of("_"), Ok(()));
        assert_eq!(of(&"a".repeat(128)), Ok(()));
        for id in ["", "AK-ID", "AK.ID", "AK~ID", &"a".repeat(129)] {
            assert_eq!(of(id), Err(Error::AccessKeyId), "{id}");
        }
    }

    #[test]
    fn only_the_separators_are_escaped() {
        for text in [
            "AKID%2F20230428%2Fus-west-2%2Bsts%2Faws4_request",
            "AKID%2F20230428%2Fus-west-2%2Fst%2Bs%2Faws4_request",
            "AKID%252F20230428%252Fus-west-2%252Fsts%252Faws4_request",
            "AKID/20230428/us-west-2/sts/aws4_request",
        ] {
            let read = Credential::parse_canonical(text).map(|_| ());
            assert_eq!(read, Err(Error::CredentialScope), "{text}");
        }
    }

    #[test]
    fn a_part_with_another_escape_is_refused_as_that_part() {
        let read = |text| Credential::parse_canonical(text);
        for text in [
            "AKID%2B%2F20230428%2Fus-west-2%2Fsts%2Faws4_request",
            "%3A%2F20230428%2Fus-west-2%2Fsts%2Faws4_request",
        ] {
            assert_eq!(read(text).err(), Some(Error::AccessKeyId), "{text}");
        }
        let day = read("AKID%2F%3A20230428%2Fus-west-2%2Fsts%2Faws4_request").unwrap();
        let wrong = day.check_date("20230428T000000Z");
        assert_eq!(wrong, Err(Error::ScopeDate));
        let region = read("AKID%2F20230428%2Fus-west-2%3A%2Fsts%2Faws4_request").unwrap();
        assert_eq!(region.region, "us-west-2%3A");
    }
}
