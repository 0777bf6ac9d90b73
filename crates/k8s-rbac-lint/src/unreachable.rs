//! Parts of a rule that no request matches.

use std::collections::{BTreeSet, HashMap, HashSet};

use k8s_rbac::PolicyRule;
use k8s_rbac::api_resources::{OPTIONAL_RESOURCES, RESOURCES};

use crate::finding::Findings;
use crate::finding_code::FindingCode;
use crate::spelling;
use crate::wording::{list, plain};

/// The HTTP methods that can be the verb of a request for a path.
const METHODS: [&str; 7] = ["delete", "get", "head", "options", "patch", "post", "put"];

/// The number of non-resource URLs of a rule that are compared with each other. Our choice: the longest
/// list of the default policy has eleven.
const MAX_URLS_COMPARED: usize = 128;

/// Resources that exist only in authorization: API group, name, and whether requests for them have a
/// namespace. As upstream: `pkg/endpoints/filters/impersonation` of apiserver, and
/// `pkg/apis/certificates`.
const AUTHORIZATION_ONLY: [(&str, &str, bool); 9] = [
    ("", "groups", false),
    ("", "users", false),
    ("authentication.k8s.io", "groups", false),
    ("authentication.k8s.io", "nodes", false),
    ("authentication.k8s.io", "serviceaccounts", true),
    ("authentication.k8s.io", "uids", false),
    ("authentication.k8s.io", "userextras", false),
    ("authentication.k8s.io", "users", false),
    ("certificates.k8s.io", "signers", false),
];

/// The API server asks for this subresource at the cluster scope and without a name, though its
/// resource is namespaced. As upstream: `pkg/registry/resource/utils.go`.
const CLAIM_BINDING: (&str, &str) = ("resource.k8s.io", "resourceclaims/binding");

/// A resource of Kubernetes, with the facts that matter to rules.
struct Resource {
    group: &'static str,
    is_namespaced: bool,
}

/// The resources that Kubernetes ships, by plural and by their other names.
pub(crate) struct Vocabulary {
    by_name: HashMap<&'static str, Vec<Resource>>,
    /// Singular or short name to plural.
    plurals: HashMap<String, &'static str>,
}

impl Vocabulary {
    pub(crate) fn new() -> Self {
        let mut by_name: HashMap<&str, Vec<Resource>> = HashMap::new();
        let mut plurals = HashMap::new();
        let shipped = || RESOURCES.iter().chain(OPTIONAL_RESOURCES);
        let served = shipped().map(|one| (one.group, one.name, one.is_namespaced));
        for (group, name, is_namespaced) in served.chain(AUTHORIZATION_ONLY) {
            by_name.entry(name).or_default().push(Resource {
                group,
                is_namespaced,
            });
        }
        for resource in shipped() {
            let short_names = resource.short_names.iter().map(|&name| name.to_owned());
            for name in short_names.chain([resource.singular()]) {
                plurals.entry(name).or_insert(resource.name);
            }
        }
        plurals.retain(|name, _| !by_name.contains_key(name.as_str()));
        Self { by_name, plurals }
    }

    /// Returns the resource of these groups that was probably meant by an unknown name.
    fn meant(&self, name: &str, groups: &HashSet<&str>) -> Option<&'static str> {
        if self.by_name.contains_key(name) {
            return None;
        }
        let is_in_groups =
            |resources: &[Resource]| resources.iter().any(|one| groups.contains(one.group));
        let known = self.by_name.iter().filter(|(_, one)| is_in_groups(one));
        let known = known.map(|(name, _)| *name);
        // In order, so that the answer is the same each time.
        let known: BTreeSet<&str> = known.collect();
        spelling::meant(name, known.iter().copied())
    }

    /// Returns the API group of a resource of Kubernetes that is in none of these groups.
    fn group_of_misplaced(&self, name: &str, groups: &HashSet<&str>) -> Option<&'static str> {
        let resources = self.by_name.get(name)?;
        let is_in_groups = resources.iter().any(|one| groups.contains(one.group));
        resources
            .first()
            .filter(|_| !is_in_groups)
            .map(|resource| resource.group)
    }

    /// Returns whether each of these groups has the resource of an entry, and requests for it have no
    /// namespace. A subresource has the scope of its resource.
    fn is_cluster_scoped(&self, entry: &str, groups: &HashSet<&str>) -> bool {
        if (groups.len(), groups.contains(CLAIM_BINDING.0), entry) == (1, true, CLAIM_BINDING.1) {
            return true;
        }
        let name = without_subresource(entry);
        // A request for a Namespace by name is made in that namespace.
        if name == "namespaces" {
            return false;
        }
        self.by_name.get(name).is_some_and(|resources| {
            groups.iter().all(|group| {
                resources
                    .iter()
                    .any(|one| one.group == *group && !one.is_namespaced)
            })
        })
    }
}

