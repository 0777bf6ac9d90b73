//! The rules in effect, each with a caller for whom it decides.

use std::collections::HashSet;

use aws_auth_map::{Mapped, Resolution, Rule, RulePrincipal, RuleRef};
use eks_auth::Authenticated;

use crate::cluster::Cluster;
use crate::who::CallerArn;

/// A rule in effect, and a caller for whom it decides.
pub(crate) struct Effective<'c> {
    pub(crate) backend: usize,
    pub(crate) at: RuleRef,
    /// `None` for an account.
    pub(crate) rule: Option<&'c Rule>,
    pub(crate) principal: String,
    /// A caller for whom the rule decides. For a role, it is a session named `SESSION`.
    pub(crate) caller: CallerArn,
    pub(crate) authenticated: Authenticated,
}

impl Cluster {
    /// Returns the rules that take effect for a caller, in the order of backends, sections and entries.
    pub(crate) fn effective_rules(&self) -> Vec<Effective<'_>> {
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        for (backend, of_backend) in self.map.backends().iter().enumerate() {
            let rules = of_backend.rules();
            for (at, rule) in rules.iter() {
                let (principal, callers) = representatives(rule);
                found.extend(callers.into_iter().find_map(|caller| {
                    self.effective(backend, at, Some(rule), principal.clone(), caller)
                }));
            }
            for (at, account) in rules.accounts() {
                let principal = format!("every principal of account {account}");
                let arn = format!("arn:aws:iam::{account}:user/USER");
                if let Ok(caller) = CallerArn::parse(&arn) {
                    found.extend(self.effective(backend, at, None, principal, caller));
                }
            }
        }
        found.retain(|one| seen.insert((one.backend, one.at)));
        found
    }

    fn effective<'c>(
        &'c self,
        backend: usize,
        at: RuleRef,
        rule: Option<&'c Rule>,
        principal: String,
        caller: CallerArn,
    ) -> Option<Effective<'c>> {
        let (_, resolution, authenticated) = self.resolve(&caller).ok()?;
        let is_it = |mapped: &Mapped| mapped.backend_index() == backend && mapped.rule() == at;
        match resolution {
            Resolution::Mapped(mapped) if is_it(&mapped) => Some(Effective {
                backend,
                at,
                rule,
                principal,
                caller,
                authenticated: authenticated?,
            }),
            _ => None,
        }
    }
}

/// The texts that replace the wildcards of a pattern, and the suffix of a permission set's role, in the callers that
/// are tried. There are several, because an earlier rule may decide for one of these callers. Our choice.
const FILLS: [(&str, &str); 3] = [
    ("x", "0123456789abcdef"),
    ("j", "fedcba9876543210"),
    ("8", "89abcdef01234567"),
];

/// Returns the principal of a rule as text, and callers for whom it may decide: several, if the rule is
/// for many callers.
fn representatives(rule: &Rule) -> (String, Vec<CallerArn>) {
    let parse = |arn: &str| CallerArn::parse(arn).ok();
    let exact = |arn: &str| parse_folded(arn).into_iter().collect();
    match rule.principal() {
        RulePrincipal::Arn(arn) | RulePrincipal::ArnAndUserId(arn, _) => {
            (arn.to_owned(), exact(arn))
        }
        RulePrincipal::UserId(id, Some(arn)) => (format!("{arn} ({id})"), exact(arn)),
        RulePrincipal::UserId(id, None) => (id.to_owned(), Vec::new()),
        RulePrincipal::Pattern(pattern) => {
            let written = pattern.as_str();
            let in_account = written.replace("::*:", "::000000000000:");
            let callers = FILLS.into_iter();
            let callers = callers.map(|(fill, _)| in_account.replace(['*', '?'], fill));
            (
                written.to_owned(),
                callers.filter_map(|arn| parse(&arn)).collect(),
            )
        }
        RulePrincipal::Sso(role) => {
            let (partition, account) = (role.partition(), role.account());
            let set = role.permission_set();
            let callers = FILLS.into_iter().map(|(_, suffix)| {
                format!("arn:{partition}:iam::{account}:role/AWSReservedSSO_{set}_{suffix}")
            });
            (
                format!("permission set {set} in account {account}"),
                callers.filter_map(|arn| parse(&arn)).collect(),
            )
        }
        _ => (String::new(), Vec::new()),
    }
}

/// Parses the ARN of a rule, which may be in any case. No principal has a `*` or a `?` in its name.
fn parse_folded(arn: &str) -> Option<CallerArn> {
    if arn.contains(['*', '?']) {
        return None;
    }
    CallerArn::parse(arn)
        .or_else(|_| CallerArn::parse(&arn.to_ascii_lowercase()))
        .ok()
}
