use http::{Method, Request};
use iam_principal::{Identity, Partition};
use sts_presign::{AnswerError, Key, Keys, LocalSts, Refusal, SecretAccessKey, read_identity};

use crate::support::{GOOD, NOW, at, judge};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

fn sts(secret: &str) -> LocalSts<Keys> {
    let alice = "arn:aws:iam::111122223333:user/alice";
    let alice = Identity::new(alice, "111122223333", "AIDAEXAMPLE").unwrap();
    LocalSts::new(Keys::new().with(
        "AKIDEXAMPLE",
        Key::long_term(SecretAccessKey::new(secret), alice),
    ))
}

fn ask(sts: &LocalSts<Keys>, request: &Request<()>, now: &str) -> Result<String, AnswerError> {
    let answer = sts.answer(&request.clone().map(|()| []), at(now));
    read_identity(&answer, Partition::Aws).map(|identity| identity.arn().to_owned())
}

fn refused(refusal: Refusal) -> Result<String, AnswerError> {
    Err(AnswerError::Refused(refusal))
}

#[test]
fn it_names_the_caller_of_a_good_request() {
    let request = judge(GOOD).unwrap().to_http();
    let alice = "arn:aws:iam::111122223333:user/alice".to_owned();
    assert_eq!(ask(&sts(SECRET), &request, NOW), Ok(alice));
}

#[test]
fn it_refuses_what_sts_refuses() {
    let good = judge(GOOD).unwrap().to_http();
    let no_match = refused(Refusal::SignatureDoesNotMatch);
    assert_eq!(ask(&sts("another"), &good, NOW), no_match);
    assert_eq!(ask(&sts(SECRET), &good, "2023-04-28T00:15:01Z"), no_match);
    assert_eq!(ask(&sts(SECRET), &good, "2023-04-27T23:54:59Z"), no_match);
    let nobody = LocalSts::new(Keys::new());
    assert_eq!(
        ask(&nobody, &good, NOW),
        refused(Refusal::InvalidClientTokenId)
    );

    let mut other_cluster = good.clone();
    other_cluster
        .headers_mut()
        .insert("x-k8s-aws-id", "other".parse().unwrap());
    assert_eq!(ask(&sts(SECRET), &other_cluster, NOW), no_match);
    let mut two_clusters = good.clone();
    two_clusters
        .headers_mut()
        .append("x-k8s-aws-id", "other".parse().unwrap());
    assert_eq!(ask(&sts(SECRET), &two_clusters, NOW), no_match);
    let mut no_cluster = good.clone();
    no_cluster.headers_mut().remove("x-k8s-aws-id");
    assert_eq!(ask(&sts(SECRET), &no_cluster, NOW), no_match);
    let mut post = good.clone();
    *post.method_mut() = Method::POST;
    assert_eq!(ask(&sts(SECRET), &post, NOW), no_match);

    let mut unsigned = good;
    let url = "https://sts.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15";
    *unsigned.uri_mut() = url.parse().unwrap();
    assert_eq!(
        ask(&sts(SECRET), &unsigned, NOW),
        refused(Refusal::MissingAuthenticationToken)
    );
}

#[test]
fn white_space_in_header_values_counts_as_sigv4_says() {
    let mut request = judge(GOOD).unwrap().to_http();
    request
        .headers_mut()
        .insert("x-k8s-aws-id", "  test-cluster\t ".parse().unwrap());
    assert!(ask(&sts(SECRET), &request, NOW).is_ok());
    request
        .headers_mut()
        .insert("x-k8s-aws-id", "test -cluster".parse().unwrap());
    assert_eq!(
        ask(&sts(SECRET), &request, NOW),
        refused(Refusal::SignatureDoesNotMatch)
    );
}

#[test]
fn no_secret_is_printed() {
    let printed = format!("{:?}", sts(SECRET));
    assert!(
        printed.contains("AKIDEXAMPLE") && !printed.contains("wJalr"),
        "{printed}"
    );
}
