//! The rules of a principal, without requests that every authenticated user may make.

use aws_auth_map::AccessScope;
use k8s_rbac::{Objects, Policy, Request, ResourceRequest, User};
use k8s_rbac_analysis::Explainer;

use super::super::level::is_reading;
use crate::cluster::Cluster;
use crate::listing::ListedRule;

/// A request without a namespace, of a rule.
#[derive(Clone, Copy, Debug)]
pub(super) enum Atom<'l> {
    Resource(ResourceRequest<'l>),
    Path { verb: &'l str, path: &'l str },
}

impl<'l> Atom<'l> {
    pub(super) const fn request(self, namespace: Option<&'l str>) -> Request<'l> {
        match (self, namespace) {
            (Self::Resource(request), Some(namespace)) => {
                Request::Resource(request.in_namespace(namespace))
            }
            (Self::Resource(request), None) => Request::Resource(request),
            (Self::Path { verb, path }, _) => Request::path(verb, path),
        }
    }
}

/// A rule of a principal, without requests that every authenticated user may make.
pub(super) struct Kept<'l> {
    pub(super) rule: &'l ListedRule,
    pub(super) verbs: Vec<&'l str>,
    pub(super) read: Option<Atom<'l>>,
    pub(super) write: Option<Atom<'l>>,
}

impl<'l> Kept<'l> {
    /// Keeps the verbs of a rule with a request that `common` does not allow. `None` if there are no
    /// such verbs.
    pub(super) fn of(listed: &'l ListedRule, common: &Common<'_>) -> Option<Self> {
        let mut kept = Self {
            rule: listed,
            verbs: Vec::new(),
            read: None,
            write: None,
        };
        for verb in &listed.rule().verbs {
            let Some(atom) = atoms(listed, verb).find(|atom| !common.allows(atom)) else {
                continue;
            };
            kept.verbs.push(verb);
            let of_kind = match is_reading(verb) {
                true => &mut kept.read,
                false => &mut kept.write,
            };
            of_kind.get_or_insert(atom);
        }
        (!kept.verbs.is_empty()).then_some(kept)
    }

    pub(super) fn is_of_paths(&self) -> bool {
        self.rule.rule().resources.is_empty()
    }

    /// Returns whether the rule applies in a namespace, or in the whole cluster. The scope of an access policy
    /// may be a pattern.
    pub(super) fn applies(&self, namespace: Option<&str>, patterns: &[&str]) -> bool {
        let of_rule = self.rule.namespaces();
        match namespace {
            None => of_rule.is_empty(),
            Some(_) if self.is_of_paths() => false,
            Some(name) => {
                of_rule.is_empty()
                    || of_rule
                        .iter()
                        .any(|own| own == name || covers(own, name, patterns))
            }
        }
    }
}

/// Returns whether a scope that is a pattern covers a namespace.
fn covers(scope: &str, namespace: &str, patterns: &[&str]) -> bool {
    patterns.contains(&scope)
        && AccessScope::Namespaces(vec![scope.to_owned()]).covers(Some(namespace))
}

/// Lists the requests of a rule for a verb.
fn atoms<'l>(listed: &'l ListedRule, verb: &'l str) -> impl Iterator<Item = Atom<'l>> {
    let rule = listed.rule();
    let name = rule.resource_names.first().map_or("", String::as_str);
    let of_resources = rule.api_groups.iter().flat_map(move |group| {
        rule.resources.iter().map(move |resource| {
            let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
            let request = ResourceRequest::new(verb, group, resource);
            Atom::Resource(request.with_subresource(subresource).with_name(name))
        })
    });
    let paths = rule.non_resource_urls.iter();
    of_resources.chain(paths.map(move |path| Atom::Path { verb, path }))
}

/// The requests that Kubernetes allows every authenticated user by default. Reports leave them out.
pub(in crate::report) struct Common<'c> {
    policy: Policy,
    user: User,
    /// Explains the decisions of the cluster.
    pub(super) explainer: Explainer<'c>,
}

impl<'c> Common<'c> {
    pub(in crate::report) fn of(cluster: &'c Cluster) -> Self {
        let version = cluster.kubernetes_version().value();
        Self {
            explainer: Explainer::new(cluster.policy()),
            policy: Policy::new(Objects::bootstrap(version)),
            user: User::new("", [""; 0]).authenticated(),
        }
    }

    fn allows(&self, atom: &Atom<'_>) -> bool {
        let response = self.policy.rbac(&self.user, &atom.request(None));
        response.decision().is_allow()
    }
}

/// The verbs in the order of the Kubernetes documentation.
const VERBS: [&str; 9] = [
    "*",
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
];

pub(super) fn order(verb: &str) -> usize {
    let at = VERBS.iter().position(|one| *one == verb);
    at.unwrap_or(VERBS.len())
}
