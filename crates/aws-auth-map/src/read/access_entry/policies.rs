//! The access policies of a principal.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use bounded_yaml::Node;

use super::Keys;
use super::found::Object;
use super::policy::{At, WrittenPolicy, is_failed, is_list, next_page, read_policies, write_scope};
use crate::problem::ProblemKind;
use crate::rules::access_policy::{AccessPolicy, AccessScope, Held, PolicyGap};

/// The access policies of a principal, read once from all of its objects.
#[derive(Default)]
pub(super) struct Policies {
    /// The rules of the principal's entries share them.
    pub(super) held: Arc<Held>,
    /// Whether an object has a policy, which perhaps cannot be read.
    pub(super) has_any: bool,
    /// Each problem, with its field and its place.
    pub(super) problems: Vec<(ProblemKind, &'static str, At)>,
}

impl Policies {
    /// Reads the policies in the objects of one principal. A policy that cannot be read is left out, and is a gap.
    pub(super) fn read(objects: &[Object<'_>], keys: &Keys) -> Self {
        let mut reading = Reading {
            keys,
            has_any: false,
            gaps: BTreeSet::new(),
            problems: Vec::new(),
            lists: Lists::default(),
            known: KnownPolicies::default(),
        };
        for (number, object) in objects.iter().enumerate() {
            reading.add(number, *object);
        }
        if let Some((text, object)) = unlisted(objects, keys) {
            let at = (text, object.get(keys.principal).and_then(Node::offset));
            let kind = ProblemKind::PoliciesNotListed;
            reading.problems.push((kind, keys.principal, at));
            reading.gaps.insert(PolicyGap::NotListed);
        }
        reading.finish()
    }
}

/// The policies of a principal while its objects are read.
struct Reading<'k> {
    keys: &'k Keys,
    has_any: bool,
    gaps: BTreeSet<PolicyGap>,
    problems: Vec<(ProblemKind, &'static str, At)>,
    lists: Lists,
    known: KnownPolicies,
}

impl Reading<'_> {
    /// Adds the policies of an object.
    fn add(&mut self, number: usize, object: Object<'_>) {
        let policies = read_policies(object, self.keys);
        let token = next_page(object.1);
        let list = (is_list(object.1, self.keys) && token.is_none()).then_some(number);
        if list.is_some() {
            self.lists.count = self.lists.count.saturating_add(1);
            self.lists.is_one_empty |= policies.is_empty();
        }
        if let Some(token) = token {
            self.lists.has_page = true;
            self.report(ProblemKind::CutOffPolicies, (object.0, token.offset()));
            self.gaps.insert(PolicyGap::CutOff);
        }
        self.has_any |= !policies.is_empty();
        for (at, policy) in policies {
            let problem = match policy {
                Ok(policy) => self.known.add(policy, at, list),
                Err(written) => {
                    self.gaps.insert(PolicyGap::Unreadable(written));
                    Some(ProblemKind::AccessPolicy)
                }
            };
            if let Some(problem) = problem {
                self.report(problem, at);
            }
        }
    }

    /// Takes the policies that no other object contradicts. Each other one is a gap.
    fn finish(mut self) -> Policies {
        let mut policies = Vec::new();
        for policy in std::mem::take(&mut self.known.policies) {
            let is_on_some = policy.is_on_some_of(&self.lists);
            if let (Some(scope), false) = (policy.scope(), is_on_some) {
                policies.push(AccessPolicy::new(&policy.arn, scope.clone()));
                continue;
            }
            let (written, arn) = (policy.written(), policy.arn);
            self.gaps.insert(match is_on_some {
                true => PolicyGap::NotOnEveryList { arn, written },
                false => PolicyGap::Scope { arn, written },
            });
            if is_on_some {
                self.report(ProblemKind::PolicyNotOnEveryList, policy.at);
            }
        }
        let gaps = self.gaps.into_iter().collect();
        Policies {
            held: Arc::new(Held { policies, gaps }),
            has_any: self.has_any,
            problems: self.problems,
        }
    }

