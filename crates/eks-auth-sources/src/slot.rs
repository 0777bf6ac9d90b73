//! One source: the version in effect, and the newest version.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use crate::engine::Settings;
use crate::event::Event;
use crate::fault::Fault;
use crate::fingerprint::Fingerprint;
use crate::parse::{Content, Parsed, parse};
use crate::problems::Problems;
use crate::settle::Target;
use crate::source::{SourceKind, SourceName};
use crate::state_dir::Raw;
use crate::status::{Serving, SourceStatus};

/// One source and its versions.
pub(crate) struct Slot {
    status: SourceStatus,
    /// `None` for a feed.
    target: Option<Target>,
    /// The version in effect.
    content: Option<Content>,
    /// The newest version that was parsed.
    newest: Option<Newest>,
    /// The good version in effect, for the state directory. `None` if the version in effect has a
    /// fault, so that every later version replaces it.
    good: Option<Arc<Raw>>,
    is_state_read: bool,
}

/// A version that was parsed, and the reason why it is not in effect.
struct Newest {
    raw: Arc<Raw>,
    fault: Option<Fault>,
}

impl Slot {
    pub(crate) const fn new(name: SourceName, target: Option<Target>) -> Self {
        Self {
            status: SourceStatus {
                name,
                serving: Serving::Nothing,
                fault: Some(Fault::Pending),
                problems: Problems::NONE,
                read_at: None,
                applied: 0,
                rejected: 0,
                state_fault: None,
                is_absent: false,
            },
            target,
            content: None,
            newest: None,
            good: None,
            is_state_read: false,
        }
    }

    pub(crate) const fn status(&self) -> &SourceStatus {
        &self.status
    }

    pub(crate) const fn name(&self) -> &SourceName {
        &self.status.name
    }

    pub(crate) const fn kind(&self) -> SourceKind {
        self.status.name.kind()
    }

    pub(crate) const fn target(&self) -> Option<&Target> {
        self.target.as_ref()
    }

    pub(crate) const fn content(&self) -> Option<&Content> {
        self.content.as_ref()
    }

    pub(crate) fn set_seen(
        &mut self,
        seen: Option<Result<Fingerprint, Fault>>,
        shortened: Option<(Fingerprint, Instant)>,
    ) {
        if let Some(target) = &mut self.target {
            target.seen = seen;
            target.shortened = shortened;
        }
    }

    /// Keeps the state of the files whose version was read last, if that version is in effect.
    pub(crate) fn set_current(&mut self, state: Fingerprint) {
        if let Some(target) = &mut self.target
            && self.status.fault.is_none()
        {
            target.current = Some(state);
        }
    }

    /// Takes over a version, or the fault in its place. `next` is the number of a snapshot with it.
    /// Returns whether the version in effect changed.
    pub(crate) fn change(
        &mut self,
        version: Result<Raw, Fault>,
        next: u64,
        settings: &Settings,
    ) -> bool {
        match version {
            // Upstream returns to the configured order (`pkg/server/server.go`,
            // `CallBackForFileDeletion`).
            Err(Fault::Missing) if self.kind().is_optional() => self.remove(next, settings),
            Err(fault) => {
                let is_changed = self.restore(settings);
                self.fail(fault, settings);
                is_changed
            }
            Ok(raw) => match &self.newest {
                Some(newest) if *newest.raw == raw => {
                    let fault = newest.fault.clone();
                    self.see_again(fault, settings);
                    false
                }
                _ => self.read(raw, next, settings),
            },
        }
    }

    /// Handles the newest version when it is read again, maybe after a fault in between.
    fn see_again(&mut self, fault: Option<Fault>, settings: &Settings) {
        match fault {
            Some(fault) => self.fail(fault, settings),
            None if self.status.fault.take().is_some() => {
                self.status.serving = Serving::Current;
                settings.observe(&Event::Recovered {
                    source: self.name().clone(),
                });
            }
            None => {}
        }
    }

    fn read(&mut self, raw: Raw, next: u64, settings: &Settings) -> bool {
        let raw = Arc::new(raw);
        let parsed = parse_raw(self.kind(), &raw, settings);
        self.newest = Some(Newest {
            raw: Arc::clone(&raw),
            fault: parsed.fault.clone(),
        });
        self.status.problems.clone_from(&parsed.problems);
        let Some(fault) = parsed.fault else {
            self.apply(parsed, raw, next, settings);
            return true;
        };
        let is_restored = self.restore(settings);
        let is_partly_served = self.good.is_none() && parsed.content.is_some();
        if is_partly_served {
            let has_rules = !parsed
                .content
                .as_ref()
                .is_some_and(Content::is_without_rules);
            self.content = parsed.content;
            // Without a rule, every caller is refused or gets no answer.
            self.status.serving = if has_rules {
                Serving::ReadablePart
            } else {
                Serving::Nothing
            };
            self.status.read_at = has_rules.then(SystemTime::now);
        }
        self.fail(fault, settings);
        is_restored || is_partly_served
    }

