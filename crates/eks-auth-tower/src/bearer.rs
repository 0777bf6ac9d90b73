//! The bearer token of a request.

use http::HeaderMap;
use http::header::AUTHORIZATION;

/// Returns the token of `Authorization: Bearer TOKEN` (RFC 6750, section 2.1; the scheme in any letter case).
/// `None` if there is no such header, or more than one, or another scheme, or white space within the token.
///
/// As upstream (apiserver, `pkg/authentication/request/bearertoken/bearertoken.go`), which also takes the
/// first of several headers and ignores text after the token.
pub(crate) fn token(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (value, None) = (values.next()?, values.next()) else {
        return None;
    };
    let (scheme, token) = value.to_str().ok()?.trim().split_once(' ')?;
    let is_token = !token.is_empty() && !token.contains(char::is_whitespace);
    (scheme.eq_ignore_ascii_case("bearer") && is_token).then_some(token)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn one_header_with_one_token_is_read() {
        for (values, expected) in [
            (&["Bearer abc"][..], Some("abc")),
            (&["bearer abc"], Some("abc")),
            (&[" BEARER abc "], Some("abc")),
            (&[], None),
            (&[""], None),
            (&["Bearer"], None),
            (&["Bearer "], None),
            (&["Bearer  abc"], None),
            (&["Bearer abc def"], None),
            (&["Bearer\tabc"], None),
            (&["Basic abc"], None),
            (&["Bearer abc", "Bearer abc"], None),
            (&["Bearer abc", "Basic abc"], None),
            (&["Bearer \u{e4}"], None),
        ] {
            let mut headers = HeaderMap::new();
            for value in values {
                let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
                headers.append(AUTHORIZATION, value);
            }
            assert_eq!(token(&headers), expected, "{values:?}");
        }
    }
}
