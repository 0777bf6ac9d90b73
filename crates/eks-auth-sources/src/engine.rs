//! The versions of every source, and the snapshot that they yield.

use std::sync::Arc;
use std::time::Duration;

use eks_auth::aws_auth_map::{BackendModes, PolicyTable, Reader, Rules};
use eks_auth::iam_principal::AccountId;
use eks_auth::{AccessPolicyRules, AuthenticationMode, Backend, BackendKind, IdentityMap};
use k8s_rbac::{Objects, Policy};

use crate::event::{Event, Observer};
use crate::fault::Fault;
use crate::feed::Update;
use crate::parse::Content;
use crate::settle::{SETTLE, Target, read_changed};
use crate::slot::Slot;
use crate::snapshot::{NoPolicy, Snapshot};
use crate::source::SourceKind;
use crate::state_dir::{Raw, StateDir};
use crate::status::SourceStatus;

/// The settings that do not change while the sources do.
pub(crate) struct Settings {
    pub(crate) reader: Reader,
    /// The order of the backends without a file of backend modes.
    pub(crate) modes: BackendModes,
    /// The backends that have a source.
    pub(crate) backends: Vec<BackendKind>,
    pub(crate) authentication_mode: Option<AuthenticationMode>,
    pub(crate) scrubbed_accounts: Vec<AccountId>,
    pub(crate) reserved_prefixes: Vec<(BackendKind, Vec<String>)>,
    pub(crate) is_session_name_strict: bool,
    pub(crate) is_upstream_spelling_only: bool,
    /// RBAC objects that come before the objects of the sources.
    pub(crate) objects: Objects,
    pub(crate) is_aggregated: bool,
    pub(crate) settle: Duration,
    pub(crate) state: Option<StateDir>,
    pub(crate) observer: Option<Arc<dyn Observer>>,
}

impl Settings {
    /// Returns the settings of sources without backends.
    pub(crate) fn new() -> Self {
        Self {
            reader: Reader::new(),
            modes: BackendModes::default(),
            backends: Vec::new(),
            authentication_mode: None,
            scrubbed_accounts: Vec::new(),
            reserved_prefixes: Vec::new(),
            is_session_name_strict: false,
            is_upstream_spelling_only: false,
            objects: Objects::default(),
            is_aggregated: false,
            settle: SETTLE,
            state: None,
            observer: None,
        }
    }

    pub(crate) fn observe(&self, event: &Event) {
        if let Some(observer) = &self.observer {
            observer.observe(event);
        }
    }
}

/// The versions of every source. One thread owns it.
pub(crate) struct Engine {
    settings: Settings,
    slots: Vec<Slot>,
    generation: u64,
}

impl Engine {
    pub(crate) const fn new(settings: Settings, slots: Vec<Slot>) -> Self {
        Self {
            settings,
            slots,
            generation: 0,
        }
    }

