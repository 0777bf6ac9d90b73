//! Why: every grant of a request, what nearly allowed it, and what misleads.

use std::fmt::{self, Display, Formatter};

use crate::can_i::RESOURCES;
use crate::index::Bound;
use crate::objects::{PolicyRule, Subject};
use crate::policy::{PRIVILEGED_GROUP, Policy};
use crate::quote::{Quoted, QuotedTexts};
use crate::request::{Request, ResourceRequest, User};
use crate::response::{BindingGrant, Unresolved};

/// The group of kubelets, for whom the Node authorizer answers first.
const NODES: &str = "system:nodes";

impl Policy {
    /// Explains a decision: all that allows the request, and all that would if one thing about it
    /// were another.
    ///
    /// This looks at every binding there is, in the order of the walk, namespaces by name: it is
    /// for people, not for deciding.
    #[must_use]
    pub fn explain(&self, user: &User, request: &Request<'_>) -> Explanation<'_> {
        let mut explanation = Explanation {
            notes: notes(user, request),
            grants: Vec::new(),
            near_misses: Vec::new(),
            unresolved: Vec::new(),
        };
        for binding in self.all_bindings() {
            let is_asked = match binding.namespace.as_deref() {
                None => true,
                Some(namespace) => !namespace.is_empty() && request.namespace() == Some(namespace),
            };
            let own = binding.subject_of(&user.name, &user.groups);
            let Some(rules) = &binding.rules else {
                if is_asked && own.is_some() {
                    explanation.unresolved.push(Unresolved::of(binding));
                }
                continue;
            };
            let meant = own.or_else(|| mistaken(binding, user));
            let Some(subject) = meant else {
                continue;
            };
            for rule in rules.iter() {
                let of_subject = own.is_none().then_some(Part::Subject);
                let of_scope = (!is_asked).then_some(Part::Namespace);
                let mut parts = of_subject.into_iter().chain(of_scope);
                let grant = BindingGrant::of(binding, subject, rule);
                match (parts.next(), parts.next(), failing(rule, request)) {
                    (None, _, Failing::Nothing) => explanation.grants.push(grant),
                    (Some(part), None, Failing::Nothing) | (None, _, Failing::One(part)) => {
                        explanation.near_misses.push(NearMiss { grant, part });
                    }
                    _ => {}
                }
            }
        }
        explanation
    }
}

/// All that allows a request, and all that nearly does.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation<'p> {
    notes: Vec<Note>,
    grants: Vec<BindingGrant<'p>>,
    near_misses: Vec<NearMiss<'p>>,
    unresolved: Vec<Unresolved<'p>>,
}

impl<'p> Explanation<'p> {
    /// Returns what is to be known about the user and the request, whatever the policy says.
    #[must_use]
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// Returns every grant, rule by rule. The first is the one that
    /// [`Response::reason`](crate::Response::reason) names.
    #[must_use]
    pub fn grants(&self) -> &[BindingGrant<'p>] {
        &self.grants
    }

    /// Returns the rules that fail in one part only.
    #[must_use]
    pub fn near_misses(&self) -> &[NearMiss<'p>] {
        &self.near_misses
    }

    /// Returns the roles that bindings of this user refer to and that are not there.
    #[must_use]
    pub fn unresolved(&self) -> &[Unresolved<'p>] {
        &self.unresolved
    }
}

/// What to know about a user or a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Note {
    /// The resource has no namespaces, so that a real request names none and meets no `RoleBinding`.
    ClusterScoped,
    /// The user is a node: the Node authorizer would answer first.
    Node,
    /// The user may do everything, without RBAC.
    Privileged,
}

impl Display for Note {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ClusterScoped => {
                "the resource is cluster-scoped: a real request names no namespace, and no \
                 RoleBinding applies to it"
            }
            Self::Node => "the user is a node: the Node authorizer is asked before RBAC",
            Self::Privileged => "a member of system:masters may do everything, whatever RBAC says",
        })
    }
}

/// A rule that does not allow a request, for one reason. Prints as a sentence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NearMiss<'p> {
    grant: BindingGrant<'p>,
    part: Part,
}

impl<'p> NearMiss<'p> {
    /// Returns the grant that it would be.
    #[must_use]
    pub const fn grant(&self) -> BindingGrant<'p> {
        self.grant
    }

    /// Returns what fails.
    #[must_use]
    pub const fn part(&self) -> Part {
        self.part
    }
}

