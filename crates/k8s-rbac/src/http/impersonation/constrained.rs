//! Constrained impersonation: acting as a user in some requests only.
//!
//! As upstream: apiserver, pkg/endpoints/filters/impersonation/mode.go and `constrained_impersonation.go`.

use std::borrow::Cow;

use crate::admission::names::dns_subdomain;
use crate::go_text::quote::Quoted;
use crate::http::impersonation::{
    AUTHENTICATION_GROUP, Attempt, Impersonation, ImpersonationRefusal,
};
use crate::request::{Request, ResourceRequest, User};
use crate::subject_name::ServiceAccount;

/// The prefix of the usernames of nodes.
const NODE_PREFIX: &str = "system:node:";

/// From this number of groups or of extra values on, the API server first checks whether the caller may use all of
/// them. As upstream: `manyAuthorizationChecksInLoop`.
const MANY: usize = 4;

/// A kind of user, with its own verbs. In the order in which the API server tries them.
#[derive(Clone, Copy)]
enum Mode {
    /// The node to which the caller's token is bound.
    AssociatedNode,
    /// Any node.
    ArbitraryNode,
    /// A service account.
    ServiceAccount,
    /// A user who is neither a node nor a service account.
    UserInfo,
}

impl Mode {
    const ALL: [Self; 4] = [
        Self::AssociatedNode,
        Self::ArbitraryNode,
        Self::ServiceAccount,
        Self::UserInfo,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::AssociatedNode => "associated-node",
            Self::ArbitraryNode => "arbitrary-node",
            Self::ServiceAccount => "serviceaccount",
            Self::UserInfo => "user-info",
        }
    }

    /// The verb of the requests for the parts of the user.
    const fn verb(self) -> &'static str {
        match self {
            Self::AssociatedNode => "impersonate:associated-node",
            Self::ArbitraryNode => "impersonate:arbitrary-node",
            Self::ServiceAccount => "impersonate:serviceaccount",
            Self::UserInfo => "impersonate:user-info",
        }
    }
}

/// The user whom a caller wants to act as.
#[derive(Clone, Copy)]
enum Target<'i> {
    Node(&'i str),
    ServiceAccount(ServiceAccount<'i>),
    Other(&'i str),
}

impl<'i> Target<'i> {
    fn of(impersonation: &'i Impersonation) -> Self {
        let username = impersonation.username.as_str();
        let node = username
            .strip_prefix(NODE_PREFIX)
            .filter(|name| dns_subdomain(name).is_empty());
        match (node, impersonation.service_account()) {
            (Some(node), _) => Self::Node(node),
            (None, Some(account)) => Self::ServiceAccount(account),
            (None, None) => Self::Other(username),
        }
    }

    /// Returns whether a mode is for this user. For a node or a service account, only the username may be
    /// given.
    fn is_of(self, mode: Mode, attempt: &Attempt<'_, 'i>) -> bool {
        let Impersonation {
            groups,
            uid,
            extra,
            node_of_caller,
            ..
        } = attempt.impersonation;
        let has_only_name = groups.is_empty() && uid.is_empty() && extra.is_empty();
        match (self, mode) {
            (Self::Node(node), Mode::AssociatedNode) => {
                let caller = ServiceAccount::parse(&attempt.caller.name);
                has_only_name
                    && node == node_of_caller
                    && caller.is_some_and(|caller| caller.has_valid_names())
            }
            (Self::Node(_), Mode::ArbitraryNode)
            | (Self::ServiceAccount(_), Mode::ServiceAccount) => has_only_name,
            (Self::Other(_), Mode::UserInfo) => true,
            _ => false,
        }
    }

    fn request(self, mode: Mode) -> ResourceRequest<'i> {
        match self {
            Self::Node(node) => part(mode, "nodes").with_name(match mode {
                // One permission is for the node of each token.
                Mode::AssociatedNode => "*",
                _ => node,
            }),
            Self::ServiceAccount(account) => part(mode, "serviceaccounts")
                .in_namespace(account.namespace())
                .with_name(account.name()),
            Self::Other(username) => part(mode, "users").with_name(username),
        }
    }
}

/// A request for a part of the user.
const fn part<'i>(mode: Mode, resource: &'i str) -> ResourceRequest<'i> {
    ResourceRequest::new(mode.verb(), AUTHENTICATION_GROUP, resource)
}

