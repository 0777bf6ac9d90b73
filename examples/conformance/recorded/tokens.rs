//! Tokens of the real producers, crafted tokens, and the hosts that botocore resolves.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sts_presign::UnixTime;
use testkit::Vector;
use url::Url;

use super::{
    ADVERSARIAL, ENDPOINTS, LAYOUTS, PARTITIONS, Score, TOKENS, Verdict, ask, has_fields,
    is_refused, question, vectors,
};

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

fn encode(url: &str) -> String {
    format!("k8s-aws-v1.{}", URL_SAFE_NO_PAD.encode(url))
}

fn time(value: &Value) -> UnixTime {
    UnixTime::parse_rfc3339(text(value)).expect("a time")
}

fn later(value: &Value, secs: u64) -> String {
    time(value).later(secs).to_rfc3339()
}

fn earlier(value: &Value, secs: u64) -> String {
    time(value).earlier(secs).to_rfc3339()
}

/// The decoded parameters of a URL, sorted.
fn parameters(url: &str) -> Vec<(String, String)> {
    let url = Url::parse(url).expect("a URL");
    let mut pairs: Vec<_> = url.query_pairs().into_owned().collect();
    pairs.sort();
    pairs
}

fn parameter(url: &str, name: &str) -> Option<String> {
    parameters(url)
        .into_iter()
        .find_map(|(key, value)| (key == name).then_some(value))
}

fn host_of(url: &Value) -> String {
    let url = Url::parse(text(url)).expect("a URL");
    url.host_str().expect("a host").to_owned()
}

/// A URL of the right shape. The signature is invented. `sts.accept` does not check it.
fn presigned(host: &str, region: &str, extra: &str) -> String {
    let signature = "0123456789abcdef".repeat(4);
    format!(
        "https://{host}/?Action=GetCallerIdentity&Version=2011-06-15\
         &X-Amz-Algorithm=AWS4-HMAC-SHA256\
         &X-Amz-Credential=AKIDEXAMPLE%2F20230428%2F{region}%2Fsts%2Faws4_request\
         &X-Amz-Date=20230428T000000Z&X-Amz-Expires=60\
         &X-Amz-SignedHeaders=host%3Bx-k8s-aws-id{extra}&X-Amz-Signature={signature}"
    )
}

/// Builds the question whether a URL of `presigned` is accepted for cluster `c`, a minute after
/// signing.
fn accept_presigned(url: &str, partition: &str) -> Value {
    json!({
        "op": "sts.accept", "token": encode(url), "cluster_id": "c", "partition": partition,
        "now": "2023-04-28T00:01:00Z",
    })
}

/// The facts that the answer about an accepted token must state.
struct Accepted<'a> {
    url: &'a str,
    cluster_id: &'a str,
    access_key_id: &'a str,
    host: &'a str,
    region: &'a str,
    signed_at: &'a str,
}

impl<'a> Accepted<'a> {
    fn presigned(url: &'a str, host: &'a str, region: &'a str) -> Self {
        Self {
            url,
            cluster_id: "c",
            access_key_id: "AKIDEXAMPLE",
            host,
            region,
            signed_at: "2023-04-28T00:00:00Z",
        }
    }

    fn judge(&self, answer: &Value) -> Verdict {
        let facts = json!({
            "access_key_id": self.access_key_id,
            "host": self.host,
            "region": self.region,
            "signed_at": self.signed_at,
            "expires_at": later(&self.signed_at.into(), 900),
        });
        has_fields(answer, &facts)?;
        let request = &answer["request"];
        let url = Url::parse(text(&request["url"])).map_err(|why| why.to_string())?;
        let same_target = request["method"] == "GET"
            && url.scheme() == "https"
            && url.authority() == self.host
            && url.path() == "/"
            && url.fragment().is_none();
        if !same_target {
            return Err(format!("another request: {request}"));
        }
        if parameters(url.as_str()) != parameters(self.url) {
            return Err("another query than the one accepted".to_owned());
        }
        let headers = json!({"x-k8s-aws-id": self.cluster_id, "accept": "application/json"});
        has_fields(&request["headers"], &headers)
    }
}

#[test]
fn tokens() {
    let partitions = vectors(PARTITIONS);
    ask(TOKENS, |case, score| {
        let partition = partition_of(text(&case["region"]), &partitions).expect("a partition");
        genuine(case, &partition, score);
    });
}

