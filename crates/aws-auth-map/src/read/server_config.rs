//! Upstream's own configuration file.

use bounded_yaml::{Mapping, Node, Scalar};
use iam_principal::AccountId;

use super::diagnose_arn::diagnose_account;
use super::entry::{EntryForm, Syntax};
use super::problem_sink::{ProblemSink, TextFrame};
use super::section::read_section;
use super::suggest_key::suggest_key;
use super::{Reader, Reading, document};
use crate::problem::{Location, Problem, ProblemKind};
use crate::resolve::backend::BackendKind;
use crate::resolve::backend_modes::BackendModes;
use crate::rules::{Rules, Section};

/// The mapping settings of upstream's configuration file.
#[derive(Clone, Debug, Default)]
pub struct ServerConfig {
    rules: Rules,
    backend_modes: BackendModes,
    scrubbed_accounts: Vec<AccountId>,
    reserved_prefixes: ReservedPrefixes,
    is_user_id_strict: bool,
}

impl ServerConfig {
    fn of(rules: Rules) -> Self {
        Self {
            rules,
            ..Self::default()
        }
    }

    /// Returns the rules in the file.
    #[must_use]
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Returns the rules and discards the rest.
    #[must_use]
    pub fn into_rules(self) -> Rules {
        self.rules
    }

    /// Returns the order of the backends, `server.backendMode`. If it is absent or cannot be read,
    /// that is the mounted file alone, as upstream.
    #[must_use]
    pub const fn backend_modes(&self) -> &BackendModes {
        &self.backend_modes
    }

    /// Returns the accounts whose identities are reduced to the username,
    /// `server.scrubbedAccounts`, for
    /// [`IdentityMap::with_scrubbed_accounts`](crate::IdentityMap::with_scrubbed_accounts).
    #[must_use]
    pub fn scrubbed_accounts(&self) -> &[AccountId] {
        &self.scrubbed_accounts
    }

    /// Returns the reserved prefixes of each backend, `server.reservedPrefixConfig`.
    #[must_use]
    pub const fn reserved_prefixes(&self) -> &ReservedPrefixes {
        &self.reserved_prefixes
    }

    /// Returns whether the dynamic file matches by user id, `server.dynamicfileUserIDStrict`; see
    /// [`Reader::read_dynamic_file_by_user_id`].
    #[must_use]
    pub const fn is_user_id_strict(&self) -> bool {
        self.is_user_id_strict
    }
}

/// The reserved prefixes of each backend in a configuration file.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ReservedPrefixes {
    lists: Vec<(BackendKind, Vec<String>)>,
}

impl ReservedPrefixes {
    /// Returns the reserved username prefixes of a backend, for
    /// [`Backend::with_reserved_prefixes`](crate::Backend::with_reserved_prefixes).
    pub fn of(&self, backend: BackendKind) -> impl Iterator<Item = &str> {
        let list = self.lists.iter().find(|(kind, _)| *kind == backend);
        list.into_iter()
            .flat_map(|(_, prefixes)| prefixes)
            .map(String::as_str)
    }
}

/// The top-level keys: those that upstream's commands read (`cmd/`, `BindPFlag`) and that its README
/// names.
const TOP: [&str; 12] = [
    "cache",
    "clusterID",
    "defaultRole",
    "externalID",
    "feature-gates",
    "forwardSessionName",
    "log-verbosity",
    "region",
    "role",
    "server",
    "sessionName",
    "tokenOnly",
];

const BACKEND_MODE: &str = "backendMode";
const RESERVED: &str = "reservedPrefixConfig";
const SCRUBBED: &str = "scrubbedAccounts";
const USER_ID_STRICT: &str = "dynamicfileUserIDStrict";

/// The keys under `server` (`cmd/aws-iam-authenticator/root.go`, `getConfig`).
const SERVER: [&str; 21] = [
    "address",
    BACKEND_MODE,
    "dynamicBackendModePath",
    "dynamicfilepath",
    USER_ID_STRICT,
    "ec2DescribeInstancesBurst",
    "ec2DescribeInstancesQps",
    "ec2DescribeInstancesRoleARN",
    "generateKubeconfig",
    "hostname",
    "kubeconfig",
    "kubeconfigPregenerated",
    "mapAccounts",
    "mapRoles",
    "mapUsers",
    "master",
    "partition",
    "port",
    RESERVED,
    SCRUBBED,
    "stateDir",
];

/// A further key under `server`, which is not suggested for a key that ends in `arn`.
const SOURCE_ARN: &str = "sourceARN";

