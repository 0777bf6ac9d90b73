//! The command `write`: the checks of the API server before it stores an object.

use std::fmt::Write as _;

use k8s_rbac::{
    API_GROUP, Forbidden, KubernetesVersion, Metadata, Objects, Permit, ResourceRequest, User,
    Write, WriteRefusal,
};
use printable_text::Printable;
use serde_json::{Value, json};

use crate::answer::{Answer, check_user, user_of};
use crate::args::UserArgs;
use crate::world::World;

/// Decides for each object whether a kube-apiserver of this version stores it: the user may create or update
/// it and may grant its permissions, and it is valid.
pub(crate) fn write(
    user: &UserArgs,
    objects: &Objects,
    world: &World,
    version: KubernetesVersion,
) -> Result<Answer, String> {
    if *objects == Objects::default() {
        return Err("no role or binding to write, so there is no answer".to_owned());
    }
    check_user(user, world)?;
    let user = user_of(user);
    let writer = Writer { user: &user, world };
    let policy = &world.policy;
    let mut found = Vec::new();
    for role in &objects.cluster_roles {
        let before = policy
            .cluster_roles()
            .find(|own| is_same(&own.metadata, &role.metadata));
        found.push(writer.ask("clusterroles", &role.metadata, before, |how| {
            policy.write_cluster_role(version, &user, role, how)
        }));
    }
    for role in &objects.roles {
        let before = policy
            .roles()
            .find(|own| is_same(&own.metadata, &role.metadata));
        found.push(writer.ask("roles", &role.metadata, before, |how| {
            policy.write_role(version, &user, role, how)
        }));
    }
    for binding in &objects.cluster_role_bindings {
        let before = policy
            .cluster_role_bindings()
            .find(|own| is_same(&own.metadata, &binding.metadata));
        found.push(
            writer.ask("clusterrolebindings", &binding.metadata, before, |how| {
                policy.write_cluster_role_binding(version, &user, binding, how)
            }),
        );
    }
    for binding in &objects.role_bindings {
        let before = policy
            .role_bindings()
            .find(|own| is_same(&own.metadata, &binding.metadata));
        found.push(
            writer.ask("rolebindings", &binding.metadata, before, |how| {
                policy.write_role_binding(version, &user, binding, how)
            }),
        );
    }
    let is_good = found.iter().all(|found| found.refusal.is_none());
    let mut text = String::new();
    for Found { what, refusal } in &found {
        let (word, dash, refusal) = match refusal {
            None => ("yes", "", ""),
            Some(refusal) => ("no", " - ", refusal.as_str()),
        };
        let (what, refusal) = (Printable::new(what), Printable::new(refusal));
        let _ = writeln!(text, "{word}  {what}{dash}{refusal}");
    }
    let data = found.iter().map(|Found { what, refusal }| {
        json!({ "object": what, "allowed": refusal.is_none(), "refusal": refusal })
    });
    Ok(Answer {
        is_good,
        text,
        data: data.collect::<Value>(),
    })
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
    fn ask<'w, T>(
        &self,
        resource: &str,
        metadata: &Metadata,
        before: Option<&'w T>,
        store: impl FnOnce(Write<'w, T>) -> Result<Permit, WriteRefusal<'w>>,
    ) -> Found {
        let (verb, name, how) = match before {
            Some(before) => ("update", metadata.name.as_str(), Write::Replace(before)),
            None => ("create", "", Write::Create),
        };
        let request = ResourceRequest::new(verb, API_GROUP, resource)
            .in_namespace(&metadata.namespace)
            .with_name(name)
            .into();
        let response = self.world.policy.authorize(self.user, &request);
        let refusal = if response.decision().is_allow() {
            store(how).err().map(|refusal| refusal.to_string())
        } else {
            let reason = response.reason();
            Some(Forbidden::new(&self.user.name, request, &reason).to_string())
        };
        let slash = match metadata.namespace.as_str() {
            "" => "",
            _ => "/",
        };
        Found {
            what: format!(
                "{verb} {resource} {}{slash}{}",
                metadata.namespace, metadata.name
            ),
            refusal,
        }
    }
}

fn is_same(one: &Metadata, other: &Metadata) -> bool {
    one.name == other.name && one.namespace == other.namespace
}
