//! Worlds and questions chosen by bytes.
//!
//! Names are drawn from a few words, so that bindings often concern the user who asks and rules often
//! match the request.

use k8s_rbac::{
    ClusterRole, ClusterRoleBinding, PolicyRule, Request, ResourceRequest, Role, RoleBinding,
    RoleRef, Subject, User,
};

use super::change::{Change, metadata};

/// A source of choices, read from bytes. Once the bytes run out, every choice is the first one.
#[derive(Debug)]
pub struct Choices<'b>(std::slice::Iter<'b, u8>);

impl<'b> Choices<'b> {
    /// Creates a source that reads these bytes from the start.
    #[must_use]
    pub fn new(bytes: &'b [u8]) -> Self {
        Self(bytes.iter())
    }

    pub(super) fn below(&mut self, limit: u8) -> u8 {
        let byte = self.0.next().copied().unwrap_or_default();
        byte.checked_rem(limit).unwrap_or_default()
    }

    fn word(&mut self, words: &[&str]) -> String {
        let limit = u8::try_from(words.len()).unwrap_or(u8::MAX);
        let word = words.get(usize::from(self.below(limit)));
        word.copied().unwrap_or_default().to_owned()
    }

    fn words(&mut self, words: &[&str], most: u8) -> Vec<String> {
        let count = match self.below(10) {
            0 => 0,
            _ => self.below(most).saturating_add(1),
        };
        (0..count).map(|_| self.word(words)).collect()
    }

    fn rule(&mut self) -> PolicyRule {
        PolicyRule {
            verbs: self.words(&["get", "list", "get", "*", ""], 3),
            api_groups: self.words(&["", "apps", "", "*"], 3),
            resources: self.words(
                &["pods", "nodes", "*", "pods/log", "*/log", "pods/*", "*/*"],
                4,
            ),
            resource_names: match self.below(8) {
                0 => self.words(&["a", "b", "*", ""], 2),
                _ => Vec::new(),
            },
            non_resource_urls: self.words(&["/a", "/a/b", "/a/*", "/a*", "*", "**", ""], 2),
        }
    }

    fn rules(&mut self) -> Vec<PolicyRule> {
        let count = self.below(4).saturating_add(1);
        let mut rules: Vec<_> = (0..count).map(|_| self.rule()).collect();
        if self.below(16) == 0 {
            // A rule with more permissions than the engine lists one by one.
            let rule = rules.pop().unwrap_or_default();
            let verbs = (0..40).map(|number| format!("verb{number}"));
            rules.push(PolicyRule {
                verbs: rule.verbs.into_iter().chain(verbs).collect(),
                ..rule
            });
        }
        rules
    }

    fn subject(&mut self) -> Subject {
        Subject {
            kind: self.word(&["User", "Group", "ServiceAccount", "User", "Group", "user"]),
            name: self.word(&["u", "g", "v", "u", "g", ""]),
            namespace: self.word(&["ns1", "", "ns2"]),
            ..Subject::default()
        }
    }

    fn role_ref(&mut self) -> RoleRef {
        RoleRef {
            kind: self.word(&[
                "ClusterRole",
                "Role",
                "ClusterRole",
                "Role",
                "ClusterRole",
                "Bogus",
            ]),
            name: self.role_name(),
            ..RoleRef::default()
        }
    }

    fn role_name(&mut self) -> String {
        format!("r{}", self.below(ROLES))
    }

    fn namespace(&mut self) -> String {
        self.word(&["ns1", "ns2", "ns1", ""])
    }

