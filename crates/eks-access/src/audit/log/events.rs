//! The events that are added to a log.

use k8s_rbac::{KubernetesVersion, RequestInfo};

use super::AuditLog;
use crate::audit::action::Action;
use crate::audit::counts::add;
use crate::audit::error::AuditError;
use crate::audit::event::{EventUser, Line, VERSION};
use crate::audit::impersonation;
use crate::audit::open::{Counted, Side};
use crate::audit::record::{AuditRecord, AuditUser, Authorizer, Outcome};
use crate::audit::shared::Shared;
use crate::audit::tally::Tally;

impl AuditLog {
    /// Adds an event.
    pub(in crate::audit) fn add(&mut self, event: &Line<'_>) -> Result<Readable, AuditError> {
        if event.kind != "Event" {
            add(&mut self.counts.not_events, 1);
            return Ok(Readable::Yes);
        }
        if event.api_version != VERSION {
            self.counts.add_version(&event.api_version);
            return Ok(Readable::Yes);
        }
        if event.stage == "RequestReceived" {
            add(&mut self.counts.repeated, 1);
            return Ok(Readable::Yes);
        }
        let user = event.impersonated_user.as_ref().unwrap_or(&event.user);
        let is_kept = |user: &EventUser<'_>| {
            let mut only = self.only.iter();
            only.all(|only| *only == user.username)
        };
        let (keeps_user, keeps_actor) = (is_kept(user), is_kept(&event.user));
        if !keeps_user && !keeps_actor {
            add(&mut self.counts.of_other_users, 1);
            return Ok(Readable::Yes);
        }
        let outcome = match event.annotations.decision.as_ref() {
            "allow" => Outcome::Allowed(Authorizer::of_allowed(&event.annotations.reason)),
            "forbid" => Outcome::Denied(Authorizer::of_denied(&event.annotations.reason)),
            _ => {
                add(&mut self.counts.undecided, 1);
                return Ok(Readable::Yes);
            }
        };
        let Some(info) = request_of(event) else {
            return Ok(Readable::No);
        };
        let action = Action::of(&info);
        let side = match event.stage.as_ref() {
            "ResponseStarted" => Side::Begin,
            _ => Side::End,
        };
        let id = self.open.id(event, side, &action);
        if id.is_some_and(|id| self.open.settle(id, side)) {
            add(&mut self.counts.repeated, 1);
            return Ok(Readable::Yes);
        }
        let mut counted = Counted {
            is_of_other_user: !keeps_user,
            ..Counted::default()
        };
        if keeps_user {
            add(&mut self.counts.requests, 1);
            counted.add(self.record(event, user, &action, &info.name, outcome)?);
        } else {
            add(&mut self.counts.of_other_users, 1);
        }
        if let (true, Some(impersonated)) = (keeps_actor, &event.impersonated_user) {
            let constraint = &event.authentication_metadata.impersonation_constraint;
            for request in impersonation::requests(impersonated, constraint, &info) {
                let action = Action::of(&request);
                let outcome = Outcome::Allowed(Authorizer::Unnamed);
                counted.add(self.record(event, &event.user, &action, &request.name, outcome)?);
            }
        }
        if let Some(id) = id {
            self.open.remember(id, side, &action, counted);
        }
        Ok(Readable::Yes)
    }

    /// Counts an event. Returns the number of its record.
    fn record(
        &mut self,
        event: &Line<'_>,
        user: &EventUser<'_>,
        action: &Action,
        name: &str,
        outcome: Outcome,
    ) -> Result<usize, AuditError> {
        let time = &event.request_received_timestamp;
        let (url, agent) = (&event.request_uri, &event.user_agent);
        let (number, more) = match self.find((&user.username, groups(user)), action, outcome) {
            Ok(number) => {
                let own = self.records.get_mut(number);
                let more = own.map_or(0, |own| own.tally.add(name, time, url, agent));
                (number, more)
            }
            Err(vacant) => {
                let mut tally = Tally::default();
                let text = tally.add(name, time, url, agent);
                let user = AuditUser {
                    username: user.username.clone().into_owned(),
                    groups: groups(user).map(str::to_owned).collect(),
                };
                let record = AuditRecord {
                    user: Shared::new(user),
                    action: action.clone(),
                    outcome,
                    tally,
                };
                let (number, more) = self.push(vacant, record);
                (number, text.saturating_add(more))
            }
        };
        self.spend(more).map(|()| number)
    }
}

/// Whether an event has the attributes that a request needs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::audit) enum Readable {
    Yes,
    No,
}

fn groups<'e>(user: &'e EventUser<'_>) -> impl Iterator<Item = &'e str> + Clone {
    user.groups.iter().map(|group| group.0.as_ref())
}

/// Parses the URL of an event, since `objectRef` has names that were not authorized: the name of an object
/// that is created comes from its body.
fn request_of(event: &Line<'_>) -> Option<RequestInfo> {
    let verb = event.verb.as_ref();
    let method = match verb {
        "get" | "list" | "watch" => "GET",
        "create" => "POST",
        "update" => "PUT",
        "deletecollection" => "DELETE",
        other => &other.to_ascii_uppercase(),
    };
    let username = &event
        .impersonated_user
        .as_ref()
        .unwrap_or(&event.user)
        .username;
    if verb.is_empty() || username.is_empty() {
        return None;
    }
    let version = KubernetesVersion::default();
    let mut info = RequestInfo::parse_like_apiserver(version, method, &event.request_uri).ok()?;
    verb.clone_into(&mut info.verb);
    Some(info)
}
