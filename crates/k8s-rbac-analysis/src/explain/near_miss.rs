//! Rules that nearly match a request, with the part that fails and the likely intention.

use std::fmt::{self, Display, Formatter};

use k8s_rbac::{BindingGrant, PolicyRule, Quoted, QuotedTexts, Request, ResourceRequest};

use k8s_rbac::api_resources::find;

/// A rule that does not allow a request, for one reason. Prints as a sentence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NearMiss<'p> {
    grant: BindingGrant<'p>,
    part: Part,
    trap: Option<Trap>,
}

impl<'p> NearMiss<'p> {
    pub(super) const fn new(grant: BindingGrant<'p>, part: Part, trap: Option<Trap>) -> Self {
        Self { grant, part, trap }
    }

    /// Returns the grant that the rule would make.
    #[must_use]
    pub const fn grant(&self) -> BindingGrant<'p> {
        self.grant
    }

    /// Returns the part that fails.
    #[must_use]
    pub const fn part(&self) -> Part {
        self.part
    }

    /// Returns the likely misreading. `None` if no misreading is recognized.
    #[must_use]
    pub const fn trap(&self) -> Option<Trap> {
        self.trap
    }
}

impl Display for NearMiss<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let rule = self.grant.rule();
        write!(f, "{}: ", self.grant)?;
        match self.part {
            Part::Group => write!(
                f,
                "its API groups are {}",
                QuotedTexts::new(&rule.api_groups)
            ),
            Part::MissingName => write!(
                f,
                "it is for the names {}, and the request has none",
                QuotedTexts::new(&rule.resource_names)
            ),
            Part::Name => write!(
                f,
                "its names are {}",
                QuotedTexts::new(&rule.resource_names)
            ),
            Part::Namespace => f.write_str("a RoleBinding holds in its own namespace only"),
            Part::Path => write!(
                f,
                "its paths are {}",
                QuotedTexts::new(&rule.non_resource_urls)
            ),
            Part::Resource | Part::Subresource => {
                write!(f, "its resources are {}", QuotedTexts::new(&rule.resources))
            }
            Part::Subject => {
                let kind = Quoted::new(self.grant.subject().kind);
                write!(f, "the user is not meant by its subject of kind {kind}")
            }
            Part::Verb => write!(f, "its verbs are {}", QuotedTexts::new(&rule.verbs)),
        }?;
        match self.trap {
            None => Ok(()),
            Some(trap) => write!(f, "; {trap}"),
        }
    }
}

/// The part of a rule or its binding that does not match a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Part {
    /// The API group.
    Group,
    /// The request names no object, as for list and create, and the rule has `resourceNames`.
    MissingName,
    /// The object's name.
    Name,
    /// The binding is in another namespace, or the request has none. A `RoleBinding` never grants
    /// paths.
    Namespace,
    /// The path: it differs by a slash at its end, or the rule's paths begin below it. Other paths
    /// are not near misses.
    Path,
    /// The resource.
    Resource,
    /// The subject: it has the user's name but is not the user.
    Subject,
    /// The subresource; the resource matches.
    Subresource,
    /// The verb.
    Verb,
}

/// Text in a rule or a binding that means less than it seems to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Trap {
    /// A service account of that name, but of another namespace.
    AccountElsewhere,
    /// A service account without a namespace in a `ClusterRoleBinding`, which has no namespace to
    /// fill in.
    AccountWithoutNamespace,
    /// The rule's path ends in `/*`, which begins below the requested path.
    BelowPath,
    /// `resourceNames` with a verb whose requests name no object: `create`, `list`, `watch` and
    /// `deletecollection`.
    NamesWithoutName,
    /// The text differs only in case.
    OtherCase,
    /// The name is the user's, but the subject is a group or a service account.
    OtherKind,
    /// The resource's singular, short name or kind, or its name with its group, as `kubectl`
    /// accepts it.
    OtherWord,
    /// Paths in a role that a `RoleBinding` grants.
    PathsInNamespace,
    /// `pods/*`: a star after a slash is not a wildcard.
    StarAfterSlash,
    /// The resource is cluster-scoped, and the binding is a `RoleBinding`.
    ClusterScoped,
    /// `get*`, `*.k8s.io` or a name `*`: a star is not a wildcard there.
    StarInWord,
    /// A slash at the end, which makes it another path.
    TrailingSlash,
    /// The kind is unknown.
    UnknownKind,
}

impl Display for Trap {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AccountElsewhere => "that service account is of another namespace",
            Self::AccountWithoutNamespace => {
                "a ServiceAccount without a namespace matches no user in a ClusterRoleBinding"
            }
            Self::BelowPath => "what ends in \"/*\" begins below the path",
            Self::NamesWithoutName => {
                "create, list, watch and deletecollection are of no object by name"
            }
            Self::OtherCase => "capitals count",
            Self::OtherKind => "the name fits, the kind does not",
            Self::OtherWord => "RBAC knows resources by their plural alone",
            Self::PathsInNamespace => "paths are given by ClusterRoleBindings alone",
            Self::StarAfterSlash => "after a slash, a star is no wildcard",
            Self::ClusterScoped => "no RoleBinding grants a cluster-scoped resource",
            Self::StarInWord => "a star beside or instead of a part of a word is no wildcard",
            Self::TrailingSlash => "a slash at the end makes another path",
            Self::UnknownKind => "there are the kinds User, Group and ServiceAccount, so written",
        })
    }
}

