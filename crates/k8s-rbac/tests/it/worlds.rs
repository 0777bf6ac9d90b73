//! Worlds, questions and changes made from bytes: by a fuzzer, by a generator of numbers. They are
//! drawn from few words, so that they meet.

use k8s_rbac::reference;
use k8s_rbac::{
    ClusterRole, ClusterRoleBinding, Metadata, Objects, Policy, PolicyRule, Request,
    ResourceRequest, Role, RoleBinding, RoleRef, Subject, User,
};

/// Bytes to choose by. When they run out, every choice is the first.
#[derive(Debug)]
pub(crate) struct Choices<'b>(std::slice::Iter<'b, u8>);

impl<'b> Choices<'b> {
    /// Takes the bytes.
    #[must_use]
    pub(crate) fn new(bytes: &'b [u8]) -> Self {
        Self(bytes.iter())
    }

    fn below(&mut self, limit: u8) -> u8 {
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
            // One that spells out a lot.
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

    /// Makes changes, from nothing to a world and on from there. Some worlds have a few bindings,
    /// some so many that names go over the length at which lists are looked up, and back.
    #[must_use]
    pub(crate) fn changes(&mut self) -> Vec<Change> {
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
            // Most of it goes again.
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

    /// Makes a question.
    #[must_use]
    pub(crate) fn question(&mut self) -> Question {
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

/// How many roles of each kind are referred to. The last two are not there at first.
const ROLES: u8 = 9;

fn metadata(namespace: &str, name: String) -> Metadata {
    Metadata {
        name,
        namespace: namespace.to_owned(),
        ..Metadata::default()
    }
}

/// What is asked, owned.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    user: User,
    verb: String,
    group: String,
    resource: String,
    subresource: String,
    name: String,
    namespace: String,
    path: Option<String>,
}

impl Question {
    fn request(&self) -> Request<'_> {
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

/// One object put in or taken out.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    ClusterRole(ClusterRole),
    ClusterRoleBinding(ClusterRoleBinding),
    RemoveClusterRole(String),
    RemoveClusterRoleBinding(String),
    RemoveRole(String, String),
    RemoveRoleBinding(String, String),
    Role(Role),
    RoleBinding(RoleBinding),
}

impl Change {
    /// Makes the change to a policy.
    pub(crate) fn make(self, policy: &mut Policy) {
        match self {
            Self::ClusterRole(role) => policy.put_cluster_role(role),
            Self::ClusterRoleBinding(binding) => policy.put_cluster_role_binding(binding),
            Self::RemoveClusterRole(name) => {
                policy.remove_cluster_role(&name);
            }
            Self::RemoveClusterRoleBinding(name) => {
                policy.remove_cluster_role_binding(&name);
            }
            Self::RemoveRole(namespace, name) => {
                policy.remove_role(&namespace, &name);
            }
            Self::RemoveRoleBinding(namespace, name) => {
                policy.remove_role_binding(&namespace, &name);
            }
            Self::Role(role) => policy.put_role(role),
            Self::RoleBinding(binding) => policy.put_role_binding(binding),
        }
    }

    /// Makes the change to plain lists.
    pub(crate) fn make_plainly(self, world: &mut Objects) {
        match self {
            Self::ClusterRole(role) => put(&mut world.cluster_roles, role, |it| &it.metadata),
            Self::ClusterRoleBinding(binding) => {
                put(&mut world.cluster_role_bindings, binding, |it| &it.metadata);
            }
            Self::RemoveClusterRole(name) => {
                world.cluster_roles.retain(|it| it.metadata.name != name);
            }
            Self::RemoveClusterRoleBinding(name) => {
                world
                    .cluster_role_bindings
                    .retain(|it| it.metadata.name != name);
            }
            Self::RemoveRole(namespace, name) => {
                let gone = metadata(&namespace, name);
                world.roles.retain(|it| it.metadata != gone);
            }
            Self::RemoveRoleBinding(namespace, name) => {
                let gone = metadata(&namespace, name);
                world.role_bindings.retain(|it| it.metadata != gone);
            }
            Self::Role(role) => put(&mut world.roles, role, |it| &it.metadata),
            Self::RoleBinding(binding) => put(&mut world.role_bindings, binding, |it| &it.metadata),
        }
    }
}

fn put<T>(list: &mut Vec<T>, new: T, metadata: impl Fn(&T) -> &Metadata) {
    match list.iter_mut().find(|old| metadata(old) == metadata(&new)) {
        Some(old) => *old = new,
        None => list.push(new),
    }
}

/// What was met on the way.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    /// Policies of three bindings or more, which were asked.
    pub(crate) worlds: u64,
    /// Questions.
    pub(crate) questions: u64,
    /// Those that were allowed.
    pub(crate) allowed: u64,
    /// Those that met a role that is not there.
    pub(crate) unresolved: u64,
    /// Objects put in or taken out.
    pub(crate) changes: u64,
}

impl Tally {
    /// Says whether enough of the questions were interesting: a quarter allowed, a tenth about a
    /// role that is not there.
    #[must_use]
    pub(crate) const fn is_worth_something(&self) -> bool {
        self.allowed.saturating_mul(4) >= self.questions
            && self.unresolved.saturating_mul(10) >= self.questions
            && self.questions > 0
    }
}

/// Changes a policy step by step, and holds it to the oracle, and to the policy that is made of the
/// same objects at once, somewhere on the way and at the end. A copy made on the way stays as it was.
///
/// # Panics
///
/// If a property does not hold.
pub(crate) fn changed_is_rebuilt_and_both_are_the_oracle(bytes: &[u8], tally: &mut Tally) {
    let mut choices = Choices::new(bytes);
    let (mut policy, mut world) = (Policy::default(), Objects::default());
    let changes = choices.changes();
    let stop = changes
        .len()
        .wrapping_mul(usize::from(choices.below(u8::MAX)))
        / 256;
    let mut kept = None;
    for (step, change) in changes.into_iter().enumerate() {
        if step == stop {
            kept = Some((policy.clone(), world.clone()));
        }
        change.clone().make(&mut policy);
        change.make_plainly(&mut world);
        tally.changes = tally.changes.saturating_add(1);
    }
    for (policy, world) in kept.iter().chain([&(policy, world)]) {
        hold_to_oracle(policy, world, &mut choices, tally);
    }
}

fn hold_to_oracle(policy: &Policy, world: &Objects, choices: &mut Choices<'_>, tally: &mut Tally) {
    let bindings = world
        .cluster_role_bindings
        .len()
        .saturating_add(world.role_bindings.len());
    let rebuilt = Policy::new(world.clone());
    assert_eq!(policy.objects(), rebuilt.objects());
    assert_eq!(policy.objects(), ordered(world));
    if bindings < 3 {
        // It answers nothing of interest.
        return;
    }
    tally.worlds = tally.worlds.saturating_add(1);
    for _ in 0..8 {
        let question = choices.question();
        let request = question.request();
        let verdict = reference::decide(world, &question.user, &request);
        for policy in [policy, &rebuilt] {
            let response = policy.rbac(&question.user, &request);
            let unresolved = response.unresolved().iter().map(ToString::to_string);
            assert_eq!(
                unresolved.collect::<Vec<_>>(),
                verdict.unresolved,
                "{question:?}"
            );
            assert_eq!(response.reason(), verdict.reason(), "{question:?}");
            let is_allowed = !verdict.grants.is_empty();
            assert_eq!(response.decision().is_allow(), is_allowed, "{question:?}");
        }
        tally.questions = tally.questions.saturating_add(1);
        tally.allowed = (tally.allowed).saturating_add(u64::from(!verdict.grants.is_empty()));
        tally.unresolved =
            (tally.unresolved).saturating_add(u64::from(!verdict.unresolved.is_empty()));
    }
}

/// Orders lists as a policy hands them out.
fn ordered(world: &Objects) -> Objects {
    let mut world = world.clone();
    let name = |metadata: &Metadata| (metadata.namespace.clone(), metadata.name.clone());
    world.roles.sort_by_key(|role| name(&role.metadata));
    world.cluster_roles.sort_by_key(|role| name(&role.metadata));
    world
        .role_bindings
        .sort_by_key(|binding| binding.metadata.namespace.clone());
    world
}

/// Bytes that look like no others, from a number.
#[must_use]
pub(crate) fn bytes_of(seed: u64) -> Vec<u8> {
    // SplitMix64: a few operations for eight bytes of good quality.
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let words = (0..1_200).flat_map(|_| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)).to_le_bytes()
    });
    words.collect()
}
