//! Diagnoses of signatures: each usual mistake of a signer is named.

use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use sha2::{Digest as _, Sha256};
use sts_presign::{
    ClusterId, Error, Keys, SecretAccessKey, SignatureCause, SignatureFinding, Suspects, Warning,
};

use super::diagnose;
use crate::genuine::keys;
use crate::support::{GOOD, NOW, at, policy};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const TOKEN: &str = "IQoJb3JpZ2luX2VjE/+A==";
const ENCODED: &str = "IQoJb3JpZ2luX2VjE%2F%2BA%3D%3D";
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// A signer that may be mistaken. The canonical request is written out here, apart from the code under test.
struct Mistaken {
    method: &'static str,
    host: &'static str,
    header: &'static str,
    payload_hash: &'static str,
    secret: &'static str,
    signed_token: Option<&'static str>,
    sent_token: Option<&'static str>,
}

const GOOD_SIGNER: Mistaken = Mistaken {
    method: "GET",
    host: "sts.us-west-2.amazonaws.com",
    header: "x-k8s-aws-id:test-cluster\n",
    payload_hash: EMPTY,
    secret: SECRET,
    signed_token: None,
    sent_token: None,
};

impl Mistaken {
    fn query(token: Option<&str>) -> String {
        let token = token.map(|token| format!("&X-Amz-Security-Token={token}"));
        format!(
            "Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256\
             &X-Amz-Credential=AKIDEXAMPLE%2F20230428%2Fus-west-2%2Fsts%2Faws4_request\
             &X-Amz-Date=20230428T000000Z&X-Amz-Expires=60{}\
             &X-Amz-SignedHeaders=host%3Bx-k8s-aws-id",
            token.unwrap_or_default()
        )
    }

    fn url(&self) -> String {
        let request = format!(
            "{}\n/\n{}\nhost:{}\n{}\nhost;x-k8s-aws-id\n{}",
            self.method,
            Self::query(self.signed_token),
            self.host,
            self.header,
            self.payload_hash
        );
        let hash: String = Sha256::digest(request)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let string = format!(
            "AWS4-HMAC-SHA256\n20230428T000000Z\n20230428/us-west-2/sts/aws4_request\n{hash}"
        );
        let time = at("2023-04-28T00:00:00Z").into();
        let key = generate_signing_key(self.secret, time, "us-west-2", "sts");
        let signature = calculate_signature(key, string.as_bytes());
        let query = Self::query(self.sent_token);
        format!("https://sts.us-west-2.amazonaws.com/?{query}&X-Amz-Signature={signature}")
    }
}

fn find(signer: &Mistaken, token: Option<&str>) -> SignatureFinding {
    let keys = keys("AKIDEXAMPLE", SECRET, token, "aws");
    let clusters = ["a", "other-cluster"].map(|id| ClusterId::parse(id).unwrap());
    let secrets = ["first", "second"].map(SecretAccessKey::new);
    let suspects = Suspects::new(&clusters, &secrets);
    policy("test-cluster", "aws")
        .diagnose_signature(&signer.url(), &keys, &suspects, at(NOW))
        .unwrap()
}

/// Returns the name of a variant as a code.
fn kebab_case(variant: &str) -> String {
    let name = variant.split('(').next().unwrap();
    name.chars().fold(String::new(), |mut code, letter| {
        if letter.is_ascii_uppercase() && !code.is_empty() {
            code.push('-');
        }
        code.push(letter.to_ascii_lowercase());
        code
    })
}

#[test]
fn each_mistake_of_a_signer_is_named() {
    assert_eq!(GOOD_SIGNER.url(), GOOD);
    assert_eq!(find(&GOOD_SIGNER, None), SignatureFinding::Verified);
    let good_session = Mistaken {
        signed_token: Some(ENCODED),
        sent_token: Some(ENCODED),
        ..GOOD_SIGNER
    };
    assert_eq!(find(&good_session, Some(TOKEN)), SignatureFinding::Verified);

    let other = ClusterId::parse("other-cluster").unwrap();
    for (signer, token, cause) in [
        (
            Mistaken {
                header: "x-k8s-aws-id:other-cluster\n",
                ..GOOD_SIGNER
            },
            None,
            SignatureCause::OtherCluster(other),
        ),
        (
            Mistaken {
                secret: "second",
                ..GOOD_SIGNER
            },
            None,
            SignatureCause::OtherSecret(1),
        ),
        (
            Mistaken {
                header: "",
                ..GOOD_SIGNER
            },
            None,
            SignatureCause::BindingHeaderAbsent,
        ),
        (
            Mistaken {
                header: "x-k8s-aws-id:\n",
                ..GOOD_SIGNER
            },
            None,
            SignatureCause::BindingHeaderAbsent,
        ),
        (
            Mistaken {
                method: "POST",
                ..GOOD_SIGNER
            },
            None,
            SignatureCause::Post,
        ),
        (
            Mistaken {
                payload_hash: "UNSIGNED-PAYLOAD",
                ..GOOD_SIGNER
            },
            None,
            SignatureCause::UnsignedPayload,
        ),
        (
            Mistaken {
                payload_hash: "",
                ..GOOD_SIGNER
            },
            None,
            SignatureCause::EmptyPayloadHash,
        ),
        (
            Mistaken {
                host: "sts.us-west-2.amazonaws.com:443",
                ..GOOD_SIGNER
            },
            None,
            SignatureCause::HostWithPort,
        ),
        (
            Mistaken {
                sent_token: Some(ENCODED),
                ..GOOD_SIGNER
            },
            Some(TOKEN),
            SignatureCause::SessionTokenAddedAfterSigning,
        ),
        (
            Mistaken {
                signed_token: Some(ENCODED),
                ..GOOD_SIGNER
            },
            Some(TOKEN),
            SignatureCause::SessionTokenRemoved,
        ),
        (
            GOOD_SIGNER,
            Some(TOKEN),
            SignatureCause::SessionTokenMissing,
        ),
        (
            Mistaken {
                signed_token: Some("T"),
                sent_token: Some("T"),
                ..GOOD_SIGNER
            },
            Some(TOKEN),
            SignatureCause::OtherSessionToken,
        ),
        (good_session, None, SignatureCause::UnexpectedSessionToken),
        (
            Mistaken {
                secret: "a third",
                ..GOOD_SIGNER
            },
            None,
            SignatureCause::Unexplained,
        ),
    ] {
        let finding = find(&signer, token);
        assert_eq!(finding, SignatureFinding::Wrong(cause.clone()));
        let text = finding.to_string();
        assert!(
            text.ends_with('.') && text.contains(cause.advice()),
            "{text}"
        );
        for secret in [SECRET, TOKEN, ENCODED, "second"] {
            assert!(!text.contains(secret), "{text}");
        }
        let code = kebab_case(&format!("{cause:?}"));
        assert_eq!(cause.code(), code);
        assert_ne!(cause.to_string(), "", "{code}");
    }
}

