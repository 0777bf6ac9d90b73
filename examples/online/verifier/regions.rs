//! The regions that AWS has.
//!
//! The library accepts every region whose name has the form that its partition uses, so a new region needs no
//! new release. A person may misspell a region in this form. This list finds the misspelling.

use program::output;
use sts_presign::{Endpoint, EndpointVariant};

use crate::PROGRAM;

/// The regions of botocore's `partitions.json`, of November 2026.
const REGIONS: [&str; 48] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-isoe-west-1",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eusc-de-east-1",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "me-west-1",
    "mx-central-1",
    "sa-east-1",
    "sa-west-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-iso-east-1",
    "us-iso-west-1",
    "us-isob-east-1",
    "us-isob-west-1",
    "us-isof-east-1",
    "us-isof-south-1",
    "us-west-1",
    "us-west-2",
];

/// Returns the regions that AWS does not have, as far as this program knows. The text of each states
/// the consequence.
pub(crate) fn unknown<'r>(
    regions: impl IntoIterator<Item = &'r String>,
) -> impl Iterator<Item = String> {
    regions
        .into_iter()
        .filter(|region| !REGIONS.contains(&region.as_str()))
        // A text that does not have the form of a region gives a separate error.
        .filter(|region| Endpoint::regional(region, EndpointVariant::ORDINARY).is_ok())
        .map(|region| {
            format!(
                "--region: `{region}` is not among the regions that this program knows; unless it is a new one, no \
                 token can be verified with it"
            )
        })
}

/// Prints the unknown regions of a command line on standard error.
pub(crate) fn note_unknown(regions: &[String]) {
    for note in unknown(regions) {
        output::note(PROGRAM, &note);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_region_has_an_endpoint() {
        for region in REGIONS {
            let endpoint = Endpoint::regional(region, EndpointVariant::ORDINARY);
            assert!(endpoint.is_ok(), "{region}");
        }
    }

    #[test]
    fn a_region_that_does_not_exist_is_found() {
        let regions = ["us-west-2", "us-west-22", "eu-mars-1", "us-west2"].map(str::to_owned);
        let found: Vec<String> = unknown(&regions).collect();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.iter().any(|note| note.contains("`us-west-22`")));
    }
}
