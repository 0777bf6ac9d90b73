//! Compares the answers about generated clusters with asking the mapping and then RBAC: the libraries, and the
//! real aws-iam-authenticator and the real Kubernetes if they are there.
//!
//! ```sh
//! EKS_ACCESS_WORLDS=2000 EKS_ACCESS_ORACLES=target/authenticator:target/kubernetes-1.34 cargo test -p eks-access --test it truth
//! ```
//!
//! In a run of 2,000 worlds, 1,939 had a mapping. `can` gave the answers of both real programs to all 341,264
//! questions about them: 41,813 yes and 299,451 no. That took ten minutes at the lowest priority.

mod oracle;
pub(crate) mod world;

use std::collections::{BTreeMap, BTreeSet};

use eks_access::{Cluster, Document, Options, Question, Verdict, Who};
use k8s_rbac::{SubjectName, User};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use self::world::{Asked, Caller, Libraries, Mapped, World, world};

/// Generates values from a fixed seed.
fn generated<S: Strategy>(strategy: &S, count: usize, seed: u8) -> Vec<S::Value> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    (0..count)
        .map(|_| strategy.new_tree(&mut runner).unwrap().current())
        .collect()
}

/// The number of clusters: a few, unless the environment asks for more.
fn count() -> usize {
    let count = std::env::var("EKS_ACCESS_WORLDS");
    count.map_or(24, |count| count.parse().unwrap())
}

fn cluster(world: &World) -> Cluster {
    let cluster = Cluster::from_documents(world.documents(), &world.options());
    assert_eq!(
        cluster.unreadable().count(),
        0,
        "{:?}\n{world:?}",
        cluster.problems()
    );
    cluster
}

#[test]
fn can_is_the_mapping_and_then_the_policy() {
    let asked = proptest::sample::subsequence(Asked::all(), 8);
    let mut worlds = generated(&(world(), asked), count(), 1);
    worlds.retain(|(world, _)| world.has_mapping());
    let oracles = std::env::var("EKS_ACCESS_ORACLES").ok();
    let oracles = oracles.as_deref().map(|both| both.split_once(':').unwrap());
    let truth = oracles.map(|both| oracle::answers(both, &worlds));
    let (mut yes, mut no) = (0_usize, 0_usize);
    for (at, (world, asked)) in worlds.iter().enumerate() {
        let (cluster, libraries) = (cluster(world), Libraries::of(world));
        for (of, caller) in Caller::all().into_iter().enumerate() {
            let user = libraries.user(caller);
            let who = Who::caller(&caller.arn()).unwrap();
            for (number, one) in asked.iter().enumerate() {
                let question = Question::parse(&one.line()).unwrap();
                let can = cluster.can(&who, &question).unwrap();
                let is_allowed = can.verdict() == Verdict::Yes;
                let want = libraries.allows(&user, &one.request());
                assert_eq!(is_allowed, want, "{can}\n{world:?}");
                if let Some(truth) = &truth {
                    assert_eq!(
                        is_allowed, truth[at][of][number],
                        "oracles: {can}\n{world:?}"
                    );
                }
                match want {
                    true => yes += 1,
                    false => no += 1,
                }
            }
        }
    }
    let beside = if truth.is_some() { "and oracles " } else { "" };
    println!(
        "{} clusters, {yes} yes and {no} no: the same as the libraries {beside}one after the other",
        worlds.len()
    );
    // Both answers have to be frequent for the comparison to mean anything.
    assert!(yes * 20 > no && no * 20 > yes, "{yes} yes, {no} no");
}

#[test]
fn who_is_everyone_tried() {
    let asked = select(Asked::all());
    let worlds = generated(&(world(), asked), count(), 2);
    for (world, asked) in worlds.iter().filter(|(world, _)| world.has_mapping()) {
        let (cluster, libraries) = (cluster(world), Libraries::of(world));
        let question = Question::parse(&asked.line()).unwrap();
        let who = cluster.who(&question).unwrap();
        for caller in Caller::all() {
            let user = libraries.user(caller);
            let want = libraries.allows(&user, &asked.request());
            let session = match caller {
                Caller::Session(_, session) => Some(session),
                Caller::User(_) => None,
            };
            let is_listed = who.callers().iter().any(|one| {
                let one = one.caller();
                one.principal() == caller.principal()
                    && session.is_none_or(|name| one.has_session(name))
            });
            let is_of_account = libraries.is_of_account(caller, world);
            assert!(
                is_listed == want || is_of_account,
                "{caller:?} {want}\n{who}\n{world:?}"
            );
            let why = cluster
                .why(&Who::caller(&caller.arn()).unwrap(), &question)
                .unwrap();
            assert_eq!(why.verdict() == Verdict::Yes, want, "{why}\n{world:?}");
            assert_eq!(why.ways().is_empty(), !want, "{why}\n{world:?}");
        }
        let listed: BTreeSet<SubjectName> = who
            .subjects()
            .iter()
            .map(|one| one.subject().clone())
            .filter(|one| *one != SubjectName::Group("system:masters".to_owned()))
            .collect();
        let want: BTreeSet<SubjectName> = subjects(&libraries)
            .into_iter()
            .filter(|subject| {
                let user = user_of(subject);
                libraries
                    .policy
                    .rbac(&user, &asked.request())
                    .decision()
                    .is_allow()
            })
            .collect();
        assert_eq!(listed, want, "{}\n{world:?}", asked.line());
    }
}

