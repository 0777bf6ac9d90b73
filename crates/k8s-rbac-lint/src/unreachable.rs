//! What of a rule no request ever matches.

use std::collections::{HashMap, HashSet};

use crate::finding::Findings;
use crate::finding_code::FindingCode;
use crate::wording::{list, plain};
use k8s_rbac::PolicyRule;
use k8s_rbac::api_resources::{ApiResource, RESOURCES};

/// The methods that a request for a path can have, as verbs.
const METHODS: [&str; 7] = ["delete", "get", "head", "options", "patch", "post", "put"];

/// How many paths of a rule are compared with each other. Our choice: the default policy's longest
/// list has eleven.
const MAX_URLS_COMPARED: usize = 128;

/// The resources that Kubernetes ships, by every word that somebody could mean one by.
pub(crate) struct Vocabulary {
    by_name: HashMap<&'static str, Vec<&'static ApiResource>>,
    by_other_word: HashMap<String, &'static str>,
}

impl Vocabulary {
    pub(crate) fn new() -> Self {
        let mut by_name: HashMap<&str, Vec<&ApiResource>> = HashMap::new();
        let mut by_other_word = HashMap::new();
        for resource in RESOURCES {
            by_name.entry(resource.name).or_default().push(resource);
            let short_names = resource.short_names.iter();
            let words = short_names.map(|&name| name.to_owned());
            for word in words.chain([resource.singular()]) {
                by_other_word.entry(word).or_insert(resource.name);
            }
        }
        by_other_word.retain(|word, _| !by_name.contains_key(word.as_str()));
        Self {
            by_name,
            by_other_word,
        }
    }

    /// Returns the group that a resource is in, if it is Kubernetes' own and in none of these.
    fn misplaced(&self, name: &str, groups: &HashSet<&str>) -> Option<&'static str> {
        let known = self.by_name.get(name)?;
        let is_there = known.iter().any(|known| groups.contains(known.group));
        known.first().filter(|_| !is_there).map(|known| known.group)
    }

    /// Says whether a resource is Kubernetes' own in each of some groups, and in no namespace.
    fn is_cluster_scoped(&self, name: &str, groups: &HashSet<&str>) -> bool {
        let known = self.by_name.get(name).map_or(&[][..], Vec::as_slice);
        !known.is_empty()
            && groups.iter().all(|group| {
                let mut known = known.iter();
                known.any(|known| known.group == *group && !known.is_namespaced)
            })
    }
}

/// Says whether a group is one of Kubernetes' own.
pub(crate) fn is_own_group(group: &str) -> bool {
    RESOURCES.iter().any(|resource| resource.group == group)
}

/// Returns the API groups of a rule, if all of them are Kubernetes' own: then no resource of
/// another can be meant.
fn own_groups(rule: &PolicyRule) -> Option<HashSet<&str>> {
    let groups: HashSet<&str> = rule.api_groups.iter().map(String::as_str).collect();
    let is_own = |group: &&str| is_own_group(group);
    (!groups.is_empty() && groups.iter().all(is_own)).then_some(groups)
}

/// Looks at one rule, of a Role or of a `ClusterRole`.
pub(crate) fn check(
    rule: &PolicyRule,
    path: &str,
    is_namespaced: bool,
    vocabulary: &Vocabulary,
    out: &mut Findings,
) {
    if !rule.resources.is_empty() {
        resources(rule, path, vocabulary, out);
        names(rule, path, out);
    }
    if is_namespaced && let Some(groups) = own_groups(rule) {
        let is_outside = |entry: &&String| {
            // A Namespace is read through its own namespace.
            **entry != "namespaces" && vocabulary.is_cluster_scoped(entry, &groups)
        };
        let outside: Vec<&String> = rule.resources.iter().filter(is_outside).collect();
        report(out, FindingCode::ClusterScopedInNamespace, path, &outside);
    }
    let groups: Vec<&String> = (rule.api_groups.iter())
        .filter(|group| !is_group(group))
        .collect();
    report(out, FindingCode::GroupForm, path, &groups);
    verbs(rule, path, out);
    urls(rule, path, out);
}

fn resources(rule: &PolicyRule, path: &str, vocabulary: &Vocabulary, out: &mut Findings) {
    let entries = || rule.resources.iter();
    let wildcards: Vec<&String> = entries()
        .filter(|entry| entry.ends_with("/*") || entry.as_str() == "*/")
        .collect();
    report(out, FindingCode::SubresourceWildcard, path, &wildcards);

    let groups = || rule.api_groups.iter();
    let has_own_group = groups().any(|group| group == "*" || is_own_group(group));
    let forms = entries().filter_map(|entry| {
        let resource = resource_of(entry);
        let other = (vocabulary.by_other_word.get(&resource.to_ascii_lowercase()))
            .filter(|_| has_own_group);
        match other {
            Some(plural) => Some(format!("{} instead of {plural}", plain(entry))),
            None => (!is_resource(entry)).then(|| plain(entry)),
        }
    });
    let forms: Vec<String> = forms.collect();
    if !forms.is_empty() {
        out.add(FindingCode::ResourceNameForm, path, list_as_is(&forms));
    }

    let Some(groups) = own_groups(rule) else {
        return;
    };
    let misplaced = entries().filter_map(|entry| {
        let group = vocabulary.misplaced(resource_of(entry), &groups)?;
        let group = if group.is_empty() {
            "the core group"
        } else {
            group
        };
        Some(format!("{} is in {group}", plain(entry)))
    });
    let misplaced: Vec<String> = misplaced.collect();
    if !misplaced.is_empty() {
        let groups = list(&rule.api_groups);
        let message = format!("{}, not in {groups}", list_as_is(&misplaced));
        out.add(FindingCode::ResourceNotInGroup, path, message);
    }
}

