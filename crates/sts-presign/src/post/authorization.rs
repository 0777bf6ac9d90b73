//! The `Authorization` header of a request that is signed in its headers.

use crate::error::Error;
use crate::url::credential::Credential;
use crate::url::signature::ALGORITHM;
#[cfg(feature = "verify")]
use crate::url::{signature, signed_headers};

/// The three parts of an `Authorization` header, not yet checked.
#[derive(Clone, Copy)]
pub(crate) struct RawAuthorization<'a> {
    pub(crate) credential: &'a str,
    pub(crate) signed_headers: &'a str,
    pub(crate) signature: &'a str,
}

impl<'a> RawAuthorization<'a> {
    /// Parses a header value: `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`.
    ///
    /// Producers agree on the three parts but separate them by `, ` or by `,`. So spaces around a part and
    /// the order of the parts are ignored. Ambiguous values are refused: a missing, repeated or unknown
    /// part, a name in another letter case, white space within a part.
    ///
    /// # Errors
    ///
    /// [`Error::Algorithm`], then [`Error::Authorization`].
    pub(crate) fn parse(value: &'a str) -> Result<Self, Error> {
        let (algorithm, parts) = value.split_once(' ').ok_or(Error::Algorithm)?;
        if algorithm != ALGORITHM {
            return Err(Error::Algorithm);
        }
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for part in parts.split(',') {
            let (name, value) = part
                .trim_matches(' ')
                .split_once('=')
                .ok_or(Error::Authorization)?;
            let slot = match name {
                "Credential" => &mut credential,
                "SignedHeaders" => &mut signed_headers,
                "Signature" => &mut signature,
                _ => return Err(Error::Authorization),
            };
            if slot.replace(value).is_some() {
                return Err(Error::Authorization);
            }
        }
        match (credential, signed_headers, signature) {
            (Some(credential), Some(signed_headers), Some(signature)) => Ok(Self {
                credential,
                signed_headers,
                signature,
            }),
            _ => Err(Error::Authorization),
        }
    }
}

/// An `Authorization` header, each part of which has passed its check.
#[derive(Clone, Copy)]
pub(crate) struct Authorization<'a> {
    pub(crate) credential: Credential<'a>,
    /// Lower-case names joined by `;`, sorted and distinct.
    pub(crate) signed_headers: &'a str,
    /// 64 lower-case hexadecimal digits.
    pub(crate) signature: &'a str,
}

#[cfg(feature = "verify")]
impl<'a> Authorization<'a> {
    /// Parses and checks a header value.
    ///
    /// # Errors
    ///
    /// The errors of [`RawAuthorization::parse`], then [`Error::Signature`],
    /// [`Error::SignedHeaders`], [`Error::CredentialScope`], [`Error::AccessKeyId`].
    pub(crate) fn parse(value: &'a str) -> Result<Self, Error> {
        let RawAuthorization {
            credential,
            signed_headers,
            signature,
        } = RawAuthorization::parse(value)?;
        signature::check(signature)?;
        signed_headers::check(signed_headers::names(signed_headers))?;
        Ok(Self {
            credential: Credential::parse(credential)?,
            signed_headers,
            signature,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNATURE: &str = "d052bda10bc2c20801d04704e8da83bc17ce4f0c385f2fc03845cb278d94f1ec";

    fn parts() -> [String; 3] {
        [
            "Credential=AKIDEXAMPLE/20230428/us-west-2/sts/aws4_request".to_owned(),
            "SignedHeaders=content-type;host;x-amz-date".to_owned(),
            format!("Signature={SIGNATURE}"),
        ]
    }

    fn error(value: &str) -> Error {
        match RawAuthorization::parse(value) {
            Ok(_) => panic!("read: {value}"),
            Err(error) => error,
        }
    }

    #[test]
    fn separators_and_order_do_not_matter() {
        let [credential, headers, signature] = parts();
        for value in [
            format!("{ALGORITHM} {credential}, {headers}, {signature}"),
            format!("{ALGORITHM} {credential},{headers},{signature}"),
            format!("{ALGORITHM}  {credential} ,  {headers} , {signature} "),
            format!("{ALGORITHM} {signature}, {credential}, {headers}"),
        ] {
            let read = RawAuthorization::parse(&value).unwrap();
            assert_eq!(
                read.credential,
                "AKIDEXAMPLE/20230428/us-west-2/sts/aws4_request"
            );
            assert_eq!(read.signed_headers, "content-type;host;x-amz-date");
            assert_eq!(read.signature, SIGNATURE);
        }
    }

    #[test]
    fn the_algorithm_is_exact_and_comes_first() {
        let [credential, headers, signature] = parts();
        let rest = format!("{credential}, {headers}, {signature}");
        for value in [
            String::new(),
            ALGORITHM.to_owned(),
            rest.clone(),
            format!("aws4-hmac-sha256 {rest}"),
            format!("AWS4-ECDSA-P256-SHA256 {rest}"),
            format!(" {ALGORITHM} {rest}"),
            format!("{ALGORITHM}\t{rest}"),
        ] {
            assert_eq!(error(&value), Error::Algorithm, "{value:?}");
        }
    }

    #[test]
    fn each_part_occurs_once_under_its_exact_name() {
        let [credential, headers, signature] = parts();
        for rest in [
            String::new(),
            format!("{credential}, {headers}"),
            format!("{credential}, {signature}"),
            format!("{headers}, {signature}"),
            format!("{credential}, {credential}, {headers}, {signature}"),
            format!("{credential}, {headers}, {headers}, {signature}"),
            format!("{credential}, {headers}, {signature}, {signature}"),
            format!("{credential}, {headers}, {signature}, Extra=1"),
            format!("{credential}, {headers}, {signature},"),
            format!("{credential}; {headers}; {signature}"),
            format!("{credential} {headers} {signature}"),
            format!("{credential}, signedHeaders=host, {signature}"),
            format!("{credential}, {headers}, Signature"),
            format!("{credential}, {headers}, Signature ={SIGNATURE}"),
        ] {
            let value = format!("{ALGORITHM} {rest}");
            assert_eq!(error(&value), Error::Authorization, "{value:?}");
        }
    }

    #[cfg(feature = "verify")]
    #[test]
    fn each_part_has_the_form_that_it_has_in_a_url() {
        let good = format!("{ALGORITHM} {}", parts().join(", "));
        for (from, to, want) in [
            ("/sts/", "/s3/", Error::CredentialScope),
            ("AKIDEXAMPLE", "AKID-EXAMPLE", Error::AccessKeyId),
            (
                "content-type;host",
                "host;content-type",
                Error::SignedHeaders,
            ),
            ("Signature=d0", "Signature=D0", Error::Signature),
            ("Signature=d0", "Signature= d0", Error::Signature),
        ] {
            let read = Authorization::parse(&good.replacen(from, to, 1)).map(|_| ());
            assert_eq!(read, Err(want), "{to}");
        }
    }
}
