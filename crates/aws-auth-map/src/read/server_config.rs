//! Upstream's own configuration file.

mod keys;
mod reserved;

use bounded_yaml::Node;
use iam_principal::AccountId;

use self::keys::{SERVER, TOP, value};
pub use self::reserved::ReservedPrefixes;

use super::diagnose_arn::diagnose_account;
use super::entry::{EntryForm, Syntax};
use super::problem_sink::{ProblemSink, TextFrame};
use super::section::read_section;
use super::{Reader, Reading, document};
use crate::problem::{Location, Problem, ProblemKind};
use crate::resolve::backend::BackendKind;
use crate::resolve::backend_modes::BackendModes;
use crate::rules::{Place, Rules, Section};

const BACKEND_MODE: &str = "backendMode";
const RESERVED: &str = "reservedPrefixConfig";
const SCRUBBED: &str = "scrubbedAccounts";
const USER_ID_STRICT: &str = "dynamicfileUserIDStrict";

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
    /// the only backend is the mounted file, as in upstream.
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

impl Reader {
    /// Reads upstream's configuration file, whose rules are lists under `server`: the file itself,
    /// or a ConfigMap with it under a key of `data`, as upstream's example deploys it
    /// (`deploy/example.yaml`).
    ///
    /// As in upstream, an ARN is made canonical, so the ARN of a session stands for its role, and
    /// keys may be in any case. Unlike upstream, a bad entry is a problem and does not end the
    /// process, and types are not converted. Settings other than mapping are ignored.
    ///
    /// A file cannot be read if one of its keys appears twice, in any case, if it has a second document, or if its
    /// reserved prefixes cannot be read.
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
    let server = file
        .and_then(|file| value(file, "server"))
        .and_then(Node::as_mapping);
    // It is unknown which of two keys or documents was meant, and the wrong one may have other rules.
    let unclear = [
        second_document(nodes, sink),
        file.and_then(|file| keys::check(file, &TOP, |_| Location::FILE, sink)),
        server.and_then(|server| {
            keys::check(server, &SERVER, |key| Location::FILE.field_of(key), sink)
        }),
    ];
    if let Some(place) = unclear.into_iter().flatten().next() {
        config.rules.mark_unreadable(None, place);
        return config;
    }
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
    for section in Section::ALL {
        if let Some(node) = value(server, section.key()).filter(|node| !node.is_null()) {
            let rules = &mut config.rules;
            read_section(syntax, section, node, rules, sink);
        }
    }
    config.backend_modes = read_modes(value(server, BACKEND_MODE), sink);
    config.scrubbed_accounts = read_scrubbed(value(server, SCRUBBED), sink);
    let (prefixes, unreadable) = ReservedPrefixes::read(value(server, RESERVED), sink);
    config.reserved_prefixes = prefixes;
    if let Some(place) = unreadable {
        // Without a reserved prefix, a rule may give any name.
        config.rules = Rules::new();
        config.rules.mark_unreadable(None, place);
    }
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

/// Reports a further document, which upstream does not read. Returns its offset.
fn second_document(nodes: &[Node], sink: &mut ProblemSink<'_>) -> Option<Place> {
    let second = nodes.iter().skip(1).find(|node| !node.is_null())?;
    sink.report(ProblemKind::SecondDocument, Location::FILE, second.offset());
    Some(sink.locate(second.offset()))
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
