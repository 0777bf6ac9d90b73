//! The POST form: a request that is signed in its headers and carried as method, URL, headers and
//! body, as the logins of Vault, Consul, Teleport and `MongoDB` do it.

use std::fmt;

use crate::authorization::Authorization;
use crate::error::Error;
use crate::percent;
use crate::signed_headers::is_name;
use crate::time::UnixTime;
use crate::url::{MAX_URL_LEN, split_host};

/// How many headers a carried request may have: our choice, three times what the most talkative SDK
/// sends.
pub const MAX_CARRIED_HEADERS: usize = 40;

/// A request as a login carries it, each part decoded from whatever the login encodes it in.
#[derive(Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "a request has these four parts")]
pub struct CarriedRequest<'r> {
    /// `POST`.
    pub method: &'r str,
    /// `https://HOST/`.
    pub url: &'r str,
    /// Names in any letter case, with their values; a list, so that a name that stands there twice is
    /// seen.
    pub headers: &'r [(&'r str, &'r str)],
    /// The form.
    pub body: &'r str,
}

impl fmt::Debug for CarriedRequest<'_> {
    /// Neither the signature nor the session token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CarriedRequest").finish_non_exhaustive()
    }
}

/// A `GetCallerIdentity` request in POST form, of the right shape (checks P1 to P11 of the front
/// page): it is sound in itself, but nobody has said yet that it may be trusted.
#[derive(Clone)]
pub struct SignedPost<'r> {
    url: &'r str,
    host: &'r str,
    form: Form,
    headers: Headers<'r>,
    authorization: Authorization<'r>,
    signed_at: UnixTime,
}

impl<'r> SignedPost<'r> {
    /// Reads a request.
    ///
    /// # Errors
    ///
    /// The checks P1 to P11 of the [front page](crate), in that order.
    pub fn parse(request: &CarriedRequest<'r>) -> Result<Self, Error> {
        check_lengths(request)?;
        if request.method != "POST" {
            return Err(Error::Method);
        }
        percent::check_bytes(request.url)?;
        let (host, path) = split_host(request.url)?;
        // A query would be read beside the form, and by some instead of it (consul-awsauth pull
        // request 14).
        if path != "/" {
            return Err(Error::PostPath);
        }
        let form = Form::parse(request.body)?;
        let headers = Headers::parse(request.headers)?;
        let authorization = headers.find("authorization").ok_or(Error::Unsigned)?;
        let authorization = Authorization::parse(authorization)?;
        let amz_date = headers.find("x-amz-date").unwrap_or_default();
        let signed_at = UnixTime::parse_amz_date(amz_date).map_err(|_| Error::Date)?;
        authorization.credential.check_date(amz_date)?;
        let post = Self {
            url: request.url,
            host,
            form,
            headers,
            authorization,
            signed_at,
        };
        post.check_amz_headers()?;
        post.check_values()?;
        Ok(post)
    }

    /// What AWS reads has to be signed, or somebody else could have put it there.
    fn check_amz_headers(&self) -> Result<(), Error> {
        let unsigned = |(name, _): &(String, &str)| name.starts_with("x-amz-") && !self.signs(name);
        match self.headers.list.iter().any(unsigned) {
            true => Err(Error::UnsignedHeader),
            false => Ok(()),
        }
    }

    /// A header whose value follows from the rest of the request has that value.
    fn check_values(&self) -> Result<(), Error> {
        if self
            .headers
            .find("host")
            .is_some_and(|host| host != self.host)
        {
            return Err(Error::HostHeader);
        }
        for name in self.signed_headers() {
            let Some(value) = self.headers.find(name) else {
                continue;
            };
            check_value(value)?;
            let fits = match name {
                "accept" => value == ACCEPTED,
                "content-length" => value == self.form.text().len().to_string(),
                "content-type" => CONTENT_TYPES.contains(&value),
                "x-amz-content-sha256" => value == self.form.sha256(),
                _ => true,
            };
            if !fits {
                return Err(Error::CarriedValue);
            }
        }
        Ok(())
    }

    /// Returns the host, which may not be one of STS's.
    #[must_use]
    pub const fn host(&self) -> &'r str {
        self.host
    }

    /// Returns the access key id of the credential scope.
    #[must_use]
    pub const fn access_key_id(&self) -> &'r str {
        self.authorization.credential.access_key_id
    }

    /// Returns the region of the credential scope.
    #[must_use]
    pub const fn region(&self) -> &'r str {
        self.authorization.credential.region
    }

    /// Returns when the request was signed, by its own account.
    #[must_use]
    pub const fn signed_at(&self) -> UnixTime {
        self.signed_at
    }

    /// Returns the names of the signed headers, in order.
    pub fn signed_headers(&self) -> impl Iterator<Item = &'r str> + use<'r> {
        self.authorization.signed_headers.split(';')
    }

    /// Returns the value of a header, its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&'r str> {
        self.headers.find(name)
    }

    pub(crate) fn signs(&self, name: &str) -> bool {
        self.signed_headers().any(|signed| signed == name)
    }

    pub(crate) const fn form(&self) -> Form {
        self.form
    }

    pub(crate) const fn authorization(&self) -> Authorization<'r> {
        self.authorization
    }

    /// As for a presigned URL: `url` must see the same host and nothing else.
    ///
    /// # Errors
    ///
    /// [`Error::ReadersDisagree`].
    pub(crate) fn check_second_reader(&self) -> Result<(), Error> {
        let second = url::Url::parse(self.url).map_err(|_| Error::ReadersDisagree)?;
        match second.as_str() == self.url && second.host_str() == Some(self.host) {
            true => Ok(()),
            false => Err(Error::ReadersDisagree),
        }
    }
}

