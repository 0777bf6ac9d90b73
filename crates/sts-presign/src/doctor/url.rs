//! Diagnosis of presigned URLs.

use super::quote::{quote, quote_credential, quote_list, quote_names, quote_place, seen_of_url};
use super::{Carrier, Check, Diagnosis, findings::Findings};
use crate::accept_policy::AcceptPolicy;
use crate::error::Error;
use crate::param::Param;
use crate::time::UnixTime;
use crate::url::percent;
use crate::url::query::{CanonicalUrl, RawQuery};
use crate::url::signed_headers::names_in_canonical;
use crate::url::{
    PresignedUrl, RawUrl, check_action, check_algorithm, check_expires, check_signature,
    check_signed_headers, check_version, credential, signed_at,
};

impl AcceptPolicy {
    /// Runs the checks of [`PresignedUrl::parse`] and [`AcceptPolicy::accept`] and continues after the first
    /// failure as far as possible.
    ///
    /// This is for operators: **do not send the result to an unauthenticated caller**, and do not compute it
    /// for every refusal.
    #[must_use]
    pub fn diagnose(&self, url: &str, now: UnixTime) -> Diagnosis {
        let mut findings = Findings::new(Carrier::Url);
        let raw = RawUrl::parse(url);
        let row = [
            Check::Length,
            Check::Bytes,
            Check::Scheme,
            Check::HostAndPath,
        ];
        findings.saw_row(&row, &raw, |check| match check {
            Check::Length => format!("{} bytes", url.len()),
            _ => seen_of_url(check, url),
        });
        if let Ok(raw) = raw {
            let canonical = raw.canonical();
            let row = [Check::Parameters, Check::Complete];
            findings.saw_row(&row, &canonical, |_| match &canonical {
                Err(error) => seen_of_query(*error, raw.query()),
                Ok(_) => String::new(),
            });
            if let Ok(canonical) = canonical {
                examine_values(&canonical, &mut findings);
                if let Ok(credential) = credential(&canonical) {
                    let has_token = !canonical.get(Param::SecurityToken).is_empty();
                    findings.warn_of_key(&credential, has_token);
                }
                self.examine_acceptance(&raw, &canonical, now, &mut findings);
            }
        }
        findings.conclude(|| PresignedUrl::parse(url).and_then(|url| self.accept(url, now)))
    }

    /// Runs checks 16 to 22, each only if its input exists.
    fn examine_acceptance(
        &self,
        raw: &RawUrl<'_>,
        url: &CanonicalUrl,
        now: UnixTime,
        findings: &mut Findings,
    ) {
        if let Ok(signed_at) = signed_at(url) {
            self.examine_window(signed_at, now, findings);
        }
        let list = url.get(Param::SignedHeaders);
        if check_signed_headers(url).is_ok() {
            let result = self.check_signed_headers(list);
            let seen = match result {
                Err(Error::BindingHeaderNotSigned) => {
                    quote_names(self.unbound(names_in_canonical(list)))
                }
                Err(Error::UnsuppliedHeader) => quote_names(self.unsupplied(list)),
                _ => String::new(),
            };
            findings.saw(Check::Headers, &result, seen);
        }
        self.examine_endpoint(raw.host(), credential(url).ok(), findings);
        findings.saw(Check::Readers, &raw.check_second_reader(), String::new());
    }
}

/// Checks 7 to 15, with the parameter of each.
const VALUE_CHECKS: [(Check, Param, ValueCheck); 9] = [
    (Check::Action, Param::Action, check_action),
    (Check::Version, Param::Version, check_version),
    (Check::Algorithm, Param::Algorithm, check_algorithm),
    (Check::Expires, Param::Expires, check_expires),
    (Check::Signature, Param::Signature, check_signature),
    (
        Check::SignedHeaders,
        Param::SignedHeaders,
        check_signed_headers,
    ),
    (Check::Date, Param::Date, |url| signed_at(url).map(|_| ())),
    (Check::Credential, Param::Credential, |url| {
        credential(url).map(|_| ())
    }),
    (Check::ScopeDate, Param::Credential, |url| {
        signed_at(url)?;
        credential(url)?.check_date(url.get(Param::Date))
    }),
];

type ValueCheck = fn(&CanonicalUrl) -> Result<(), Error>;

fn examine_values(url: &CanonicalUrl, findings: &mut Findings) {
    for (check, param, run) in VALUE_CHECKS {
        let mut value = String::new();
        percent::decode(url.get(param), &mut value);
        let seen = match param {
            // The length is enough.
            Param::Signature => format!("{} characters", value.len()),
            Param::Credential => quote_credential(&value),
            Param::SignedHeaders => quote_list(&value),
            _ => quote(&value),
        };
        findings.saw(check, &run(url), seen);
    }
}

/// Describes the bad pair of a query by its position and, unless it may be secret, its name.
fn seen_of_query(error: Error, query: &str) -> String {
    if matches!(error, Error::MissingParameter(_)) {
        return String::new();
    }
    // Adds one pair at a time until parsing fails with the same error: at most nine good pairs, since there
    // is no tenth name.
    let mut end = 0_usize;
    let wrong = query.split('&').zip(1_usize..).find(|(pair, _)| {
        end = end.saturating_add(pair.len());
        let read = RawQuery::parse(query.get(..end).unwrap_or(query));
        end = end.saturating_add(1);
        read.err() == Some(error)
    });
    let Some((pair, place)) = wrong else {
        return String::new();
    };
    let name = pair.split('=').next().unwrap_or_default();
    if pair.contains('=') {
        quote_place("parameter", place, name)
    } else {
        format!("parameter {place}")
    }
}
