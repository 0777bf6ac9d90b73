//! An audit event as it is stored.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

/// The only version that Kubernetes has served since 1.24.
pub(super) const VERSION: &str = "audit.k8s.io/v1";

/// The API group of events.
pub(super) const GROUP: &str = "audit.k8s.io";

/// One JSON object of a log: an event, or an object that contains events.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Line<'a> {
    #[serde(borrow)]
    pub(super) kind: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) api_version: Cow<'a, str>,
    #[serde(borrow, rename = "auditID")]
    pub(super) audit_id: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) stage: Cow<'a, str>,
    #[serde(borrow, rename = "requestURI")]
    pub(super) request_uri: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) verb: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) user: EventUser<'a>,
    #[serde(borrow)]
    pub(super) impersonated_user: Option<EventUser<'a>>,
    #[serde(borrow)]
    pub(super) authentication_metadata: AuthenticationMetadata<'a>,
    #[serde(borrow)]
    pub(super) user_agent: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) request_received_timestamp: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) annotations: Annotations<'a>,
    /// The events of an `EventList`.
    pub(super) items: Option<IgnoredAny>,
    /// The log events that the command line of AWS prints.
    pub(super) events: Option<IgnoredAny>,
    /// The log events of a subscription of `CloudWatch` Logs.
    pub(super) log_events: Option<IgnoredAny>,
    /// The rows of a query of Logs Insights, each a list of columns.
    pub(super) results: Option<IgnoredAny>,
    /// The text of one log event.
    #[serde(borrow)]
    pub(super) message: Option<Text<'a>>,
    /// The name of a column of a row.
    #[serde(borrow)]
    pub(super) field: Cow<'a, str>,
    /// The value of a column.
    #[serde(borrow)]
    pub(super) value: Option<Text<'a>>,
}

impl Line<'_> {
    /// Returns whether the object contains events.
    pub(super) const fn is_list(&self) -> bool {
        self.items.is_some()
            || self.events.is_some()
            || self.log_events.is_some()
            || self.results.is_some()
    }
}

/// A text that is borrowed if it has no escape.
#[derive(Clone, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(transparent)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct EventUser<'a> {
    #[serde(borrow)]
    pub(super) username: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) uid: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) groups: Vec<Text<'a>>,
    #[serde(borrow)]
    pub(super) extra: BTreeMap<Text<'a>, Vec<Text<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct AuthenticationMetadata<'a> {
    /// The verb of a constrained impersonation, from Kubernetes 1.36 on.
    #[serde(borrow)]
    pub(super) impersonation_constraint: Cow<'a, str>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Annotations<'a> {
    #[serde(borrow, rename = "authorization.k8s.io/decision")]
    pub(super) decision: Cow<'a, str>,
    #[serde(borrow, rename = "authorization.k8s.io/reason")]
    pub(super) reason: Cow<'a, str>,
}
