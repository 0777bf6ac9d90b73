//! What a subject of many bindings may do: by what is asked, not by which binding gives it.
//!
//! Without this, a group that everybody is in would make every decision walk all of its bindings.

use std::collections::{HashMap, HashSet};

use crate::index::Place;
use crate::objects::PolicyRule;
use crate::request::{PathRequest, Request, ResourceRequest};

/// From how many bindings of a subject on it pays. Our choice: below, walking them is as fast.
pub(crate) const MIN_PLACES: usize = 32;

/// How many keys a rule may have. Our choice: a rule with more is asked by itself, so that what is
/// built stays in proportion to what was written.
const MAX_KEYS: usize = 64;

/// The texts of rules as numbers. Shared by the subjects of a scope.
#[derive(Clone, Debug, Default)]
pub(crate) struct Symbols {
    numbers: HashMap<String, u32>,
}

impl Symbols {
    /// Stands where no text does: no restriction to names.
    const NONE: u32 = u32::MAX;
    /// Stands for the API group of paths, which have none.
    const PATH: u32 = u32::MAX.saturating_sub(1);

    fn add(&mut self, text: &str) -> u32 {
        if let Some(number) = self.find(text) {
            return number;
        }
        // More texts than numbers cannot be held in memory.
        let number = u32::try_from(self.numbers.len()).unwrap_or(Self::PATH);
        self.numbers.insert(text.to_owned(), number);
        number
    }

    fn find(&self, text: &str) -> Option<u32> {
        self.numbers.get(text).copied()
    }

    /// Finds a text and the star, as far as some rule has them.
    fn with_star(&self, text: &str) -> impl Iterator<Item = u32> + Clone {
        [self.find(text), self.find("*")].into_iter().flatten()
    }
}

/// Verb, API group, resource and name, or verb and path.
type Key = [u32; 4];

/// What one subject may do.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hot {
    /// The first place that allows what a key says.
    first: HashMap<Key, Place>,
    /// Rules that have too many keys, or none that could be looked up, each once: where it is first,
    /// and which of the role's rules it is.
    // INVARIANT: ascending.
    wide: Vec<(Place, usize)>,
    /// The places of bindings whose role is not there.
    unresolved: Vec<Place>,
}

impl Hot {
    /// Builds it from the places of a subject, in ascending order, each with its rules.
    pub(crate) fn of<'b>(
        places: impl Iterator<Item = (Place, Option<&'b [PolicyRule]>)>,
        symbols: &mut Symbols,
    ) -> Self {
        let mut hot = Self::default();
        let mut seen: HashSet<&PolicyRule> = HashSet::new();
        for (place, rules) in places {
            let Some(rules) = rules else {
                hot.unresolved.push(place);
                continue;
            };
            for (number, rule) in rules.iter().enumerate() {
                // Of the same rule only the first place counts.
                if !seen.insert(rule) {
                    continue;
                }
                if is_wide(rule) {
                    hot.wide.push((place, number));
                    continue;
                }
                hot.add(place, rule, symbols);
            }
        }
        hot
    }

    /// Returns the places of bindings whose role is not there.
    pub(crate) fn unresolved(&self) -> &[Place] {
        &self.unresolved
    }

    /// Finds the first place that allows a request. `rule` finds a rule of the binding at a place.
    pub(crate) fn first<'b>(
        &self,
        request: &Request<'_>,
        symbols: &Symbols,
        rule: impl Fn(Place, usize) -> Option<&'b PolicyRule>,
    ) -> Option<Place> {
        let mut first = match request {
            Request::Path(request) => self.first_of_path(request, symbols),
            Request::Resource(request) => self.first_of_resource(request, symbols),
        };
        for &(place, number) in &self.wide {
            // By INVARIANT no later one is before it.
            if first.is_some_and(|first| first <= place) {
                break;
            }
            if rule(place, number).is_some_and(|rule| rule.allows(request)) {
                first = Some(place);
            }
        }
        first
    }

    // The keys are those under which `PolicyRule::allows` says yes.
    fn first_of_path(&self, request: &PathRequest<'_>, symbols: &Symbols) -> Option<Place> {
        let paths = symbols.with_star(request.path());
        let verbs = symbols.with_star(request.verb());
        let keys = verbs.flat_map(|verb| {
            let paths = paths.clone();
            paths.map(move |path| [verb, Symbols::PATH, path, Symbols::NONE])
        });
        keys.filter_map(|key| self.first.get(&key).copied()).min()
    }

    fn first_of_resource(&self, request: &ResourceRequest<'_>, symbols: &Symbols) -> Option<Place> {
        let (resource, of_all) = match request.subresource() {
            None => (symbols.find(request.resource()), None),
            Some(subresource) => (
                find_joined(request.resource(), subresource, symbols),
                find_joined("*", subresource, symbols),
            ),
        };
        let resources = [resource, of_all, symbols.find("*")].into_iter().flatten();
        let name = symbols.find(request.name().unwrap_or_default());
        let names = [Some(Symbols::NONE), name].into_iter().flatten();
        let groups = symbols.with_star(request.group());
        let mut first = None;
        for verb in symbols.with_star(request.verb()) {
            for group in groups.clone() {
                for resource in resources.clone() {
                    for name in names.clone() {
                        let place = self.first.get(&[verb, group, resource, name]).copied();
                        first = [first, place].into_iter().flatten().min();
                    }
                }
            }
        }
        first
    }

    fn add(&mut self, place: Place, rule: &PolicyRule, symbols: &mut Symbols) {
        let mut numbers =
            |list: &[String]| -> Vec<u32> { list.iter().map(|text| symbols.add(text)).collect() };
        let verbs = numbers(&rule.verbs);
        let groups = numbers(&rule.api_groups);
        let resources = numbers(&rule.resources);
        let paths = numbers(&rule.non_resource_urls);
        let mut names = numbers(&rule.resource_names);
        if names.is_empty() {
            names.push(Symbols::NONE);
        }
        for &verb in &verbs {
            for &path in &paths {
                let key = [verb, Symbols::PATH, path, Symbols::NONE];
                self.first.entry(key).or_insert(place);
            }
            for &group in &groups {
                for &resource in &resources {
                    for &name in &names {
                        let key = [verb, group, resource, name];
                        self.first.entry(key).or_insert(place);
                    }
                }
            }
        }
    }
}

fn is_wide(rule: &PolicyRule) -> bool {
    let of_resources = [&rule.api_groups, &rule.resources]
        .into_iter()
        .map(Vec::len)
        .fold(rule.resource_names.len().max(1), usize::saturating_mul);
    let things = of_resources.saturating_add(rule.non_resource_urls.len());
    // A path that stands for longer ones cannot be looked up; the star alone can.
    let mut paths = rule.non_resource_urls.iter();
    rule.verbs.len().saturating_mul(things) > MAX_KEYS
        || paths.any(|path| path != "*" && path.ends_with('*'))
}

/// Finds `resource/subresource`, on the stack if it is of an ordinary length.
fn find_joined(resource: &str, subresource: &str, symbols: &Symbols) -> Option<u32> {
    let mut buffer = [0; 128];
    let pieces = [resource, "/", subresource];
    let mut rest: &mut [u8] = &mut buffer;
    let mut written: usize = 0;
    for piece in pieces {
        let Some((target, after)) = rest.split_at_mut_checked(piece.len()) else {
            return symbols.find(&pieces.concat());
        };
        target.copy_from_slice(piece.as_bytes());
        written = written.saturating_add(piece.len());
        rest = after;
    }
    symbols.find(std::str::from_utf8(buffer.get(..written)?).ok()?)
}
