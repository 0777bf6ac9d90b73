//! The facts about each of the four kinds that reading needs.

use serde::de::DeserializeOwned;

use crate::objects::{ClusterRole, ClusterRoleBinding, Metadata, Objects, Role, RoleBinding};

/// One of the four kinds.
pub(super) trait Object: DeserializeOwned {
    const KIND: &'static str;
    const IS_NAMESPACED: bool;
    /// The fields beside those that each object has.
    const FIELDS: &'static [&'static str];

    fn metadata_mut(&mut self) -> &mut Metadata;

    fn store(self, objects: &mut Objects);

    /// Fills in the API groups that may be left out, as the API does before it stores an object.
    fn fill_in_groups(&mut self) {}
}

impl Object for ClusterRole {
    const KIND: &'static str = "ClusterRole";
    const IS_NAMESPACED: bool = false;
    const FIELDS: &'static [&'static str] = &["aggregationRule", "rules"];

    fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.metadata
    }

    fn store(self, objects: &mut Objects) {
        objects.cluster_roles.push(self);
    }
}

impl Object for ClusterRoleBinding {
    const KIND: &'static str = "ClusterRoleBinding";
    const IS_NAMESPACED: bool = false;
    const FIELDS: &'static [&'static str] = &["roleRef", "subjects"];

    fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.metadata
    }

    fn store(self, objects: &mut Objects) {
        objects.cluster_role_bindings.push(self);
    }

    fn fill_in_groups(&mut self) {
        self.set_defaults();
    }
}

impl Object for Role {
    const KIND: &'static str = "Role";
    const IS_NAMESPACED: bool = true;
    const FIELDS: &'static [&'static str] = &["rules"];

    fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.metadata
    }

    fn store(self, objects: &mut Objects) {
        objects.roles.push(self);
    }
}

impl Object for RoleBinding {
    const KIND: &'static str = "RoleBinding";
    const IS_NAMESPACED: bool = true;
    const FIELDS: &'static [&'static str] = &["roleRef", "subjects"];

    fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.metadata
    }

    fn store(self, objects: &mut Objects) {
        objects.role_bindings.push(self);
    }

    fn fill_in_groups(&mut self) {
        self.set_defaults();
    }
}
