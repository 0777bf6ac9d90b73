//! The identity map of a cluster, from the documents that have a part of it.

mod contradictions;
mod of_eksctl;
mod one_config_map;
mod unfilled;

use aws_auth_map::{
    Backend, BackendKind, ConfigMapName, Dialect, IdentityMap, Problem as RuleProblem, ProblemKind,
    Reader, RulePrincipal, Rules, ServerConfig,
};
use bounded_yaml::{Node, Position};

use super::BackendOrigin;
use crate::document::Document;
use crate::gather::{ConfigMapCandidate, Gathered};
use crate::options::{Options, Setting};
use crate::place::Place;
use crate::problem::{Cause, Problem, SourceFault};
use crate::source::{Source, SourceKind};

/// The identity map, and the documents of its backends.
#[derive(Default)]
pub(super) struct Mapping {
    pub(super) map: IdentityMap,
    pub(super) origins: Vec<BackendOrigin>,
    /// The document with the ConfigMap.
    pub(super) config_map: Option<usize>,
}

impl Mapping {
    /// Returns whether it has rules that some authentication mode leaves out.
    pub(super) fn depends_on_mode(&self) -> bool {
        let is_left_out = |one: &Backend| {
            let kind = one.kind();
            matches!(kind, BackendKind::AccessEntries | BackendKind::EksConfigMap)
                && (!one.rules().is_empty() || is_lost(one.rules()))
        };
        self.map.backends().iter().any(is_left_out)
    }
}

/// Chooses the dialect. A configuration file of aws-iam-authenticator shows that aws-iam-authenticator
/// reads the rules, unless the cluster is one of EKS, which has no use for such a file.
pub(super) fn dialect(options: &Options, gathered: &Gathered) -> Setting<Dialect> {
    let of_server = |kind| matches!(kind, SourceKind::ServerConfig | SourceKind::DynamicFile);
    let authenticator = Dialect::Authenticator {
        sso_role_match: false,
    };
    let mut sources = gathered.sources.iter();
    let input = match is_eks(options, gathered) {
        true => None,
        false => sources
            .find(|source| of_server(source.kind()))
            .map(|source| (authenticator, source.place().clone())),
    };
    Setting::choose(options.dialect, input, Dialect::Eks)
}

/// Returns whether the cluster is known to be one of EKS. A dialect that was given decides.
pub(super) fn is_eks(options: &Options, gathered: &Gathered) -> bool {
    match options.dialect {
        Some(dialect) => dialect == Dialect::Eks,
        None => {
            options.authentication_mode.is_some()
                || gathered.mode.is_some()
                || gathered.cluster.is_named()
                || !gathered.entries.is_empty()
                || gathered.sources.iter().any(|one| one.kind().is_of_eks())
        }
    }
}

/// Leaves out what only an aws-iam-authenticator reads that its owner runs, because the cluster is one of EKS.
pub(super) fn leave_out_unread(gathered: &mut Gathered) {
    gathered
        .mapping_texts
        .retain(|(_, kind)| !kind.is_of_own_authenticator());
    let (unread, read) = std::mem::take(&mut gathered.sources)
        .into_iter()
        .partition(|source| source.kind().is_of_own_authenticator());
    gathered.sources = read;
    for Source { kind, place, .. } in unread {
        let what = match kind {
            SourceKind::IdentityMappings => "an `IAMIdentityMapping` object",
            SourceKind::ServerConfig => "the configuration file of aws-iam-authenticator",
            _ => "the dynamic file of aws-iam-authenticator",
        };
        gathered.report(place, SourceFault::NotReadByEks(what));
    }
}

/// Reports `IAMIdentityMapping` objects beside the ConfigMap, which count although the cluster may be one of EKS.
pub(super) fn report_perhaps_unread(gathered: &mut Gathered) {
    let has_server = gathered
        .sources
        .iter()
        .any(|one| matches!(one.kind, SourceKind::DynamicFile | SourceKind::ServerConfig));
    if has_server || gathered.config_maps.is_empty() {
        return;
    }
    let objects = gathered
        .sources
        .iter()
        .filter(|one| one.kind == SourceKind::IdentityMappings);
    let places: Vec<Place> = objects.map(|one| one.place.clone()).collect();
    for place in places {
        gathered.report(place, SourceFault::PerhapsNotReadByEks);
    }
}

