//! The defaults that the API server fills in before it stores an object.
//!
//! As upstream: pkg/apis/rbac/v1/defaults.go.

use crate::objects::{API_GROUP, ClusterRoleBinding, RoleBinding, RoleRef, Subject};

impl ClusterRoleBinding {
    /// Fills in the API groups that may be omitted: those of the role, of users and of groups.
    pub fn set_defaults(&mut self) {
        fill_in_groups(&mut self.role_ref, &mut self.subjects);
    }
}

impl RoleBinding {
    /// Fills in the API groups that may be omitted: those of the role, of users and of groups.
    pub fn set_defaults(&mut self) {
        fill_in_groups(&mut self.role_ref, &mut self.subjects);
    }
}

// Service accounts belong to the core group, whose name is empty. Subjects of an unknown kind are
// left unchanged.
fn fill_in_groups(role_ref: &mut RoleRef, subjects: &mut [Subject]) {
    if role_ref.api_group.is_empty() {
        API_GROUP.clone_into(&mut role_ref.api_group);
    }
    for subject in subjects {
        if subject.api_group.is_empty() && matches!(subject.kind.as_str(), "User" | "Group") {
            API_GROUP.clone_into(&mut subject.api_group);
        }
    }
}