/// Asks about one token of a real producer.
fn genuine(case: &Value, partition: &str, score: &mut Score) {
    let signed_at = &case["signed_at"];
    let arn = format!("arn:{partition}:iam::111122223333:user/alice");
    let key = json!({
        "access_key_id": case["access_key_id"],
        "secret_access_key": case["secret_access_key"],
        "session_token": case["session_token"],
        "arn": arn, "account": "111122223333", "user_id": "AIDAEXAMPLE",
    });
    let verify = json!({
        "op": "sts.verify", "token": case["token"], "cluster_id": case["cluster_id"],
        "partition": partition, "now": later(signed_at, 60), "credentials": [key],
    });
    let with = |object: &Value, field: &str, value: Value| {
        let mut changed = object.clone();
        changed[field] = value;
        changed
    };
    for now in [
        later(signed_at, 60),
        later(signed_at, 900),
        earlier(signed_at, 30),
    ] {
        score.ask(&with(&verify, "now", now.into()), |answer| {
            is_caller(answer, &case["access_key_id"], &arn)
        });
    }
    let secret = format!("x{}", text(&case["secret_access_key"]));
    let other_secret = json!([with(&key, "secret_access_key", secret.into())]);
    let other_cluster = format!("{}x", text(&case["cluster_id"])).into();
    let other_partition = if partition == "aws-cn" {
        "aws"
    } else {
        "aws-cn"
    };
    for (field, value, codes) in [
        ("cluster_id", other_cluster, &["signature-mismatch"][..]),
        ("credentials", other_secret, &["signature-mismatch"]),
        ("credentials", json!([]), &["unknown-access-key"]),
        ("now", later(signed_at, 901).into(), &["expired"]),
        ("now", earlier(signed_at, 3600).into(), &["not-yet-valid"]),
        ("partition", other_partition.into(), &[]),
    ] {
        score.ask(&with(&verify, field, value), |answer| {
            is_refused(answer, codes)
        });
    }
    if case["session_token"].is_string() {
        let long_term = json!([with(&key, "session_token", Value::Null)]);
        score.ask(&with(&verify, "credentials", long_term), |answer| {
            is_refused(answer, &["session-token-mismatch"])
        });
    }
    let (url, host) = (text(&case["url"]), host_of(&case["url"]));
    let credential = parameter(url, "X-Amz-Credential").expect("a credential");
    let region = credential.split('/').nth(2).expect("a region");
    if parameter(url, "X-Amz-Expires").as_deref() == Some("60") {
        let fields = [
            "cluster_id",
            "access_key_id",
            "secret_access_key",
            "session_token",
            "signed_at",
        ];
        let mut sign = question("sts.sign", case, &fields);
        sign["host"] = host.as_str().into();
        sign["region"] = region.into();
        score.ask(&sign, |answer| is_signed_alike(answer, case, &host));
    }
    let accepted = Accepted {
        url,
        cluster_id: text(&case["cluster_id"]),
        access_key_id: text(&case["access_key_id"]),
        host: &host,
        region,
        signed_at: text(signed_at),
    };
    let fields = ["token", "cluster_id", "partition", "now"];
    score.ask(&question("sts.accept", &verify, &fields), |answer| {
        accepted.judge(answer)
    });
    score.ask(&question("token.decode", case, &["token"]), |answer| {
        has_fields(answer, &json!({"url": url}))
    });
    score.ask(&question("token.encode", case, &["url"]), |answer| {
        has_fields(answer, &json!({"token": case["token"]}))
    });
}

fn is_caller(answer: &Value, access_key_id: &Value, arn: &str) -> Verdict {
    let facts = json!({
        "access_key_id": access_key_id, "arn": arn, "canonical_arn": arn,
        "account": "111122223333", "user_id": "AIDAEXAMPLE",
    });
    has_fields(answer, &facts)
}

/// Judges whether the answer is the producer's request with the producer's signature.
fn is_signed_alike(answer: &Value, case: &Value, host: &str) -> Verdict {
    let Some(url) = answer["url"].as_str() else {
        return Err(format!("not signed: {answer}"));
    };
    if !url.starts_with(&format!("https://{host}/?")) || url.contains('#') {
        return Err(format!("another target: {url}"));
    }
    if parameters(url) != parameters(text(&case["url"])) {
        return Err(format!("another query than the producer's: {url}"));
    }
    let expires_at = later(&case["signed_at"], 14 * 60);
    has_fields(
        answer,
        &json!({"token": encode(url), "expires_at": expires_at}),
    )
}

