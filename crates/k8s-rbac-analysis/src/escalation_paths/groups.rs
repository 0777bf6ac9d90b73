//! The groups that one request impersonates.

use std::collections::BTreeMap;

use crate::escalation_paths::GrantedBy;

pub(super) const AUTHENTICATED: &str = "system:authenticated";
pub(super) const UNAUTHENTICATED: &str = "system:unauthenticated";

/// Groups, each with what allows impersonating it.
pub(super) type AllowedGroups<'p> = BTreeMap<String, GrantedBy<'p>>;

/// Lists the largest sets of groups that one request can impersonate. The API server adds the group of
/// authenticated users to every request without that of unauthenticated ones, so there may be two sets.
pub(super) fn sets_of(mut groups: AllowedGroups<'_>) -> Vec<AllowedGroups<'_>> {
    let mut sets = Vec::new();
    if groups.contains_key(UNAUTHENTICATED) && !groups.contains_key(AUTHENTICATED) {
        sets.push(groups.clone());
        groups.remove(UNAUTHENTICATED);
    }
    sets.push(groups);
    sets
}