/// One source of rules.
struct Read {
    backend: Backend,
    origin: BackendOrigin,
    /// Whether it has everything that the ConfigMap has.
    is_whole_config_map: bool,
}

/// Reads every source of rules.
pub(super) fn read(documents: &[Document], reader: &Reader, gathered: &mut Gathered) -> Mapping {
    let mut found = Vec::new();
    read_entries(documents, reader, gathered, &mut found);
    let config_map = read_config_map(documents, reader, gathered, &mut found);
    let server = read_texts(documents, reader, gathered, &mut found);
    let mut found = one_config_map::keep(documents, gathered, found);
    contradictions::lose(documents, gathered, &found);
    unfilled::lose(documents, gathered, &found);
    if let Some(server) = &server {
        found.retain(|read| rank(server, read.backend.kind()).is_some());
        found.sort_by_key(|read| rank(server, read.backend.kind()));
    }
    let mut mapping = Mapping {
        config_map,
        ..Mapping::default()
    };
    for Read {
        backend, origin, ..
    } in found
    {
        let kind = backend.kind();
        let prefixes = server
            .iter()
            .flat_map(|one| one.reserved_prefixes().of(kind));
        let backend = backend.with_reserved_prefixes(prefixes);
        mapping.map = mapping.map.with_backend(backend);
        mapping.origins.push(origin);
    }
    if let Some(server) = &server {
        let scrubbed = server.scrubbed_accounts().iter().copied();
        mapping.map = mapping.map.with_scrubbed_accounts(scrubbed);
    }
    mapping
}

/// Returns the place of a backend in the order of a server's modes. `None` if the server does not use it.
fn rank(server: &ServerConfig, kind: BackendKind) -> Option<usize> {
    let modes = server.backend_modes().kinds();
    match kind {
        BackendKind::AccessEntries => Some(0),
        kind => Some(modes.iter().position(|one| *one == kind)?.saturating_add(1)),
    }
}

fn read_entries(
    documents: &[Document],
    reader: &Reader,
    gathered: &mut Gathered,
    found: &mut Vec<Read>,
) {
    let of_eksctl = of_eksctl::join(gathered);
    let entries = std::mem::take(&mut gathered.entries);
    if entries.is_empty() {
        return;
    }
    let texts: Vec<(&str, &[Node])> = entries
        .iter()
        .filter_map(|(at, nodes)| Some((documents.get(*at)?.text(), nodes.as_slice())))
        .collect();
    let read = reader.read_access_entry_nodes(&texts);
    let document = |text: usize| entries.get(text).map(|(document, _)| *document);
    for (text, problem) in read.problems {
        let name = document(text).and_then(|at| documents.get(at));
        let name = name.map_or("", Document::name);
        // An entry without its principal, user, groups or policies.
        let is_part = matches!(
            problem.kind(),
            ProblemKind::ListedEntries
                | ProblemKind::MissingPrincipal
                | ProblemKind::OrphanPolicies
        );
        // The key may stand for any field, also for the groups.
        let is_key = matches!(
            problem.kind(),
            ProblemKind::MisspelledKey(_) | ProblemKind::UnknownKey
        );
        if is_key {
            let place = Place::of_problem(name, &problem);
            let lost = Problem::lost(place, Cause::Mapping(problem));
            gathered.problems.push(lost);
        } else if is_part {
            gathered.lose_mapping(name, vec![problem]);
        } else {
            report(gathered, name, problem);
        }
    }
    of_eksctl::compare(gathered, &of_eksctl, &read.rules);
    let texts = read.text_of_entry.into_iter();
    found.push(Read {
        backend: Backend::new(BackendKind::AccessEntries, read.rules),
        origin: BackendOrigin::Documents(texts.filter_map(document).collect()),
        is_whole_config_map: false,
    });
}