impl Vocabulary {
    /// Returns the resources of rules if all of them are cluster-scoped, so that a `RoleBinding` grants
    /// none of them. Empty if one of them is not cluster-scoped, or may not be.
    pub(crate) fn only_cluster_scoped<'r>(&self, rules: &'r [PolicyRule]) -> Vec<&'r str> {
        let mut resources = Vec::new();
        let mut seen = HashSet::new();
        for rule in rules.iter().filter(|rule| !rule.resources.is_empty()) {
            let Some(groups) = kubernetes_groups(rule) else {
                return Vec::new();
            };
            for entry in &rule.resources {
                if !self.is_cluster_scoped(entry, &groups) {
                    return Vec::new();
                }
                if seen.insert(entry.as_str()) {
                    resources.push(entry.as_str());
                }
            }
        }
        resources
    }
}

/// Returns whether Kubernetes ships the API group.
pub(crate) fn is_kubernetes_group(group: &str) -> bool {
    RESOURCES
        .iter()
        .chain(OPTIONAL_RESOURCES)
        .any(|resource| resource.group == group)
}

/// Returns the API groups of a rule if Kubernetes ships all of them; `None` if the rule can mean the
/// resource of another group.
fn kubernetes_groups(rule: &PolicyRule) -> Option<HashSet<&str>> {
    let groups: HashSet<&str> = rule.api_groups.iter().map(String::as_str).collect();
    let is_known = |group: &&str| is_kubernetes_group(group);
    (!groups.is_empty() && groups.iter().all(is_known)).then_some(groups)
}

/// Checks one rule of a Role (`is_namespaced`) or of a `ClusterRole`.
pub(crate) fn check(
    rule: &PolicyRule,
    path: &str,
    is_namespaced: bool,
    vocabulary: &Vocabulary,
    out: &mut Findings,
) {
    if !rule.resources.is_empty() {
        check_resources(rule, path, vocabulary, out);
        check_names(rule, path, out);
    }
    if is_namespaced && let Some(groups) = kubernetes_groups(rule) {
        let is_outside = |entry: &&String| vocabulary.is_cluster_scoped(entry, &groups);
        let outside: Vec<&String> = rule.resources.iter().filter(is_outside).collect();
        report(out, FindingCode::ClusterScopedInNamespace, path, &outside);
    }
    let groups: Vec<&String> = rule
        .api_groups
        .iter()
        .filter(|group| !has_group_form(group))
        .collect();
    report(out, FindingCode::GroupForm, path, &groups);
    check_verbs(rule, path, out);
    check_urls(rule, path, out);
}

