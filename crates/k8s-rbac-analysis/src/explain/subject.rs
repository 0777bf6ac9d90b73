//! Subjects that have a user's name but are not the user.

use k8s_rbac::{BindingView, ServiceAccount, Subject, User};

use crate::explain::Trap;

/// Finds the first subject of a binding that seems to mean the user, and why it does not match. The
/// caller knows that the binding does not match the user.
pub(super) fn mistaken<'p>(
    binding: &BindingView<'p>,
    user: &User,
) -> Option<(Subject<&'p str>, Trap)> {
    binding
        .subjects()
        .find_map(|subject| Some((subject, mistake(binding, subject, user)?)))
}

fn mistake(binding: &BindingView<'_>, subject: Subject<&str>, user: &User) -> Option<Trap> {
    let account = ServiceAccount::parse(&user.name);
    let is_account = account.is_some_and(|account| subject.name == account.name());
    let is_user = subject.name == user.name;
    let is_group = user.groups.iter().any(|group| group == subject.name);
    let is_user_but_case = subject.name.eq_ignore_ascii_case(&user.name);
    let mut groups = user.groups.iter();
    let is_group_but_case = groups.any(|group| group.eq_ignore_ascii_case(subject.name));
    match subject.kind {
        "ServiceAccount" if is_account => {
            let is_nowhere = subject.namespace.is_empty() && binding.namespace().is_none();
            Some(match is_nowhere {
                true => Trap::AccountWithoutNamespace,
                false => Trap::AccountElsewhere,
            })
        }
        // The subject has the full username in the place of the name.
        "ServiceAccount" if is_user => Some(Trap::OtherKind),
        "User" if is_group || is_account => Some(Trap::OtherKind),
        "User" if is_user_but_case => Some(Trap::OtherCase),
        "Group" if is_user => Some(Trap::OtherKind),
        "Group" if is_group_but_case => Some(Trap::OtherCase),
        "Group" | "ServiceAccount" | "User" => None,
        _ => (is_account || is_user || is_group).then_some(Trap::UnknownKind),
    }
}
