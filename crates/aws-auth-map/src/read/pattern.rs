//! The principals that an ARN pattern can match.

use iam_principal::{ArnPattern, Partition};

/// The principals that a pattern can match.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Reach {
    /// Principals of every account.
    EveryAccount,
    /// No principal: no caller has a canonical ARN like this.
    NoCaller,
    /// Principals of one account or of several.
    SomeAccount,
}

/// Returns the principals that a pattern of six parts can match.
///
/// A caller's canonical ARN is `arn:P:iam::A:role/NAME`, without the role's path; `…:user/…`, path
/// included; `…:root`; or `arn:P:sts::A:federated-user/NAME`. A pattern may match no caller
/// for a reason that is not checked here; it is then reported as if it matched some.
pub(super) fn reach(pattern: &str) -> Reach {
    let mut parts = pattern.splitn(6, ':').skip(1);
    let mut part = || parts.next().unwrap_or("");
    let (partition, service, region) = (part(), part(), part());
    let (account, resource) = (part(), part());
    let covers = |part: &str, text: &str| {
        // The part is matched alone, in the place of the partition.
        ArnPattern::parse(&format!("arn:{part}::::"))
            .is_ok_and(|p| p.matches(&format!("arn:{text}::::")))
    };
    let is_partition = Partition::ALL.iter().any(|p| covers(partition, p.id()));
    let is_service = covers(service, "iam") || covers(service, "sts");
    let is_resource = match resource.split_once('/') {
        // STS reports a role without its path.
        Some(("role", name)) => !name.contains('/'),
        Some(("assumed-role", _)) => false,
        _ => true,
    };
    if !(is_partition && is_service && covers(region, "") && may_be_account(account) && is_resource)
    {
        return Reach::NoCaller;
    }
    if account.bytes().any(|b| b.is_ascii_digit()) {
        Reach::SomeAccount
    } else {
        Reach::EveryAccount
    }
}

/// Returns whether some account id matches a pattern.
fn may_be_account(pattern: &str) -> bool {
    let digits = pattern.bytes().filter(|b| *b != b'*').count();
    let has_star = pattern.contains('*');
    let is_made_of = pattern
        .bytes()
        .all(|b| b.is_ascii_digit() || b == b'*' || b == b'?');
    is_made_of && if has_star { digits <= 12 } else { digits == 12 }
}

#[cfg(test)]
mod tests {
    use super::{Reach, reach};

    #[test]
    fn a_pattern_without_a_digit_of_an_account_matches_every_account() {
        for pattern in [
            "arn:aws:iam::*:role/x*",
            "arn:*:iam::????????????:user/*",
            "arn:aws:*:*:*:*",
        ] {
            assert_eq!(reach(pattern), Reach::EveryAccount, "{pattern}");
        }
        for pattern in [
            "arn:aws:iam::111122223333:role/x-?",
            "arn:aws*:iam::1111*:*",
            "arn:aws:sts::111122223333:federated-user/*",
        ] {
            assert_eq!(reach(pattern), Reach::SomeAccount, "{pattern}");
        }
    }

    #[test]
    fn a_pattern_unlike_any_canonical_arn_matches_no_caller() {
        for pattern in [
            "arn:aws:sts::111122223333:assumed-role/x/*",
            "arn:aws:iam::111122223333:role/team/*",
            "arn:aws:iam::11112222333:role/*",
            "arn:aws:iam::*1111222233334*:role/*",
            "arn:aws:iam::1111x*:role/*",
            "arn:aws:iam:us-east-1:111122223333:role/*",
            "arn:nowhere:iam::111122223333:role/*",
            "arn:aws:s3::111122223333:role/*",
        ] {
            assert_eq!(reach(pattern), Reach::NoCaller, "{pattern}");
        }
        assert_eq!(
            reach("arn:aws:iam::111122223333:*/team/*"),
            Reach::SomeAccount
        );
    }
}
