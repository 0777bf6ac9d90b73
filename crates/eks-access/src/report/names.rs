//! The parts of a principal's name that a reader looks for.

/// A principal's name in parts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Named {
    /// Empty if the name has none.
    pub(super) account: String,
    /// The name without partition, service and account: `role/payments`.
    pub(super) short: String,
    pub(super) kind: Kind,
}

/// The kind of a principal.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Kind {
    Role,
    User,
    PermissionSet,
    Account,
    Other,
}

impl Kind {
    pub(super) const fn plural(self) -> &'static str {
        match self {
            Self::Role => "Roles",
            Self::User => "Users",
            Self::PermissionSet => "Permission sets",
            Self::Account => "Principals",
            Self::Other => "Other principals",
        }
    }
}

/// Splits the principal of a caller, as [`Caller::principal`](crate::Caller::principal) returns it.
pub(super) fn short(principal: &str) -> Named {
    if let Some((set, account)) = principal.split_once(" in account ")
        && set.starts_with("permission set ")
    {
        return Named {
            account: account.to_owned(),
            short: set.to_owned(),
            kind: Kind::PermissionSet,
        };
    }
    if let Some(account) = principal.strip_prefix("system:serviceaccount:")
        && let Some((namespace, name)) = account.split_once(':')
    {
        return Named {
            account: "service account".to_owned(),
            short: format!("{namespace}/{name}"),
            kind: Kind::Other,
        };
    }
    if let Some(account) = principal.strip_prefix("every principal of account ") {
        return Named {
            account: account.to_owned(),
            short: "every principal".to_owned(),
            kind: Kind::Account,
        };
    }
    let mut parts = principal.splitn(6, ':');
    let account = parts.nth(4).unwrap_or_default();
    let resource = parts.next().unwrap_or(principal);
    let folded = resource.to_ascii_lowercase();
    let kind = match () {
        () if folded.contains("/awsreservedsso_") => Kind::PermissionSet,
        () if folded.starts_with("role/") => Kind::Role,
        () if folded.starts_with("user/") => Kind::User,
        () => Kind::Other,
    };
    Named {
        account: account.to_owned(),
        short: resource.to_owned(),
        kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split() {
        let cases = [
            (
                "arn:aws:iam::111122223333:role/team/dev",
                "111122223333",
                "role/team/dev",
                Kind::Role,
            ),
            (
                "arn:aws:iam::111122223333:user/ann",
                "111122223333",
                "user/ann",
                Kind::User,
            ),
            (
                "permission set Admin in account 111122223333",
                "111122223333",
                "permission set Admin",
                Kind::PermissionSet,
            ),
            (
                "every principal of account 111122223333",
                "111122223333",
                "every principal",
                Kind::Account,
            ),
            (
                "system:serviceaccount:shop:web",
                "service account",
                "shop/web",
                Kind::Other,
            ),
            ("AROAEXAMPLE", "", "AROAEXAMPLE", Kind::Other),
        ];
        for (principal, account, name, kind) in cases {
            let want = Named {
                account: account.to_owned(),
                short: name.to_owned(),
                kind,
            };
            assert_eq!(short(principal), want, "{principal}");
        }
    }
}
