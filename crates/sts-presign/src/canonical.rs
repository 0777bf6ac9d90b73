//! SigV4's stages, one function each (AWS General Reference, "Create a signed AWS API request").

use std::fmt::Write as _;

use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use sha2::{Digest as _, Sha256};

use crate::credential::Credential;
use crate::keys::SecretAccessKey;
use crate::query::Param;
use crate::url::PresignedUrl;

/// SHA-256 of nothing: the payload hash of a GET request to STS. (`UNSIGNED-PAYLOAD` is S3's; STS
/// refuses it.)
const EMPTY_PAYLOAD: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Writes the canonical request of a presigned URL, with the values that its signed headers have.
pub(crate) fn canonical_request<'h>(
    url: &PresignedUrl,
    headers: impl Iterator<Item = (&'h str, &'h str)>,
) -> String {
    let mut text = String::from("GET\n/\n");
    url.values().write_canonical(&mut text);
    text.push('\n');
    for (name, value) in headers {
        text.push_str(name);
        text.push(':');
        push_folded(value, &mut text);
        text.push('\n');
    }
    text.push('\n');
    text.push_str(url.values().get(Param::SignedHeaders));
    text.push('\n');
    text.push_str(EMPTY_PAYLOAD);
    text
}

/// Header values count without white space at the ends and with one space for several between.
fn push_folded(value: &str, out: &mut String) {
    let mut separator = "";
    for word in value.split([' ', '\t']).filter(|word| !word.is_empty()) {
        out.push_str(separator);
        out.push_str(word);
        separator = " ";
    }
}

/// Writes the string to sign.
pub(crate) fn string_to_sign(url: &PresignedUrl, canonical_request: &str) -> String {
    let date = url.values().get(Param::Date);
    // The scope is what follows the key id in X-Amz-Credential.
    let scope = url
        .values()
        .get(Param::Credential)
        .split_once('/')
        .map_or("", |(_, scope)| scope);
    let mut text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n");
    for byte in Sha256::digest(canonical_request.as_bytes()) {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Calculates the signature that the holder of `secret` would have made.
pub(crate) fn signature(
    url: &PresignedUrl,
    string_to_sign: &str,
    secret: &SecretAccessKey,
) -> String {
    let region = Credential::parse(url.values().get(Param::Credential)).map_or("", |c| c.region);
    let key = generate_signing_key(secret.expose(), url.signed_at().into(), region, "sts");
    calculate_signature(key, string_to_sign.as_bytes())
}
