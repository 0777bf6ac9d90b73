//! Endpoints and binding headers as settings.

use iam_principal::Partition;
use sts_presign::{
    AcceptPolicy, BindingHeader, ClusterId, Endpoint, EndpointTable, EndpointVariant, Error,
};

use crate::login::login_of;
use crate::support::{GOOD, NOW, accept, at, policy};

const VPC: &str = "vpce-0a1b2c3d-4e5f.sts.us-west-2.vpce.amazonaws.com";

fn at_host(host: &str) -> String {
    GOOD.replacen("sts.us-west-2.amazonaws.com", host, 1)
}

#[test]
fn an_added_host_is_accepted_besides_those_of_aws() {
    let table = EndpointTable::aws()
        .with_host(VPC, Partition::Aws, "us-west-2")
        .unwrap();
    let policy = policy("test-cluster", "aws").with_endpoints(table);
    let accepted = accept(&at_host(VPC), &policy, at(NOW)).unwrap();
    assert_eq!(accepted.host(), VPC);
    assert_eq!(accepted.region(), "us-west-2");
    assert_eq!(accepted.endpoint().variant(), EndpointVariant::ORDINARY);
    assert_eq!(accepted.to_http().uri().host(), Some(VPC));
    assert!(accept(GOOD, &policy, at(NOW)).is_ok());
    let elsewhere = at_host(&VPC.replacen("0a1b", "0a1c", 1));
    assert_eq!(
        accept(&elsewhere, &policy, at(NOW)).unwrap_err(),
        Error::Host
    );
}

#[test]
fn an_empty_table_knows_only_added_hosts() {
    let table = EndpointTable::empty()
        .with_host("sts.test", Partition::Aws, "us-west-2")
        .unwrap();
    let policy = policy("test-cluster", "aws").with_endpoints(table);
    assert!(accept(&at_host("sts.test"), &policy, at(NOW)).is_ok());
    for host in [
        "sts.us-west-2.amazonaws.com",
        "sts.amazonaws.com",
        "sts.tests",
    ] {
        let judged = accept(&at_host(host), &policy, at(NOW));
        assert_eq!(judged.unwrap_err(), Error::Host, "{host}");
    }
}

#[test]
fn the_region_of_an_added_host_is_the_tables() {
    let table = EndpointTable::aws()
        .with_host("sts.test", Partition::Aws, "eu-west-1")
        .unwrap();
    let policy = policy("test-cluster", "aws").with_endpoints(table);
    let judged = accept(&at_host("sts.test"), &policy, at(NOW));
    assert_eq!(judged.unwrap_err(), Error::ScopeRegion);
}

#[test]
fn an_added_region_has_all_its_hosts() {
    let table = EndpointTable::aws()
        .with_region(Partition::Aws, "nz-auckland-1")
        .unwrap();
    for (host, fips, dual_stack) in [
        ("sts.nz-auckland-1.amazonaws.com", false, false),
        ("sts-fips.nz-auckland-1.amazonaws.com", true, false),
        ("sts.nz-auckland-1.api.aws", false, true),
        ("sts-fips.nz-auckland-1.api.aws", true, true),
    ] {
        assert_eq!(Endpoint::from_host(host).unwrap_err(), Error::Host);
        let variant = EndpointVariant::ORDINARY
            .with_fips(fips)
            .with_dual_stack(dual_stack);
        let endpoint = table.endpoint(host).unwrap();
        assert_eq!(
            (endpoint.partition(), endpoint.region(), endpoint.variant()),
            (Partition::Aws, "nz-auckland-1", variant)
        );
        assert_eq!(
            table.regional("nz-auckland-1", variant).unwrap().host(),
            host
        );
    }
    let only = EndpointTable::empty()
        .with_region(Partition::AwsUsGov, "us-west-2")
        .unwrap();
    let endpoint = only.endpoint("sts.us-west-2.amazonaws.com").unwrap();
    assert_eq!(endpoint.partition(), Partition::AwsUsGov);
    assert!(only.endpoint("sts.us-west-1.amazonaws.com").is_err());
}

