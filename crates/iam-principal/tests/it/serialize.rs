//! Identities in JSON.

use iam_principal::{AccessKeyId, Arn, Identity, Kind, Partition};
use serde_json::{json, to_value};

#[test]
fn an_identity_is_its_facts() {
    let session = Identity::new(
        "arn:aws:sts::111122223333:assumed-role/dev/s",
        "111122223333",
        "AROAEXAMPLE:s",
    )
    .unwrap()
    .with_access_key_id("ASIAEXAMPLE");
    let want = json!({
        "arn": "arn:aws:sts::111122223333:assumed-role/dev/s",
        "canonicalArn": "arn:aws:iam::111122223333:role/dev",
        "kind": "assumed-role",
        "partition": "aws",
        "account": "111122223333",
        "userId": "AROAEXAMPLE:s",
        "sessionName": "s",
        "accessKeyId": "ASIAEXAMPLE",
    });
    assert_eq!(to_value(&session).unwrap(), want);

    let root = Identity::new(
        "arn:aws-cn:iam::000022223333:root",
        "000022223333",
        "000022223333",
    );
    let root = to_value(root.unwrap()).unwrap();
    assert_eq!(root["account"], "000022223333");
    assert_eq!(
        (&root["sessionName"], &root["accessKeyId"]),
        (&json!(null), &json!(null))
    );
}

#[test]
fn the_values_are_their_text() {
    let arn = "arn:aws:s3:::b";
    assert_eq!(to_value(Arn::parse(arn).unwrap()).unwrap(), arn);
    assert_eq!(to_value(AccessKeyId::parse("A").unwrap()).unwrap(), "A");
    assert_eq!(to_value(Kind::FederatedUser).unwrap(), "federated-user");
    assert_eq!(to_value(Partition::AwsUsGov).unwrap(), "aws-us-gov");
}
