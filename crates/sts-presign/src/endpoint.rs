//! An STS endpoint: a host that is known to be one.

use iam_principal::Partition;

use crate::endpoint_table::EndpointTable;
use crate::error::Error;

/// An STS endpoint: a host that is known to be one, with its partition and region.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Endpoint {
    host: String,
    partition: Partition,
    region: String,
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

impl Endpoint {
    /// Reads a host of AWS's own, exactly as it has to stand in a URL: lower case, no port, no final
    /// dot. Other hosts are in an [`EndpointTable`] of the caller's.
    ///
    /// # Errors
    ///
    /// [`Error::Host`] if it is no STS endpoint.
    pub fn from_host(host: &str) -> Result<Self, Error> {
        EndpointTable::aws().endpoint(host)
    }

    /// Makes the endpoint of a region of AWS's.
    ///
    /// # Errors
    ///
    /// [`Error::Host`] if the region is in no partition that is known.
    pub fn regional(region: &str, variant: EndpointVariant) -> Result<Self, Error> {
        EndpointTable::aws().regional(region, variant)
    }

    /// Returns the global endpoint, `sts.amazonaws.com`.
    #[must_use]
    pub fn global() -> Self {
        let found = crate::endpoint_table::GLOBAL;
        Self::new(crate::endpoint_table::GLOBAL_HOST, found)
    }

    pub(crate) fn new(host: &str, found: Found<'_>) -> Self {
        let Found {
            partition,
            region,
            variant,
        } = found;
        Self {
            host: host.to_owned(),
            partition,
            region: region.to_owned(),
            variant,
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
        &self.region
    }

    /// Returns what it offers. `GovCloud`'s ordinary host is its FIPS host.
    #[must_use]
    pub const fn variant(&self) -> EndpointVariant {
        self.variant
    }
}

/// What a table says of a host; the region is a part of the host or the table's own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Found<'h> {
    pub(crate) partition: Partition,
    pub(crate) region: &'h str,
    pub(crate) variant: EndpointVariant,
}
