//! A URL reader that shares no code with the reader under test.
//!
//! It splits a URL like the regular expression of RFC 3986, appendix B, and is as lenient.

/// The parts of a URL. Query values are decoded once.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Parts {
    pub(crate) scheme: String,
    pub(crate) userinfo: Option<String>,
    pub(crate) host: String,
    pub(crate) port: Option<String>,
    pub(crate) path: String,
    pub(crate) pairs: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) fragment: Option<String>,
}

pub(crate) fn read(url: &str) -> Option<Parts> {
    let (rest, fragment) = cut_back(url, '#');
    let (rest, query) = cut_back(rest, '?');
    let (scheme, rest) = rest.split_once(':')?;
    let rest = rest.strip_prefix("//")?;
    let slash = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(slash)?;
    let (userinfo, authority) = match authority.rsplit_once('@') {
        Some((userinfo, authority)) => (Some(userinfo.to_owned()), authority),
        None => (None, authority),
    };
    let (host, port) = cut_back(authority, ':');
    let mut pairs = Vec::new();
    for pair in query.as_deref().unwrap_or_default().split('&') {
        let (name, value) = cut_back(pair, '=');
        let value = value.unwrap_or_default();
        pairs.push((decode(name.as_bytes()), decode(value.as_bytes())));
    }
    pairs.sort();
    Some(Parts {
        scheme: scheme.to_owned(),
        userinfo,
        host: host.to_owned(),
        port,
        path: path.to_owned(),
        pairs,
        fragment,
    })
}

/// Splits at the first of these characters.
fn cut_back(text: &str, at: char) -> (&str, Option<String>) {
    match text.split_once(at) {
        Some((front, back)) => (front, Some(back.to_owned())),
        None => (text, None),
    }
}

/// Decodes each `%XY`, and keeps everything else.
pub(crate) fn decode(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut at = 0_usize;
    while let Some(byte) = text.get(at) {
        let digits = text.get(at.saturating_add(1)..at.saturating_add(3));
        let number = digits
            .filter(|_| *byte == b'%')
            .filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        decoded.push(number.unwrap_or(*byte));
        at = at.saturating_add(if number.is_some() { 3 } else { 1 });
    }
    decoded
}