    fn change(&mut self, names: u8) -> Change {
        let subjects = |choices: &mut Self| {
            let count = choices.below(4);
            (0..count).map(|_| choices.subject()).collect()
        };
        let name = format!("b{}", self.below(names));
        match self.below(16) {
            0 => Change::RemoveClusterRole(self.role_name()),
            1 => Change::RemoveRole(self.namespace(), self.role_name()),
            2 => Change::ClusterRole(ClusterRole {
                metadata: metadata("", self.role_name()),
                rules: self.rules(),
                aggregation_rule: None,
            }),
            3 => Change::Role(Role {
                metadata: metadata(&self.namespace(), self.role_name()),
                rules: self.rules(),
            }),
            4 | 5 => Change::RemoveClusterRoleBinding(name),
            6 | 7 => Change::RemoveRoleBinding(self.namespace(), name),
            8..=11 => Change::ClusterRoleBinding(ClusterRoleBinding {
                metadata: metadata("", name),
                subjects: subjects(self),
                role_ref: self.role_ref(),
            }),
            _ => Change::RoleBinding(RoleBinding {
                metadata: metadata(&self.namespace(), name),
                subjects: subjects(self),
                role_ref: self.role_ref(),
            }),
        }
    }

    /// Chooses changes that build a world from nothing and then alter it.
    ///
    /// Some worlds have few bindings. In others a subject has enough bindings for the engine to switch
    /// to indexed lists, and then loses most of them again.
    #[must_use]
    pub fn changes(&mut self) -> Vec<Change> {
        let (names, count) = match self.below(3) {
            0 => (u8::MAX, 250_u8),
            1 => (50, 150),
            _ => (12, 40),
        };
        let roles = (0..ROLES.saturating_sub(2)).flat_map(|number| {
            let name = format!("r{number}");
            let cluster = Change::ClusterRole(ClusterRole {
                metadata: metadata("", name.clone()),
                rules: self.rules(),
                aggregation_rule: None,
            });
            let namespace = if number % 2 == 0 { "ns1" } else { "ns2" };
            let role = Change::Role(Role {
                metadata: metadata(namespace, name),
                rules: self.rules(),
            });
            [cluster, role]
        });
        let mut changes: Vec<Change> = roles.collect();
        changes.extend((0..count).map(|_| self.change(names)));
        if self.below(2) == 0 {
            // Remove most bindings again.
            changes.extend((0..names).flat_map(|number| {
                let name = format!("b{number}");
                [
                    Change::RemoveClusterRoleBinding(name.clone()),
                    Change::RemoveRoleBinding("ns1".to_owned(), name),
                ]
            }));
            changes.extend((0..12).map(|_| self.change(names)));
        }
        changes
    }

    /// Chooses a user and a request.
    #[must_use]
    pub fn question(&mut self) -> Question {
        Question {
            user: User::new(
                self.word(&["u", "v", "system:serviceaccount:ns1:u", "u", ""]),
                self.words(&["g", "u", "g", ""], 3),
            ),
            verb: self.word(&["get", "list", "get", "list", "*", "verb7", ""]),
            group: self.word(&["", "apps", "", "*"]),
            resource: self.word(&["pods", "nodes", "pods", "*", ""]),
            subresource: self.word(&["", "", "log", "", "*"]),
            name: self.word(&["", "a", "b", "*"]),
            namespace: self.word(&["ns1", "", "ns2", "ns1", "ns3"]),
            path: (self.below(5) == 0).then(|| self.word(&["/a", "/a/b", "/a/", "*", "", "/"])),
        }
    }
}

/// The number of roles of each kind that bindings refer to. The last two do not exist at first.
const ROLES: u8 = 9;

/// A user and a request, with owned strings.
#[derive(Clone, Debug)]
pub struct Question {
    pub(super) user: User,
    verb: String,
    group: String,
    resource: String,
    subresource: String,
    name: String,
    namespace: String,
    path: Option<String>,
}

impl Question {
    pub(super) fn request(&self) -> Request<'_> {
        match &self.path {
            Some(path) => Request::path(&self.verb, path),
            None => ResourceRequest::new(&self.verb, &self.group, &self.resource)
                .in_namespace(&self.namespace)
                .with_name(&self.name)
                .with_subresource(&self.subresource)
                .into(),
        }
    }
}