impl Display for NearMiss<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let rule = self.grant.rule();
        write!(f, "{}: ", self.grant)?;
        match self.part {
            Part::Group => write!(f, "its API groups are {}", QuotedTexts(&rule.api_groups)),
            Part::MissingName => write!(
                f,
                "it is for the names {}, and the request has none",
                QuotedTexts(&rule.resource_names)
            ),
            Part::Name => write!(f, "its names are {}", QuotedTexts(&rule.resource_names)),
            Part::Namespace => f.write_str("a RoleBinding holds in its own namespace only"),
            Part::Path => write!(f, "its paths are {}", QuotedTexts(&rule.non_resource_urls)),
            Part::Subject => {
                let kind = Quoted(&self.grant.subject().kind);
                write!(f, "the user is not meant by its subject of kind {kind}")
            }
            Part::Subresource => write!(f, "its resources are {}", QuotedTexts(&rule.resources)),
            Part::Verb => write!(f, "its verbs are {}", QuotedTexts(&rule.verbs)),
        }
    }
}

/// What of a rule and its binding does not fit a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Part {
    /// The API group.
    Group,
    /// The request is for no object in particular, as list and create are, and the rule names some.
    MissingName,
    /// The object's name.
    Name,
    /// The binding is of another namespace, or the request of none. A `RoleBinding` never gives
    /// paths.
    Namespace,
    /// The path: it differs in a slash at its end, or is where the rule's paths only begin.
    Path,
    /// The subject: the name is the user's, but the kind is unknown, written in another case, or a
    /// service account without a namespace.
    Subject,
    /// The resource is the same, its subresource is not. `pods/*` is no wildcard.
    Subresource,
    /// The verb.
    Verb,
}

enum Failing {
    Nothing,
    One(Part),
    Others,
}

fn failing(rule: &PolicyRule, request: &Request<'_>) -> Failing {
    let parts = match request {
        Request::Path(request) => [
            (!rule.has_verb(request.verb())).then_some(Failing::One(Part::Verb)),
            (!rule.has_path(request.path())).then(|| almost_path(rule, request.path())),
            None,
            None,
        ],
        Request::Resource(request) => [
            (!rule.has_verb(request.verb())).then_some(Failing::One(Part::Verb)),
            (!rule.has_group(request.group())).then_some(Failing::One(Part::Group)),
            (!rule.has_resource(request)).then(|| almost_resource(rule, request)),
            (!rule.has_name(request.name())).then_some(Failing::One(match request.name() {
                None => Part::MissingName,
                Some(_) => Part::Name,
            })),
        ],
    };
    let mut failing = parts.into_iter().flatten();
    match (failing.next(), failing.next()) {
        (None, _) => Failing::Nothing,
        (Some(one), None) => one,
        _ => Failing::Others,
    }
}

fn almost_path(rule: &PolicyRule, path: &str) -> Failing {
    let bare = path.trim_end_matches('/');
    let mut paths = rule.non_resource_urls.iter();
    let is_almost = paths.any(|entry| entry.trim_end_matches('*').trim_end_matches('/') == bare);
    if is_almost && !bare.is_empty() {
        Failing::One(Part::Path)
    } else {
        Failing::Others
    }
}

fn almost_resource(rule: &PolicyRule, request: &ResourceRequest<'_>) -> Failing {
    let mut resources = rule.resources.iter();
    let is_same = resources.any(|entry| {
        let resource = entry
            .split_once('/')
            .map_or(entry.as_str(), |(resource, _)| resource);
        resource == request.resource()
    });
    if is_same {
        Failing::One(Part::Subresource)
    } else {
        Failing::Others
    }
}

/// Finds a subject that has the user's name and is not the user.
fn mistaken<'p>(binding: &'p Bound, user: &User) -> Option<&'p Subject> {
    let account = user.name.strip_prefix("system:serviceaccount:");
    let account = account.and_then(|name| Some(name.split_once(':')?.1));
    binding.subjects.iter().find(|subject| {
        match subject.kind.as_str() {
            // Its namespace was forgotten where no binding has one to fill in.
            "ServiceAccount" => {
                let is_nowhere = subject.namespace.is_empty() && binding.namespace.is_none();
                is_nowhere && account == Some(subject.name.as_str())
            }
            "Group" | "User" => false,
            _ => {
                let is_account = account == Some(subject.name.as_str());
                is_account || subject.name == user.name || user.groups.contains(&subject.name)
            }
        }
    })
}

fn notes(user: &User, request: &Request<'_>) -> Vec<Note> {
    let is_in = |group: &str| user.groups.iter().any(|own| own == group);
    let is_misplaced = match request {
        Request::Resource(request) if request.namespace().is_some() => {
            let mut known = RESOURCES.iter();
            let known = known
                .find(|known| known.name == request.resource() && known.group == request.group());
            // The path of a Namespace object is also one into that namespace.
            let is_own =
                request.resource() == "namespaces" && request.name() == request.namespace();
            known.is_some_and(|known| !known.is_namespaced) && !is_own
        }
        _ => false,
    };
    let notes = [
        is_in(PRIVILEGED_GROUP).then_some(Note::Privileged),
        is_in(NODES).then_some(Note::Node),
        is_misplaced.then_some(Note::ClusterScoped),
    ];
    notes.into_iter().flatten().collect()
}