/// Reads the ConfigMap with the mapping. Returns its document, unless it is part of a plan.
fn read_config_map(
    documents: &[Document],
    reader: &Reader,
    gathered: &mut Gathered,
    found: &mut Vec<Read>,
) -> Option<usize> {
    let (mut candidates, mut data): (Vec<_>, Vec<_>) = std::mem::take(&mut gathered.config_maps)
        .into_iter()
        .partition(|candidate| !candidate.is_data);
    if candidates.is_empty() {
        std::mem::swap(&mut candidates, &mut data);
    }
    let place = |candidate: &ConfigMapCandidate, document: &Document| {
        let position = candidate
            .offset
            .map(|offset| Position::of(document.text(), offset));
        Place::at(document.name(), position)
    };
    let chosen = match choose(&candidates, reader.config_map()) {
        Ok(chosen) => chosen?,
        Err(second) => {
            let document = documents.get(second.document)?;
            gathered.lost(place(second, document), SourceFault::SeveralConfigMaps);
            return None;
        }
    };
    for other in candidates.iter().filter(|one| !std::ptr::eq(*one, chosen)) {
        if let Some(document) = documents.get(other.document) {
            let wanted = reader.config_map();
            let kind = format!(
                "ConfigMap other than {}/{}",
                wanted.namespace(),
                wanted.name()
            );
            gathered.skip_at(kind, place(other, document));
        }
    }
    let document = documents.get(chosen.document)?;
    let (rules, problems) = reader.read_config_map_nodes(document.text(), &chosen.nodes);
    take_problems(gathered, document, is_lost(&rules), problems);
    found.push(Read {
        backend: Backend::new(BackendKind::EksConfigMap, rules),
        origin: BackendOrigin::Document(chosen.document),
        is_whole_config_map: true,
    });
    for other in data.iter().filter(|one| is_named(one, reader.config_map())) {
        if let Some(document) = documents.get(other.document) {
            let (rules, problems) = reader.read_config_map_nodes(document.text(), &other.nodes);
            take_problems(gathered, document, is_lost(&rules), problems);
            found.push(Read {
                backend: Backend::new(BackendKind::EksConfigMap, rules),
                origin: BackendOrigin::Document(other.document),
                is_whole_config_map: true,
            });
        }
    }
    if chosen.kind != SourceKind::ConfigMap {
        return None;
    }
    gathered.sources.push(Source {
        kind: SourceKind::ConfigMap,
        place: place(chosen, document),
        count: 1,
    });
    Some(chosen.document)
}

/// Chooses the ConfigMap among the `ConfigMap`s of all documents: the ConfigMap with the wanted name, else
/// the only ConfigMap. The reader checks that it is the right one.
///
/// # Errors
///
/// The second of several `ConfigMap`s that may be meant.
fn choose<'c>(
    candidates: &'c [ConfigMapCandidate],
    wanted: &ConfigMapName,
) -> Result<Option<&'c ConfigMapCandidate>, &'c ConfigMapCandidate> {
    let mut named = candidates.iter().filter(|one| is_named(one, wanted));
    match (named.next(), named.next(), candidates) {
        (Some(_), Some(second), _) => Err(second),
        (Some(named), None, _) => Ok(Some(named)),
        (None, _, []) => Ok(None),
        (None, _, [only]) => Ok(Some(only)),
        (None, _, [_, second, ..]) => Err(second),
    }
}

fn is_named(candidate: &ConfigMapCandidate, wanted: &ConfigMapName) -> bool {
    candidate.namespace.as_deref() == Some(wanted.namespace())
        && candidate.name.as_deref() == Some(wanted.name())
}

