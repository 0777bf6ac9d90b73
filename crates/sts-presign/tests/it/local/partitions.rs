//! Key, host, policy and answer agree about the partition, for every kind of login.

use iam_principal::{Identity, Partition};
use sts_presign::{
    AcceptPolicy, ClusterId, Endpoint, EndpointVariant, ForwardedRequest, Key, Keys, LocalSts,
    PresignedUrl, SecretAccessKey, SignedPost, Signer, StsError, read_identity, verify,
    verify_post, verify_request,
};

use super::{FORM, SECRET, ToSign};
use crate::support::{NOW, at};

const PARTITIONS: [(Partition, &str); 8] = [
    (Partition::Aws, "us-west-2"),
    (Partition::AwsCn, "cn-north-1"),
    (Partition::AwsEusc, "eusc-de-east-1"),
    (Partition::AwsIso, "us-iso-east-1"),
    (Partition::AwsIsoB, "us-isob-east-1"),
    (Partition::AwsIsoE, "eu-isoe-west-1"),
    (Partition::AwsIsoF, "us-isof-south-1"),
    (Partition::AwsUsGov, "us-gov-west-1"),
];

fn keys_of(partition: Partition) -> Keys {
    let arn = format!("arn:{partition}:iam::111122223333:user/alice");
    let identity = Identity::new(&arn, "111122223333", "AIDAEXAMPLE").unwrap();
    let key = Key::long_term(SecretAccessKey::new(SECRET), identity);
    Keys::new().with("AKIDEXAMPLE", key)
}

fn policy_of(partition: Partition) -> AcceptPolicy {
    AcceptPolicy::new(ClusterId::parse("test-cluster").unwrap(), partition)
}

/// Returns the host of a region, and its URL signed for the cluster.
fn signed(region: &str) -> (String, String) {
    let endpoint = Endpoint::regional(region, EndpointVariant::ORDINARY).unwrap();
    let cluster_id = ClusterId::parse("test-cluster").unwrap();
    let credentials =
        aws_credential_types::Credentials::new("AKIDEXAMPLE", SECRET, None, None, "test");
    let url = Signer::new(&endpoint, &cluster_id)
        .sign(&credentials.into(), at(NOW))
        .unwrap();
    (endpoint.host().to_owned(), url.expose().to_owned())
}

/// Policy, host and key each have one of three partitions. A login by URL, by POST or by the embedded STS
/// has an owner only if all three are the same.
#[test]
fn attack_17_a_login_has_an_owner_only_if_every_partition_is_the_same() {
    let mut owners = 0;
    for (of_host, region) in PARTITIONS {
        let (host, url) = signed(region);
        let origin = format!("https://{host}/");
        let request = ToSign {
            region,
            ..ToSign::to(&origin)
                .with("x-k8s-aws-id", "test-cluster")
                .with("host", &host)
        }
        .sign();
        let headers: Vec<(&str, &str)> = request
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .collect();
        let forwarded = ForwardedRequest {
            method: "POST",
            url: &origin,
            headers: &headers,
            body: FORM,
        };
        for (of_policy, _) in PARTITIONS {
            let policy = policy_of(of_policy);
            for (of_key, _) in PARTITIONS {
                let keys = keys_of(of_key);
                let parsed = PresignedUrl::parse(&url).unwrap();
                let by_url = policy.accept(parsed, at(NOW)).ok();
                let by_sts = by_url.as_ref().and_then(|accepted| {
                    let request = accepted.to_http().map(|()| Vec::new());
                    let answer = LocalSts::new(&keys).answer(&request, at(NOW));
                    read_identity(&answer, policy.partition()).ok()
                });
                let by_url = by_url.and_then(|accepted| verify(&accepted, &keys, at(NOW)).ok());
                let post = SignedPost::parse(&forwarded).unwrap();
                let by_post = policy
                    .accept_post(&post, at(NOW))
                    .ok()
                    .and_then(|accepted| verify_post(&accepted, &keys, at(NOW)).ok());
                let is_one = of_host == of_policy && of_policy == of_key;
                let found = [by_url.is_some(), by_sts.is_some(), by_post.is_some()];
                assert_eq!(found, [is_one; 3], "{of_host} {of_policy} {of_key}");
                owners += usize::from(is_one);
            }
        }
    }
    assert_eq!(owners, PARTITIONS.len());
}

/// However a client writes the host, the key must be of its partition and the scope of its region.
#[test]
fn attack_17_the_spelling_of_a_host_does_not_hide_its_partition() {
    let unknown = Err(StsError::InvalidClientTokenId);
    for host in [
        "sts.us-west-2.amazonaws.com",
        "STS.us-west-2.amazonaws.com",
        "sts.us-west-2.AMAZONAWS.com:443",
        "sts.us-west-2.amazonaws.com.",
        "sts.us-west-2.amazonaws.com.:443",
    ] {
        let url = format!("http://{host}/");
        let request = ToSign {
            region: "us-west-2",
            ..ToSign::to(&url)
        };
        let verified = |partition, request: &ToSign<'_>| {
            verify_request(&request.sign(), &keys_of(partition), at(NOW)).map(drop)
        };
        assert_eq!(verified(Partition::Aws, &request), Ok(()), "{host}");
        assert_eq!(verified(Partition::AwsCn, &request), unknown, "{host}");
        let elsewhere = ToSign {
            region: "eu-west-1",
            ..request
        };
        assert_eq!(
            verified(Partition::Aws, &elsewhere),
            Err(StsError::Scope),
            "{host}"
        );
    }
    // Userinfo would hide the host.
    let hidden = ToSign::to("http://u@127.0.0.1:4566/").verified();
    assert_eq!(hidden, Err(StsError::UnsignedHeader));
}