    fn report(&mut self, kind: ProblemKind, at: At) {
        self.problems.push((kind, self.keys.policies, at));
    }
}

/// Returns the object that calls for a list of the policies, if there is no list.
fn unlisted<'n>(objects: &[Object<'n>], keys: &Keys) -> Option<Object<'n>> {
    if objects.iter().any(|(_, object)| is_list(object, keys)) {
        return None;
    }
    // No other command and no input has the ARN of the entry. One association is not the whole list.
    let mut objects = objects.iter().copied();
    objects.find(|(_, object)| object.get("accessEntryArn").is_some() || is_failed(object))
}

/// The lists of a principal's policies without a token for the next page.
#[derive(Default)]
struct Lists {
    count: usize,
    is_one_empty: bool,
    /// Whether there is a list with a token.
    has_page: bool,
}

impl Lists {
    /// Returns whether a list lacks nothing. A list without a token may be the last page of those with one, unless it
    /// is empty.
    const fn are_whole(&self) -> bool {
        match self.has_page {
            true => self.is_one_empty,
            false => self.count > 0,
        }
    }
}

/// The policies of a principal with an ARN that can be read, in the order of the objects.
#[derive(Default)]
struct KnownPolicies {
    policies: Vec<KnownPolicy>,
    /// The index of each policy, by its ARN.
    index: HashMap<String, usize>,
}

/// A policy of a principal, as all objects have it.
struct KnownPolicy {
    arn: String,
    /// The first place.
    at: At,
    /// A principal has each policy once, so a second scope contradicts the first.
    scopes: BTreeSet<Result<AccessScope, String>>,
    /// How many lists have the policy, and the number of the last one.
    lists: usize,
    last_list: Option<usize>,
}

impl KnownPolicies {
    /// Adds a policy of an object, which may be a list without a token. Returns the problem of the policy.
    fn add(&mut self, policy: WrittenPolicy, at: At, list: Option<usize>) -> Option<ProblemKind> {
        let next = self.policies.len();
        let index = *self.index.entry(policy.arn.clone()).or_insert(next);
        if index == next {
            self.policies.push(KnownPolicy {
                arn: policy.arn,
                at,
                scopes: BTreeSet::new(),
                lists: 0,
                last_list: None,
            });
        }
        let known = self.policies.get_mut(index)?;
        if list.is_some() && known.last_list != list {
            known.lists = known.lists.saturating_add(1);
            known.last_list = list;
        }
        let (is_first, is_read) = (known.scopes.is_empty(), policy.scope.is_ok());
        let is_new = known.scopes.insert(policy.scope);
        match (is_read, is_new) {
            (false, _) => Some(ProblemKind::AccessPolicy),
            (true, true) if is_first => None,
            (true, true) => Some(ProblemKind::ContradictoryAccessPolicy),
            (true, false) => Some(ProblemKind::DuplicateAccessPolicy),
        }
    }
}

impl KnownPolicy {
    /// Returns whether a list has the policy and another list, which should have it, does not.
    const fn is_on_some_of(&self, lists: &Lists) -> bool {
        self.lists < lists.count && (self.lists > 0 || lists.are_whole())
    }

    /// Returns the scope. `None` if it cannot be read, or if there is another one.
    fn scope(&self) -> Option<&AccessScope> {
        let mut scopes = self.scopes.iter();
        let scope = scopes.next()?.as_ref().ok()?;
        scopes.next().is_none().then_some(scope)
    }

    /// Returns all scopes in one text.
    fn written(&self) -> String {
        let scopes = self.scopes.iter();
        let scopes: Vec<String> = scopes
            .map(|scope| match scope {
                Ok(scope) => write_scope(scope),
                Err(written) => written.clone(),
            })
            .collect();
        scopes.join(", ")
    }
}
