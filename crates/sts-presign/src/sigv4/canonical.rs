//! The stages of SigV4, one function each (AWS General Reference, "Create a signed AWS API request").

use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use iam_principal::Partition;
use sha2::{Digest as _, Sha256};

use super::compared::{Compared, ComputedSignature};
use super::keys::{SecretAccessKey, SentToken};
use crate::time::UnixTime;
use crate::url::signature::ALGORITHM;

/// The signed content of a request and its signature, not yet verified. They may come from any part of the
/// request.
#[derive(Clone, Copy)]
pub(crate) struct Signed<'r> {
    pub(crate) method: &'r str,
    /// Encoded and sorted as SigV4 requires, without the signature.
    pub(crate) canonical_query: &'r str,
    /// Name and value of each signed header, in the order of `signed_headers`.
    pub(crate) headers: &'r [(&'r str, &'r str)],
    pub(crate) signed_headers: &'r str,
    pub(crate) payload: Payload<'r>,
    pub(crate) access_key_id: &'r str,
    /// `signed_at`, as written.
    pub(crate) amz_date: &'r str,
    pub(crate) signed_at: UnixTime,
    pub(crate) region: &'r str,
    pub(crate) security_token: Option<SentToken<'r>>,
    pub(crate) signature: Compared<'r>,
    /// The partition of the host; `None` if the host is not an STS endpoint.
    pub(crate) partition: Option<Partition>,
}

/// The payload of a request.
#[derive(Clone, Copy)]
pub(crate) enum Payload<'r> {
    /// The body.
    Bytes(&'r [u8]),
    /// A text in the place of the hash, as a mistaken signer wrote it.
    Hash(&'static str),
}

impl Signed<'_> {
    /// Returns whether `secret` makes this signature.
    pub(crate) fn is_signed_by(&self, secret: &SecretAccessKey) -> bool {
        self.signature_by(secret).is(self.signature)
    }

    fn signature_by(&self, secret: &SecretAccessKey) -> ComputedSignature {
        let string_to_sign = self.string_to_sign();
        let time = self.signed_at.into();
        let key = generate_signing_key(secret.expose(), time, self.region, "sts");
        ComputedSignature::new(calculate_signature(key, string_to_sign.as_bytes()))
    }

    /// Hashes the canonical request piece by piece. It may include a session token, and a text that is never
    /// assembled need not be wiped.
    ///
    /// The path is always `/`: STS has no other.
    fn canonical_request_hash(&self) -> Hash {
        let mut hash = Sha256::new();
        hash.update(self.method);
        hash.update("\n/\n");
        hash.update(self.canonical_query);
        hash.update("\n");
        for (name, value) in self.headers {
            hash.update(name);
            hash.update(":");
            if is_folded(value) {
                hash.update(value);
            } else {
                folded(value).for_each(|piece| hash.update(piece));
            }
            hash.update("\n");
        }
        hash.update("\n");
        hash.update(self.signed_headers);
        hash.update("\n");
        match self.payload {
            Payload::Bytes([]) => hash.update(EMPTY_PAYLOAD),
            Payload::Bytes(bytes) => hash.update(hex(&Sha256::digest(bytes).into())),
            Payload::Hash(text) => hash.update(text),
        }
        hash.finalize().into()
    }

    fn string_to_sign(&self) -> String {
        let date = self.amz_date.get(..8).unwrap_or(self.amz_date);
        let hash = hex(&self.canonical_request_hash());
        let hash = std::str::from_utf8(&hash).unwrap_or_default();
        let (amz_date, region) = (self.amz_date, self.region);
        // `concat`, because `format!` takes as long as hashing the result.
        [
            ALGORITHM,
            "\n",
            amz_date,
            "\n",
            date,
            "/",
            region,
            "/sts/aws4_request\n",
            hash,
        ]
        .concat()
    }
}

/// A SHA-256 hash.
type Hash = [u8; 32];

/// The SHA-256 of an empty payload, as in a GET request. (`UNSIGNED-PAYLOAD` is for S3; STS refuses it.)
const EMPTY_PAYLOAD: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Returns the lower-case hexadecimal digits of a hash.
fn hex(hash: &Hash) -> [u8; 64] {
    let mut digits = [0; 64];
    for (pair, byte) in digits.as_chunks_mut::<2>().0.iter_mut().zip(hash) {
        *pair = [digit(byte.wrapping_shr(4)), digit(byte & 0xF)];
    }
    digits
}

/// Returns the digit of a number below sixteen.
const fn digit(number: u8) -> u8 {
    if number < 10 {
        b'0'.wrapping_add(number)
    } else {
        b'a'.wrapping_add(number).wrapping_sub(10)
    }
}

/// Returns whether a header value has no white space to fold. Nearly every value has none.
fn is_folded(value: &str) -> bool {
    !value.bytes().any(|byte| byte == b' ' || byte == b'\t')
}

/// Returns a header value in pieces, as SigV4 folds it: trimmed, with single spaces between words. (`http`
/// refuses values of several lines.)
fn folded(value: &str) -> impl Iterator<Item = &str> {
    let words = value.split([' ', '\t']).filter(|word| !word.is_empty());
    let mut separators = std::iter::once("").chain(std::iter::repeat(" "));
    words.flat_map(move |word| [separators.next().unwrap_or(" "), word])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fold(value: &str) -> String {
        folded(value).collect()
    }

    #[test]
    fn attack_35_header_values_are_trimmed_and_their_inner_spaces_collapse() {
        for (value, want) in [
            ("", ""),
            ("a", "a"),
            (" a", "a"),
            ("a ", "a"),
            ("\t a \t", "a"),
            ("a b", "a b"),
            ("a  b", "a b"),
            ("a \t b   c", "a b c"),
            ("\"a   b\"", "\"a b\""),
            ("   ", ""),
            ("\t", ""),
        ] {
            assert_eq!(fold(value), want, "{value:?}");
            assert!(!is_folded(value) || value == want, "{value:?}");
        }
    }

    #[test]
    fn hashes_are_written_in_lower_case() {
        let nothing = Sha256::digest(b"").into();
        assert_eq!(hex(&nothing), EMPTY_PAYLOAD.as_bytes());
    }
}
