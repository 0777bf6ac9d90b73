//! The search: whoever is reached acts in turn, by his own powers and those that were given.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use k8s_rbac::{
    BindingView, Identity, PRIVILEGED_GROUP, Policy, PolicyRule, ServiceAccount, Subject, User,
};

use crate::escalation_paths::capability::{Capabilities, Capability, CapabilityKind};
use crate::escalation_paths::impersonation::{GroupImpersonation, Pending};
use crate::escalation_paths::steps::Rewriter;
use crate::escalation_paths::{
    EscalationPaths, GrantedBy, MAX_ESCALATION_STEPS, Scope, Step, Target, Technique,
};
use crate::permission_set::{Budget, TooLarge};

/// The user of a request that impersonates groups only for their own sake. The API takes no such
/// name, so no binding names it.
pub(super) const NOBODY: &str = "\0";

/// The service account that every namespace has.
const DEFAULT_ACCOUNT: &str = "default";

/// The beginning of the group of the service accounts of a namespace.
const ACCOUNTS_OF: &str = "system:serviceaccounts:";

/// Where Amazon EKS keeps who is whom.
pub(super) const AWS_AUTH: (&str, &str) = ("kube-system", "aws-auth");

pub(super) struct Search<'p> {
    policy: &'p Policy,
    pub(super) cluster_roles: Vec<KeyedRules<'p>>,
    /// By namespace.
    pub(super) roles: BTreeMap<&'p str, Vec<KeyedRules<'p>>>,
    user: User,
    pub(super) powers: Capabilities<'p>,
    pub(super) budget: Budget,
    steps: Vec<Step<'p>>,
    /// Those who act, the user first.
    actors: Vec<Actor<'p>>,
    /// Those of them who have something that they have not looked at.
    queue: VecDeque<usize>,
    reached: HashSet<Identity>,
    /// Whom the policy names and who has not been reached.
    pub(super) users: BTreeSet<String>,
    pub(super) groups: BTreeSet<String>,
    /// By namespace.
    pub(super) accounts: BTreeMap<String, BTreeSet<String>>,
    /// The roles whose powers have been used that need no other, by where their rules are kept.
    used: HashSet<(*const PolicyRule, usize, Scope<'p>)>,
    pub(super) extras: HashSet<&'p str>,
    /// The roles that the user has.
    own: HashSet<(RoleKey<'p>, Scope<'p>)>,
    /// Where the user may do everything.
    /// And by which step, unless he holds it as things are, or by a role that he was given.
    everything: BTreeMap<Scope<'p>, Option<usize>>,
    pub(super) rewriters: Vec<Rewriter<'p>>,
    /// Whether a step says that somebody may do everything in the cluster.
    pub(super) is_everything_found: bool,
    /// Where somebody reached has a role.
    pub(super) held: HashMap<RoleKey<'p>, BTreeSet<Scope<'p>>>,
    pub(super) teams: GroupImpersonation<'p>,
}

/// A role: its kind, namespace and name.
pub(super) type RoleKey<'p> = (&'static str, &'p str, &'p str);

/// A role and its rules.
pub(super) type KeyedRules<'p> = (RoleKey<'p>, &'p [PolicyRule]);

/// Somebody who was reached.
struct Actor<'p> {
    from: Option<usize>,
    /// What reaches him, as long as nothing has come of it.
    pending: Option<Pending<'p>>,
    holdings: Vec<Holding<'p>>,
    /// How many of them have been looked at.
    done: usize,
}

/// The permissions of somebody whose turn it is.
#[derive(Default)]
pub(super) struct Taken<'p> {
    /// One that is everything, if there is one; nothing else then.
    pub(super) everything: Option<Held<'p>>,
    /// Those that nobody has had before.
    pub(super) new: Vec<Held<'p>>,
    pub(super) all: Vec<Held<'p>>,
    /// By which step he may impersonate service accounts where he may do everything.
    pub(super) impersonate: Option<GrantedBy<'p>>,
}

/// A role that somebody has.
#[derive(Clone, Copy)]
pub(super) struct Holding<'p> {
    reach: Scope<'p>,
    pub(super) rules: &'p [PolicyRule],
    source: Source<'p>,
}

impl<'p> Holding<'p> {
    fn bound(binding: BindingView<'p>, subject: &'p Subject) -> Option<Self> {
        Some(Self {
            reach: binding.namespace().map_or(Scope::Cluster, Scope::Namespace),
            rules: binding.rules()?,
            source: Source::Binding(binding, subject),
        })
    }

    pub(super) const fn is_gained(&self) -> bool {
        matches!(self.source, Source::Step(_))
    }

