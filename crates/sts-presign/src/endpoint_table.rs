//! The hosts of STS, with partition and region.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::OnceLock;

use iam_principal::Partition;
use regex::Regex;

use crate::endpoint::{Endpoint, EndpointVariant};
use crate::error::Error;
use crate::url::percent::split_once;

/// The global endpoint, of partition `aws` only. Its requests are signed for `us-east-1` (IAM User Guide,
/// "AWS STS Regions and endpoints").
const GLOBAL_HOST: &str = "sts.amazonaws.com";
const GLOBAL: Found<'static> = Found {
    partition: Partition::Aws,
    region: "us-east-1",
    variant: EndpointVariant::ORDINARY,
};

/// The first label of a host.
const LABEL: &str = "sts";
const FIPS_LABEL: &str = "sts-fips";

/// The pattern of region names in each partition: `regionRegex` of botocore's `partitions.json`, limited to
/// lower-case ASCII, 20 letters and two digits. The limits are our choice: the longest word today
/// (`northeast`) has nine letters, and no number has two digits.
///
/// Every region in that file matches the pattern of its partition. A list of regions would be outdated by
/// each new one.
const REGION_PATTERNS: [(Partition, &str); 8] = [
    (
        Partition::Aws,
        "^(us|eu|ap|sa|ca|me|af|il|mx)-[a-z0-9]{1,20}-[0-9]{1,2}$",
    ),
    (Partition::AwsCn, "^cn-[a-z0-9]{1,20}-[0-9]{1,2}$"),
    (Partition::AwsEusc, "^eusc-de-[a-z0-9]{1,20}-[0-9]{1,2}$"),
    (Partition::AwsIso, "^us-iso-[a-z0-9]{1,20}-[0-9]{1,2}$"),
    (Partition::AwsIsoB, "^us-isob-[a-z0-9]{1,20}-[0-9]{1,2}$"),
    (Partition::AwsIsoE, "^eu-isoe-[a-z0-9]{1,20}-[0-9]{1,2}$"),
    (Partition::AwsIsoF, "^us-isof-[a-z0-9]{1,20}-[0-9]{1,2}$"),
    (Partition::AwsUsGov, "^us-gov-[a-z0-9]{1,20}-[0-9]{1,2}$"),
];

/// The longest region in an added entry: our choice, what the patterns allow.
const MAX_REGION_LEN: usize = 32;

/// The longest host in bytes: RFC 1035, section 2.3.4, in text form.
pub(crate) const MAX_HOST_LEN: usize = 253;

/// The hosts that are STS endpoints: AWS's hosts, AWS's and added hosts, or only your own list.
///
/// AWS's hosts are recognized by pattern: `sts` or `sts-fips`, a region that matches the pattern of a
/// partition, and the partition's IPv4 or dual-stack suffix. A new region needs no new release. Add
/// hosts without such a pattern: a new kind of region, a VPC endpoint, a test double of STS.
///
/// ```
/// use iam_principal::Partition;
/// use sts_presign::EndpointTable;
///
/// let vpc = "vpce-0a1b2c3d-4e5f.sts.eu-west-1.vpce.amazonaws.com";
/// let table = EndpointTable::aws().with_host(vpc, Partition::Aws, "eu-west-1")?;
/// assert_eq!(table.endpoint(vpc)?.region(), "eu-west-1");
/// assert_eq!(table.endpoint("sts.eu-west-1.amazonaws.com")?.region(), "eu-west-1");
/// # Ok::<(), sts_presign::Error>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EndpointTable {
    has_aws: bool,
    regions: BTreeMap<String, Partition>,
    hosts: BTreeMap<String, Listed>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Listed {
    partition: Partition,
    region: String,
}

impl EndpointTable {
    /// Recognizes the hosts of every partition by pattern, and the global endpoint.
    #[must_use]
    pub const fn aws() -> Self {
        Self::listing(true)
    }

    /// Recognizes only the hosts that are added.
    #[must_use]
    pub const fn empty() -> Self {
        Self::listing(false)
    }

