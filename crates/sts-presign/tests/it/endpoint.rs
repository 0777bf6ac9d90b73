use iam_principal::Partition;
use serde::Deserialize;
use sts_presign::{Endpoint, EndpointVariant, Error};
use testkit::Report;

use crate::support::{GOOD, NOW, accept, at, policy};

#[derive(Deserialize)]
struct Resolved {
    partition: Option<String>,
    region: String,
    fips: bool,
    dualstack: bool,
    url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PartitionRow {
    id: String,
    regions: Vec<String>,
    dns_suffix: String,
    dual_stack_dns_suffix: String,
}

fn partitions() -> Vec<PartitionRow> {
    testkit::json_lines(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/testdata/partitions.jsonl"
    ))
}

#[test]
fn every_host_of_botocore_is_parsed_and_built() {
    let rows: Vec<Resolved> = testkit::json_lines(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/testdata/sts-endpoints.jsonl"
    ));
    let mut report = Report::new();
    for row in rows {
        let host = row.url.strip_prefix("https://").unwrap();
        let known = partitions()
            .into_iter()
            .find(|p| p.regions.contains(&row.region));
        let partition = row.partition.clone().or_else(|| known.map(|p| p.id));
        let got = Endpoint::from_host(host);
        let Some(partition) = partition else {
            // botocore does not know this region, but still builds a host for it.
            if let Ok(endpoint) = got {
                report.check(host, &endpoint.region(), &row.region.as_str());
            }
            continue;
        };
        if row.region.ends_with("-global") {
            continue;
        }
        let region = if host == "sts.amazonaws.com" {
            "us-east-1"
        } else {
            &row.region
        };
        // In GovCloud, the ordinary host is the FIPS host.
        let fips = row.fips || (partition == "aws-us-gov" && !row.dualstack);
        let variant = EndpointVariant::ORDINARY
            .with_fips(fips)
            .with_dual_stack(row.dualstack);
        let got = got.map(|e| (e.partition().id(), e.region().to_owned(), e.variant()));
        report.check(
            host,
            &got,
            &Ok((partition.as_str(), region.to_owned(), variant)),
        );
        if host != "sts.amazonaws.com" {
            let made = Endpoint::regional(&row.region, variant).map(|e| e.host().to_owned());
            report.check(host, &made, &Ok(host.to_owned()));
        }
    }
    report.finish();
}

/// No genuine host is refused: a URL for each is accepted by the verifiers of its partition only.
#[test]
fn every_host_of_botocore_is_accepted_in_its_partition_only() {
    let rows: Vec<Resolved> = testkit::json_lines(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/testdata/sts-endpoints.jsonl"
    ));
    let mut report = Report::new();
    for host in rows
        .iter()
        .filter_map(|row| row.url.strip_prefix("https://"))
    {
        let Ok(endpoint) = Endpoint::from_host(host) else {
            continue;
        };
        let url = GOOD
            .replacen("sts.us-west-2.amazonaws.com", host, 1)
            .replacen(
                "%2Fus-west-2%2F",
                &format!("%2F{}%2F", endpoint.region()),
                1,
            );
        for partition in Partition::ALL {
            let judged = accept(&url, &policy("test-cluster", partition.id()), at(NOW));
            let want = if partition == endpoint.partition() {
                Ok(endpoint.clone())
            } else {
                Err(Error::HostPartition)
            };
            report.check(host, &judged.map(|accepted| accepted.endpoint()), &want);
        }
    }
    report.finish();
}

#[test]
fn every_region_matches_the_pattern_of_its_partition_only() {
    let mut report = Report::new();
    for row in partitions() {
        let partition: Partition = row.id.parse().unwrap();
        assert_eq!(partition.dns_suffix(), row.dns_suffix);
        assert_eq!(partition.dual_stack_dns_suffix(), row.dual_stack_dns_suffix);
        for region in row
            .regions
            .iter()
            .filter(|region| !region.ends_with("-global"))
        {
            let got = Endpoint::regional(region, EndpointVariant::ORDINARY);
            report.check(region, &got.map(|e| e.partition()), &Ok(partition));
        }
    }
    report.finish();
}

#[test]
fn a_new_region_is_recognized_by_its_pattern() {
    let endpoint = Endpoint::from_host("sts.ap-northwest-12.amazonaws.com").unwrap();
    assert_eq!(endpoint.region(), "ap-northwest-12");
}

#[test]
fn an_unknown_region_has_no_endpoint() {
    for region in [
        "",
        "moon",
        "us-west",
        "us-west-2x",
        "US-WEST-2",
        "us-gov-west",
        "us-west-123",
    ] {
        let made = Endpoint::regional(region, EndpointVariant::ORDINARY);
        assert_eq!(made.unwrap_err(), Error::Host, "{region}");
    }
}

#[test]
fn the_global_host_is_us_east_1_of_aws() {
    let endpoint = Endpoint::from_host("sts.amazonaws.com").unwrap();
    assert_eq!(endpoint, Endpoint::global());
    assert_eq!(
        (endpoint.partition(), endpoint.region()),
        (Partition::Aws, "us-east-1")
    );
    assert_eq!(
        Endpoint::from_host("sts.amazonaws.com.cn").unwrap_err(),
        Error::Host
    );
}