    fn held(&self, power: Capability<'p>) -> Held<'p> {
        let evidence = match self.source {
            Source::Binding(binding, subject) => {
                GrantedBy::Grant(binding.grant(subject, power.rule))
            }
            Source::Step(step) => GrantedBy::Gained { step },
        };
        Held {
            power,
            reach: self.reach,
            evidence,
        }
    }
}

/// What gives somebody a role.
#[derive(Clone, Copy)]
enum Source<'p> {
    Binding(BindingView<'p>, &'p Subject),
    Step(usize),
}

/// A permission that somebody has, where, and by what.
#[derive(Clone, Copy)]
pub(super) struct Held<'p> {
    pub(super) power: Capability<'p>,
    pub(super) reach: Scope<'p>,
    pub(super) evidence: GrantedBy<'p>,
}

impl<'p> Search<'p> {
    pub(super) fn new(policy: &'p Policy, user: &User) -> Self {
        let cluster_roles = policy.cluster_roles().map(|role| {
            let key = ("ClusterRole", "", role.metadata.name.as_str());
            (key, role.rules.as_slice())
        });
        let mut roles: BTreeMap<&'p str, Vec<KeyedRules<'p>>> = BTreeMap::new();
        for role in policy.roles() {
            let (name, namespace) = (&role.metadata.name, role.metadata.namespace.as_str());
            let all = roles.entry(namespace).or_default();
            all.push((("Role", namespace, name), &role.rules));
        }
        let mut search = Self {
            policy,
            cluster_roles: cluster_roles.collect(),
            roles,
            user: user.clone(),
            powers: Capabilities::default(),
            budget: Budget::new(MAX_ESCALATION_STEPS),
            steps: Vec::new(),
            actors: Vec::new(),
            queue: VecDeque::new(),
            reached: HashSet::new(),
            users: BTreeSet::new(),
            groups: BTreeSet::new(),
            accounts: BTreeMap::new(),
            used: HashSet::new(),
            extras: HashSet::new(),
            own: HashSet::new(),
            everything: BTreeMap::new(),
            rewriters: Vec::new(),
            is_everything_found: false,
            held: HashMap::new(),
            teams: GroupImpersonation::default(),
        };
        search.groups.insert(PRIVILEGED_GROUP.to_owned());
        let bindings = policy.bindings();
        for binding in bindings.filter(BindingView::is_in_effect) {
            let namespace = binding.namespace();
            if let Some(namespace) = namespace {
                search.name_account(namespace, DEFAULT_ACCOUNT);
            }
            for subject in binding.subjects() {
                match Identity::of(subject, namespace) {
                    None => {}
                    Some(Identity::Group(name)) => {
                        if let Some(namespace) = name.strip_prefix(ACCOUNTS_OF) {
                            search.name_account(namespace, DEFAULT_ACCOUNT);
                        }
                        search.groups.insert(name);
                    }
                    Some(Identity::User(name)) => match split_account(&name) {
                        Some((namespace, name)) => search.name_account(namespace, name),
                        None => drop(search.users.insert(name)),
                    },
                }
            }
        }
        search
    }

    fn name_account(&mut self, namespace: &str, name: &str) {
        let accounts = self.accounts.entry(namespace.to_owned()).or_default();
        accounts.insert(name.to_owned());
    }

