//! The time in which a certificate is valid.

use std::fmt;
use std::time::{Duration, SystemTime};

use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::pki_types::{self, CertificateDer};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, RootCertStore};
use sts_presign::UnixTime;

/// The time in which a certificate is valid, the first and the last second included (RFC 5280, section 4.1.2.5).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Validity {
    /// The first second.
    pub not_before: UnixTime,
    /// The last second.
    pub not_after: UnixTime,
}

impl Validity {
    /// Returns whether the certificate is valid at a time. No certificate is valid before 1970 or after 9999.
    #[must_use]
    pub fn includes(&self, time: SystemTime) -> bool {
        UnixTime::try_from(time).is_ok_and(|time| self.not_before <= time && time <= self.not_after)
    }

    /// Reads the validity of a certificate. `None` if it cannot be read, or begins before 1970.
    pub(super) fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        let certificate = ParsedCertificate::try_from(certificate).ok()?;
        // The validity is verified first, and the error for a time outside of it contains both limits.
        let error_at = |secs| {
            let time = pki_types::UnixTime::since_unix_epoch(Duration::from_secs(secs));
            let roots = RootCertStore::empty();
            match verify_server_cert_signed_by_trust_anchor(&certificate, &roots, &[], time, &[]) {
                Err(rustls::Error::InvalidCertificate(why)) => Some(why),
                _ => None,
            }
        };
        let Some(CertificateError::ExpiredContext { not_after, .. }) = error_at(u64::MAX) else {
            return None;
        };
        let not_before = match error_at(0) {
            Some(CertificateError::NotValidYetContext { not_before, .. }) => not_before.as_secs(),
            _ => 0,
        };
        Some(Self {
            not_before: UnixTime::from_secs(not_before).ok()?,
            not_after: UnixTime::from_secs(not_after.as_secs()).ok()?,
        })
    }
}

/// Writes both ends, as in `valid from 2026-01-01T00:00:00Z to 2026-12-31T23:59:59Z`.
impl fmt::Display for Validity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "valid from {} to {}", self.not_before, self.not_after)
    }
}