/// Reads the documents that `aws-auth-map` reads from their text. Returns the configuration of a server.
fn read_texts(
    documents: &[Document],
    reader: &Reader,
    gathered: &mut Gathered,
    found: &mut Vec<Read>,
) -> Option<ServerConfig> {
    let mut server: Option<ServerConfig> = None;
    let mut texts = std::mem::take(&mut gathered.mapping_texts);
    // The configuration of the server says how the dynamic file is read.
    texts.sort_by_key(|(_, kind)| *kind != SourceKind::ServerConfig);
    for (at, source) in texts {
        let Some(document) = documents.get(at) else {
            continue;
        };
        let text = document.text();
        let (backends, problems) = match source {
            SourceKind::IdentityMappings => {
                one(BackendKind::Crd, reader.read_identity_mappings(text))
            }
            SourceKind::IdentityMappingList => {
                let read = reader.read_identity_mapping_list(text);
                one(BackendKind::EksConfigMap, read)
            }
            SourceKind::ClusterConfig => {
                let (config, problems) = reader.read_cluster_config(text);
                if let Some(mode) = config.authentication_mode() {
                    gathered.set_mode(mode, Place::of_file(document.name()));
                }
                let entries = config.access_entries().clone();
                let mappings = config.identity_mappings().clone();
                let backends = vec![
                    (BackendKind::AccessEntries, entries),
                    (BackendKind::EksConfigMap, mappings),
                ];
                (backends, problems)
            }
            SourceKind::ServerConfig => {
                let (config, problems) = reader.read_server_config(text);
                let rules = config.rules().clone();
                server.get_or_insert(config);
                (vec![(BackendKind::MountedFile, rules)], problems)
            }
            SourceKind::DynamicFile => {
                let read = match server.as_ref().is_some_and(ServerConfig::is_user_id_strict) {
                    true => reader.read_dynamic_file_by_user_id(text),
                    false => reader.read_dynamic_file(text),
                };
                let read = read.unwrap_or_else(|problems| (Rules::unreadable_source(), problems));
                one(BackendKind::DynamicFile, read)
            }
            _ => continue,
        };
        let is_any_lost = backends.iter().any(|(_, rules)| is_lost(rules));
        take_problems(gathered, document, is_any_lost, problems);
        lose_unnamed_callers(gathered, document, &backends);
        found.extend(
            backends
                .into_iter()
                .filter(|(_, rules)| !rules.is_empty() || is_lost(rules))
                .map(|(kind, rules)| Read {
                    backend: Backend::new(kind, rules),
                    origin: BackendOrigin::Document(at),
                    is_whole_config_map: source == SourceKind::IdentityMappingList,
                }),
        );
    }
    server
}

/// The backends of a document, and its problems.
type Backends = (Vec<(BackendKind, Rules)>, Vec<RuleProblem>);

fn one(kind: BackendKind, (rules, problems): (Rules, Vec<RuleProblem>)) -> Backends {
    (vec![(kind, rules)], problems)
}

/// Whether the source of rules could not be read at all.
fn is_lost(rules: &Rules) -> bool {
    rules.unreadable().any(|(section, _)| section.is_none())
}

fn take_problems(
    gathered: &mut Gathered,
    document: &Document,
    is_lost: bool,
    problems: Vec<RuleProblem>,
) {
    match is_lost {
        true => gathered.lose_mapping(document.name(), problems),
        false => {
            for problem in problems {
                report(gathered, document.name(), problem);
            }
        }
    }
}

/// Leaves no answer if a rule is only for a user id: questions name callers by their ARN.
fn lose_unnamed_callers(
    gathered: &mut Gathered,
    document: &Document,
    backends: &[(BackendKind, Rules)],
) {
    for rules in backends.iter().map(|(_, rules)| rules) {
        for (at, rule) in rules.iter() {
            if let RulePrincipal::UserId(id, None) = rule.principal() {
                let place = Place::of_rule(document.name(), rules.place(at));
                gathered.lost(place, SourceFault::UserIdWithoutArn(id.to_owned()));
            }
        }
    }
}

fn report(gathered: &mut Gathered, name: &str, problem: RuleProblem) {
    let place = Place::of_problem(name, &problem);
    // The entry may be for any principal, or no cluster has the object.
    let is_lost = matches!(
        problem.kind(),
        ProblemKind::AuthenticationMode | ProblemKind::SectionNotText | ProblemKind::Unfilled
    );
    let cause = Cause::Mapping(problem);
    gathered.problems.push(match is_lost {
        true => Problem::lost(place, cause),
        false => Problem::new(place, cause),
    });
}