fn check_resources(rule: &PolicyRule, path: &str, vocabulary: &Vocabulary, out: &mut Findings) {
    let wildcards: Vec<&String> = rule
        .resources
        .iter()
        .filter(|entry| entry.ends_with("/*") || entry.as_str() == "*/")
        .collect();
    report(out, FindingCode::SubresourceWildcard, path, &wildcards);

    let can_be_kubernetes = rule
        .api_groups
        .iter()
        .any(|group| group == "*" || is_kubernetes_group(group));
    let is_kubernetes = kubernetes_groups(rule);
    let malformed: Vec<String> = rule
        .resources
        .iter()
        .filter_map(|entry| {
            let (name, subresource) = entry.split_once('/').unwrap_or((entry, ""));
            let name = name.to_ascii_lowercase();
            match vocabulary.plurals.get(&name) {
                Some(plural) if can_be_kubernetes => {
                    return Some(format!("{} instead of {plural}", plain(entry)));
                }
                _ if !has_resource_form(entry) => return Some(plain(entry)),
                _ => {}
            }
            // Other groups have their own resources and subresources.
            let groups = is_kubernetes.as_ref()?;
            let meant = match spelling::subresource_meant(subresource) {
                Some(meant) => format!("{name}/{meant}"),
                None => vocabulary.meant(&name, groups)?.to_owned(),
            };
            Some(format!("{} instead of {}", plain(entry), plain(&meant)))
        })
        .collect();
    if !malformed.is_empty() {
        out.add(FindingCode::ResourceNameForm, path, join(&malformed));
    }

    let Some(groups) = is_kubernetes else {
        return;
    };
    let misplaced: Vec<String> = rule
        .resources
        .iter()
        .filter_map(|entry| {
            let name = without_subresource(entry);
            let group = group_of_impersonated(name, rule, &groups)
                .or_else(|| vocabulary.group_of_misplaced(name, &groups))?;
            let group = if group.is_empty() {
                "the core group"
            } else {
                group
            };
            Some(format!("{} is in {group}", plain(entry)))
        })
        .collect();
    if !misplaced.is_empty() {
        let groups = list(&rule.api_groups);
        let message = format!("{}, not in {groups}", join(&misplaced));
        out.add(FindingCode::ResourceNotInGroup, path, message);
    }
}

/// Returns the API group in which the API server asks for a rule's impersonation verbs, if the rule
/// lacks this group.
fn group_of_impersonated(
    name: &str,
    rule: &PolicyRule,
    groups: &HashSet<&str>,
) -> Option<&'static str> {
    if !matches!(name, "groups" | "serviceaccounts" | "users") {
        return None;
    }
    let all = |is_so: fn(&str) -> bool| rule.verbs.iter().all(|verb| is_so(verb));
    let group = if all(|verb| verb == "impersonate") {
        ""
    } else if all(|verb| verb.starts_with("impersonate:")) {
        "authentication.k8s.io"
    } else {
        return None;
    };
    (!rule.verbs.is_empty() && !groups.contains(group)).then_some(group)
}

/// Finds names in rules for which the API server asks without a name, or with the name `*`.
fn check_synthetic_names(rule: &PolicyRule, path: &str, out: &mut Findings) {
    if rule.resource_names.is_empty() {
        return;
    }
    let names = list(&rule.resource_names);
    let is_claim_binding = rule.resources.iter().any(|entry| entry == CLAIM_BINDING.1);
    if rule.allows_group(CLAIM_BINDING.0) && is_claim_binding && !rule.allows_name(None) {
        let message = format!("{} with the names {names}", CLAIM_BINDING.1);
        out.add(FindingCode::NamesWithoutEffect, path, message);
    }
    let verb = "impersonate:associated-node";
    let has_verb = rule.verbs.iter().any(|entry| entry == verb);
    if has_verb && !rule.allows_name(Some("*")) {
        let message = format!("{verb} with the names {names}");
        out.add(FindingCode::NamesWithoutEffect, path, message);
    }
}

fn check_names(rule: &PolicyRule, path: &str, out: &mut Findings) {
    check_synthetic_names(rule, path, out);
    // An empty entry matches requests without a name, so the author knows about such requests.
    let allows_nameless = rule.resource_names.iter().any(String::is_empty);
    // A subresource is created under the name of its parent.
    let has_collection = rule.resources.iter().any(|entry| !entry.contains('/'));
    if rule.resource_names.is_empty() || allows_nameless || !has_collection {
        return;
    }
    let mut check = |code: FindingCode, verbs: [&str; 2]| {
        let listed: Vec<&String> = rule
            .verbs
            .iter()
            .filter(|verb| verbs.contains(&verb.as_str()))
            .collect();
        if !listed.is_empty() {
            let names = list(&rule.resource_names);
            let message = format!("{} with the names {names}", list(&listed));
            out.add(code, path, message);
        }
    };
    check(FindingCode::NamesWithCreate, ["create", "deletecollection"]);
    check(FindingCode::NamesWithList, ["list", "watch"]);
}

