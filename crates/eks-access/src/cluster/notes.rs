//! Notes on the facts that answers rest on.

use aws_auth_map::{AuthenticationMode, Backend, BackendKind};
use printable_text::Printable;

use crate::can::notes_on_session;
use crate::cluster::Cluster;
use crate::no_answer::NoAnswer;
use crate::options::Origin;
use crate::rbac::DefaultPolicy;
use crate::source::{Source, SourceKind};
use crate::who::Who;

impl Cluster {
    /// Returns notes on the policy that answers rest on.
    pub(crate) fn notes_on_policy(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if let DefaultPolicy::Added(version) = self.rbac.default_policy() {
            notes.push(match self.rbac.is_any_written() {
                true => format!(
                    "the default policy of Kubernetes {version} is part of the answer; the documents lack it"
                ),
                false => format!(
                    "no document has roles or bindings, so the answer rests on the default policy of \
                     Kubernetes {version}"
                ),
            });
        }
        for role in self.rbac.too_large() {
            let role = Printable::new(role);
            notes.push(format!(
                "ClusterRole {role} aggregates too many rules, so a no may be wrong"
            ));
        }
        notes
    }

    /// Returns notes on the facts that an answer about a caller or a user rests on.
    pub(crate) fn notes_for(&self, who: &Who) -> Vec<String> {
        let mut notes = self.notes_on_policy();
        if let Who::Caller(_) = who {
            notes.extend(self.notes_on_mode());
        }
        notes.extend(notes_on_session(who));
        notes
    }

    /// Returns the note on rules that the authentication mode leaves out. `None` if it leaves out no
    /// rules.
    pub(crate) fn notes_on_mode(&self) -> Option<String> {
        let (uses, verb, left_out, lack) = match self.mode.value() {
            AuthenticationMode::Api => (
                "uses access entries only: the ConfigMap",
                "has",
                BackendKind::EksConfigMap,
                "access entries",
            ),
            AuthenticationMode::ConfigMap => (
                "uses the ConfigMap aws-auth only: the access entries",
                "have",
                BackendKind::AccessEntries,
                "that ConfigMap",
            ),
            AuthenticationMode::ApiAndConfigMap => return None,
        };
        let has_rules = |one: &Backend| !one.rules().is_empty();
        let is_left_out = |one: &Backend| one.kind() == left_out;
        let backends = self.map.backends();
        let at = backends
            .iter()
            .position(|one| is_left_out(one) && has_rules(one))?;
        let first = backends.get(at)?.rules().iter().next();
        let place = first.and_then(|(rule, _)| self.place_of_mapping(at, rule));
        let file = place.map_or_else(String::new, |place| {
            format!(" in {}", Printable::new(place.file()))
        });
        let origin = match self.mode.origin() {
            Origin::Document(place) => format!(" of {place}"),
            Origin::Option => " that was given".to_owned(),
            Origin::Default => String::new(),
        };
        let lack = match self.has_rules_in_mode() {
            true => String::new(),
            false => format!(", and no document has {lack}"),
        };
        let mode = self.mode.value();
        Some(format!(
            "the authentication mode {mode}{origin} {uses}{file} {verb} no effect{lack}"
        ))
    }

    /// Refuses to answer about callers if no document maps AWS identities, or if the authentication mode leaves out every
    /// document that does.
    ///
    /// # Errors
    ///
    /// [`NoAnswer::NoMapping`], [`NoAnswer::NoMappingInMode`].
    pub(crate) fn check_mapping(&self) -> Result<(), NoAnswer> {
        if !self.has_mapping() {
            return Err(NoAnswer::NoMapping);
        }
        let has_source = |is_read: fn(SourceKind) -> bool| {
            let mut kinds = self.sources.iter().map(Source::kind);
            kinds.any(|kind| kind.is_mapping() && is_read(kind))
        };
        let is_known = match self.mode.value() {
            AuthenticationMode::Api => has_source(|kind| kind == SourceKind::AccessEntries),
            AuthenticationMode::ConfigMap => has_source(|kind| kind != SourceKind::AccessEntries),
            AuthenticationMode::ApiAndConfigMap => true,
        };
        if is_known || self.has_rules_in_mode() {
            return Ok(());
        }
        let (only, give) = match self.mode.value() {
            AuthenticationMode::ConfigMap => (
                "the authentication mode CONFIG_MAP uses the ConfigMap aws-auth only, and no document has it",
                "the output of `kubectl get configmap aws-auth -n kube-system -o yaml`",
            ),
            _ => (
                "the authentication mode API uses access entries only, and no document has them",
                "the output of `aws eks list-access-entries`, and of `describe-access-entry` for each",
            ),
        };
        let why = self.notes_on_mode().unwrap_or_else(|| only.to_owned());
        Err(NoAnswer::NoMappingInMode(format!("{why}; give {give}")))
    }

    /// Returns whether the documents have rules that the authentication mode uses.
    pub(crate) fn has_rules_in_mode(&self) -> bool {
        let left_out = match self.mode.value() {
            AuthenticationMode::Api => Some(BackendKind::EksConfigMap),
            AuthenticationMode::ConfigMap => Some(BackendKind::AccessEntries),
            AuthenticationMode::ApiAndConfigMap => None,
        };
        let mut backends = self.map.backends().iter();
        backends.any(|one| Some(one.kind()) != left_out && !one.rules().is_empty())
    }
}
