//! The checks of time and endpoint, which both forms share.

use super::quote::quote;
use super::{Check, findings::Findings};
use crate::accept_policy::{AcceptPolicy, check_scope_region};
use crate::time::UnixTime;
use crate::url::credential::Credential;

impl AcceptPolicy {
    pub(super) fn examine_window(
        &self,
        signed_at: UnixTime,
        now: UnixTime,
        findings: &mut Findings,
    ) {
        let window = self.check_window(signed_at, now);
        let seen = format!("signed {signed_at}, now {now}");
        findings.saw(Check::Window, &window, seen);
    }

    pub(super) fn examine_endpoint(
        &self,
        host: &str,
        credential: Option<Credential<'_>>,
        findings: &mut Findings,
    ) {
        let found = self.find_host(host);
        findings.saw(Check::Host, &found, quote(host));
        let Ok(found) = found else {
            return;
        };
        let partition = found.partition.id().to_owned();
        findings.saw(Check::Partition, &self.check_partition(found), partition);
        let region = quote(found.region);
        if let Some(credential) = credential {
            let scope = quote(credential.region);
            let result = check_scope_region(found, credential.region);
            let seen = format!("the host's is {region}, the scope's {scope}");
            findings.saw(Check::ScopeRegion, &result, seen);
        }
        findings.saw(Check::Region, &self.check_region(found), region);
    }
}