fn check_verbs(rule: &PolicyRule, path: &str, out: &mut Findings) {
    let is_malformed = |verb: &&String| {
        verb.chars().any(|c| c.is_uppercase() || c.is_whitespace())
            || (verb.contains('*') && verb.as_str() != "*")
    };
    let malformed: Vec<&String> = rule.verbs.iter().filter(is_malformed).collect();
    report(out, FindingCode::VerbForm, path, &malformed);
    if !rule.resources.is_empty() && kubernetes_groups(rule).is_some() {
        let misspelled: Vec<String> = rule
            .verbs
            .iter()
            .filter(|verb| !is_malformed(verb))
            .filter_map(|verb| Some((verb, spelling::verb_meant(verb)?)))
            .map(|(verb, meant)| format!("{} instead of {meant}", plain(verb)))
            .collect();
        if !misspelled.is_empty() {
            out.add(FindingCode::VerbForm, path, join(&misspelled));
        }
    }
    let is_method = |verb: &String| verb == "*" || METHODS.contains(&verb.as_str());
    if !rule.non_resource_urls.is_empty()
        && rule.resources.is_empty()
        && !rule.verbs.is_empty()
        && malformed.is_empty()
        && !rule.verbs.iter().any(is_method)
    {
        let message = format!("no HTTP method is called {}", list(&rule.verbs));
        out.add(FindingCode::VerbForm, path, message);
    }
}

fn check_urls(rule: &PolicyRule, path: &str, out: &mut Findings) {
    let is_malformed = |url: &&String| {
        let start = url.trim_end_matches('*');
        let is_wildcard = start.is_empty() && !url.is_empty();
        (!start.starts_with('/') && !is_wildcard) || start.contains('*')
    };
    let malformed: Vec<&String> = rule.non_resource_urls.iter().filter(is_malformed).collect();
    report(out, FindingCode::UrlForm, path, &malformed);
    if rule.non_resource_urls.len() > MAX_URLS_COMPARED {
        let message = format!("its paths are more than {MAX_URLS_COMPARED}, too many to compare");
        out.add(FindingCode::NotChecked, path, message);
        return;
    }
    let lacks_parent = |url: &&String| {
        let parent = url.strip_suffix("/*").filter(|parent| !parent.is_empty());
        parent.is_some_and(|parent| !rule.allows_path(parent))
    };
    let lacking: Vec<&String> = rule.non_resource_urls.iter().filter(lacks_parent).collect();
    report(out, FindingCode::UrlWithoutParent, path, &lacking);
}

fn report(out: &mut Findings, code: FindingCode, path: &str, entries: &[&String]) {
    if !entries.is_empty() {
        out.add(code, path, list(entries));
    }
}

/// Joins phrases that are already worded and escaped.
fn join(phrases: &[String]) -> String {
    match phrases {
        [one, two, three, _, ..] => format!("{one}, {two}, {three} and others"),
        _ => phrases.join(", "),
    }
}

fn without_subresource(entry: &str) -> &str {
    entry
        .split_once('/')
        .map_or(entry, |(resource, _)| resource)
}

/// Returns whether an entry has the form of a resource: lower-case labels, or a wildcard.
fn has_resource_form(entry: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c))
    };
    match entry.split_once('/') {
        None => entry == "*" || is_label(entry),
        // SubresourceWildcard reports the star.
        Some((resource, "*")) => resource == "*" || is_label(resource),
        Some((resource, subresource)) => {
            (resource == "*" || is_label(resource))
                && subresource.split('/').all(|part| !part.is_empty())
                && !subresource.chars().any(|c| c.is_whitespace() || c == '*')
        }
    }
}

/// Returns whether an entry has the form of an API group, or is the wildcard.
fn has_group_form(entry: &str) -> bool {
    let is_version = |entry: &str| {
        let mut rest = entry.strip_prefix('v').unwrap_or_default().chars();
        rest.next().is_some_and(|c| c.is_ascii_digit())
            && rest.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    let is_group_char = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
    match entry {
        "" | "*" => true,
        "core" | "api" => false,
        _ => entry.chars().all(is_group_char) && !is_version(entry),
    }
}
