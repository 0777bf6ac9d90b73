//! Which hosts are STS, in which partition and region.

use std::sync::OnceLock;

use iam_principal::Partition;
use regex::Regex;

use crate::error::Error;

/// An STS endpoint: a host that is known to be one, with its partition and region.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Endpoint {
    host: String,
    partition: Partition,
    region: Region,
    variant: EndpointVariant,
}

/// What an endpoint offers beside the ordinary.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct EndpointVariant {
    /// Whether its cryptography is FIPS 140 validated.
    pub fips: bool,
    /// Whether it is reached over IPv6 as well as IPv4.
    pub dual_stack: bool,
}

impl EndpointVariant {
    /// Neither FIPS nor dual-stack.
    pub const ORDINARY: Self = Self {
        fips: false,
        dual_stack: false,
    };

    /// Returns it with FIPS or without.
    #[must_use]
    pub const fn with_fips(self, fips: bool) -> Self {
        Self { fips, ..self }
    }

    /// Returns it with dual-stack or without.
    #[must_use]
    pub const fn with_dual_stack(self, dual_stack: bool) -> Self {
        Self { dual_stack, ..self }
    }
}

/// The region as a part of the host, so that it needs no text of its own.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Region {
    /// The global host's.
    Global,
    /// From the first dot on.
    InHost { start: usize, end: usize },
}

/// The host that stands for no region. Its requests are signed for `us-east-1` (IAM User Guide,
/// "AWS STS Regions and endpoints"), and only partition `aws` has one.
const GLOBAL_HOST: &str = "sts.amazonaws.com";
const GLOBAL_REGION: &str = "us-east-1";

/// What stands before the region's dot.
const LABEL: &str = "sts";
const FIPS_LABEL: &str = "sts-fips";

impl Endpoint {
    /// Reads a host, exactly as it has to stand in a URL: lower case, no port, no final dot.
    ///
    /// # Errors
    ///
    /// [`Error::Host`] if it is no STS endpoint (`vectors` of botocore's resolver for every region
    /// are in the tests).
    pub fn from_host(host: &str) -> Result<Self, Error> {
        if host == GLOBAL_HOST {
            return Ok(Self::global());
        }
        let (label, rest) = host.split_once('.').ok_or(Error::Host)?;
        let (region, suffix) = rest.split_once('.').ok_or(Error::Host)?;
        let partition = partition_of_region(region).ok_or(Error::Host)?;
        let dual_stack = suffix == partition.dual_stack_dns_suffix();
        if !dual_stack && suffix != partition.dns_suffix() {
            return Err(Error::Host);
        }
        let fips = match label {
            LABEL => plain_host_is_fips(partition, dual_stack),
            FIPS_LABEL if !plain_host_is_fips(partition, dual_stack) => true,
            _ => return Err(Error::Host),
        };
        let start = label.len().saturating_add(1);
        let end = start.saturating_add(region.len());
        let variant = EndpointVariant { fips, dual_stack };
        let region = Region::InHost { start, end };
        Ok(Self {
            host: host.to_owned(),
            partition,
            region,
            variant,
        })
    }

    /// Makes the endpoint of a region.
    ///
    /// # Errors
    ///
    /// [`Error::Host`] if the region is in no partition that is known.
    pub fn regional(region: &str, variant: EndpointVariant) -> Result<Self, Error> {
        let partition = partition_of_region(region).ok_or(Error::Host)?;
        let EndpointVariant { fips, dual_stack } = variant;
        let label = match fips && !plain_host_is_fips(partition, dual_stack) {
            true => FIPS_LABEL,
            false => LABEL,
        };
        let suffix = match dual_stack {
            true => partition.dual_stack_dns_suffix(),
            false => partition.dns_suffix(),
        };
        Self::from_host(&format!("{label}.{region}.{suffix}"))
    }

    /// Returns the global endpoint, `sts.amazonaws.com`.
    #[must_use]
    pub fn global() -> Self {
        Self {
            host: GLOBAL_HOST.to_owned(),
            partition: Partition::Aws,
            region: Region::Global,
            variant: EndpointVariant::ORDINARY,
        }
    }

    /// Returns the host.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the partition.
    #[must_use]
    pub const fn partition(&self) -> Partition {
        self.partition
    }

    /// Returns the region that requests to it are signed for.
    #[must_use]
    pub fn region(&self) -> &str {
        match self.region {
            Region::Global => GLOBAL_REGION,
            Region::InHost { start, end } => self.host.get(start..end).unwrap_or(GLOBAL_REGION),
        }
    }

    /// Returns what it offers. `GovCloud`'s ordinary host is its FIPS host.
    #[must_use]
    pub const fn variant(&self) -> EndpointVariant {
        self.variant
    }
}

/// In `GovCloud` botocore's rules give the ordinary host for FIPS as well.
fn plain_host_is_fips(partition: Partition, dual_stack: bool) -> bool {
    partition == Partition::AwsUsGov && !dual_stack
}

/// The shapes of region names, from `regionRegex` in botocore's `partitions.json`, narrowed to lower
/// case ASCII and bounded: our choice, 20 letters and two digits, because the longest word today
/// (`northeast`, `southeast`, `northwest`) has nine and no region's number has two.
///
/// Every region in that file has its partition's shape, and so will tomorrow's: a list would go
/// stale with each launch.
const SHAPES: [(Partition, &str); 8] = [
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

/// The longest text that can be a region, so that the shapes are not asked about a longer one.
const MAX_REGION_LEN: usize = 32;

fn partition_of_region(region: &str) -> Option<Partition> {
    static COMPILED: OnceLock<Vec<(Partition, Regex)>> = OnceLock::new();
    if region.len() > MAX_REGION_LEN {
        return None;
    }
    COMPILED
        .get_or_init(|| {
            let compile = |(partition, shape)| Some((partition, Regex::new(shape).ok()?));
            SHAPES.into_iter().filter_map(compile).collect()
        })
        .iter()
        .find(|(_, shape)| shape.is_match(region))
        .map(|(partition, _)| *partition)
}
