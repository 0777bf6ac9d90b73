//! The owner and the lifetime of a key.

use http::StatusCode;
use sts_presign::{Key, KeyLookup, Keys, LocalSts, SecretAccessKey, StsError, verify_request};

use super::{ALICE, SECRET, ToSign, keys, sts, user};
use crate::support::{NOW, at};

#[test]
fn a_key_exists_in_its_partition_only() {
    let china = user("arn:aws-cn:iam::111122223333:user/alice");
    let key = Key::long_term(SecretAccessKey::new(SECRET), china);
    let keys = Keys::new().with("AKIDEXAMPLE", key);
    for (url, region, is_known) in [
        ("https://sts.us-east-1.amazonaws.com/", "us-east-1", false),
        (
            "https://sts.cn-north-1.amazonaws.com.cn/",
            "cn-north-1",
            true,
        ),
        ("http://localhost:4566/", "us-east-1", true),
    ] {
        let request = ToSign {
            region,
            ..ToSign::to(url)
        };
        let got = verify_request(&request.sign(), &keys, at(NOW));
        let error = (!is_known).then_some(StsError::InvalidClientTokenId);
        assert_eq!(got.err(), error, "{url}");
        // The answer is the same as for a key that does not exist, whatever the signature.
        let other = ToSign {
            key: ("AKIDEXAMPLE", "another secret", None),
            region,
            ..ToSign::to(url)
        };
        let got = verify_request(&other.sign(), &keys, at(NOW));
        let error = match is_known {
            true => StsError::SignatureDoesNotMatch,
            false => StsError::InvalidClientTokenId,
        };
        assert_eq!(got.err(), Some(error), "{url}");
    }
}

#[test]
fn a_key_is_refused_from_its_expiry_on() {
    let request = ToSign {
        key: ("ASIAOVER", SECRET, Some("T")),
        ..ToSign::post()
    };
    let request = request.sign();
    let at_time = |time| verify_request(&request, &keys(), at(time)).err();
    assert_eq!(at_time("2023-04-28T00:00:59Z"), None);
    assert_eq!(
        at_time("2023-04-28T00:01:00Z"),
        Some(StsError::ExpiredToken)
    );
    assert_eq!(
        at_time("2023-04-28T00:01:01Z"),
        Some(StsError::ExpiredToken)
    );
}

/// The holder of a secret can sign any session token, but only the session token of the key is
/// valid.
#[test]
fn a_temporary_key_is_good_with_its_own_session_token_only() {
    let with_token = |token| {
        let request = ToSign {
            key: ("ASIAEXAMPLE", "back/slash+secret", token),
            ..ToSign::post()
        };
        request.verified().is_ok()
    };
    assert!(with_token(Some("IQoJb3JpZ2luX2VjE/+A==")));
    for other in [Some("IQoJb3JpZ2luX2VjE/+B=="), Some("T"), None] {
        assert!(!with_token(other), "{other:?}");
    }
    let request = ToSign {
        key: ("ASIAEXAMPLE", "back/slash+secret", Some("T")),
        ..ToSign::post()
    };
    assert_eq!(request.verified(), Err(StsError::InvalidClientTokenId));
}

#[test]
fn a_store_of_keys_may_be_borrowed_shared_or_a_trait_object() {
    let (keys, request) = (keys(), ToSign::post().sign());
    let answer = LocalSts::new(&keys).answer(&request, at(NOW));
    assert_eq!(answer.status(), StatusCode::OK);
    let shared = std::sync::Arc::new(keys);
    let answer = LocalSts::new(shared.clone()).answer(&request, at(NOW));
    assert_eq!(answer.status(), StatusCode::OK);
    let object: Box<dyn KeyLookup> = Box::new(shared);
    assert!(verify_request(&request, object.as_ref(), at(NOW)).is_ok());
    let answer = LocalSts::new(object).answer(&request, at(NOW));
    assert_eq!(answer.status(), StatusCode::OK);
}

#[test]
fn the_last_key_of_an_id_wins() {
    let key = |secret| Key::long_term(SecretAccessKey::new(secret), user(ALICE));
    let keys: Keys = [("A", key("1")), ("B", key("2")), ("A", key("3"))]
        .into_iter()
        .collect();
    let secret = |id| keys.key(id).map(|key| key.secret().expose().to_owned());
    assert_eq!(secret("A").as_deref(), Some("3"));
    assert_eq!(secret("B").as_deref(), Some("2"));
    assert_eq!(secret("C"), None);
}

#[test]
fn attack_30_no_secret_is_printed() {
    let printed = format!("{:?}", sts());
    assert!(printed.contains("AKIDEXAMPLE"), "{printed}");
    for secret in ["wJalr", "back/slash", "IQoJ", "\"T\""] {
        assert!(!printed.contains(secret), "{printed}");
    }
}