/// Returns why the scope of a binding does not match a request.
pub(super) fn of_scope(request: &Request<'_>) -> Failed {
    let trap = match request {
        Request::Path(_) => Some(Trap::PathsInNamespace),
        Request::Resource(request) => {
            let known = find(request.resource(), request.group());
            let is_cluster_scoped = known.is_some_and(|known| !known.is_namespaced);
            (is_cluster_scoped && request.namespace().is_none()).then_some(Trap::ClusterScoped)
        }
    };
    (Part::Namespace, trap)
}

/// The part that fails, and the likely misreading.
pub(super) type Failed = (Part, Option<Trap>);

/// More than one part fails, or the part is not a near miss.
pub(super) struct Far;

/// Returns the part of a rule that fails. `None` if the rule allows the request.
pub(super) fn judge(rule: &PolicyRule, request: &Request<'_>) -> Result<Option<Failed>, Far> {
    let of_verb = || {
        let trap = of_words(&rule.verbs, request.verb());
        Ok((Part::Verb, trap))
    };
    let parts = match request {
        Request::Path(request) => [
            (!rule.allows_verb(request.verb())).then(of_verb),
            (!rule.allows_path(request.path())).then(|| of_path(rule, request.path())),
            None,
            None,
        ],
        Request::Resource(request) => [
            (!rule.allows_verb(request.verb())).then(of_verb),
            (!rule.allows_group(request.group()))
                .then(|| Ok((Part::Group, of_words(&rule.api_groups, request.group())))),
            (!rule.allows_resource(request)).then(|| of_resource(rule, request)),
            (!rule.allows_name(request.name())).then(|| of_name(rule, request)),
        ],
    };
    let mut parts = parts.into_iter().flatten();
    match (parts.next(), parts.next()) {
        (None, _) => Ok(None),
        (Some(part), None) => part.map(Some),
        (Some(_), Some(_)) => Err(Far),
    }
}

fn of_path(rule: &PolicyRule, path: &str) -> Result<Failed, Far> {
    let bare = path.trim_end_matches('/');
    if bare.is_empty() {
        return Err(Far);
    }
    let almost = |entry: &&String| entry.trim_end_matches('*').trim_end_matches('/') == bare;
    let entry = rule.non_resource_urls.iter().find(almost).ok_or(Far)?;
    let trap = match entry.ends_with('*') {
        true => Trap::BelowPath,
        false => Trap::TrailingSlash,
    };
    Ok((Part::Path, Some(trap)))
}

fn of_resource(rule: &PolicyRule, request: &ResourceRequest<'_>) -> Result<Failed, Far> {
    let asked = request.resource();
    let apart = |entry| match <str>::split_once(entry, '/') {
        None => (entry, None),
        Some((resource, subresource)) => (resource, Some(subresource)),
    };
    let entries = || rule.resources.iter().map(|entry| apart(entry.as_str()));
    if entries().any(|(resource, _)| resource == asked) {
        let mut stars = entries()
            .filter(|&(resource, _)| resource == asked || resource == "*")
            .filter_map(|(_, subresource)| subresource);
        let is_star = request.subresource().is_some() && stars.any(|star| star == "*");
        return Ok((Part::Subresource, is_star.then_some(Trap::StarAfterSlash)));
    }
    let of_all = entries().any(|apart| apart == ("*", Some("*")));
    let known = find(asked, request.group());
    let is_known_as = |word: &str| {
        // As kubectl accepts it: `deployments.apps`.
        let word = word.split_once('.').map_or(word, |(word, _)| word);
        word == asked
            || known.is_some_and(|known| {
                known.short_names.contains(&word) || known.kind.eq_ignore_ascii_case(word)
            })
    };
    let trap = if of_all {
        Some(Trap::StarAfterSlash)
    } else {
        match of_words(&rule.resources, asked) {
            None if entries().any(|(word, _)| is_known_as(word)) => Some(Trap::OtherWord),
            trap => trap,
        }
    };
    Ok((Part::Resource, trap))
}

fn of_name(rule: &PolicyRule, request: &ResourceRequest<'_>) -> Result<Failed, Far> {
    let names = &rule.resource_names;
    Ok(match request.name() {
        None => (Part::MissingName, Some(Trap::NamesWithoutName)),
        Some(name) => (Part::Name, of_words(names, name)),
    })
}

/// Finds an entry that is nearly a word: it differs in case, or would be a pattern elsewhere.
fn of_words(entries: &[String], word: &str) -> Option<Trap> {
    let is_pattern = |entry: &String| match entry.split_once('*') {
        Some((before, after)) => {
            let rest = word.strip_prefix(before);
            rest.is_some_and(|rest| rest.ends_with(after))
        }
        None => false,
    };
    if entries.iter().any(is_pattern) {
        return Some(Trap::StarInWord);
    }
    let mut entries = entries.iter();
    let is_same = entries.any(|entry| entry.eq_ignore_ascii_case(word) && !word.is_empty());
    is_same.then_some(Trap::OtherCase)
}