/// The users and groups that bindings name.
fn subjects(libraries: &Libraries) -> BTreeSet<SubjectName> {
    let bindings = libraries.policy.bindings();
    bindings
        .flat_map(|binding| {
            let subjects = binding.subjects();
            subjects.filter_map(move |one| SubjectName::of(&one, binding.namespace()))
        })
        .collect()
}

/// A user who is only one subject.
fn user_of(subject: &SubjectName) -> User {
    match subject {
        SubjectName::User(name) => User::new(name.clone(), [""; 0]),
        SubjectName::Group(name) => User::new("a user without bindings", [name.clone()]),
    }
}

impl Libraries {
    /// Whether a caller is mapped only by its account. `who` then lists the account.
    fn is_of_account(&self, caller: Caller, world: &World) -> bool {
        let is_ruled = world
            .rules
            .iter()
            .any(|rule| rule.arn() == caller.principal());
        world.has_account && !is_ruled && world.entry(caller).is_none()
    }
}

/// A change of a cluster. Some changes affect the permissions of a caller.
#[derive(Clone, Debug)]
enum Mutation {
    Nothing,
    DropRule(usize),
    RepeatRule(usize),
    RuleToEntry(usize),
    DropEntry(usize),
    DropBinding(usize),
    RepeatBinding(usize),
    ReverseBindings,
    SplitRole(usize),
    Group(usize, &'static str),
    Mode(aws_auth_map::AuthenticationMode),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = 0..8_usize;
    prop_oneof![
        Just(Mutation::Nothing),
        at.clone().prop_map(Mutation::DropRule),
        at.clone().prop_map(Mutation::RepeatRule),
        at.clone().prop_map(Mutation::RuleToEntry),
        at.clone().prop_map(Mutation::DropEntry),
        at.clone().prop_map(Mutation::DropBinding),
        at.clone().prop_map(Mutation::RepeatBinding),
        Just(Mutation::ReverseBindings),
        at.clone().prop_map(Mutation::SplitRole),
        (
            at,
            select(&["g1", "g2", "unbound", "t:{{SessionName}}"][..])
        )
            .prop_map(|(at, group)| Mutation::Group(at, group)),
        select(&aws_auth_map::AuthenticationMode::ALL[..]).prop_map(Mutation::Mode),
    ]
}

impl Mutation {
    fn apply(&self, world: &World) -> World {
        let mut world = world.clone();
        let in_bounds = |at: usize, len: usize| at.checked_rem(len);
        match *self {
            Self::Nothing => {}
            Self::DropRule(at) => {
                if let Some(at) = in_bounds(at, world.rules.len()) {
                    world.rules.remove(at);
                }
            }
            Self::RepeatRule(at) => {
                if let Some(at) = in_bounds(at, world.rules.len())
                    && world.format != world::Format::Objects
                {
                    let rule = world.rules[at].clone();
                    world.rules.push(rule);
                }
            }
            Self::RuleToEntry(at) => {
                let Some(at) = in_bounds(at, world.rules.len()) else {
                    return world;
                };
                let rule: &Mapped = &world.rules[at];
                let is_movable = world.mode == aws_auth_map::AuthenticationMode::ApiAndConfigMap
                    && rule.username != "{{SessionName}}"
                    && rule.groups.iter().all(|one| !one.contains([':', '{']));
                let has_entry = world.entries.iter().any(|one| one.arn() == rule.arn());
                let is_eks = matches!(
                    world.format,
                    world::Format::ConfigMap | world::Format::List | world::Format::Eksctl
                );
                if is_movable && !has_entry && is_eks {
                    let mut entry = world.rules.remove(at);
                    entry.policy = None;
                    world.entries.push(entry);
                }
            }
            Self::DropEntry(at) => {
                if let Some(at) = in_bounds(at, world.entries.len()) {
                    world.entries.remove(at);
                }
            }
            Self::DropBinding(at) => {
                if let Some(at) = in_bounds(at, world.bindings.len()) {
                    world.bindings.remove(at);
                }
            }
            Self::RepeatBinding(at) => {
                if let Some(at) = in_bounds(at, world.bindings.len()) {
                    let mut binding = world.bindings[at].clone();
                    binding["metadata"]["name"] = "again".into();
                    world.bindings.push(binding);
                }
            }
            Self::ReverseBindings => world.bindings.reverse(),
            Self::SplitRole(at) => {
                let Some(at) = in_bounds(at, world.roles.len()) else {
                    return world;
                };
                // Each verb has a rule of its own.
                let rules = world.roles[at]["rules"].as_array().unwrap().clone();
                let split = rules.iter().flat_map(|rule| {
                    let verbs = rule["verbs"].as_array().unwrap().clone();
                    verbs.into_iter().map(|verb| {
                        let mut one = rule.clone();
                        one["verbs"] = serde_json::json!([verb]);
                        one
                    })
                });
                world.roles[at]["rules"] = split.collect();
            }
            Self::Group(at, group) => {
                if let Some(at) = in_bounds(at, world.rules.len())
                    && !world.rules[at].is_user
                {
                    world.rules[at].groups = vec![group];
                }
            }
            Self::Mode(mode) => {
                if !world.entries.is_empty() {
                    world.mode = mode;
                }
            }
        }
        world
    }
}

/// The permissions of each caller, user and group. A caller who becomes no user has none.
type Everyone = (
    BTreeMap<String, BTreeSet<usize>>,
    BTreeMap<SubjectName, BTreeSet<usize>>,
);

fn everyone(world: &World, of: &BTreeSet<SubjectName>) -> Everyone {
    let libraries = Libraries::of(world);
    let all = Asked::all();
    let allowed = |allows: &dyn Fn(&Asked) -> bool| -> BTreeSet<usize> {
        let all = all.iter().enumerate();
        all.filter(|(_, asked)| allows(asked))
            .map(|(at, _)| at)
            .collect()
    };
    let callers = Caller::all().into_iter().map(|caller| {
        let user = libraries.user(caller);
        let may = allowed(&|asked| libraries.allows(&user, &asked.request()));
        (caller.arn(), may)
    });
    let subjects = of.iter().map(|subject| {
        let user = user_of(subject);
        let may = allowed(&|asked| {
            let response = libraries.policy.rbac(&user, &asked.request());
            response.decision().is_allow()
        });
        (subject.clone(), may)
    });
    (callers.collect(), subjects.collect())
}

#[test]
fn diff_is_empty_where_everyone_may_do_the_same() {
    let worlds = generated(&(world(), mutation(), mutation()), count(), 3);
    let (mut same, mut other) = (0_usize, 0_usize);
    for (old, one, two) in &worlds {
        let new = two.apply(&one.apply(old));
        if !old.has_mapping() || !new.has_mapping() {
            continue;
        }
        let (before, after) = (cluster(old), cluster(&new));
        let diff = before.diff(&after, None).unwrap();
        let mut of = subjects(&Libraries::of(old));
        of.extend(subjects(&Libraries::of(&new)));
        let is_same = everyone(old, &of) == everyone(&new, &of);
        assert_eq!(
            diff.is_empty(),
            is_same,
            "{one:?}, {two:?}\n{diff}\n{old:?}\n{new:?}"
        );
        match is_same {
            true => same += 1,
            false => other += 1,
        }
    }
    println!("{same} pairs of clusters without a difference, {other} with one");
    assert!(
        same > worlds.len() / 10 && other > worlds.len() / 10,
        "{same} {other}"
    );
}

/// `mapAccounts` makes each principal the user of its ARN, and a binding may name such a user.
#[test]
fn a_principal_of_a_listed_account_gains_what_its_binding_grants() {
    let config_map = |accounts: &str| {
        let text = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: aws-auth, namespace: kube-system}}\ndata:\n  \
             mapAccounts: |\n    {accounts}\n"
        );
        Document::new("aws-auth.yaml", text)
    };
    let policy = Document::new(
        "rbac.yaml",
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: reader}\n\
         rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]\n---\n\
         apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: dev}\n\
         roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reader}\n\
         subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: 'arn:aws:iam::111122223333:user/dev'}]\n",
    );
    let cluster = |accounts: &str| {
        let documents = [config_map(accounts), policy.clone()];
        Cluster::from_documents(documents, &Options::new().without_default_policy())
    };
    let gained = cluster("[]")
        .diff(&cluster("['111122223333']"), None)
        .unwrap();
    assert!(!gained.is_empty(), "{gained}");
    assert_eq!(gained.exit_status(), 1, "{gained}");
    let other = cluster("[]")
        .diff(&cluster("['444455556666']"), None)
        .unwrap();
    assert!(other.is_empty(), "{other}");
}