impl Reader {
    /// Reads upstream's configuration file, whose rules are lists under `server`: the file itself,
    /// or a ConfigMap with it under a key of `data`, as upstream's example deploys it
    /// (`deploy/example.yaml`).
    ///
    /// As upstream, an ARN is made canonical, so a session's stands for its role, and keys may be in
    /// any case. Unlike upstream, a bad entry is a problem and does not end the process, and types
    /// are not converted. Settings other than mapping are ignored.
    #[must_use]
    pub fn read_server_config(&self, text: &str) -> (ServerConfig, Vec<Problem>) {
        let mut reading = Reading::default();
        let mut sink = ProblemSink::new(text, TextFrame::Here, &mut reading.problems);
        let Some(nodes) = document::read(text, &self.limits, &mut sink) else {
            let (rules, problems) = reading.unreadable();
            return (ServerConfig::of(rules), problems);
        };
        let embedded = document::embedded(&nodes, text);
        let Some((inner, frame)) = embedded else {
            let config = self.read_file(&nodes, &mut sink);
            return (config, reading.problems);
        };
        let mut sink = ProblemSink::new(inner, frame, &mut reading.problems);
        let Some(nodes) = document::read(inner, &self.limits, &mut sink) else {
            let (rules, problems) = reading.unreadable();
            return (ServerConfig::of(rules), problems);
        };
        let config = self.read_file(&nodes, &mut sink);
        (config, reading.problems)
    }

    fn read_file(&self, nodes: &[Node], sink: &mut ProblemSink<'_>) -> ServerConfig {
        read_file(self.syntax(EntryForm::MountedFile), nodes, sink)
    }

    /// Reads only the rules of upstream's configuration file; see
    /// [`read_server_config`](Self::read_server_config).
    #[must_use]
    pub fn read_mounted_file(&self, text: &str) -> (Rules, Vec<Problem>) {
        let (config, problems) = self.read_server_config(text);
        (config.into_rules(), problems)
    }
}

fn read_file(syntax: Syntax, nodes: &[Node], sink: &mut ProblemSink<'_>) -> ServerConfig {
    let mut config = ServerConfig::default();
    let file = nodes.first().and_then(Node::as_mapping);
    if let Some(file) = file {
        check_keys(file, &TOP, sink);
    }
    let server = file
        .and_then(|file| value(file, "server"))
        .and_then(Node::as_mapping);
    let Some(server) = server else {
        // Upstream's commands run without a section `server`, which then has no rules.
        let is_config = file.is_some_and(|file| {
            let server = value(file, "server");
            server.is_none_or(Node::is_null) && TOP.iter().any(|key| value(file, key).is_some())
        });
        if is_config {
            sink.report(ProblemKind::NoSections, Location::FILE, None);
        } else {
            sink.report(ProblemKind::ServerNotAMapping, Location::FILE, None);
            config.rules = Rules::unreadable_source();
        }
        return config;
    };
    check_keys(server, &SERVER, sink);
    for section in Section::ALL {
        if let Some(node) = value(server, section.key()).filter(|node| !node.is_null()) {
            let rules = &mut config.rules;
            read_section(syntax, section, node, rules, sink);
        }
    }
    config.backend_modes = read_modes(value(server, BACKEND_MODE), sink);
    config.scrubbed_accounts = read_scrubbed(value(server, SCRUBBED), sink);
    config.reserved_prefixes = read_reserved(value(server, RESERVED), sink);
    if let Some(node) = value(server, USER_ID_STRICT).filter(|node| !node.is_null()) {
        let is = node.as_text().map(str::to_ascii_lowercase);
        match is.as_deref() {
            Some("true") => config.is_user_id_strict = true,
            Some("false") => {}
            _ => {
                // A setting that cannot be read must not widen access.
                config.is_user_id_strict = true;
                let at = Location::FILE.field_of(USER_ID_STRICT);
                sink.report(ProblemKind::NotABoolean, at, node.offset());
            }
        }
    }
    config
}