impl<'i> Attempt<'_, 'i> {
    /// Tries the modes for this kind of user, and then the verb `impersonate`.
    pub(super) fn constrained(
        &self,
        request: Request<'i>,
    ) -> Result<User, ImpersonationRefusal<'i>> {
        let target = Target::of(self.impersonation);
        let mut first_refusal = None;
        for mode in Mode::ALL {
            if !target.is_of(mode, self) {
                continue;
            }
            match self.by_mode(mode, target, request) {
                Ok(()) => return Ok(self.user(target)),
                Err(refusal) => first_refusal = first_refusal.or(Some(refusal)),
            }
        }
        match self.by_plain_verb() {
            Ok(()) => Ok(self.impersonation.user()),
            Err(refusal) => Err(first_refusal.unwrap_or(refusal)),
        }
    }

    fn by_plain_verb(&self) -> Result<(), ImpersonationRefusal<'i>> {
        let wanted = self.impersonation;
        self.check_each(
            wanted
                .user_request()
                .chain(wanted.uid_request())
                .chain(wanted.group_requests())
                .chain(wanted.extra_requests()),
        )
    }

    fn by_mode(
        &self,
        mode: Mode,
        target: Target<'i>,
        request: Request<'i>,
    ) -> Result<(), ImpersonationRefusal<'i>> {
        let verb = format!("impersonate-on:{}:{}", mode.name(), request.verb());
        self.check(Cow::Owned(verb), request)?;
        self.check_part(mode, target.request(mode))?;
        for uid in self.impersonation.uid_request() {
            let uid = part(mode, "uids").with_name(uid.name().unwrap_or_default());
            self.check_part(mode, uid)?;
        }
        self.check_groups(mode)?;
        self.check_extra(mode)
    }

    fn check_part(
        &self,
        mode: Mode,
        request: ResourceRequest<'i>,
    ) -> Result<(), ImpersonationRefusal<'i>> {
        self.check(Cow::Borrowed(mode.verb()), request.into())
    }

    fn check_groups(&self, mode: Mode) -> Result<(), ImpersonationRefusal<'i>> {
        let groups = &self.impersonation.groups;
        let request = part(mode, "groups");
        let refuse = |request: ResourceRequest<'i>, reason: &str| {
            Err(self.refusal(Cow::Borrowed(mode.verb()), request.into(), reason))
        };
        if groups.iter().any(String::is_empty) {
            return refuse(
                request,
                "impersonating the empty string group is not allowed",
            );
        }
        if let Some(masters) = groups.iter().find(|group| *group == "system:masters") {
            return refuse(
                request.with_name(masters),
                "impersonating the system:masters group is not allowed",
            );
        }
        if groups.len() >= MANY && self.check_part(mode, request.with_name("*")).is_ok() {
            return Ok(());
        }
        groups
            .iter()
            .try_for_each(|group| self.check_part(mode, request.with_name(group)))
    }

    fn check_extra(&self, mode: Mode) -> Result<(), ImpersonationRefusal<'i>> {
        let extra = &self.impersonation.extra;
        let request = part(mode, "userextras");
        for (key, _) in extra {
            let values = extra.iter().filter(|(of, _)| of == key);
            let mut values = values.map(|(_, value)| value);
            if let Some(reason) = fault_in_extra(key, &mut values) {
                let verb = Cow::Borrowed(mode.verb());
                return Err(self.refusal(verb, request.into(), reason));
            }
        }
        let all = request.with_subresource("*").with_name("*");
        if extra.len() >= MANY && self.check_part(mode, all).is_ok() {
            return Ok(());
        }
        extra.iter().try_for_each(|(key, value)| {
            self.check_part(mode, request.with_subresource(key).with_name(value))
        })
    }

    /// Returns the user whose permissions decide the request. A node has the group of nodes.
    fn user(&self, target: Target<'_>) -> User {
        match target {
            Target::Node(_) => {
                User::new(&self.impersonation.username, ["system:nodes"]).authenticated()
            }
            Target::ServiceAccount(_) | Target::Other(_) => self.impersonation.user(),
        }
    }
}

/// Returns why the API server refuses an extra field, even if the caller has every permission.
///
/// As upstream: `validateExtra`, and apimachinery, pkg/util/validation/validation.go, `IsDomainPrefixedPath`.
fn fault_in_extra<'v>(key: &str, values: &mut impl Iterator<Item = &'v String>) -> Option<String> {
    if key.is_empty() {
        return Some("impersonating the empty string key in extra is not allowed".to_owned());
    }
    let faults: Vec<String> = faults_of_key(key)
        .into_iter()
        .map(|(part, fault)| format!("extra.key: Invalid value: {}: {fault}", Quoted(part)))
        .collect();
    let faults = match faults.as_slice() {
        [] => None,
        [fault] => Some(fault.clone()),
        several => Some(format!("[{}]", several.join(", "))),
    };
    if let Some(faults) = faults {
        return Some(format!(
            "impersonating an invalid key in extra is not allowed: {faults}"
        ));
    }
    if key != key.to_lowercase() {
        return Some(format!(
            "impersonating a non-lowercase key in extra is not allowed: {}",
            Quoted(key)
        ));
    }
    values
        .any(String::is_empty)
        .then(|| "impersonating the empty string value in extra is not allowed".to_owned())
}

/// Returns the parts of a key that do not have the form `acme.io/foo`, each with the fault.
fn faults_of_key(key: &str) -> Vec<(&str, &'static str)> {
    const FORM: &str = "must be a domain-prefixed path (such as \"acme.io/foo\")";
    const PATH: &str =
        "Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')";
    let (host, path) = match key.split_once('/') {
        Some((host, path)) if !host.is_empty() && !path.is_empty() => (host, path),
        _ => return vec![(key, FORM)],
    };
    let is_of_path =
        |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:".contains(&byte);
    let hosts = dns_subdomain(host).into_iter().map(|fault| (host, fault));
    let paths = (!path.bytes().all(is_of_path)).then_some((path, PATH));
    hosts.chain(paths).collect()
}
