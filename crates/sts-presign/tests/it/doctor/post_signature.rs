//! Diagnoses of signatures in POST form.

use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use sha2::{Digest as _, Sha256};
use sts_presign::{
    AcceptPolicy, BindingHeader, ClusterId, Error, ForwardedRequest, Keys, SecretAccessKey,
    SignatureCause, SignatureFinding, Suspects,
};

use crate::genuine::keys;
use crate::support::{NOW, at};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const TOKEN: &str = "IQoJb3JpZ2luX2VjE/+A==";
const HOST: &str = "sts.us-west-2.amazonaws.com";
const SERVER_ID: &str = "x-vault-aws-iam-server-id";
const FORM: &str = "Action=GetCallerIdentity&Version=2011-06-15";

/// A signer that may be mistaken. The canonical request is written out here, apart from the code under test.
#[derive(Clone, Copy)]
struct Mistaken {
    method: &'static str,
    host: &'static str,
    /// The line of the binding header, as signed.
    binding: &'static str,
    forwarded_binding: Option<&'static str>,
    payload: Payload,
    secret: &'static str,
    signed_token: Option<&'static str>,
    sent_token: Option<&'static str>,
}

#[derive(Clone, Copy)]
enum Payload {
    Body(&'static str),
    Hash(&'static str),
}

const GOOD: Mistaken = Mistaken {
    method: "POST",
    host: HOST,
    binding: "x-vault-aws-iam-server-id:vault.example.com\n",
    forwarded_binding: None,
    payload: Payload::Body(FORM),
    secret: SECRET,
    signed_token: None,
    sent_token: None,
};

impl Mistaken {
    fn diagnose(&self, keys: &Keys) -> Result<SignatureFinding, Error> {
        let lists_token = self.signed_token.is_some() || self.sent_token.is_some();
        let (token_name, token_line) = match lists_token {
            true => (
                "x-amz-security-token;",
                self.signed_token.map_or_else(String::new, |token| {
                    format!("x-amz-security-token:{token}\n")
                }),
            ),
            false => ("", String::new()),
        };
        let names = format!("host;x-amz-date;{token_name}{SERVER_ID}");
        let hash = match self.payload {
            Payload::Body(body) => hex(body),
            Payload::Hash(text) => text.to_owned(),
        };
        let request = format!(
            "{}\n/\n\nhost:{}\nx-amz-date:20230428T000000Z\n{token_line}{}\n{names}\n{hash}",
            self.method, self.host, self.binding
        );
        let to_sign = format!(
            "AWS4-HMAC-SHA256\n20230428T000000Z\n20230428/us-west-2/sts/aws4_request\n{}",
            hex(&request)
        );
        let time = at("2023-04-28T00:00:00Z").into();
        let key = generate_signing_key(self.secret, time, "us-west-2", "sts");
        let signature = calculate_signature(key, to_sign.as_bytes());
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20230428/us-west-2/sts/aws4_request, \
             SignedHeaders={names}, Signature={signature}"
        );
        let mut headers = vec![
            ("authorization", authorization.as_str()),
            ("x-amz-date", "20230428T000000Z"),
        ];
        headers.extend(self.sent_token.map(|token| ("x-amz-security-token", token)));
        headers.extend(self.forwarded_binding.map(|value| (SERVER_ID, value)));
        let request = ForwardedRequest {
            method: "POST",
            url: "https://sts.us-west-2.amazonaws.com/",
            headers: &headers,
            body: FORM,
        };
        let binding = BindingHeader::parse(SERVER_ID, "vault.example.com").unwrap();
        let policy = AcceptPolicy::bound_by(binding, iam_principal::Partition::Aws);
        let clusters = [ClusterId::parse("suspect.example.com").unwrap()];
        let secrets = [SecretAccessKey::new("other")];
        let suspects = Suspects::new(&clusters, &secrets);
        policy.diagnose_post_signature(&request, keys, &suspects, at(NOW))
    }
}

fn hex(text: &str) -> String {
    Sha256::digest(text)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn long_term() -> Keys {
    keys("AKIDEXAMPLE", SECRET, None, "aws")
}

fn temporary() -> Keys {
    keys("AKIDEXAMPLE", SECRET, Some(TOKEN), "aws")
}

#[test]
fn a_right_signature_is_verified() {
    let verified = Ok(SignatureFinding::Verified);
    assert_eq!(GOOD.diagnose(&long_term()), verified);
    let with_token = Mistaken {
        signed_token: Some(TOKEN),
        sent_token: Some(TOKEN),
        ..GOOD
    };
    assert_eq!(with_token.diagnose(&temporary()), verified);
    let forwarded = Mistaken {
        forwarded_binding: Some("vault.example.com"),
        ..GOOD
    };
    assert_eq!(forwarded.diagnose(&long_term()), verified);
}

#[test]
fn each_mistake_of_a_signer_is_named() {
    let suspect = ClusterId::parse("suspect.example.com").unwrap();
    let forwarded = ClusterId::parse("other.example.com").unwrap();
    let empty = "";
    for (signer, keys, cause) in [
        (
            Mistaken {
                method: "GET",
                ..GOOD
            },
            long_term(),
            SignatureCause::Get,
        ),
        (
            Mistaken {
                payload: Payload::Body(empty),
                ..GOOD
            },
            long_term(),
            SignatureCause::EmptyBody,
        ),
        (
            Mistaken {
                payload: Payload::Hash(empty),
                ..GOOD
            },
            long_term(),
            SignatureCause::EmptyPayloadHash,
        ),
        (
            Mistaken {
                payload: Payload::Hash("UNSIGNED-PAYLOAD"),
                ..GOOD
            },
            long_term(),
            SignatureCause::UnsignedPayload,
        ),
        (
            Mistaken {
                host: "sts.us-west-2.amazonaws.com:443",
                ..GOOD
            },
            long_term(),
            SignatureCause::HostWithPort,
        ),
        (
            Mistaken {
                binding: "",
                ..GOOD
            },
            long_term(),
            SignatureCause::BindingHeaderAbsent,
        ),
        (
            Mistaken {
                binding: "x-vault-aws-iam-server-id:suspect.example.com\n",
                ..GOOD
            },
            long_term(),
            SignatureCause::OtherCluster(suspect),
        ),
        (
            Mistaken {
                binding: "x-vault-aws-iam-server-id:other.example.com\n",
                forwarded_binding: Some("other.example.com"),
                ..GOOD
            },
            long_term(),
            SignatureCause::OtherCluster(forwarded),
        ),
        (
            Mistaken {
                secret: "other",
                ..GOOD
            },
            long_term(),
            SignatureCause::OtherSecret(0),
        ),
        (
            Mistaken {
                secret: "third",
                ..GOOD
            },
            long_term(),
            SignatureCause::Unexplained,
        ),
        (GOOD, Keys::new(), SignatureCause::UnknownAccessKey),
        (
            GOOD,
            keys("AKIDEXAMPLE", SECRET, None, "aws-cn"),
            SignatureCause::UnknownAccessKey,
        ),
        (GOOD, temporary(), SignatureCause::SessionTokenMissing),
        (
            Mistaken {
                signed_token: Some(TOKEN),
                ..GOOD
            },
            temporary(),
            SignatureCause::SessionTokenRemoved,
        ),
        (
            Mistaken {
                sent_token: Some(TOKEN),
                ..GOOD
            },
            temporary(),
            SignatureCause::SessionTokenAddedAfterSigning,
        ),
        (
            Mistaken {
                signed_token: Some("T"),
                sent_token: Some("T"),
                ..GOOD
            },
            temporary(),
            SignatureCause::OtherSessionToken,
        ),
        (
            Mistaken {
                signed_token: Some(TOKEN),
                sent_token: Some(TOKEN),
                ..GOOD
            },
            long_term(),
            SignatureCause::UnexpectedSessionToken,
        ),
    ] {
        let found = signer.diagnose(&keys);
        assert_eq!(
            found,
            Ok(SignatureFinding::Wrong(cause.clone())),
            "{cause:?}"
        );
        let printed = found.unwrap().to_string();
        assert!(
            printed.starts_with("FAILED: ") && !printed.contains(SECRET),
            "{printed}"
        );
        assert!(!printed.contains(TOKEN), "{printed}");
    }
}