fn check_keys(mapping: &Mapping, known: &[&'static str], sink: &mut ProblemSink<'_>) {
    for (key, _) in mapping.entries() {
        let is = |name: &&str| name.eq_ignore_ascii_case(key.text());
        if known.iter().any(is) || is(&SOURCE_ARN) {
            continue;
        }
        let meant = suggest_key(key.text(), known);
        let kind = meant.map_or(ProblemKind::UnknownKey, ProblemKind::MisspelledKey);
        sink.report(kind, Location::FILE, key.offset());
    }
}

/// Reads modes: a list, or text separated by spaces (viper's `GetStringSlice`).
fn read_modes(node: Option<&Node>, sink: &mut ProblemSink<'_>) -> BackendModes {
    let at = Location::FILE.field_of(BACKEND_MODE);
    let mut kinds = Vec::new();
    let mut read = |name: Option<&str>, offset: Option<usize>| {
        let kind = name.and_then(|name| name.parse::<BackendKind>().ok());
        let kind = kind.filter(|kind| *kind != BackendKind::AccessEntries);
        let Some(kind) = kind else {
            return sink.report(ProblemKind::UnknownMode, at, offset);
        };
        if name != Some(kind.as_str()) {
            sink.report(ProblemKind::DeprecatedMode(kind), at, offset);
        }
        if kinds.contains(&kind) {
            sink.report(ProblemKind::DuplicateMode, at, offset);
        } else {
            kinds.push(kind);
        }
    };
    match node {
        None | Some(Node::Null) => {}
        Some(Node::Sequence(items)) => {
            for item in items {
                read(item.as_text(), item.offset());
            }
        }
        Some(Node::Scalar(scalar)) => {
            for name in scalar.text().split_whitespace() {
                read(Some(name), scalar.offset());
            }
        }
        Some(Node::Mapping(_)) => read(None, node.and_then(Node::offset)),
    }
    BackendModes::new(kinds).unwrap_or_default()
}

fn read_scrubbed(node: Option<&Node>, sink: &mut ProblemSink<'_>) -> Vec<AccountId> {
    let at = Location::FILE.field_of(SCRUBBED);
    let items = match node {
        None | Some(Node::Null) => &[],
        Some(Node::Sequence(items)) => items.as_slice(),
        Some(single) => std::slice::from_ref(single),
    };
    let mut accounts = Vec::new();
    for item in items {
        let text = item.as_text().unwrap_or("");
        match AccountId::parse(text) {
            Ok(account) => accounts.push(account),
            Err(_) => {
                let kind = diagnose_account(text).unwrap_or(ProblemKind::AccountId);
                sink.report(kind, at, item.offset());
            }
        }
    }
    accounts
}

fn read_reserved(list: Option<&Node>, sink: &mut ProblemSink<'_>) -> ReservedPrefixes {
    let mut prefixes = ReservedPrefixes::default();
    match list {
        None | Some(Node::Null) => {}
        Some(Node::Sequence(entries)) => {
            for entry in entries {
                if let Some((kind, list)) = read_list(entry, sink) {
                    // As upstream, of two lists for one backend the last takes effect.
                    prefixes.lists.retain(|(other, _)| *other != kind);
                    prefixes.lists.push((kind, list));
                }
            }
        }
        Some(node) => sink.report(ProblemKind::ReservedPrefixes, AT, node.offset()),
    }
    prefixes
}

const AT: Location = Location::FILE.field_of(RESERVED);

// DIFFERENCE: a deprecated name is its mode's; upstream keeps the list under a name that no backend
// uses (cmd/aws-iam-authenticator/root.go, getConfig).
fn read_list(entry: &Node, sink: &mut ProblemSink<'_>) -> Option<(BackendKind, Vec<String>)> {
    let read = || {
        let entry = entry.as_mapping()?;
        let mode = value(entry, "backendMode")?.as_text()?;
        let list = match value(entry, "usernamePrefixReserveList") {
            None | Some(Node::Null) => Vec::new(),
            Some(node) => {
                let texts = node.as_sequence()?.iter().map(Node::as_text);
                texts
                    .map(|text| text.map(str::to_owned))
                    .collect::<Option<_>>()?
            }
        };
        Some((mode, list))
    };
    let Some((mode, list)) = read() else {
        sink.report(ProblemKind::ReservedPrefixes, AT, entry.offset());
        return None;
    };
    let Ok(kind) = mode.parse::<BackendKind>() else {
        sink.report(ProblemKind::UnknownMode, AT, entry.offset());
        return None;
    };
    if kind.as_str() != mode {
        sink.report(ProblemKind::DeprecatedMode(kind), AT, entry.offset());
    }
    Some((kind, list))
}

/// Returns the value of a key in any case.
fn value<'n>(mapping: &'n Mapping, name: &str) -> Option<&'n Node> {
    let is = |key: &Scalar| key.text().eq_ignore_ascii_case(name);
    mapping
        .entries()
        .iter()
        .find(|(key, _)| is(key))
        .map(|(_, value)| value)
}
