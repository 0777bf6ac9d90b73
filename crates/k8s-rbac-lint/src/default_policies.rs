//! The default policies of several versions of Kubernetes as one.

use std::collections::HashMap;

use k8s_rbac::{Metadata, Objects};

/// Unites policies: an object gets the rules or subjects that it has in any of them.
pub(crate) fn unite(policies: impl IntoIterator<Item = Objects>) -> Objects {
    let mut policies = policies.into_iter();
    let mut all = policies.next().unwrap_or_default();
    for policy in policies {
        merge(
            &mut all.cluster_roles,
            policy.cluster_roles,
            |role| &role.metadata,
            |role, other| extend(&mut role.rules, other.rules),
        );
        merge(
            &mut all.roles,
            policy.roles,
            |role| &role.metadata,
            |role, other| extend(&mut role.rules, other.rules),
        );
        merge(
            &mut all.cluster_role_bindings,
            policy.cluster_role_bindings,
            |binding| &binding.metadata,
            |binding, other| extend(&mut binding.subjects, other.subjects),
        );
        merge(
            &mut all.role_bindings,
            policy.role_bindings,
            |binding| &binding.metadata,
            |binding, other| extend(&mut binding.subjects, other.subjects),
        );
    }
    all
}

/// Adds objects to a list. If the list has an object of the same name, the two are combined.
fn merge<T>(
    list: &mut Vec<T>,
    added: Vec<T>,
    metadata: impl Fn(&T) -> &Metadata,
    combine: impl Fn(&mut T, T),
) {
    let key = |object: &T| {
        let metadata = metadata(object);
        (metadata.namespace.clone(), metadata.name.clone())
    };
    let mut indices: HashMap<_, usize> = HashMap::new();
    for (index, object) in list.iter().enumerate() {
        indices.insert(key(object), index);
    }
    for object in added {
        let known = indices.get(&key(&object)).copied();
        match known.and_then(|index| list.get_mut(index)) {
            Some(known) => combine(known, object),
            None => list.push(object),
        }
    }
}

fn extend<T: PartialEq>(list: &mut Vec<T>, added: Vec<T>) {
    for item in added {
        if !list.contains(&item) {
            list.push(item);
        }
    }
}
