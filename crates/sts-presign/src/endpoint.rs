//! STS endpoints.

use std::fmt;

use iam_principal::Partition;

/// An STS endpoint: a known host with its partition and region.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Endpoint {
    host: String,
    partition: Partition,
    region: String,
    variant: EndpointVariant,
}

/// The options of an endpoint.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct EndpointVariant {
    /// Whether its cryptography is validated under FIPS 140.
    pub fips: bool,
    /// Whether it supports IPv6 as well as IPv4.
    pub dual_stack: bool,
}

impl EndpointVariant {
    /// Neither FIPS nor dual-stack.
    pub const ORDINARY: Self = Self {
        fips: false,
        dual_stack: false,
    };

    /// Sets whether the endpoint is a FIPS endpoint.
    #[must_use]
    pub const fn with_fips(self, fips: bool) -> Self {
        Self { fips, ..self }
    }

    /// Sets whether the endpoint is dual-stack.
    #[must_use]
    pub const fn with_dual_stack(self, dual_stack: bool) -> Self {
        Self { dual_stack, ..self }
    }
}

impl Endpoint {
    pub(crate) fn new(
        host: &str,
        partition: Partition,
        region: &str,
        variant: EndpointVariant,
    ) -> Self {
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

    /// Returns the region that requests are signed for.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Returns the options. The ordinary host of `GovCloud` is its FIPS host.
    #[must_use]
    pub const fn variant(&self) -> EndpointVariant {
        self.variant
    }
}

impl fmt::Display for Endpoint {
    /// Writes the host.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)
    }
}
