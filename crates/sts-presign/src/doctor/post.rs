//! Diagnosis of requests in POST form.

use super::quote::{quote, quote_credential, quote_list, quote_names, quote_place, seen_of_url};
use super::{Carrier, Check, Diagnosis, findings::Findings};
use crate::accept_policy::AcceptPolicy;
use crate::error::Error;
use crate::post::authorization::RawAuthorization;
use crate::post::{
    Form, ForwardedRequest, Headers, SignedPost, check_host_header, check_lengths, check_method,
    check_second_reader, forwarded_len, none_of, signed_at, split_url,
};
use crate::time::UnixTime;
use crate::url::credential::Credential;
use crate::url::signed_headers::{is_name, names};
use crate::url::{signature, signed_headers};

impl AcceptPolicy {
    /// Runs the checks of [`SignedPost::parse`] and [`AcceptPolicy::accept_post`], as
    /// [`AcceptPolicy::diagnose`] does for a URL. It does not quote the body.
    #[must_use]
    pub fn diagnose_post(&self, request: &ForwardedRequest<'_>, now: UnixTime) -> Diagnosis {
        let mut findings = Findings::new(Carrier::Post);
        let lengths = check_lengths(request);
        let (count, len) = (request.headers.len(), forwarded_len(request));
        findings.saw(
            Check::Length,
            &lengths,
            format!("{count} headers, {len} bytes"),
        );
        if lengths.is_ok() {
            let parts = Parts::look_for(request, &mut findings);
            parts.examine_values(&mut findings);
            self.examine_parts(&parts, now, &mut findings);
        }
        findings
            .conclude(|| SignedPost::parse(request).and_then(|post| self.accept_post(&post, now)))
    }

    /// Runs checks P20 to P26, each only if its input exists.
    fn examine_parts(&self, parts: &Parts<'_>, now: UnixTime, findings: &mut Findings) {
        if let Some(Ok(signed_at)) = parts.headers.as_ref().map(signed_at) {
            self.examine_window(signed_at, now, findings);
        }
        if let Some((headers, list)) = parts.signed() {
            let result = self.check_signed_in_post(headers, list);
            let seen = match result {
                Err(Error::BindingHeaderNotSigned) => quote_names(self.unbound(names(list))),
                Err(Error::BindingHeaderValue) => quote_names(self.mismatched_bindings(headers)),
                Err(Error::UnsuppliedHeader) => quote_names(self.unsupplied_in_post(headers, list)),
                _ => String::new(),
            };
            findings.saw(Check::Headers, &result, seen);
        }
        if let Some(host) = parts.host {
            self.examine_endpoint(host, parts.credential(), findings);
            let readers = check_second_reader(parts.url, host);
            findings.saw(Check::Readers, &readers, String::new());
        }
    }
}

/// The parts of a request that can be examined.
struct Parts<'r> {
    url: &'r str,
    host: Option<&'r str>,
    form: Option<Form>,
    headers: Option<Headers<'r>>,
    authorization: Option<RawAuthorization<'r>>,
}

impl<'r> Parts<'r> {
    /// Makes the checks P2 to P10. Each runs alone, unless it depends on another check.
    fn look_for(request: &ForwardedRequest<'r>, findings: &mut Findings) -> Self {
        let ForwardedRequest {
            method,
            url,
            headers,
            body,
        } = *request;
        findings.saw(Check::Method, &check_method(method), quote(method));
        let host = split_url(url);
        let row = [Check::Bytes, Check::Scheme, Check::HostAndPath];
        findings.saw_row(&row, &host, |check| seen_of_url(check, url));
        let form = Form::parse(body);
        findings.saw(Check::Body, &form, format!("{} bytes", body.len()));
        let headers_read = Headers::parse(headers);
        findings.saw(Check::HeaderNames, &headers_read, name_at_fault(headers));
        let headers = headers_read.ok();
        let authorization = headers.as_ref().and_then(|headers| {
            let row = [Check::Signed, Check::Algorithm, Check::Authorization];
            let read = headers.authorization();
            let text = headers.find("authorization").unwrap_or_default();
            findings.saw_row(&row, &read, |check| seen_of_authorization(check, text));
            read.ok()
        });
        Self {
            url,
            host: host.ok(),
            form: form.ok(),
            headers,
            authorization,
        }
    }