#[test]
fn layouts() {
    ask(LAYOUTS, |case, score| {
        let url = text(&case["url"]);
        let arn = "arn:aws:iam::111122223333:user/alice";
        let key = json!({
            "access_key_id": "AKIDEXAMPLE",
            "secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            "session_token": parameter(url, "X-Amz-Security-Token"),
            "arn": arn, "account": "111122223333", "user_id": "AIDAEXAMPLE",
        });
        let verify = json!({
            "op": "sts.verify", "token": encode(url), "cluster_id": "test-cluster",
            "partition": "aws", "now": "2023-04-28T00:01:00Z", "credentials": [key],
        });
        score.ask(&verify, |answer| {
            is_caller(answer, &"AKIDEXAMPLE".into(), arn)
        });
    });
}

#[test]
fn adversarial() {
    ask(ADVERSARIAL, |case, score| {
        let fields = ["token", "cluster_id", "partition", "now"];
        score.ask(&question("sts.accept", case, &fields), |answer| {
            let verdict = if case["expect"] == "reject" {
                is_refused(answer, &[])
            } else if answer["access_key_id"].is_string() {
                Ok(())
            } else {
                Err(format!("refused: {answer}"))
            };
            verdict.map_err(|fault| format!("{}: {fault}", case["name"]))
        });
    });
}

/// The lengths on either side of the limit of 4,096. No token has exactly this length: the prefix
/// has 11 characters, and base64 text without padding never has 4,085.
#[test]
fn a_token_of_4095_characters_is_read_and_one_of_4097_is_refused() {
    let host = "sts.us-west-2.amazonaws.com";
    let of_length = |length: usize| {
        let extra = "&X-Amz-Security-Token=";
        let room = (length - 11) * 3 / 4 - presigned(host, "us-west-2", extra).len();
        let url = presigned(host, "us-west-2", &format!("{extra}{}", "A".repeat(room)));
        assert_eq!(encode(&url).len(), length);
        url
    };
    let mut score = Score::default();
    let (url, too_long) = (of_length(4095), of_length(4097));
    score.ask(&accept_presigned(&url, "aws"), |answer| {
        Accepted::presigned(&url, host, "us-west-2").judge(answer)
    });
    score.ask(&accept_presigned(&too_long, "aws"), |answer| {
        is_refused(answer, &["too-long"])
    });
    score.finish(false);
}

/// Returns the partition that lists a region, else the partition whose pattern matches the region,
/// as botocore does.
fn partition_of(region: &str, partitions: &[Vector<Value>]) -> Option<String> {
    let lists = |partition: &Value| {
        let regions = partition["regions"].as_array().expect("regions");
        regions.iter().any(|listed| listed == region)
    };
    let matches = |partition: &Value| {
        let pattern = format!("(?-u){}", text(&partition["regionRegex"]));
        let pattern = regex::Regex::new(&pattern).expect("a pattern");
        pattern.is_match(region)
    };
    let partition = partitions
        .iter()
        .find(|one| lists(&one.case))
        .or_else(|| partitions.iter().find(|one| matches(&one.case)))?;
    Some(text(&partition.case["id"]).to_owned())
}

#[test]
fn endpoints() {
    let partitions = vectors(PARTITIONS);
    ask(ENDPOINTS, |case, score| {
        let (region, host) = (text(&case["region"]), host_of(&case["url"]));
        // botocore composes hosts for its pseudo-regions, but only the global host exists.
        if region.ends_with("-global") && host != "sts.amazonaws.com" {
            return;
        }
        let endpoint = json!({"op": "sts.endpoint", "host": host});
        let named = case["partition"].as_str().map(str::to_owned);
        let Some(partition) = named.or_else(|| partition_of(region, &partitions)) else {
            score.ask(&endpoint, |answer| is_refused(answer, &[]));
            return;
        };
        let region = if region == "aws-global" {
            "us-east-1"
        } else {
            region
        };
        let mut facts = json!({
            "partition": partition, "region": region, "dual_stack": case["dualstack"],
        });
        // In GovCloud, the ordinary host is the FIPS host.
        if partition != "aws-us-gov" {
            facts["fips"] = case["fips"].clone();
        }
        score.ask(&endpoint, |answer| has_fields(answer, &facts));
        let url = presigned(&host, region, "");
        score.ask(&accept_presigned(&url, &partition), |answer| {
            Accepted::presigned(&url, &host, region).judge(answer)
        });
        let other = if partition == "aws" {
            "aws-us-gov"
        } else {
            "aws"
        };
        let elsewhere = presigned(&host, "us-test-7", "");
        for refused in [
            accept_presigned(&url, other),
            accept_presigned(&elsewhere, &partition),
        ] {
            score.ask(&refused, |answer| is_refused(answer, &[]));
        }
    });
}
