//! The sources of rules, and the snapshot from which the webhooks answer.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use aws_auth_map::{BackendModes, IdentityMap, Reader};
use eks_auth::iam_principal::AccountId;
use eks_auth_server::{DynamicFile, Metrics, SharedSnapshot, Snapshot, SourceStatus};
use eks_auth_sources::{Event, Fault, Observer, Report, SourceKind, Sources, SourcesBuilder};
use printable_text::Printable;

use crate::log::Log;
use crate::settings::{Merged, Settings, Size};
use crate::{cluster, private_dns_names};

/// Describes the sources of the settings.
pub(crate) fn sources(merged: &Merged) -> Result<SourcesBuilder, String> {
    let settings = &merged.settings;
    let mut builder = Sources::builder();
    let dynamic = match settings.dynamic_file_user_id_strict {
        Some(true) => SourceKind::DynamicFileByUserId,
        _ => SourceKind::DynamicFile,
    };
    for (kind, path) in [
        (SourceKind::AccessEntries, &settings.access_entries),
        (SourceKind::MountedFile, &merged.mounted_file),
        (SourceKind::ConfigMap, &settings.aws_auth),
        (SourceKind::IdentityMappings, &settings.identity_mappings),
        (dynamic, &settings.dynamic_file),
        (SourceKind::BackendModes, &settings.backend_mode_file),
    ] {
        if let Some(path) = path {
            builder = builder.with_file(kind, path);
        }
    }
    for path in settings.rbac.iter().flatten() {
        builder = builder.with_file(SourceKind::Rbac, path).with_aggregation();
    }
    builder = cluster::add_feeds(builder, settings)?;
    if let Some(modes) = backend_modes(settings)? {
        builder = builder.with_backend_modes(modes);
    }
    if let Some(name) = &settings.config_map {
        builder = builder.with_reader(Reader::new().with_config_map(name.clone()));
    }
    if let Some(Size(size)) = settings.max_input_size {
        builder = builder.with_max_bytes(size);
    }
    if let Some(directory) = &settings.state_dir {
        builder = builder.with_state_dir(directory);
    }
    let accounts = scrubbed(settings)?;
    Ok(builder.with_scrubbed_accounts(accounts))
}

/// Parses the order of the backends. `None` if it is not set.
pub(crate) fn backend_modes(settings: &Settings) -> Result<Option<BackendModes>, String> {
    settings
        .backend_mode
        .as_deref()
        .map(|modes| {
            modes
                .parse()
                .map_err(|why| format!("--backend-mode: {}: {why}", Printable::new(modes)))
        })
        .transpose()
}

fn scrubbed(settings: &Settings) -> Result<Vec<AccountId>, String> {
    settings
        .scrubbed_account
        .iter()
        .flatten()
        .map(|account| {
            AccountId::parse(account)
                .map_err(|why| format!("--scrubbed-account: {}: {why}", Printable::new(account)))
        })
        .collect()
}

/// Starts the sources. Every file must have rules at the start: a misspelled path would keep every caller out.
/// The cluster may come later, since its API server may wait for this program. The dynamic file may come later
/// too: upstream also waits for it (`pkg/fileutil/util.go`, `waitUntilFileAvailable`).
///
/// `no_names` is the reason why the private DNS names of nodes are not looked up. It is `None` if
/// they are.
pub(crate) fn start(
    merged: &Merged,
    log: Log,
    metrics: &Arc<Metrics>,
    no_names: Option<&'static str>,
) -> Result<(Sources, SharedSnapshot), String> {
    let shared = SharedSnapshot::new(Snapshot::new(IdentityMap::new()));
    let publisher = Arc::new(Publisher {
        shared: shared.clone(),
        log,
        metrics: Arc::clone(metrics),
        is_loaded: [AtomicBool::new(false), AtomicBool::new(false)],
        no_names,
        is_warned: AtomicBool::new(false),
        held_back: Mutex::new(Some(Vec::new())),
    });
    let observer: Arc<dyn Observer> = publisher.clone();
    let builder = sources(merged)?.with_observer(observer);
    let sources = builder.start().map_err(|why| why.to_string())?;
    let report = sources.report();
    let watched = cluster::kinds(&merged.settings)?;
    let is_missing = |source: &&eks_auth_sources::SourceStatus| {
        let kind = source.name.kind();
        let may_come = watched.contains(&kind)
            || (dynamic_file(kind).is_some() && source.fault == Some(Fault::Missing));
        !source.is_ready() && !may_come
    };
    let missing: Vec<String> = report
        .sources
        .iter()
        .filter(is_missing)
        .map(|source| {
            let why = source.fault.as_ref().map(ToString::to_string);
            let why = why.unwrap_or_default();
            format!(
                "{}: {why}; there are no rules of this source to start with",
                source.name
            )
        })
        .collect();
    if !missing.is_empty() {
        return Err(missing.join("\n"));
    }
    if are_absent(&sources) {
        return Err(NO_RULES.to_owned());
    }
    publisher.log_held_back();
    publisher.publish(&sources.snapshot(), &report);
    Ok((sources, shared))
}

