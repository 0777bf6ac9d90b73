//! The permissions of each principal, in the whole cluster and in each namespace, from the answers of the
//! library.

mod principal;
mod rules;

use std::collections::BTreeSet;

use aws_auth_map::{AccessPolicy, AccessScope};
use eks_auth::Authenticated;
use k8s_rbac::{PRIVILEGED_GROUP, Request, ResourceRequest, SubjectName, User};
use k8s_rbac_analysis::explain;
use printable_text::Printable;

pub use self::principal::{AccessCell, PrincipalAccess};
pub(super) use self::principal::{Door, rank};
pub(super) use self::rules::Common;
use self::rules::{Kept, order};
use super::level::AccessLevel;
use crate::callers::Caller;
use crate::cluster::Cluster;
use crate::grant::is_master;
use crate::listing::Listing;
use crate::no_answer::NoAnswer;
use crate::question::{Question, written};
use crate::resolved::Resolved;
use crate::unknown_policy::{ACCESS_ENTRY, UnknownPolicy};
use crate::verdict::Step;
use crate::who::Who;
use crate::why::NearMiss;
use crate::workload::Workload;

/// The largest number of ways that a cell lists. Our choice: more than a person compares.
const MAX_WAYS: usize = 8;

/// The largest number of workloads that are named for a service account. Our choice.
const MAX_WORKLOADS: usize = 5;

/// The largest number of near misses that are listed for a principal without permissions. Our
/// choice.
const MAX_NEAR_MISSES: usize = 12;

/// A principal whose permissions are listed.
struct Seat<'l> {
    common: &'l Common<'l>,
    resolved: &'l Resolved,
    is_master: bool,
    rules: Vec<Kept<'l>>,
    unknown: Vec<UnknownPolicy>,
    patterns: Vec<&'l str>,
}

impl Cluster {
    /// Reports on a caller or a user. `None` if a caller becomes no user.
    ///
    /// # Errors
    ///
    /// As [`list`](Self::list) and [`why`](Self::why).
    pub(super) fn access_of(
        &self,
        caller: Caller,
        who: Who,
        namespaces: &BTreeSet<String>,
        common: &Common<'_>,
    ) -> Result<Option<PrincipalAccess>, NoAnswer> {
        let Ok(resolved) = self.find(&who)? else {
            return Ok(None);
        };
        let listing = self.list(&who)?;
        let seat = self.seat(&resolved, &listing, common);
        let mut cells: Vec<AccessCell> = self.cell(&seat, None).into_iter().collect();
        for namespace in own_namespaces(&seat, namespaces) {
            cells.extend(self.cell(&seat, Some(namespace)));
        }
        let (level, is_cluster_wide) = cells
            .iter()
            .map(|cell| (cell.level, cell.namespace.is_none()))
            .max_by_key(|(level, is_cluster_wide)| rank(*level, *is_cluster_wide))
            .unwrap_or((AccessLevel::None, false));
        let near_misses = match level {
            AccessLevel::None => self.near_misses_of(&who, common)?,
            _ => Vec::new(),
        };
        let level_elsewhere = level_elsewhere(&seat, cells.first());
        Ok(Some(PrincipalAccess {
            identities: identities(&resolved.user),
            level,
            is_cluster_wide,
            level_elsewhere,
            cells,
            near_misses,
            chain: Vec::new(),
            is_of_aws: matches!(who, Who::Caller(_)),
            rules: seat.rules.iter().map(|kept| kept.rule.clone()).collect(),
            notes: self.notes_of_principal(&who, &resolved.user, &listing),
            mapping: resolved.steps.clone(),
            caller,
            who,
        }))
    }

