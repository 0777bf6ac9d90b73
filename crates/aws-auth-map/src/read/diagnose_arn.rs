//! Finds the most specific reason why an ARN does not name a principal.

use std::ops::Range;

use crate::problem::ProblemKind;

/// Returns why a text is not the ARN of a principal.
pub(super) fn diagnose_arn(text: &str) -> ProblemKind {
    let folded = text.to_ascii_lowercase();
    let mut parts = folded.splitn(6, ':');
    let service = parts.nth(2).unwrap_or("");
    let account = parts.nth(1).unwrap_or("");
    let resource = parts.next().unwrap_or("");
    // AWS's own policies have `aws` in place of the account.
    let is_account = !account.is_empty() && account != "aws";
    // Placeholders of Terraform, shells and CloudFormation, of Helm and Jinja, and of documentation.
    let is_unfilled = ["${", "$(", "{{", "<", ">", "account_id", "xxxx"];
    let is_unfilled = is_unfilled.into_iter().any(|sign| folded.contains(sign))
        || is_in_capitals(text) && text.contains('_')
        || text.split(':').nth(4).is_some_and(is_in_capitals);
    if is_unfilled {
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
    } else if folded.starts_with("arn:") && is_account && !resource.is_empty() {
        diagnose_account(account).unwrap_or(ProblemKind::Arn)
    } else {
        ProblemKind::Arn
    }
}

/// Returns whether a text is a name in capitals, as documentation writes a part that the reader
/// replaces: `INSTANCE_ROLE_ARN`, `ACCOUNT`.
fn is_in_capitals(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_uppercase())
        && text
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_' || b == b'-')
}

/// The lengths of account ids that probably lost their leading zeros to a YAML reader. Shorter texts
/// are probably not account ids: only one account in ten thousand begins with four zeros.
const LOST_ZEROS: Range<usize> = 9..12;

/// Returns why a text is not an account id. `None` if it has twelve digits.
pub(super) fn diagnose_account(text: &str) -> Option<ProblemKind> {
    let is_digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if is_digits && text.len() == 12 {
        None
    } else if is_digits && LOST_ZEROS.contains(&text.len()) {
        Some(ProblemKind::AccountZeros)
    } else if !is_digits && is_number(text) {
        Some(ProblemKind::AccountNumber)
    } else if is_digits {
        Some(ProblemKind::AccountDigits(text.len()))
    } else {
        Some(ProblemKind::AccountId)
    }
}

/// Returns whether a YAML reader turned the text into a number, as `1.11122223333e+11` or `0o125`.
fn is_number(text: &str) -> bool {
    let begins = text.bytes().next().is_some_and(|b| b.is_ascii_digit());
    begins && (text.parse::<f64>().is_ok() || text.starts_with("0x") || text.starts_with("0o"))
}

#[cfg(test)]
mod tests {
    use super::{diagnose_account, diagnose_arn};
    use crate::problem::ProblemKind;

    #[test]
    fn the_mistake_in_an_arn_is_found() {
        for (arn, want) in [
            (
                "arn:aws:iam::111122223333:instance-profile/nodes",
                "instance-profile",
            ),
            ("arn:aws:iam::111122223333:group/admins", "iam-group"),
            ("arn:aws:iam::111122223333:role/dev ", "arn-with-spaces"),
            ("arn:aws:iam::${account}:role/dev", "unfilled"),
            ("<ARN of instance role>", "unfilled"),
            ("INSTANCE_ROLE_ARN", "unfilled"),
            ("arn:aws:iam::ACCOUNTID:user/alice", "unfilled"),
            ("arn:aws:iam::YOUR-ACCOUNT:role/dev", "unfilled"),
            ("ADMIN", "malformed-arn"),
            ("arn:aws:iam::{{ account }}:role/dev", "unfilled"),
            ("arn:aws:iam::XXXXXXXXXXXX:role/dev", "unfilled"),
            ("arn:aws:iam::12345678901:role/dev", "account-without-zeros"),
            (
                "arn:aws:iam::1.11122223333e+11:role/dev",
                "account-as-number",
            ),
            ("arn:aws:iam::acme:role/dev", "malformed-account"),
            (
                "arn:aws:iam::aws:policy/AdministratorAccess",
                "malformed-arn",
            ),
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
    fn the_mistake_in_an_account_id_is_found() {
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