/// The message that no rules map callers.
pub(crate) const NO_RULES: &str =
    "no rules: set --aws-auth, --config, --backend-mode or another source of rules";

/// Returns whether there is no source of rules.
pub(crate) fn are_absent(sources: &Sources) -> bool {
    sources.snapshot().identities().backends().is_empty()
}

/// Gives the rules of the sources to the webhooks.
struct Publisher {
    shared: SharedSnapshot,
    log: Log,
    metrics: Arc<Metrics>,
    /// Whether the dynamic file and the file of backend modes were loaded, so that the next version is a
    /// change.
    is_loaded: [AtomicBool; 2],
    no_names: Option<&'static str>,
    is_warned: AtomicBool,
    /// The faults at the start. They are kept until the program decides whether to log them or to return them as an
    /// error.
    held_back: Mutex<Option<Vec<Event>>>,
}

impl Observer for Publisher {
    fn observe(&self, event: &Event) {
        if let Event::Faulty { is_kept: false, .. } = event
            && let Some(held_back) = &mut *self.held_back()
        {
            held_back.push(event.clone());
            return;
        }
        self.log.source(event);
        match event {
            Event::Applied {
                source,
                last_updated,
                ..
            } => {
                if let Some(file) = dynamic_file(source.kind()) {
                    self.dynamic_file_applied(file, *last_updated);
                }
            }
            Event::Faulty {
                fault: Fault::Unsettled,
                ..
            } => {}
            Event::Faulty { source, .. } if dynamic_file(source.kind()).is_some() => {
                self.metrics.dynamic_file_failed();
            }
            _ => {}
        }
    }

    fn publish(&self, snapshot: &Arc<eks_auth_sources::Snapshot>, report: &Arc<Report>) {
        publish(&self.shared, snapshot, report);
        self.warn_of_names(snapshot.identities());
    }
}

impl Publisher {
    fn held_back(&self) -> MutexGuard<'_, Option<Vec<Event>>> {
        self.held_back
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Logs the faults that do not keep the program from starting, and every later event at once.
    fn log_held_back(&self) {
        let held_back = self.held_back().take();
        for event in held_back.iter().flatten() {
            self.observe(event);
        }
    }

    /// As in upstream, the first version does not count as a change, and says nothing about a
    /// delay.
    fn dynamic_file_applied(&self, file: DynamicFile, last_updated: Option<u64>) {
        let [rules, modes] = &self.is_loaded;
        let is_loaded = match file {
            DynamicFile::Rules => rules,
            DynamicFile::BackendModes => modes,
        };
        let was_loaded = is_loaded.swap(true, Ordering::Relaxed);
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let delay = last_updated.and_then(|then| now.checked_sub(Duration::from_secs(then)));
        if let (true, Some(delay)) = (was_loaded, delay) {
            self.metrics.dynamic_file_changed(file, delay);
        }
    }

    /// Warns when rules begin to need names that are not looked up.
    fn warn_of_names(&self, map: &IdentityMap) {
        let Some(why) = self.no_names else {
            return;
        };
        let are_needed = private_dns_names::are_needed(map);
        if are_needed && !self.is_warned.swap(are_needed, Ordering::Relaxed) {
            self.log.warn(&format!(
                "nodes whose rule has {{{{EC2PrivateDNSName}}}} cannot join: {why}"
            ));
        }
    }
}

/// Returns which of upstream's two dynamic files a source is. `None` if it is neither.
fn dynamic_file(kind: SourceKind) -> Option<DynamicFile> {
    match kind {
        SourceKind::BackendModes => Some(DynamicFile::BackendModes),
        SourceKind::DynamicFile | SourceKind::DynamicFileByUserId => Some(DynamicFile::Rules),
        _ => None,
    }
}

fn publish(shared: &SharedSnapshot, snapshot: &eks_auth_sources::Snapshot, report: &Report) {
    let states: Arc<[SourceStatus]> = report.sources.iter().map(state).collect();
    shared.update(|now| {
        let now = now
            .with_identity_map(Arc::clone(snapshot.identities()))
            .with_access_policies(Arc::clone(snapshot.access_policies()))
            .with_sources(Arc::clone(&states));
        match snapshot.policy() {
            Ok(policy) => now.with_policy(Arc::clone(policy)),
            Err(_) => now,
        }
    });
}

fn state(source: &eks_auth_sources::SourceStatus) -> SourceStatus {
    let mut state = SourceStatus::new(source.name.to_string());
    if source.is_ready() {
        state = state.succeeded(source.read_at.unwrap_or(SystemTime::UNIX_EPOCH));
    }
    match &source.fault {
        Some(fault) if !source.is_ready() || source.read_at.is_some() => {
            state.failed(fault.to_string())
        }
        _ => state,
    }
}
