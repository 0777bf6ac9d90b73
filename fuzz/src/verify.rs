use std::sync::LazyLock;

use aws_credential_types::Credentials;
use iam_principal::{Identity, Partition};
use sts_presign::{
    AcceptPolicy, AcceptedRequest, ClusterId, Error, Key, Keys, MAX_AGE, PresignedUrl,
    SecretAccessKey, SessionToken, Signer, UnixTime, VerifyError, verify,
};

const ID: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const CLUSTER: &str = "fuzz";

/// Asserts that a URL verifies only if the signer builds the same URL, byte for byte, for its host,
/// session token and time.
///
/// The seeds are such URLs, with and without a session token. A failure would be another spelling that
/// verifies, or a signature over other input.
///
/// # Panics
///
/// If the property does not hold.
pub fn what_is_proved_is_what_was_signed(bytes: &[u8]) {
    static KEYS: LazyLock<[Keys; 2]> =
        LazyLock::new(|| [None, Some("T/+=")].map(|token| keys(SECRET, token)));
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Ok(url) = PresignedUrl::parse(text) else {
        return;
    };
    let now = url.signed_at();
    for partition in Partition::ALL {
        let Ok(accepted) = accept(text, CLUSTER, partition, now) else {
            continue;
        };
        for (keys, token) in KEYS.iter().zip([None, Some("T/+=")]) {
            if verify(&accepted, keys, now).is_err() {
                continue;
            }
            let endpoint = accepted.endpoint();
            let signed = sign(&Made {
                host: endpoint.host(),
                region: endpoint.region(),
                cluster: CLUSTER,
                secret: SECRET,
                token,
                now,
            });
            assert_eq!(
                signed.as_deref(),
                Some(&*accepted.to_http().uri().to_string())
            );
        }
    }
}

/// Asserts that a signed URL verifies, and that it no longer does after one change: to a byte of the URL,
/// the cluster, the secret, the session token or the time.
///
/// The first eight bytes choose the change and the time of signing. Cluster, secret and session token
/// follow, one per line.
///
/// # Panics
///
/// If the property does not hold.
pub fn one_change_unproves(bytes: &[u8]) {
    let Some((&[kind, high, low, byte, t0, t1, t2, t3], rest)) = bytes.split_first_chunk::<8>()
    else {
        return;
    };
    let Ok(text) = std::str::from_utf8(rest) else {
        return;
    };
    let mut lines = text.split('\n');
    let cluster = lines.next().unwrap_or("");
    let secret = lines.next().unwrap_or("");
    let token = lines.next();
    let Ok(now) = UnixTime::from_secs(u32::from_be_bytes([t0, t1, t2, t3]).into()) else {
        return;
    };
    let host = "sts.eu-west-1.amazonaws.com";
    let made = Made {
        host,
        region: "eu-west-1",
        cluster,
        secret,
        token,
        now,
    };
    let Some(url) = sign(&made) else { return };
    let known = keys(secret, token);
    let proved = |url: &str, cluster: &str, keys: &Keys, now| match accept(
        url,
        cluster,
        Partition::Aws,
        now,
    ) {
        Ok(accepted) => verify(&accepted, keys, now).map_err(Why::Unproved),
        Err(error) => Err(Why::Refused(error)),
    };
    let caller = proved(&url, cluster, &known, now);
    assert!(
        caller.is_ok_and(|caller| caller.access_key_id() == Some(ID)),
        "a signed URL does not verify"
    );
    let place = usize::from(u16::from_be_bytes([high, low]));
    match kind % 6 {
        0 => {
            let Some(changed) = replaced(&url, place, byte) else {
                return;
            };
            // The hexadecimal digits of an escape may be in either case.
            if !changed.eq_ignore_ascii_case(&url) {
                assert!(proved(&changed, cluster, &known, now).is_err(), "{changed}");
            }
        }
        1 => {
            let Some(other) = replaced(cluster, place, byte) else {
                return;
            };
            if ClusterId::parse(&other).is_ok() {
                let got = proved(&url, &other, &known, now);
                assert_eq!(got.err(), Some(Why::Unproved(VerifyError::Signature)));
            }
        }
        2 => {
            let Some(other) = replaced(secret, place, byte) else {
                return;
            };
            let got = proved(&url, cluster, &keys(&other, token), now);
            // HMAC pads a short key with zero bytes, so appending those does not change the key.
            if !other.contains('\0') && !secret.contains('\0') {
                assert_eq!(got.err(), Some(Why::Unproved(VerifyError::Signature)));
            }
        }
        3 => {
            let other = token.map_or_else(
                || Some("T".to_owned()),
                |token| replaced(token, place, byte),
            );
            let Some(other) = other else { return };
            let got = proved(&url, cluster, &keys(secret, Some(&other)), now);
            assert_eq!(got.err(), Some(Why::Unproved(VerifyError::SessionToken)));
        }
        4 => {
            let seconds = u64::try_from(place).unwrap_or(0);
            let late = now.later(MAX_AGE).later(seconds.saturating_add(1));
            let got = proved(&url, cluster, &known, late);
            let expired = Error::Expired {
                seconds: seconds.saturating_add(1),
            };
            assert_eq!(got.err(), Some(Why::Refused(expired)));
        }
        _ => {
            let got = proved(&url, cluster, &Keys::new(), now);
            assert_eq!(
                got.err(),
                Some(Why::Unproved(VerifyError::UnknownAccessKey))
            );
        }
    }
}

#[derive(Debug, PartialEq)]
enum Why {
    Refused(Error),
    Unproved(VerifyError),
}

struct Made<'a> {
    host: &'a str,
    region: &'a str,
    cluster: &'a str,
    secret: &'a str,
    token: Option<&'a str>,
    now: UnixTime,
}

fn sign(made: &Made<'_>) -> Option<String> {
    let cluster_id = ClusterId::parse(made.cluster).ok()?;
    let signer = Signer::for_host(made.host, made.region, &cluster_id).ok()?;
    let token = made.token.map(str::to_owned);
    let credentials = Credentials::new(ID, made.secret, token, None, "fuzz");
    let signed = signer.sign(&credentials.into(), made.now).ok()?;
    Some(signed.expose().to_owned())
}

fn accept(
    url: &str,
    cluster: &str,
    partition: Partition,
    now: UnixTime,
) -> Result<AcceptedRequest, Error> {
    let policy = AcceptPolicy::new(ClusterId::parse(cluster)?, partition);
    policy.accept(PresignedUrl::parse(url)?, now)
}

fn keys(secret: &str, token: Option<&str>) -> Keys {
    let alice = "arn:aws:iam::111122223333:user/alice";
    let Ok(alice) = Identity::new(alice, "111122223333", "AIDAEXAMPLE") else {
        return Keys::new();
    };
    let secret = SecretAccessKey::new(secret);
    Keys::new().with(
        ID,
        match token {
            Some(token) => Key::temporary(secret, SessionToken::new(token), alice),
            None => Key::long_term(secret, alice),
        },
    )
}

/// Returns the text with one byte replaced; `None` if that is not a different text.
fn replaced(text: &str, place: usize, byte: u8) -> Option<String> {
    let mut bytes = text.as_bytes().to_vec();
    let place = place.checked_rem(bytes.len())?;
    let slot = bytes.get_mut(place)?;
    let old = std::mem::replace(slot, byte);
    if old == byte {
        return None;
    }
    String::from_utf8(bytes).ok()
}