    pub(crate) const fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) const fn generation(&self) -> u64 {
        self.generation
    }

    pub(crate) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    pub(crate) fn statuses(&self) -> Vec<SourceStatus> {
        self.slots
            .iter()
            .map(|slot| slot.status().clone())
            .collect()
    }

    /// Returns whether a file has to be read again soon, because it was still being written.
    pub(crate) fn is_unsettled(&self) -> bool {
        self.slots
            .iter()
            .filter_map(Slot::target)
            .any(|target| target.seen.is_none())
    }

    /// Reads the files that changed, or all of them. Returns whether the snapshot changed.
    pub(crate) fn read_files(&mut self, is_forced: bool) -> bool {
        let targets: Vec<(usize, Target)> = self
            .slots
            .iter()
            .enumerate()
            .filter_map(|(number, slot)| {
                let mut target = slot.target()?.clone();
                // A program that asks for a reading knows that the files are complete.
                if is_forced {
                    target.seen = None;
                    target.current = None;
                }
                Some((number, target))
            })
            .collect();
        let mut changes = Vec::new();
        let mut states = Vec::new();
        for (number, newest) in read_changed(&targets, self.settings.settle) {
            if let Some(slot) = self.slots.get_mut(number) {
                slot.set_seen(newest.seen, newest.shortened);
            }
            let version = newest.reading.map(|reading| {
                states.push((number, reading.fingerprint));
                Raw::Texts(reading.texts)
            });
            changes.push((number, version));
        }
        let is_changed = self.apply(changes);
        for (number, state) in states {
            if let Some(slot) = self.slots.get_mut(number) {
                slot.set_current(state);
            }
        }
        is_changed
    }

    /// Restores the feeds from the state directory, until they report.
    pub(crate) fn restore_feeds(&mut self) {
        let pending = self
            .slots
            .iter()
            .enumerate()
            .filter(|(_, slot)| slot.target().is_none())
            .map(|(number, _)| (number, Err(Fault::Pending)))
            .collect();
        self.apply(pending);
    }

    /// Writes the versions that could not be written to the state directory.
    pub(crate) fn retry_state(&mut self) {
        for slot in &mut self.slots {
            slot.retry_state(&self.settings);
        }
    }

    /// Takes over the reports of feeds. Returns whether the snapshot changed.
    pub(crate) fn take(&mut self, updates: Vec<(usize, Update)>) -> bool {
        let changes = updates
            .into_iter()
            .map(|(number, update)| {
                let version = match update {
                    Update::Cleared => Ok(Raw::Texts(Vec::new())),
                    Update::Deleted => Err(Fault::Deleted),
                    Update::Disconnected(why) => Err(Fault::Disconnected(why)),
                    Update::Version(version) => Ok(version),
                };
                (number, version)
            })
            .collect();
        self.apply(changes)
    }

    fn apply(&mut self, changes: Vec<(usize, Result<Raw, Fault>)>) -> bool {
        let next = self.generation.saturating_add(1);
        let mut is_changed = false;
        for (number, version) in changes {
            if let Some(slot) = self.slots.get_mut(number) {
                is_changed |= slot.change(version, next, &self.settings);
            }
        }
        if is_changed {
            self.generation = next;
        }
        is_changed
    }

    /// Builds the snapshot of the versions in effect.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let modes = self
            .slots
            .iter()
            .find_map(|slot| match slot.content() {
                Some(Content::Modes(modes)) => Some(modes),
                _ => None,
            })
            .unwrap_or(&self.settings.modes);
        Snapshot {
            generation: self.generation,
            identities: Arc::new(self.identities(modes)),
            modes: modes.clone(),
            policy: self.policy(),
            access_policies: Arc::new(self.access_policies()),
        }
    }

    fn identities(&self, modes: &BackendModes) -> IdentityMap {
        let settings = &self.settings;
        // The configured order may ask a backend that the file leaves out.
        let is_order_unknown = self
            .slots
            .iter()
            .any(|slot| slot.kind() == SourceKind::BackendModes && !slot.status().is_ready());
        let backends = self.slots.iter().filter_map(|slot| {
            let kind = slot.kind().backend()?;
            let rules = match slot.content() {
                Some(Content::Rules(rules) | Content::Mounted { rules, .. })
                    if !is_order_unknown =>
                {
                    rules.clone()
                }
                // This source may have a rule for any caller.
                _ => Rules::unreadable_source(),
            };
            let backend = Backend::new(kind, rules);
            Some(backend.with_reserved_prefixes(self.reserved_prefixes(kind)))
        });
        let mut accounts = settings.scrubbed_accounts.clone();
        for slot in &self.slots {
            if let Some(Content::Mounted {
                scrubbed_accounts, ..
            }) = slot.content()
            {
                accounts.extend(scrubbed_accounts.iter().cloned());
            }
        }
        let mut map = modes.chain(backends).with_scrubbed_accounts(accounts);
        if let Some(mode) = settings.authentication_mode {
            map = map.with_authentication_mode(mode);
        }
        if settings.is_session_name_strict {
            map = map.with_strict_session_names();
        }
        if settings.is_upstream_spelling_only {
            map = map.with_upstream_spelling_only();
        }
        map
    }

    /// Returns the prefixes that the settings and the mounted file reserve for a backend.
    fn reserved_prefixes(&self, kind: BackendKind) -> impl Iterator<Item = &str> {
        let of_settings = self
            .settings
            .reserved_prefixes
            .iter()
            .filter(move |(of, _)| *of == kind)
            .flat_map(|(_, prefixes)| prefixes)
            .map(String::as_str);
        let of_files = self.slots.iter().filter_map(|slot| match slot.content() {
            Some(Content::Mounted {
                reserved_prefixes, ..
            }) => Some(reserved_prefixes),
            _ => None,
        });
        of_settings.chain(of_files.flat_map(move |prefixes| prefixes.of(kind)))
    }

    fn policy(&self) -> Result<Arc<Policy>, NoPolicy> {
        let mut objects = self.settings.objects.clone();
        let mut sources = self
            .slots
            .iter()
            .filter(|slot| slot.kind() == SourceKind::Rbac)
            .peekable();
        if sources.peek().is_none() {
            return Err(NoPolicy::NotConfigured);
        }
        for slot in sources {
            let Some(Content::Objects(more)) = slot.content() else {
                return Err(NoPolicy::Unreadable);
            };
            let more = more.clone();
            objects.roles.extend(more.roles);
            objects.role_bindings.extend(more.role_bindings);
            objects.cluster_roles.extend(more.cluster_roles);
            objects
                .cluster_role_bindings
                .extend(more.cluster_role_bindings);
        }
        if self.settings.is_aggregated {
            objects.aggregate();
        }
        Ok(Arc::new(Policy::new(objects)))
    }

    fn access_policies(&self) -> AccessPolicyRules {
        let mut sources = self
            .slots
            .iter()
            .filter(|slot| slot.kind() == SourceKind::AccessPolicies);
        match sources.next().map(Slot::content) {
            None => AccessPolicyRules::from(&PolicyTable::eks()),
            Some(Some(Content::Policies(table))) => AccessPolicyRules::from(table),
            // Every policy is unknown, which grants nothing and is reported as such.
            Some(_) => AccessPolicyRules::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Duration, Engine, SETTLE, Settings, Slot, SourceKind, Target};
    use crate::read::ReadLimits;
    use crate::source::SourceName;

    const RULES: &str = "apiVersion: v1
kind: ConfigMap
metadata: {name: aws-auth, namespace: kube-system}
data: {mapRoles: '[]'}
";

    /// The worker checks an unsettled file again soon, and other files when there is a reason.
    #[test]
    fn a_file_is_unsettled_until_it_is_read_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rules");
        let limits = ReadLimits {
            max_bytes: 999,
            may_be_directory: false,
        };
        let name = SourceName::new(SourceKind::ConfigMap, "rules".to_owned());
        let slots = vec![Slot::new(name, Some(Target::new(path.clone(), limits)))];
        let mut settings = Settings::new();
        settings.settle = Duration::from_millis(1);
        let mut engine = Engine::new(settings, slots);
        assert!(engine.is_unsettled());
        fs::write(&path, format!("{RULES}# Until 2027.\n")).unwrap();
        engine.read_files(true);
        assert!(!engine.is_unsettled());
        // A file that was made shorter in place may be the beginning of a version.
        engine.settings.settle = SETTLE;
        fs::write(&path, RULES).unwrap();
        engine.read_files(false);
        assert!(engine.is_unsettled());
    }
}
