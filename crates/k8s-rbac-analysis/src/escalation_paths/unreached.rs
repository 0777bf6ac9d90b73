//! The identities that bindings name and that the search has not reached.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use k8s_rbac::{ServiceAccount, SubjectName, User};

use super::Scope;

/// The username of a request that impersonates a user only to impersonate groups. The API does not
/// accept this name, so no binding has it.
pub(super) const NO_USER: &str = "\0";

/// The identities that have not been reached.
#[derive(Debug, Default)]
pub(super) struct Unreached {
    reached: HashSet<SubjectName>,
    users: BTreeSet<String>,
    groups: BTreeSet<String>,
    /// Names by namespace. Every namespace has at least one.
    accounts: BTreeMap<String, BTreeSet<String>>,
}

impl Unreached {
    pub(super) fn new(identities: BTreeSet<SubjectName>) -> Self {
        let mut unreached = Self::default();
        for identity in identities {
            match identity {
                SubjectName::Group(name) => drop(unreached.groups.insert(name)),
                SubjectName::User(name) => match ServiceAccount::parse(&name) {
                    None => drop(unreached.users.insert(name)),
                    Some(account) => {
                        let namespace = account.namespace().to_owned();
                        let names = unreached.accounts.entry(namespace).or_default();
                        names.insert(account.name().to_owned());
                    }
                },
            }
        }
        unreached
    }

    /// Removes an identity. Returns whether it had not been reached.
    pub(super) fn remove(&mut self, identity: &SubjectName) -> bool {
        if !self.reached.insert(identity.clone()) {
            return false;
        }
        match identity {
            SubjectName::Group(name) => drop(self.groups.remove(name)),
            SubjectName::User(user) => match ServiceAccount::parse(user) {
                None => drop(self.users.remove(user)),
                Some(account) => {
                    if let Some(names) = self.accounts.get_mut(account.namespace()) {
                        names.remove(account.name());
                        if names.is_empty() {
                            self.accounts.remove(account.namespace());
                        }
                    }
                }
            },
        }
        true
    }

    /// Lists the users that have not been reached, except service accounts.
    pub(super) fn users(&self) -> Vec<String> {
        self.users.iter().cloned().collect()
    }

    /// Lists the groups that have not been reached.
    pub(super) fn groups(&self) -> Vec<String> {
        self.groups.iter().cloned().collect()
    }

    /// Lists the service accounts of a scope that have not been reached.
    pub(super) fn accounts_in(&self, scope: Scope<'_>) -> Vec<SubjectName> {
        let named = |(namespace, names): (&String, &BTreeSet<String>)| -> Vec<SubjectName> {
            let account = |name| SubjectName::User(ServiceAccount::new(namespace, name).username());
            names.iter().map(|name| account(name)).collect()
        };
        match scope {
            Scope::Namespace(namespace) => {
                let names = self.accounts.get_key_value(namespace);
                names.map(named).unwrap_or_default()
            }
            Scope::Cluster | Scope::EveryNamespace => {
                self.accounts.iter().flat_map(named).collect()
            }
        }
    }

    /// Lists the service accounts of a name that have not been reached. In one namespace the account is
    /// listed even if no binding names it.
    pub(super) fn accounts_named(&self, name: &str, scope: Scope<'_>) -> Vec<SubjectName> {
        let account = |namespace: &str| {
            let username = ServiceAccount::new(namespace, name).username();
            ServiceAccount::parse(&username)
                .is_some()
                .then_some(SubjectName::User(username))
        };
        match scope {
            Scope::Namespace(namespace) => account(namespace).into_iter().collect(),
            Scope::Cluster | Scope::EveryNamespace => {
                let accounts = self.accounts.iter();
                let accounts = accounts.filter(|(_, names)| names.contains(name));
                accounts
                    .filter_map(|(namespace, _)| account(namespace))
                    .collect()
            }
        }
    }
}

/// Builds the user of an identity, with the groups that authentication adds. For a group, the user is a
/// member of it that no binding names.
pub(super) fn user_of(identity: &SubjectName) -> User {
    match identity {
        SubjectName::Group(name) => User::new(NO_USER, [name.clone()]).authenticated(),
        SubjectName::User(name) => match ServiceAccount::parse(name) {
            Some(account) => User::service_account(account.namespace(), account.name()),
            None if name == "system:anonymous" => User::new(name, ["system:unauthenticated"]),
            None => User::new(name, [""; 0]).authenticated(),
        },
    }
}