    /// Puts a good version into effect.
    fn apply(&mut self, parsed: Parsed, raw: Arc<Raw>, next: u64, settings: &Settings) {
        self.content = parsed.content;
        let status = &mut self.status;
        status.serving = Serving::Current;
        status.fault = None;
        status.read_at = Some(SystemTime::now());
        status.is_absent = false;
        status.applied = status.applied.saturating_add(1);
        settings.observe(&Event::Applied {
            source: self.name().clone(),
            generation: next,
            problems: parsed.problems,
            last_updated: parsed.last_updated,
        });
        self.good = Some(raw);
        self.is_state_read = true;
        self.save(settings);
    }

    /// Records why the newest version is not in effect.
    fn fail(&mut self, fault: Fault, settings: &Settings) {
        let status = &mut self.status;
        if matches!(status.serving, Serving::Current) {
            status.serving = Serving::LastGood;
        }
        if status.fault.as_ref() == Some(&fault) {
            return;
        }
        status.rejected = status.rejected.saturating_add(1);
        status.fault = Some(fault.clone());
        settings.observe(&Event::Faulty {
            source: status.name.clone(),
            fault,
            is_kept: self.good.is_some(),
        });
    }

    /// Returns to the state without this source.
    fn remove(&mut self, next: u64, settings: &Settings) -> bool {
        self.status.fault = None;
        self.status.serving = Serving::Nothing;
        self.status.problems = Problems::NONE;
        self.newest = None;
        self.good = None;
        let was_absent = std::mem::replace(&mut self.status.is_absent, true);
        let is_removed = self.content.take().is_some();
        if is_removed {
            settings.observe(&Event::Removed {
                source: self.name().clone(),
                generation: next,
            });
        }
        is_removed || !was_absent
    }

    /// If no version is in effect, puts the last good version before the restart into effect. Returns
    /// whether it did.
    fn restore(&mut self, settings: &Settings) -> bool {
        let Some(state) = &settings.state else {
            return false;
        };
        // Upstream does not keep the order of backends if the file is missing.
        if self.is_state_read || self.kind().is_optional() {
            return false;
        }
        self.is_state_read = true;
        let (raw, saved_at) = match state.load(self.name()) {
            Ok(None) => return false,
            Ok(Some(version)) => version,
            Err(why) => {
                self.set_state_fault(Some(why), settings);
                return false;
            }
        };
        let parsed = parse_raw(self.kind(), &raw, settings);
        if parsed.fault.is_some() || parsed.content.is_none() {
            let why = "the saved version cannot be read by this version of the program";
            self.set_state_fault(Some(why.to_owned()), settings);
            return false;
        }
        self.content = parsed.content;
        self.good = Some(Arc::new(raw));
        self.status.serving = Serving::Restored;
        self.status.read_at = Some(SystemTime::now());
        settings.observe(&Event::Restored {
            source: self.name().clone(),
            saved_at,
        });
        true
    }

    /// Writes the version in effect to the state directory, if the last attempt failed.
    pub(crate) fn retry_state(&mut self, settings: &Settings) {
        if self.status.state_fault.is_some() {
            self.save(settings);
        }
    }

    fn save(&mut self, settings: &Settings) {
        if self.kind().is_optional() {
            return;
        }
        if let (Some(state), Some(raw)) = (&settings.state, &self.good) {
            let fault = state.save(self.name(), raw).err();
            self.set_state_fault(fault, settings);
        }
    }

    fn set_state_fault(&mut self, fault: Option<String>, settings: &Settings) {
        if self.status.state_fault == fault {
            return;
        }
        self.status.state_fault.clone_from(&fault);
        if let Some(why) = fault {
            settings.observe(&Event::StateFault {
                source: self.name().clone(),
                why,
            });
        }
    }
}

fn parse_raw(kind: SourceKind, raw: &Raw, settings: &Settings) -> Parsed {
    let parsed = match raw {
        Raw::Objects(objects) if kind == SourceKind::Rbac => Parsed::objects(objects.clone()),
        Raw::Objects(_) => Parsed::rejected("not-text", "the source is text".to_owned()),
        Raw::Texts(texts) => parse(kind, texts, &settings.reader),
    };
    let Some(Content::Modes(modes)) = &parsed.content else {
        return parsed;
    };
    // Upstream keeps its order, too, if it cannot build a backend (`BuildMapperChain`).
    match modes
        .kinds()
        .iter()
        .find(|kind| !settings.backends.contains(kind))
    {
        Some(kind) => Parsed::rejected("no-source", format!("{kind} has no source")),
        None => parsed,
    }
}