#[test]
fn a_url_that_cannot_be_verified_has_its_reason() {
    let policy = policy("test-cluster", "aws");
    let find = |url: &str, keys: &Keys| {
        policy.diagnose_signature(url, keys, &Suspects::default(), at(NOW))
    };
    let keys_of = |partition| keys("AKIDEXAMPLE", SECRET, None, partition);
    let unknown = Ok(SignatureFinding::Wrong(SignatureCause::UnknownAccessKey));
    assert_eq!(find(GOOD, &Keys::new()), unknown);
    assert_eq!(find(GOOD, &keys_of("aws-cn")), unknown);
    let more = GOOD.replacen("=host", "=amz-sdk-request%3Bhost", 1);
    let header = Ok(SignatureFinding::Wrong(SignatureCause::UnknownHeader));
    assert_eq!(find(&more, &keys_of("aws")), header);
    assert_eq!(find("https://x/", &keys_of("aws")), Err(Error::Path));
    let elsewhere = GOOD.replacen("us-west-2", "moon", 1);
    assert_eq!(find(&elsewhere, &keys_of("aws")), Err(Error::Host));
}

/// A day-old token is diagnosed as if it were fresh, but an expired key is not verified.
#[test]
fn the_age_of_the_url_does_not_matter_and_that_of_the_key_does() {
    use iam_principal::Identity;
    use sts_presign::Key;
    let alice = "arn:aws:iam::111122223333:user/alice";
    let alice = Identity::new(alice, "111122223333", "AIDAEXAMPLE").unwrap();
    let key = Key::long_term(SecretAccessKey::new(SECRET), alice).with_expiry(at(NOW));
    let keys = Keys::new().with("AKIDEXAMPLE", key);
    let find = |now| {
        policy("test-cluster", "aws")
            .diagnose_signature(GOOD, &keys, &Suspects::default(), now)
            .unwrap()
    };
    assert_eq!(find(at(NOW).earlier(1)), SignatureFinding::Verified);
    let expired = SignatureFinding::Wrong(SignatureCause::KeyExpired);
    assert_eq!(find(at(NOW)), expired);
    assert_eq!(find(at(NOW).later(86_400)), expired);
}

#[test]
fn a_temporary_key_without_its_session_token_is_named() {
    let asia = GOOD.replacen("AKIDEXAMPLE", "ASIAEXAMPLE", 1);
    let diagnosis = diagnose(&asia);
    assert_eq!(diagnosis.refusal(), None);
    let want = [Warning::TemporaryKeyWithoutSessionToken];
    assert_eq!(diagnosis.warnings(), want);
    assert!(
        diagnosis
            .to_string()
            .contains("\nwarning: the access key id `ASIA…`")
    );

    let token = "&X-Amz-Security-Token=T&X-Amz-SignedHeaders";
    let with_token = asia.replacen("&X-Amz-SignedHeaders", token, 1);
    assert_eq!(diagnose(&with_token).warnings(), []);
    assert_eq!(diagnose(GOOD).warnings(), []);

    let mut trial = crate::login::Trial::good();
    assert_eq!(trial.diagnose().warnings(), []);
    trial.login.rename_key("ASIAEXAMPLE");
    assert_eq!(trial.diagnose().warnings(), []);
    trial.login.remove("X-Amz-Security-Token");
    assert_eq!(trial.diagnose().warnings(), want);
}

/// kubernetes-client/java sends a session token for long-term keys. STS refuses it (aws-sdk-ruby issue 1651
/// reports the same for another SDK), so this check saves the round trip, and the advice names the cause.
#[test]
fn an_empty_session_token_is_refused_with_advice() {
    let empty = "&X-Amz-Security-Token=&X-Amz-SignedHeaders";
    let url = GOOD.replacen("&X-Amz-SignedHeaders", empty, 1);
    let diagnosis = diagnose(&url);
    let error = diagnosis.refusal().unwrap();
    assert_eq!(error.code(), "empty-parameter");
    assert!(
        error
            .advice()
            .starts_with("Omit `X-Amz-Security-Token` for a long-term key")
    );
}