impl fmt::Debug for SignedPost<'_> {
    /// Neither the signature nor the session token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedPost")
            .field("host", &self.host)
            .field("access_key_id", &self.access_key_id())
            .field("signed_at", &self.signed_at)
            .finish_non_exhaustive()
    }
}

/// The answer has to be in a form that is read here: whoever chose another would choose the reader
/// (CVE-2020-16250).
const ACCEPTED: &str = "application/json";

/// How SDKs write that the body is a form.
const CONTENT_TYPES: [&str; 4] = [
    DEFAULT_CONTENT_TYPE,
    "application/x-www-form-urlencoded; charset=utf-8",
    "application/x-www-form-urlencoded; charset=UTF-8",
    "application/x-www-form-urlencoded;charset=utf-8",
];

/// What is sent where the content type is not signed.
pub(crate) const DEFAULT_CONTENT_TYPE: &str = "application/x-www-form-urlencoded";

/// The two texts that the form may be. The signature is over its bytes, so it is sent as it is; and
/// since there are two only, nothing of the caller's is sent with it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Form {
    ActionFirst,
    VersionFirst,
}

impl Form {
    fn parse(body: &str) -> Result<Self, Error> {
        [Self::ActionFirst, Self::VersionFirst]
            .into_iter()
            .find(|form| form.text() == body)
            .ok_or(Error::Body)
    }

    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::ActionFirst => "Action=GetCallerIdentity&Version=2011-06-15",
            Self::VersionFirst => "Version=2011-06-15&Action=GetCallerIdentity",
        }
    }

    /// Its SHA-256, so that no hash is calculated here.
    const fn sha256(self) -> &'static str {
        match self {
            Self::ActionFirst => SHA256_OF_ACTION_FIRST,
            Self::VersionFirst => SHA256_OF_VERSION_FIRST,
        }
    }
}

const SHA256_OF_ACTION_FIRST: &str =
    "ab821ae955788b0e33ebd34c208442ccfc2d406e2edc5e7a39bd6458fbb4f843";
const SHA256_OF_VERSION_FIRST: &str =
    "2e5272931159dc39306511e6dbae66f365e6748f021352ad514b568d66ebba7c";

/// Header names in lower case, sorted, each once, with their values as they were carried.
#[derive(Clone)]
struct Headers<'r> {
    list: Vec<(String, &'r str)>,
}

impl<'r> Headers<'r> {
    fn parse(headers: &[(&'r str, &'r str)]) -> Result<Self, Error> {
        let mut list = Vec::with_capacity(headers.len());
        for (name, value) in headers {
            // ASCII only: by Unicode's rules the Kelvin sign is a `k` as well.
            let name = name.to_ascii_lowercase();
            if !is_name(&name) {
                return Err(Error::HeaderName);
            }
            list.push((name, *value));
        }
        list.sort_unstable();
        let twice = list
            .array_windows()
            .any(|[(one, _), (next, _)]| one == next);
        match twice {
            true => Err(Error::DuplicateHeader),
            false => Ok(Self { list }),
        }
    }

    fn find(&self, name: &str) -> Option<&'r str> {
        let at = self
            .list
            .binary_search_by(|(other, _)| other.as_str().cmp(name))
            .ok()?;
        self.list.get(at).map(|(_, value)| *value)
    }
}

fn check_lengths(request: &CarriedRequest<'_>) -> Result<(), Error> {
    let headers = request
        .headers
        .iter()
        .map(|(name, value)| name.len().saturating_add(value.len()));
    let len = headers
        .chain([request.url.len(), request.body.len()])
        .fold(0_usize, usize::saturating_add);
    match request.headers.len() > MAX_CARRIED_HEADERS || len > MAX_URL_LEN {
        true => Err(Error::TooLong),
        false => Ok(()),
    }
}

/// Checks for visible ASCII, words separated by one space: as SigV4 counts the value, so that what is
/// signed and what is sent are the same bytes.
fn check_value(value: &str) -> Result<(), Error> {
    let word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_graphic());
    match value.split(' ').all(word) {
        true => Ok(()),
        false => Err(Error::HeaderValue),
    }
}