    pub(super) fn run(mut self) -> Result<EscalationPaths<'p>, TooLarge> {
        let user = self.user.clone();
        self.teams
            .name(&user, &self.users, &self.groups, &self.accounts);
        let identity = Identity::User(user.name.clone());
        self.forget(&identity);
        if user.groups.iter().any(|group| group == PRIVILEGED_GROUP) {
            self.step(Target::Everything(Scope::Cluster), 0, Technique::Hold, &[]);
        } else {
            self.enter(&user, None);
        }
        loop {
            while let Some(at) = self.queue.pop_front() {
                self.act(at)?;
            }
            if !self.rewrite()? && !self.team_up()? {
                break;
            }
        }
        Ok(EscalationPaths {
            user: identity,
            steps: self.steps,
        })
    }

    /// Lets somebody act who was reached by a step, or the user.
    fn enter(&mut self, user: &User, from: Option<usize>) {
        for group in &user.groups {
            self.forget(&Identity::Group(group.clone()));
        }
        let at = self.actors.len();
        self.actors.push(Actor {
            from,
            pending: None,
            holdings: Vec::new(),
            done: 0,
        });
        for (binding, subject) in self.policy.all_bindings_for(user) {
            let Some(holding) = Holding::bound(binding, subject) else {
                continue;
            };
            let name = binding.role_ref().name.as_str();
            let role = match binding.role_ref().kind.as_str() {
                "ClusterRole" => ("ClusterRole", "", name),
                _ => ("Role", binding.namespace().unwrap_or_default(), name),
            };
            self.hold(at, role, holding);
        }
        self.queue.push_back(at);
    }

    /// Lets some act together who are reached by a step that is made once something comes of it.
    pub(super) fn enter_together(&mut self, pending: Pending<'p>, holdings: Vec<Holding<'p>>) {
        self.queue.push_back(self.actors.len());
        self.actors.push(Actor {
            from: None,
            pending: Some(pending),
            holdings,
            done: 0,
        });
    }

    /// Finds what the bindings of somebody give.
    pub(super) fn holdings_of(&self, user: &User) -> Vec<Holding<'p>> {
        let bindings = self.policy.all_bindings_for(user);
        let holdings = bindings.filter_map(|(binding, subject)| Holding::bound(binding, subject));
        holdings.collect()
    }

    /// Returns what somebody who was reached has.
    pub(super) fn holdings(&self, at: usize) -> Vec<Holding<'p>> {
        let actor = self.actors.get(at);
        actor
            .map(|actor| actor.holdings.clone())
            .unwrap_or_default()
    }

    /// Lists all that somebody may do who was reached.
    pub(super) fn held_by(&mut self, at: usize) -> Result<Vec<Held<'p>>, TooLarge> {
        let mut all = Vec::new();
        for holding in self.holdings(at) {
            for &power in self.powers.of(holding.rules) {
                self.budget.spend(1)?;
                all.push(holding.held(power));
            }
        }
        Ok(all)
    }

    /// Returns the evidence that the user may do everything in each reach where he was given it.
    pub(super) fn given_everything(&self) -> Vec<(Scope<'p>, GrantedBy<'p>)> {
        let given = self.everything.iter();
        let given = given.filter_map(|(&reach, step)| Some((reach, (*step)?)));
        given
            .map(|(reach, step)| (reach, GrantedBy::Gained { step }))
            .collect()
    }

    /// Takes what somebody has not looked at yet: what he has there by each permission, and apart
    /// from that all that he has. None if that is everything.
    pub(super) fn take(&mut self, at: usize) -> Result<Option<Taken<'p>>, TooLarge> {
        let Some(actor) = self.actors.get_mut(at) else {
            return Ok(None);
        };
        let done = std::mem::replace(&mut actor.done, actor.holdings.len());
        let holdings = actor.holdings.clone();
        let steps = self.everything.values().copied().flatten();
        let mut steps = steps.filter(|_| at == 0);
        let mut taken = Taken {
            impersonate: steps.next().map(|step| GrantedBy::Gained { step }),
            ..Taken::default()
        };
        let mut seen = HashSet::new();
        for (number, holding) in holdings.into_iter().enumerate() {
            let reach = holding.reach;
            let place = (holding.rules.as_ptr(), holding.rules.len(), reach);
            if !seen.insert(place) {
                continue;
            }
            let is_new = number >= done && self.used.insert(place);
            for &power in self.powers.of(holding.rules) {
                self.budget.spend(1)?;
                let held = holding.held(power);
                if power.kind == CapabilityKind::Everything {
                    if at == 0 {
                        self.everything.entry(reach).or_default();
                    }
                    if reach == Scope::Cluster {
                        taken.everything = Some(held);
                        return Ok(Some(taken));
                    }
                }
                if is_new {
                    taken.new.push(held);
                }
                taken.all.push(held);
            }
        }
        Ok(Some(taken))
    }

    fn hold(&mut self, at: usize, role: RoleKey<'p>, holding: Holding<'p>) {
        self.held.entry(role).or_default().insert(holding.reach);
        if at == 0 {
            self.own.insert((role, holding.reach));
        }
        if let Some(actor) = self.actors.get_mut(at) {
            actor.holdings.push(holding);
        }
    }

    /// Gives the user a role, unless he has it.
    pub(super) fn gain(
        &mut self,
        role: RoleKey<'p>,
        rules: &'p [PolicyRule],
        reach: Scope<'p>,
        actor: usize,
        evidence: &[GrantedBy<'p>],
    ) {
        let is_there = reach.wider().any(|wider| self.own.contains(&(role, wider)));
        if is_there || self.has_everything(reach) {
            return;
        }
        let (kind, _, name) = role;
        let step = self.step(
            Target::Role { kind, name, reach },
            actor,
            Technique::Bind,
            evidence,
        );
        let source = Source::Step(step);
        self.hold(
            0,
            role,
            Holding {
                reach,
                rules,
                source,
            },
        );
        if self.powers.are_everything(rules) {
            self.everything.insert(reach, None);
        }
        self.queue.push_back(0);
    }

    /// Says whether the user may do everything somewhere.
    pub(super) fn has_everything(&self, reach: Scope<'p>) -> bool {
        reach
            .wider()
            .any(|wider| self.everything.contains_key(&wider))
    }

    /// Lets the user do everything somewhere. Says whether he could not before.
    pub(super) fn gain_everything(
        &mut self,
        reach: Scope<'p>,
        actor: usize,
        means: Technique,
        evidence: &[GrantedBy<'p>],
    ) -> bool {
        // Somebody whom he can be may do everything there already.
        let is_found = reach == Scope::Cluster && self.is_everything_found;
        if is_found || self.has_everything(reach) {
            return false;
        }
        let step = self.step(Target::Everything(reach), actor, means, evidence);
        self.everything.insert(reach, Some(step));
        if reach == Scope::Cluster {
            self.is_everything_found = true;
            return true;
        }
        self.queue.push_back(0);
        let evidence = [GrantedBy::Gained { step }];
        for identity in self.accounts_in(reach) {
            self.reach(identity, 0, Technique::RunPods("pods"), &evidence);
        }
        if reach.has(AWS_AUTH.0) {
            let masters = Identity::Group(PRIVILEGED_GROUP.to_owned());
            self.reach(masters, 0, Technique::EditAwsAuth, &evidence);
        }
        true
    }

    /// Reaches somebody, unless he was.
    pub(super) fn reach(
        &mut self,
        identity: Identity,
        actor: usize,
        means: Technique,
        evidence: &[GrantedBy<'p>],
    ) {
        if !self.forget(&identity) {
            return;
        }
        let user = match &identity {
            Identity::Group(name) => User::new(NOBODY, [name.clone()]).authenticated(),
            Identity::User(name) => match split_account(name) {
                Some((namespace, name)) => User::service_account(namespace, name),
                None if name == "system:anonymous" => User::new(name, ["system:unauthenticated"]),
                None => User::new(name, [""; 0]).authenticated(),
            },
        };
        let target = Target::Identity(identity);
        let is_everything = target.is_everything();
        let step = self.step(target, actor, means, evidence);
        // Whoever is a master has nothing more to become.
        if !is_everything {
            self.enter(&user, Some(step));
        }
    }

    /// Strikes somebody off those who can still be reached. Says whether he could.
    fn forget(&mut self, identity: &Identity) -> bool {
        if !self.reached.insert(identity.clone()) {
            return false;
        }
        match identity {
            Identity::Group(name) => drop(self.groups.remove(name)),
            Identity::User(user) => match split_account(user) {
                None => drop(self.users.remove(user)),
                Some((namespace, name)) => {
                    if let Some(names) = self.accounts.get_mut(namespace) {
                        names.remove(name);
                    }
                }
            },
        }
        true
    }

    /// Returns the service accounts of a reach that have not been reached.
    pub(super) fn accounts_in(&self, reach: Scope<'p>) -> Vec<Identity> {
        let named = |(namespace, names): (&String, &BTreeSet<String>)| -> Vec<Identity> {
            let names = names.iter();
            names
                .map(|name| Identity::User(User::service_account(namespace, name).name))
                .collect()
        };
        match reach {
            Scope::Namespace(namespace) => {
                let names = self.accounts.get_key_value(namespace);
                names.map(named).unwrap_or_default()
            }
            Scope::Cluster | Scope::EveryNamespace => {
                self.accounts.iter().flat_map(named).collect()
            }
        }
    }

    pub(super) fn step(
        &mut self,
        target: Target<'p>,
        actor: usize,
        means: Technique,
        evidence: &[GrantedBy<'p>],
    ) -> usize {
        self.settle(actor);
        let gained = evidence.iter().filter_map(|evidence| match evidence {
            GrantedBy::Gained { step } => Some(*step),
            GrantedBy::Grant(_) => None,
        });
        let from = self.actors.get(actor).and_then(|actor| actor.from);
        self.steps.push(Step {
            target,
            from: gained.chain(from).max(),
            means,
            evidence: evidence.to_vec(),
        });
        self.steps.len().saturating_sub(1)
    }

    /// Makes the step that reaches somebody, unless it was made.
    fn settle(&mut self, actor: usize) {
        let pending = self
            .actors
            .get_mut(actor)
            .and_then(|actor| actor.pending.take());
        let Some(Pending {
            target,
            actor: by,
            evidence,
        }) = pending
        else {
            return;
        };
        // Those who have more by now than when they acted before are still the same.
        let mut steps = self.steps.iter();
        let step = match steps.position(|step| step.target == target) {
            Some(step) => step,
            None => self.step(target, by, Technique::Impersonate, &evidence),
        };
        if let Some(actor) = self.actors.get_mut(actor) {
            actor.from = Some(step);
        }
    }
}

/// Splits the username of a service account into namespace and name.
pub(super) fn split_account(username: &str) -> Option<(&str, &str)> {
    let account = ServiceAccount::parse(username)?;
    Some((account.namespace(), account.name()))
}
