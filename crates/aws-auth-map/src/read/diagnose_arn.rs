//! What is wrong with an ARN that names no principal, as precisely as can be said.

use std::ops::Range;

use crate::problem::ProblemKind;

/// Tells what is wrong with the text of an ARN that is none of a principal.
pub(super) fn diagnose_arn(text: &str) -> ProblemKind {
    let folded = text.to_ascii_lowercase();
    let mut parts = folded.splitn(6, ':');
    let service = parts.nth(2).unwrap_or("");
    let account = parts.nth(1).unwrap_or("");
    let resource = parts.next().unwrap_or("");
    // Terraform, shells and CloudFormation, Helm and Jinja, and what documentation prints.
    let is_unfilled = ["${", "$(", "{{", "<", ">", "account_id", "xxxx"];
    if is_unfilled.into_iter().any(|sign| folded.contains(sign)) {
        ProblemKind::Unfilled
    } else if !text.is_ascii() {
        ProblemKind::ArnNotAscii
    } else if text.contains(char::is_whitespace) {
        ProblemKind::ArnSpaces
    } else if service == "sso" {
        ProblemKind::PermissionSetArn
    } else if resource.starts_with("instance-profile/") {
        ProblemKind::InstanceProfile
    } else if resource.starts_with("group/") {
        ProblemKind::IamGroup
    } else if account.contains(['*', '?']) {
        ProblemKind::WildcardAccount
    } else if folded.starts_with("arn:") && !account.is_empty() && !resource.is_empty() {
        diagnose_account(account).unwrap_or(ProblemKind::Arn)
    } else {
        ProblemKind::Arn
    }
}

/// How many digits an account id has of which some reader ate the zeros. With fewer it is something
/// else: one account in ten thousand begins with four.
const LOST_ZEROS: Range<usize> = 9..12;

/// Tells what became of an account id that is not twelve digits; nothing of one that is.
pub(super) fn diagnose_account(text: &str) -> Option<ProblemKind> {
    let is_digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if is_digits && text.len() == 12 {
        None
    } else if is_digits && LOST_ZEROS.contains(&text.len()) {
        Some(ProblemKind::AccountZeros)
    } else if !is_digits && is_number(text) {
        Some(ProblemKind::AccountNumber)
    } else {
        Some(ProblemKind::AccountId)
    }
}

/// Whether some reader of YAML made a number of it, as `1.11122223333e+11` or `0o125`.
fn is_number(text: &str) -> bool {
    let begins = text.bytes().next().is_some_and(|b| b.is_ascii_digit());
    begins && (text.parse::<f64>().is_ok() || text.starts_with("0x") || text.starts_with("0o"))
}

#[cfg(test)]
mod tests {
    use super::{diagnose_account, diagnose_arn};
    use crate::problem::ProblemKind;

    #[test]
    fn an_arn_that_is_none_is_told_by_what_it_is() {
        for (arn, want) in [
            (
                "arn:aws:iam::111122223333:instance-profile/nodes",
                "instance-profile",
            ),
            ("arn:aws:iam::111122223333:group/admins", "iam-group"),
            ("arn:aws:iam::111122223333:role/dev ", "arn-with-spaces"),
            ("arn:aws:iam::${account}:role/dev", "unfilled"),
            ("<ARN of instance role>", "unfilled"),
            ("arn:aws:iam::{{ account }}:role/dev", "unfilled"),
            ("arn:aws:iam::XXXXXXXXXXXX:role/dev", "unfilled"),
            ("arn:aws:iam::12345678901:role/dev", "account-without-zeros"),
            (
                "arn:aws:iam::1.11122223333e+11:role/dev",
                "account-as-number",
            ),
            ("arn:aws:iam::acme:role/dev", "malformed-account"),
            ("arn:aws:iam::111122223333:policy/dev", "malformed-arn"),
            ("arn:aws:iam:::role/dev", "malformed-arn"),
            ("arn:aws:iam:111122223333:role/dev", "malformed-arn"),
            ("arn:aws:iam::*:role/dev", "wildcard-account"),
            (
                "arn:aws:sso:::permissionSet/ssoins-1/ps-1",
                "permission-set-arn",
            ),
            (
                "arn:aws:iam::111122223333:role/dev\u{2013}ops",
                "arn-not-ascii",
            ),
            ("dev", "malformed-arn"),
            ("", "malformed-arn"),
        ] {
            assert_eq!(diagnose_arn(arn).code(), want, "{arn}");
        }
    }

    #[test]
    fn an_account_id_that_is_none_is_told_by_what_became_of_it() {
        for (text, want) in [
            ("111122223333", None),
            ("12345678901", Some("account-without-zeros")),
            ("12345678", Some("malformed-account")),
            ("1.2345678901e+10", Some("account-as-number")),
            ("0o133500", Some("account-as-number")),
            ("1111222233334", Some("malformed-account")),
            ("1111-2222-3333", Some("malformed-account")),
            ("", Some("malformed-account")),
        ] {
            let kind = diagnose_account(text);
            assert_eq!(kind.map(ProblemKind::code), want, "{text}");
        }
    }
}
