//! One good URL, and helpers that call the API.

use sts_presign::{AcceptPolicy, AcceptedRequest, ClusterId, Error, PresignedUrl, UnixTime};

/// awscli's own URL for `test-cluster`, signed at 2023-04-28T00:00:00Z with the example key.
pub(crate) const GOOD: &str = "https://sts.us-west-2.amazonaws.com/?Action=GetCallerIdentity\
    &Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20230428\
    %2Fus-west-2%2Fsts%2Faws4_request&X-Amz-Date=20230428T000000Z&X-Amz-Expires=60\
    &X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-Signature=\
    d052bda10bc2c20801d04704e8da83bc17ce4f0c385f2fc03845cb278d94f1ec";

/// A minute after the good URL was signed.
pub(crate) const NOW: &str = "2023-04-28T00:01:00Z";

pub(crate) fn at(time: &str) -> UnixTime {
    UnixTime::parse_rfc3339(time).unwrap()
}

pub(crate) fn policy(cluster_id: &str, partition: &str) -> AcceptPolicy {
    AcceptPolicy::new(
        ClusterId::parse(cluster_id).unwrap(),
        partition.parse().unwrap(),
    )
}

#[track_caller]
pub(crate) fn accept(
    url: &str,
    policy: &AcceptPolicy,
    now: UnixTime,
) -> Result<AcceptedRequest, Error> {
    policy.accept(PresignedUrl::parse(url)?, now)
}

/// Accepts or refuses a URL as the verifier of `test-cluster` in `aws`, a minute after the good URL.
#[track_caller]
pub(crate) fn judge(url: &str) -> Result<AcceptedRequest, Error> {
    accept(url, &policy("test-cluster", "aws"), at(NOW))
}