    const fn listing(has_aws: bool) -> Self {
        Self {
            has_aws,
            regions: BTreeMap::new(),
            hosts: BTreeMap::new(),
        }
    }

    /// Adds a region with its regional, FIPS and dual-stack hosts. It overrides the patterns.
    ///
    /// # Errors
    ///
    /// [`Error::EndpointTable`] unless the region is a lower-case DNS label of at most 32
    /// characters.
    pub fn with_region(mut self, partition: Partition, region: &str) -> Result<Self, Error> {
        check_region(region)?;
        self.regions.insert(region.to_owned(), partition);
        Ok(self)
    }

    /// Adds a host whose requests are signed for a region.
    ///
    /// **Requests are sent to this host, and its responses are trusted.**
    ///
    /// # Errors
    ///
    /// [`Error::EndpointTable`] unless the host is a lower-case DNS name and the region a lower-case
    /// DNS label of at most 32 characters.
    pub fn with_host(
        mut self,
        host: &str,
        partition: Partition,
        region: &str,
    ) -> Result<Self, Error> {
        if host.len() > MAX_HOST_LEN || !host.split('.').all(is_label) || ends_in_number(host) {
            return Err(Error::EndpointTable);
        }
        check_region(region)?;
        let region = region.to_owned();
        self.hosts
            .insert(host.to_owned(), Listed { partition, region });
        Ok(self)
    }

    /// Looks up a host, exactly as a URL must spell it: lower case, no port, no final dot.
    ///
    /// # Errors
    ///
    /// [`Error::Host`] if the table does not have the host.
    pub fn endpoint(&self, host: &str) -> Result<Endpoint, Error> {
        Ok(self.find(host).ok_or(Error::Host)?.endpoint(host))
    }

    /// Returns the endpoint of a region.
    ///
    /// # Errors
    ///
    /// [`Error::Host`] if the region is unknown.
    pub fn regional(&self, region: &str, variant: EndpointVariant) -> Result<Endpoint, Error> {
        let partition = self.partition_of(region).ok_or(Error::Host)?;
        let EndpointVariant { fips, dual_stack } = variant;
        let label = if fips && !plain_host_is_fips(partition, dual_stack) {
            FIPS_LABEL
        } else {
            LABEL
        };
        let suffix = if dual_stack {
            partition.dual_stack_dns_suffix()
        } else {
            partition.dns_suffix()
        };
        self.endpoint(&format!("{label}.{region}.{suffix}"))
    }

    /// Looks up a host without allocating.
    pub(crate) fn find<'h>(&'h self, host: &'h str) -> Option<Found<'h>> {
        if let Some(Listed { partition, region }) = self.hosts.get(host) {
            return Some(Found {
                partition: *partition,
                region,
                variant: EndpointVariant::ORDINARY,
            });
        }
        if self.has_aws && host == GLOBAL_HOST {
            return Some(GLOBAL);
        }
        let (label, rest) = split_once(host, b'.')?;
        let (region, suffix) = split_once(rest, b'.')?;
        let partition = self.partition_of(region)?;
        let dual_stack = suffix == partition.dual_stack_dns_suffix();
        if !dual_stack && suffix != partition.dns_suffix() {
            return None;
        }
        let fips = match label {
            LABEL => plain_host_is_fips(partition, dual_stack),
            FIPS_LABEL if !plain_host_is_fips(partition, dual_stack) => true,
            _ => return None,
        };
        Some(Found {
            partition,
            region,
            variant: EndpointVariant { fips, dual_stack },
        })
    }

    fn partition_of(&self, region: &str) -> Option<Partition> {
        match self.regions.get(region) {
            Some(partition) => Some(*partition),
            None if self.has_aws => partition_by_pattern(region),
            None => None,
        }
    }
}

/// The entry of a host. The region borrows from the host or from the table.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Found<'h> {
    pub(crate) partition: Partition,
    pub(crate) region: &'h str,
    pub(crate) variant: EndpointVariant,
}

impl Found<'_> {
    /// Returns the endpoint for the host that was looked up.
    pub(crate) fn endpoint(self, host: &str) -> Endpoint {
        Endpoint::new(host, self.partition, self.region, self.variant)
    }
}