    fn seat<'l>(
        &self,
        resolved: &'l Resolved,
        listing: &'l Listing,
        common: &'l Common<'_>,
    ) -> Seat<'l> {
        let policies = resolved
            .caller
            .as_ref()
            .map_or(&[][..], Authenticated::access_policies);
        let scopes = policies.iter().map(AccessPolicy::scope);
        let patterns = scopes.flat_map(|scope| match scope {
            AccessScope::Cluster => &[],
            AccessScope::Namespaces(names) => names.as_slice(),
        });
        Seat {
            common,
            resolved,
            is_master: is_master(&resolved.user),
            rules: listing
                .rules()
                .iter()
                .filter_map(|rule| Kept::of(rule, common))
                .collect(),
            unknown: self.unknown_policies(resolved),
            patterns: patterns
                .map(String::as_str)
                .filter(|name| name.contains('*'))
                .collect(),
        }
    }

    /// Reports on one scope. `None` if nothing is allowed there.
    fn cell(&self, seat: &Seat<'_>, namespace: Option<&str>) -> Option<AccessCell> {
        let rules: Vec<&Kept<'_>> = seat
            .rules
            .iter()
            .filter(|kept| kept.applies(namespace, &seat.patterns))
            .collect();
        let unknown: Vec<&UnknownPolicy> = seat
            .unknown
            .iter()
            .filter(|policy| policy.may_cover(namespace))
            .collect();
        if rules.is_empty() && unknown.is_empty() && !seat.is_master {
            return None;
        }
        let (level, request) = self.level_of_rules(seat, &rules, namespace);
        let mut cell = AccessCell {
            namespace: namespace.map(str::to_owned),
            level,
            unknown_policies: unknown.iter().copied().cloned().collect(),
            verbs: verbs(seat, &rules),
            request: request.as_ref().map(written),
            ways: Vec::new(),
            ways_left_out: 0,
            door: Door::default(),
        };
        match &request {
            Some(request) => self.explain_cell(seat, request, &mut cell),
            None => self.explain_unknown(seat, &unknown, &mut cell),
        }
        Some(cell)
    }

    fn level_of_rules<'n>(
        &self,
        seat: &Seat<'n>,
        rules: &[&Kept<'n>],
        namespace: Option<&'n str>,
    ) -> (AccessLevel, Option<Request<'n>>) {
        let by_question = self.level_by_question(seat.resolved, namespace);
        let write = || rules.iter().find_map(|kept| kept.write);
        let read = || rules.iter().find_map(|kept| kept.read);
        if let Some((level, request)) = by_question {
            (level, Some(request))
        } else if let Some(atom) = write() {
            (AccessLevel::Write, Some(atom.request(namespace)))
        } else if let Some(atom) = read() {
            (AccessLevel::Read, Some(atom.request(namespace)))
        } else {
            (AccessLevel::Unknown, None)
        }
    }

    /// Fills in the ways to a request, as [`why`](Self::why) returns them.
    fn explain_cell(&self, seat: &Seat<'_>, request: &Request<'_>, cell: &mut AccessCell) {
        let explanation = seat.common.explainer.explain(&seat.resolved.user, request);
        let mut ways = self.ways(seat.resolved, request, &explanation);
        cell.ways_left_out = ways.len().saturating_sub(MAX_WAYS);
        ways.truncate(MAX_WAYS);
        cell.ways = ways;
        cell.door = match (seat.is_master, explanation.grants().first()) {
            (true, _) => Door {
                subject: format!("Group {PRIVILEGED_GROUP}"),
                role: "every permission, built in".to_owned(),
            },
            (false, Some(grant)) => Door {
                subject: format!("{} {}", grant.subject().kind, grant.subject().name),
                role: format!("{} {}", grant.role().kind, grant.role().name),
            },
            (false, None) => self.door_of_policy(seat, request),
        };
    }

    fn door_of_policy(&self, seat: &Seat<'_>, request: &Request<'_>) -> Door {
        let policies = seat.resolved.caller.iter();
        let mut policies = policies.flat_map(Authenticated::access_policies);
        let allowing = policies.find(|policy| {
            let rules = self.access_policies().get(policy).unwrap_or_default();
            policy.scope().covers(request.namespace())
                && rules.iter().any(|rule| rule.allows(request))
        });
        let door = |policy: &AccessPolicy| Door {
            subject: ACCESS_ENTRY.to_owned(),
            role: policy.name().to_owned(),
        };
        allowing.map(door).unwrap_or_default()
    }

    fn explain_unknown(&self, seat: &Seat<'_>, unknown: &[&UnknownPolicy], cell: &mut AccessCell) {
        let place = seat.resolved.caller.as_ref().and_then(|caller| {
            let mapped = caller.mapped();
            self.place_of_mapping(mapped.backend_index(), mapped.rule())
        });
        let step = |policy: &&UnknownPolicy| {
            vec![Step::new(format!("not known: {policy}"), place.clone())]
        };
        cell.ways = unknown.iter().take(MAX_WAYS).map(step).collect();
        let door = |policy: &&UnknownPolicy| Door {
            subject: policy.holder().to_owned(),
            role: policy.name().to_owned(),
        };
        cell.door = unknown.first().map(door).unwrap_or_default();
    }

    /// Returns the notes that are not the same for every principal.
    fn notes_of_principal(&self, who: &Who, user: &User, listing: &Listing) -> Vec<String> {
        let of_all = self.notes_for(who);
        let pods = Request::from(ResourceRequest::new("list", "", "pods"));
        let of_user = explain::notes(user, &pods);
        let notes = listing.notes().iter().cloned();
        notes
            .chain(self.notes_on_workloads(user))
            .chain(of_user.iter().map(ToString::to_string))
            .filter(|note| !of_all.contains(note))
            .collect()
    }

    /// Notes the workloads that run as a service account.
    fn notes_on_workloads(&self, user: &User) -> Option<String> {
        let account = user.name.strip_prefix("system:serviceaccount:")?;
        let (namespace, name) = account.split_once(':')?;
        let is_of = |one: &&Workload| one.namespace() == namespace && one.service_account() == name;
        let workloads = self.workloads().iter().filter(is_of);
        let names: Vec<String> = workloads
            .map(|one| format!("{} {}", one.kind(), Printable::new(one.name())))
            .take(MAX_WORKLOADS.saturating_add(1))
            .collect();
        let (shown, more) = match names.get(..MAX_WORKLOADS) {
            Some(shown) if names.len() > MAX_WORKLOADS => (shown, " and others"),
            _ => (names.as_slice(), ""),
        };
        (!shown.is_empty()).then(|| format!("{}{more} run as it", shown.join(", ")))
    }

    /// Returns the near misses of a principal that has no permissions.
    fn near_misses_of<'c>(
        &'c self,
        who: &Who,
        common: &Common<'c>,
    ) -> Result<Vec<NearMiss>, NoAnswer> {
        let question = Question::parse("list pods --all-namespaces")?;
        let why = self.why_of_known(who, &question, |user, request| {
            common.explainer.explain(user, request)
        })?;
        Ok(why
            .near_misses()
            .iter()
            .take(MAX_NEAR_MISSES)
            .cloned()
            .collect())
    }
}

