//! The credential scope: `KEY-ID/DATE/REGION/sts/aws4_request`.

use crate::error::Error;

/// The longest access key id (IAM API reference, `accessKeyIdType`).
pub const MAX_ACCESS_KEY_ID_LEN: usize = 128;

/// `X-Amz-Credential`, split; service and terminator are known to be right.
#[derive(Clone, Copy)]
pub(crate) struct Credential<'a> {
    pub(crate) access_key_id: &'a str,
    pub(crate) date: &'a str,
    pub(crate) region: &'a str,
}

impl<'a> Credential<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, Error> {
        let mut parts = text.split('/');
        let mut next = || parts.next().ok_or(Error::CredentialScope);
        let (access_key_id, date, region) = (next()?, next()?, next()?);
        let (service, terminator) = (next()?, next()?);
        if service != "sts" || terminator != "aws4_request" || parts.next().is_some() {
            return Err(Error::CredentialScope);
        }
        if !is_access_key_id(access_key_id) {
            return Err(Error::AccessKeyId);
        }
        Ok(Self {
            access_key_id,
            date,
            region,
        })
    }
}

/// The alphabet is `\w` of IAM's `accessKeyIdType`; its lower bound of 16 is not held to, because
/// the keys of test doubles are shorter.
pub(crate) fn is_access_key_id(text: &str) -> bool {
    (1..=MAX_ACCESS_KEY_ID_LEN).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