impl Endpoint {
    /// Parses a host of AWS, exactly as a URL must spell it: lower case, no port, no final dot. For other
    /// hosts use an [`EndpointTable`].
    ///
    /// # Errors
    ///
    /// [`Error::Host`] if the host is not an STS endpoint.
    pub fn from_host(host: &str) -> Result<Self, Error> {
        EndpointTable::aws().endpoint(host)
    }

    /// Returns the endpoint of an AWS region.
    ///
    /// # Errors
    ///
    /// [`Error::Host`] if the region matches no known partition.
    pub fn regional(region: &str, variant: EndpointVariant) -> Result<Self, Error> {
        EndpointTable::aws().regional(region, variant)
    }

    /// Returns the global endpoint, `sts.amazonaws.com`.
    #[must_use]
    pub fn global() -> Self {
        GLOBAL.endpoint(GLOBAL_HOST)
    }
}

impl FromStr for Endpoint {
    type Err = Error;

    /// As [`Endpoint::from_host`].
    fn from_str(host: &str) -> Result<Self, Error> {
        Self::from_host(host)
    }
}

impl TryFrom<&str> for Endpoint {
    type Error = Error;

    /// As [`Endpoint::from_host`].
    fn try_from(host: &str) -> Result<Self, Error> {
        Self::from_host(host)
    }
}

impl Default for EndpointTable {
    /// As [`EndpointTable::aws`].
    fn default() -> Self {
        Self::aws()
    }
}

/// For `GovCloud`, botocore's rules return the ordinary host for FIPS too.
fn plain_host_is_fips(partition: Partition, dual_stack: bool) -> bool {
    partition == Partition::AwsUsGov && !dual_stack
}

fn check_region(region: &str) -> Result<(), Error> {
    if region.len() <= MAX_REGION_LEN && is_label(region) {
        Ok(())
    } else {
        Err(Error::EndpointTable)
    }
}

/// Returns whether the text is a lower-case DNS label (RFC 1035, section 2.3.1; RFC 1123 allows a leading
/// digit).
pub(crate) fn is_label(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=63).contains(&text.len())
        && text.bytes().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// Returns whether the last label begins with a digit. Some parsers treat such a host as an IPv4 address
/// or refuse it.
fn ends_in_number(host: &str) -> bool {
    host.split('.')
        .next_back()
        .is_some_and(|label| label.starts_with(|c: char| c.is_ascii_digit()))
}

fn partition_by_pattern(region: &str) -> Option<Partition> {
    static COMPILED: OnceLock<Vec<(Partition, Regex)>> = OnceLock::new();
    COMPILED
        .get_or_init(|| {
            let compile = |(partition, shape)| Some((partition, Regex::new(shape).ok()?));
            REGION_PATTERNS.into_iter().filter_map(compile).collect()
        })
        .iter()
        .find(|(_, shape)| shape.is_match(region))
        .map(|(partition, _)| *partition)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles() {
        for (partition, shape) in REGION_PATTERNS {
            assert!(Regex::new(shape).is_ok(), "{partition}");
        }
    }

    #[test]
    fn a_region_is_bounded() {
        let longest = format!("eusc-de-{}-12", "a".repeat(20));
        assert_eq!(partition_by_pattern(&longest), Some(Partition::AwsEusc));
        for longer in [format!("us-{}-1", "a".repeat(21)), "us-a-123".to_owned()] {
            assert_eq!(partition_by_pattern(&longer), None, "{longer}");
        }
        assert!(longest.len() < MAX_REGION_LEN);
        assert_eq!(check_region(&"r".repeat(32)), Ok(()));
        assert_eq!(check_region(&"r".repeat(33)), Err(Error::EndpointTable));
    }

    #[test]
    fn labels_are_lower_case_and_bounded() {
        for text in ["a", "0", "a-b", "xn--a", &"a".repeat(63)] {
            assert!(is_label(text), "{text}");
        }
        for text in ["", "-a", "a-", "A", "a_b", "a.b", "é", &"a".repeat(64)] {
            assert!(!is_label(text), "{text}");
        }
    }
}
