//! Amazon Resource Names.

use std::fmt;

use crate::error::{Error, Part};
use crate::partition::Partition;

/// The longest ARN in bytes: IAM's own limit (IAM API reference, `arnType`).
pub const MAX_ARN_LEN: usize = 2048;

/// `arn:partition:service:region:account:resource`, split but otherwise unchanged.
///
/// The account is text, because some services leave it empty or write `aws`.
/// [`Principal`](crate::Principal) parses it into an [`AccountId`](crate::AccountId).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Arn<'a> {
    text: &'a str,
    partition: Partition,
    service: &'a str,
    region: &'a str,
    account: &'a str,
    resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Splits an ARN. Case matters, as it does to AWS.
    ///
    /// # Errors
    ///
    /// In this order: [`Error::TooLong`], [`Error::Character`], [`Error::NotAnArn`],
    /// [`Error::UnknownPartition`].
    pub fn parse(text: &'a str) -> Result<Self, Error> {
        if text.len() > MAX_ARN_LEN {
            return Err(Error::TooLong);
        }
        if !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Error::Character(Part::Arn));
        }
        let mut parts = text.splitn(6, ':');
        let mut next = || parts.next().ok_or(Error::NotAnArn);
        if next()? != "arn" {
            return Err(Error::NotAnArn);
        }
        let (partition, service, region) = (next()?, next()?, next()?);
        let (account, resource) = (next()?, next()?);
        Ok(Self {
            text,
            partition: partition.parse()?,
            service,
            region,
            account,
            resource,
        })
    }

    /// Returns the whole ARN, as written.
    #[must_use]
    pub const fn as_str(&self) -> &'a str {
        self.text
    }

    /// Returns the partition.
    #[must_use]
    pub const fn partition(&self) -> Partition {
        self.partition
    }

    /// Returns the service, such as `iam`.
    #[must_use]
    pub const fn service(&self) -> &'a str {
        self.service
    }

    /// Returns the region, empty for global services.
    #[must_use]
    pub const fn region(&self) -> &'a str {
        self.region
    }

    /// Returns the account, as written.
    #[must_use]
    pub const fn account(&self) -> &'a str {
        self.account
    }

    /// Returns everything after the fifth colon.
    #[must_use]
    pub const fn resource(&self) -> &'a str {
        self.resource
    }
}

impl<'a> TryFrom<&'a str> for Arn<'a> {
    type Error = Error;

    fn try_from(text: &'a str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

impl fmt::Display for Arn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}