#[test]
fn a_table_accepts_lower_case_dns_names_only() {
    let longest = format!("{}.a", vec!["a".repeat(62); 4].join("."));
    assert_eq!(longest.len(), 253);
    let long = format!("{longest}a");
    for host in ["sts.test", "a", &longest] {
        let made = EndpointTable::empty().with_host(host, Partition::Aws, "us-west-2");
        assert!(made.is_ok(), "{host}");
    }
    for host in [
        "",
        "STS.test",
        "sts.test.",
        ".test",
        "a..b",
        "a_b",
        "user@host",
        "host:443",
        "host/",
        "é.test",
        "127.0.0.1",
        "sts.1",
        "-a.test",
        "a-.test",
        &long,
    ] {
        let made = EndpointTable::empty().with_host(host, Partition::Aws, "us-west-2");
        assert_eq!(made.unwrap_err(), Error::EndpointTable, "{host}");
    }
    for region in ["", "US", "a.b", "a_b", "-a", "a-", &"a".repeat(33)] {
        let made = EndpointTable::empty().with_region(Partition::Aws, region);
        assert_eq!(made.unwrap_err(), Error::EndpointTable, "{region}");
        let made = EndpointTable::empty().with_host("sts.test", Partition::Aws, region);
        assert_eq!(made.unwrap_err(), Error::EndpointTable, "{region}");
    }
}

/// The only known host that this crate parses and `url` does not: a Punycode label that encodes no text.
#[test]
fn text_that_another_parser_refuses_is_refused() {
    let host = "xn--0.test";
    assert!(url::Url::parse(&format!("https://{host}/")).is_err());
    let table = EndpointTable::aws()
        .with_host(host, Partition::Aws, "us-west-2")
        .unwrap();
    let policy = policy("test-cluster", "aws").with_endpoints(table);
    let judged = accept(&at_host(host), &policy, at(NOW));
    assert_eq!(judged.unwrap_err(), Error::ReadersDisagree);
    let diagnosis = policy.diagnose(&at_host(host), at(NOW));
    assert_eq!(diagnosis.refusal(), Some(Error::ReadersDisagree));

    let mut login = login_of("consul");
    login.url = format!("https://{host}/");
    let table = EndpointTable::empty()
        .with_host(host, Partition::Aws, "us-west-2")
        .unwrap();
    let policy = login.policy().with_endpoints(table);
    let judged = login.judge(&policy, at(NOW));
    assert_eq!(judged.unwrap_err(), Error::ReadersDisagree);
    let diagnosis = login.diagnose(&policy, at(NOW));
    assert_eq!(diagnosis.refusal(), Some(Error::ReadersDisagree));
}

#[test]
fn several_binding_headers_must_be_signed_and_are_sent() {
    let header = |name: &str, value: &str| BindingHeader::parse(name, value).unwrap();
    let both = policy("test-cluster", "aws").with_binding(header("x-audience", "blue"));
    let signed = |list: &str| GOOD.replacen("host%3Bx-k8s-aws-id", list, 1);
    let accepted = accept(&signed("host%3Bx-audience%3Bx-k8s-aws-id"), &both, at(NOW)).unwrap();
    let sent = accepted.to_http();
    assert_eq!(sent.headers()["x-audience"], "blue");
    assert_eq!(sent.headers()["x-k8s-aws-id"], "test-cluster");
    assert_eq!(sent.headers().len(), 3);
    for (list, error) in [
        ("host%3Bx-k8s-aws-id", Error::BindingHeaderNotSigned),
        ("host%3Bx-audience", Error::BindingHeaderNotSigned),
        ("x-audience%3Bx-k8s-aws-id", Error::HostNotSigned),
        (
            "host%3Bx-audience%3Bx-b%3Bx-k8s-aws-id",
            Error::UnsuppliedHeader,
        ),
    ] {
        let judged = accept(&signed(list), &both, at(NOW));
        assert_eq!(judged.unwrap_err(), error, "{list}");
    }
    // With another binding header, the binding header of EKS is unknown.
    let other = AcceptPolicy::bound_by(header("x-lakefs-server-id", "lake"), Partition::Aws);
    assert!(accept(&signed("host%3Bx-lakefs-server-id"), &other, at(NOW)).is_ok());
    assert_eq!(
        accept(GOOD, &other, at(NOW)).unwrap_err(),
        Error::BindingHeaderNotSigned
    );
}

#[test]
fn a_policy_is_for_its_cluster() {
    let cluster = ClusterId::parse("test-cluster").unwrap();
    let policy = AcceptPolicy::new(cluster, Partition::AwsCn);
    let [binding] = policy.binding() else {
        panic!("one header")
    };
    assert_eq!(
        (binding.name(), binding.value()),
        ("x-k8s-aws-id", "test-cluster")
    );
    assert_eq!(policy.partition(), Partition::AwsCn);
}