fn names(rule: &PolicyRule, path: &str, out: &mut Findings) {
    let has_names = rule.resource_names.iter().any(|name| !name.is_empty());
    // A subresource is created under a name. One entry that is none suffices to be meant.
    let is_collection = rule.resources.iter().any(|entry| !entry.contains('/'));
    if !has_names || !is_collection || rule.resource_names.iter().any(String::is_empty) {
        return;
    }
    let of = |verbs: &[&str]| -> Vec<&String> {
        let own = rule.verbs.iter();
        own.filter(|verb| verbs.contains(&verb.as_str())).collect()
    };
    let never = of(&["create", "deletecollection"]);
    if !never.is_empty() {
        let message = format!(
            "{} with the names {}",
            list(&never),
            list(&rule.resource_names)
        );
        out.add(FindingCode::NamesWithCreate, path, message);
    }
    let seldom = of(&["list", "watch"]);
    if !seldom.is_empty() {
        let message = format!(
            "{} with the names {}",
            list(&seldom),
            list(&rule.resource_names)
        );
        out.add(FindingCode::NamesWithList, path, message);
    }
}

fn verbs(rule: &PolicyRule, path: &str, out: &mut Findings) {
    let is_odd = |verb: &&String| {
        verb.chars().any(|c| c.is_uppercase() || c.is_whitespace())
            || (verb.contains('*') && verb.as_str() != "*")
    };
    let odd: Vec<&String> = rule.verbs.iter().filter(is_odd).collect();
    report(out, FindingCode::VerbForm, path, &odd);
    let is_method = |verb: &String| verb == "*" || METHODS.contains(&verb.as_str());
    if !rule.non_resource_urls.is_empty()
        && rule.resources.is_empty()
        && !rule.verbs.is_empty()
        && odd.is_empty()
        && !rule.verbs.iter().any(is_method)
    {
        let message = format!(
            "{} for paths, of which no method has the name",
            list(&rule.verbs)
        );
        out.add(FindingCode::VerbForm, path, message);
    }
}

fn urls(rule: &PolicyRule, path: &str, out: &mut Findings) {
    let entries = || rule.non_resource_urls.iter();
    let is_odd = |url: &&String| {
        let start = url.trim_end_matches('*');
        let is_everything = start.is_empty() && !url.is_empty();
        (!start.starts_with('/') && !is_everything) || start.contains('*')
    };
    let odd: Vec<&String> = entries().filter(is_odd).collect();
    report(out, FindingCode::UrlForm, path, &odd);
    if rule.non_resource_urls.len() > MAX_URLS_COMPARED {
        return;
    }
    let is_orphan = |url: &&String| {
        let parent = url.strip_suffix("/*").filter(|parent| !parent.is_empty());
        parent.is_some_and(|parent| !rule.allows_path(parent))
    };
    let orphans: Vec<&String> = entries().filter(is_orphan).collect();
    report(out, FindingCode::UrlWithoutParent, path, &orphans);
}

fn report(out: &mut Findings, code: FindingCode, path: &str, entries: &[&String]) {
    if !entries.is_empty() {
        out.add(code, path, list(entries));
    }
}

/// Joins what is worded already; there are at most as many as a rule has resources.
fn list_as_is(words: &[String]) -> String {
    match words {
        [one, two, three, _, ..] => format!("{one}, {two}, {three} and others"),
        _ => words.join(", "),
    }
}

fn resource_of(entry: &str) -> &str {
    entry
        .split_once('/')
        .map_or(entry, |(resource, _)| resource)
}

/// Says whether an entry has the form of a resource: labels in lower case, or the wildcards that
/// there are.
fn is_resource(entry: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty()
            && (word.chars())
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c))
    };
    match entry.split_once('/') {
        None => entry == "*" || is_word(entry),
        // What follows a resource that is one is for `SubresourceWildcard`, or a subresource.
        Some((resource, "*")) => resource == "*" || is_word(resource),
        Some((resource, subresource)) => {
            (resource == "*" || is_word(resource))
                && subresource.split('/').all(|word| !word.is_empty())
                && !subresource.chars().any(|c| c.is_whitespace() || c == '*')
        }
    }
}

/// Says whether an entry has the form of an API group, or is the wildcard.
fn is_group(entry: &str) -> bool {
    let is_version = |word: &str| {
        let mut rest = word.strip_prefix('v').unwrap_or_default().chars();
        rest.next().is_some_and(|c| c.is_ascii_digit())
            && rest.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
    match entry {
        "" | "*" => true,
        "core" | "api" => false,
        _ => entry.chars().all(is_word) && !is_version(entry),
    }
}
