//! The command `write`: the checks of the API server before it stores an object.

use std::fmt::Write as _;

use k8s_rbac::{
    API_GROUP, Forbidden, Metadata, Objects, ResourceRequest, User, Write, WriteVerdict,
};
use serde_json::{Value, json};

use crate::answer::{Answer, user_of};
use crate::args::UserArgs;
use crate::world::World;

/// Checks for each object whether the user may create or update it, and may grant its permissions.
pub(crate) fn write(user: &UserArgs, objects: &Objects, world: &World) -> Answer {
    let user = user_of(user);
    let writer = Writer { user: &user, world };
    let mut found = Vec::new();
    for role in &objects.cluster_roles {
        let before = world
            .policy
            .cluster_roles()
            .find(|own| own.metadata.name == role.metadata.name);
        let how = before.map_or(Write::Create, Write::Replace);
        found.push(
            writer.ask("clusterroles", &role.metadata, before.is_some(), || {
                told(world.policy.write_cluster_role(&user, role, how))
            }),
        );
    }
    for role in &objects.roles {
        let before = world
            .policy
            .roles()
            .find(|own| is_same(&own.metadata, &role.metadata));
        let how = before.map_or(Write::Create, Write::Replace);
        found.push(writer.ask("roles", &role.metadata, before.is_some(), || {
            told(world.policy.write_role(&user, role, how))
        }));
    }
    for binding in &objects.cluster_role_bindings {
        let mut all = world.policy.cluster_role_bindings();
        let is_there = all.any(|own| own.metadata.name == binding.metadata.name);
        found.push(
            writer.ask("clusterrolebindings", &binding.metadata, is_there, || {
                told(world.policy.write_cluster_role_binding(&user, binding))
            }),
        );
    }
    for binding in &objects.role_bindings {
        let mut all = world.policy.role_bindings();
        let is_there = all.any(|own| is_same(&own.metadata, &binding.metadata));
        found.push(writer.ask("rolebindings", &binding.metadata, is_there, || {
            told(world.policy.write_role_binding(&user, binding))
        }));
    }
    let is_good = !found.is_empty() && found.iter().all(|found| found.refusal.is_none());
    let mut text = String::new();
    for Found { what, refusal } in &found {
        let (word, dash, refusal) = match refusal {
            None => ("yes", "", ""),
            Some(refusal) => ("no", " - ", refusal.as_str()),
        };
        let _ = writeln!(text, "{word}  {what}{dash}{refusal}");
    }
    let data = found.iter().map(|Found { what, refusal }| {
        json!({ "object": what, "allowed": refusal.is_none(), "refusal": refusal })
    });
    Answer {
        is_good,
        text,
        data: data.collect::<Value>(),
    }
}

struct Writer<'w> {
    user: &'w User,
    world: &'w World,
}

/// What came out for one object.
struct Found {
    what: String,
    refusal: Option<String>,
}

impl Writer<'_> {
    fn ask(
        &self,
        resource: &str,
        metadata: &Metadata,
        is_there: bool,
        escalation: impl FnOnce() -> Option<String>,
    ) -> Found {
        let (verb, name) = match is_there {
            true => ("update", metadata.name.as_str()),
            false => ("create", ""),
        };
        let request = ResourceRequest::new(verb, API_GROUP, resource)
            .in_namespace(&metadata.namespace)
            .with_name(name)
            .into();
        let response = self.world.policy.authorize(self.user, &request);
        let forbidden = || {
            let reason = response.reason();
            Forbidden::new(&self.user.name, request, &reason).to_string()
        };
        let is_allowed = response.decision().is_allow();
        let slash = if metadata.namespace.is_empty() {
            ""
        } else {
            "/"
        };
        Found {
            what: format!(
                "{verb} {resource} {}{slash}{}",
                metadata.namespace, metadata.name
            ),
            refusal: if is_allowed {
                escalation()
            } else {
                Some(forbidden())
            },
        }
    }
}

fn is_same(one: &Metadata, other: &Metadata) -> bool {
    one.name == other.name && one.namespace == other.namespace
}

fn told(verdict: WriteVerdict<'_>) -> Option<String> {
    match verdict {
        WriteVerdict::Allowed(_) => None,
        WriteVerdict::Refused(refusal) => Some(refusal.to_string()),
    }
}