    /// Checks P11 to P19.
    fn examine_values(&self, findings: &mut Findings) {
        let Some(headers) = &self.headers else {
            return;
        };
        let date = signed_at(headers);
        findings.saw(Check::Date, &date, quote(headers.amz_date()));
        if let Some(RawAuthorization {
            credential,
            signed_headers,
            signature,
        }) = self.authorization
        {
            // The length is enough.
            let seen = format!("{} characters", signature.len());
            findings.saw(Check::Signature, &signature::check(signature), seen);
            let list = signed_headers::check(names(signed_headers));
            let seen = quote_list(signed_headers);
            findings.saw(Check::SignedHeaders, &list, seen);
            let seen = quote_credential(credential);
            let credential = Credential::parse(credential);
            if let Ok(credential) = &credential {
                let has_token = headers.find("x-amz-security-token").is_some();
                findings.warn_of_key(credential, has_token);
            }
            findings.saw(Check::Credential, &credential, seen.clone());
            let day = date
                .and(credential)
                .and_then(|credential| credential.check_date(headers.amz_date()));
            findings.saw(Check::ScopeDate, &day, seen);
        }
        if let Some(host) = self.host {
            let seen = headers.find("host").map(quote).unwrap_or_default();
            findings.saw(Check::HostHeader, &check_host_header(headers, host), seen);
        }
        if let Some((headers, list)) = self.signed() {
            let result = none_of(headers.unsigned_amz_headers(list), Error::UnsignedHeader);
            let seen = quote_names(headers.unsigned_amz_headers(list));
            findings.saw(Check::AmzHeaders, &result, seen);
            let result = none_of(headers.odd_values(list), Error::HeaderValue);
            let seen = quote_names(headers.odd_values(list));
            findings.saw(Check::HeaderValues, &result, seen);
            if let Some(form) = self.form {
                let result = none_of(headers.misfits(list, form), Error::ForwardedValue);
                let misfits = headers.misfits(list, form);
                let seen = quote_names(misfits.map(|(name, value)| format!("{name}: {value}")));
                findings.saw(Check::ForwardedValues, &result, seen);
            }
        }
    }

    /// Returns the headers and the list of signed headers, if it is well-formed.
    fn signed(&self) -> Option<(&Headers<'r>, &'r str)> {
        let list = self.authorization?.signed_headers;
        signed_headers::check(names(list)).ok()?;
        Some((self.headers.as_ref()?, list))
    }

    fn credential(&self) -> Option<Credential<'r>> {
        Credential::parse(self.authorization?.credential).ok()
    }
}

/// Describes the first malformed or repeated name.
fn name_at_fault(headers: &[(&str, &str)]) -> String {
    let same = |one: &str, other: &str| one.eq_ignore_ascii_case(other);
    let is_bad = |name: &str| !is_name(&name.to_ascii_lowercase());
    let bad = headers.iter().position(|(name, _)| is_bad(name));
    let twice = || {
        let mut places = headers.iter().enumerate();
        places.position(|(i, (name, _))| headers.iter().take(i).any(|(n, _)| same(n, name)))
    };
    let Some(place) = bad.or_else(twice) else {
        return String::new();
    };
    let name = headers.get(place).map_or("", |(name, _)| *name);
    quote_place("header", place.saturating_add(1), name)
}

/// Describes an `Authorization` header without its secrets.
fn seen_of_authorization(check: Check, text: &str) -> String {
    let Some((algorithm, parts)) = text.split_once(' ') else {
        return String::new();
    };
    match check {
        // A part in the place of the algorithm may be the signature.
        Check::Algorithm if !algorithm.contains('=') => quote(algorithm),
        Check::Authorization => {
            let known = |part: &str| {
                let name = part.trim_matches(' ').split('=').next();
                let names = ["Credential", "SignedHeaders", "Signature"];
                names.into_iter().find(|known| Some(*known) == name)
            };
            let parts: Vec<&str> = parts.split(',').map(|p| known(p).unwrap_or("?")).collect();
            parts.join(", ")
        }
        _ => String::new(),
    }
}