/// Returns the level in a namespace without its own permissions.
fn level_elsewhere(seat: &Seat<'_>, cluster: Option<&AccessCell>) -> AccessLevel {
    let Some(cluster) = cluster.filter(|cell| cell.namespace.is_none()) else {
        return AccessLevel::None;
    };
    if cluster.level >= AccessLevel::Secrets || cluster.level == AccessLevel::Unknown {
        return cluster.level;
    }
    let mut of_resources = seat
        .rules
        .iter()
        .filter(|kept| kept.rule.namespaces().is_empty() && !kept.is_of_paths());
    match of_resources.clone().any(|kept| kept.write.is_some()) {
        true => AccessLevel::Write,
        false if of_resources.any(|kept| kept.read.is_some()) => AccessLevel::Read,
        false if !cluster.unknown_policies.is_empty() => AccessLevel::Unknown,
        false => AccessLevel::None,
    }
}

/// Returns the namespaces in which a principal has separate permissions.
fn own_namespaces<'n>(seat: &Seat<'_>, namespaces: &'n BTreeSet<String>) -> Vec<&'n str> {
    let is_own = |name: &&str| {
        seat.rules.iter().any(|kept| {
            !kept.rule.namespaces().is_empty() && kept.applies(Some(name), &seat.patterns)
        }) || seat
            .unknown
            .iter()
            .any(|policy| policy.is_of_namespace(name))
    };
    let names = namespaces.iter().map(String::as_str);
    names.filter(is_own).collect()
}

/// Returns the verbs of some rules, in order and each once.
fn verbs(seat: &Seat<'_>, rules: &[&Kept<'_>]) -> Vec<String> {
    if seat.is_master {
        return vec!["*".to_owned()];
    }
    let mut verbs: Vec<&str> = rules.iter().flat_map(|kept| &kept.verbs).copied().collect();
    verbs.sort_unstable_by_key(|verb| (order(verb), *verb));
    verbs.dedup();
    verbs.into_iter().map(str::to_owned).collect()
}

/// Returns the names that bindings may have for a user.
fn identities(user: &User) -> Vec<SubjectName> {
    let groups = user.groups.iter().cloned().map(SubjectName::Group);
    std::iter::once(SubjectName::User(user.name.clone()))
        .chain(groups)
        .collect()
}
