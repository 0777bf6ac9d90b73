//! The metadata of a container and of an instance as the source.

use super::KEYS;
use crate::signer::world::World;
use crate::stub::{Answer, Received, Stub};

fn metadata(request: &Received) -> Answer {
    let keys = "{\"AccessKeyId\": \"ASIAMACHINE\", \"SecretAccessKey\": \"SECRETOFSTUB\", \"Token\": \
                \"TOKENOFSTUB\", \"Expiration\": \"2036-11-23T09:00:00Z\", \"Code\": \"Success\", \
                \"Type\": \"AWS-HMAC\", \"LastUpdated\": \"2026-11-23T09:00:00Z\"}";
    let plain = |text: &str| (200, "text/plain", text.to_owned());
    match request.line.as_str() {
        "PUT /latest/api/token" => plain("metadatatoken"),
        line if line.ends_with("/security-credentials/") => plain("role"),
        line if line.contains("/security-credentials-extended/") && line.ends_with('/') => {
            plain("role")
        }
        line if line.contains("/security-credentials") => {
            (200, "application/json", keys.to_owned())
        }
        "GET /keys" if request.has("authorization: Basic TOKEN") => {
            (200, "application/json", keys.to_owned())
        }
        "GET /open" => (200, "application/json", keys.to_owned()),
        "GET /broken" => (
            500,
            "application/json",
            "{\"code\": \"x\", \"message\": \"down\"}".to_owned(),
        ),
        _ => (
            401,
            "application/json",
            "{\"code\": \"NoAuth\", \"message\": \"no\\u001b[2J\"}".to_owned(),
        ),
    }
}

#[test]
fn the_metadata_of_a_container_is_asked_with_its_token() {
    let stub = Stub::http(metadata);
    let url = |path: &str| format!("http://{}{path}", stub.address);
    let world = World::new();
    world.write("authorization", "Basic TOKEN");
    let keys = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", url("/keys"));
    let text = ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Basic TOKEN");
    let file = (
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        "HOME/authorization",
    );
    let with = |token: (&'static str, &'static str)| [(keys.0, keys.1.as_str()), token];
    assert_eq!(world.key("", &with(text)), "ASIAMACHINE");
    assert_eq!(world.key("", &with(file)), "ASIAMACHINE");
    let open = url("/open");
    assert_eq!(world.key("", &[(keys.0, &open)]), "ASIAMACHINE");
    // The metadata is the source of a role.
    world.config(
        "[profile p]\nrole_arn = arn:aws:iam::111122223333:role/r\ncredential_source = EcsContainer\n",
    );
    assert_eq!(world.key("--profile p", &with(text)), "ASIAR");
    world.config("");
    let broken = url("/broken");
    for (variables, what) in [
        (&[(keys.0, keys.1.as_str())][..], "401"),
        (&with((file.0, "HOME/none")), "No such file"),
        (&with((file.0, "/dev/zero")), "longer than"),
        (&with((text.0, "a\nb")), "container's metadata"),
        (&[(keys.0, broken.as_str())], "500"),
        (
            &[(keys.0, "http://192.0.2.1/keys")],
            "not refer to an allowed IP address",
        ),
        (&[(keys.0, "not a url")], "does not begin with http://"),
        (&[(keys.0, "127.0.0.1:80")], "does not begin with http://"),
        (&[(keys.0, "/keys")], "does not begin with http://"),
        (&[(keys.0, "http://[")], "invalid full URI"),
        (&[(keys.0, "http://")], "invalid full URI"),
        (
            &[("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/a b")],
            "invalid relative URI",
        ),
        (
            &[("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "keys")],
            "begins with `/`",
        ),
        (
            &[("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "*")],
            "begins with `/`",
        ),
    ] {
        let why = world.refusal("", variables);
        assert!(
            why.starts_with("no credentials: ") && why.contains(what),
            "{variables:?}: {why}"
        );
    }
    // Metadata is never behind the proxy.
    assert_eq!(world.requests().len(), 1);
}

#[test]
fn the_metadata_of_an_instance_is_asked_last() {
    let stub = Stub::http(metadata);
    let endpoint = format!("http://{}", stub.address);
    let world = World::new();
    let on = [
        ("AWS_EC2_METADATA_DISABLED", "false"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint.as_str()),
    ];
    assert_eq!(world.key("", &on), "ASIAMACHINE");
    assert_eq!(world.key("", &[on[0], on[1], KEYS[0], KEYS[1]]), "AKIDENV");
    world.config(
        "[profile p]\nrole_arn = arn:aws:iam::111122223333:role/r\n\
         credential_source = Ec2InstanceMetadata\n",
    );
    assert_eq!(world.key("--profile p", &on), "ASIAR");
    let why = world.refusal("", &[]);
    assert!(
        why.starts_with(
            "no credentials: AWS_ACCESS_KEY_ID is not set, there is no profile `default`"
        ),
        "{why}"
    );
}
