//! Conversions of the four kinds and their parts.

use k8s_openapi::api::rbac::v1 as api;
use k8s_openapi::apimachinery::pkg::apis::meta::v1 as meta;

use crate::objects::{
    AggregationRule, ClusterRole, ClusterRoleBinding, LabelSelector, LabelSelectorRequirement,
    Metadata, PolicyRule, Role, RoleBinding, RoleRef, Subject,
};
use crate::openapi::{TextField, each_of, some, some_of_each};

impl From<meta::ObjectMeta> for Metadata {
    fn from(metadata: meta::ObjectMeta) -> Self {
        Self {
            name: metadata.name.unwrap_or_default(),
            namespace: metadata.namespace.unwrap_or_default(),
            labels: metadata.labels.unwrap_or_default(),
        }
    }
}

impl From<Metadata> for meta::ObjectMeta {
    fn from(metadata: Metadata) -> Self {
        Self {
            name: some(metadata.name),
            namespace: some(metadata.namespace),
            labels: some(metadata.labels),
            ..Self::default()
        }
    }
}

impl From<api::PolicyRule> for PolicyRule {
    fn from(rule: api::PolicyRule) -> Self {
        Self {
            verbs: rule.verbs,
            api_groups: rule.api_groups.unwrap_or_default(),
            resources: rule.resources.unwrap_or_default(),
            resource_names: rule.resource_names.unwrap_or_default(),
            non_resource_urls: rule.non_resource_urls.unwrap_or_default(),
        }
    }
}

impl From<PolicyRule> for api::PolicyRule {
    fn from(rule: PolicyRule) -> Self {
        Self {
            verbs: rule.verbs,
            api_groups: some(rule.api_groups),
            resources: some(rule.resources),
            resource_names: some(rule.resource_names),
            non_resource_urls: some(rule.non_resource_urls),
        }
    }
}

impl From<api::Role> for Role {
    fn from(role: api::Role) -> Self {
        Self {
            metadata: role.metadata.into(),
            rules: each_of(role.rules),
        }
    }
}

impl From<Role> for api::Role {
    fn from(role: Role) -> Self {
        Self {
            metadata: role.metadata.into(),
            rules: some_of_each(role.rules),
        }
    }
}

impl From<api::ClusterRole> for ClusterRole {
    fn from(role: api::ClusterRole) -> Self {
        Self {
            metadata: role.metadata.into(),
            rules: each_of(role.rules),
            aggregation_rule: role.aggregation_rule.map(AggregationRule::from),
        }
    }
}

impl From<ClusterRole> for api::ClusterRole {
    fn from(role: ClusterRole) -> Self {
        Self {
            metadata: role.metadata.into(),
            rules: some_of_each(role.rules),
            aggregation_rule: role.aggregation_rule.map(api::AggregationRule::from),
        }
    }
}

impl From<api::AggregationRule> for AggregationRule {
    fn from(rule: api::AggregationRule) -> Self {
        Self {
            cluster_role_selectors: each_of(rule.cluster_role_selectors),
        }
    }
}

impl From<AggregationRule> for api::AggregationRule {
    fn from(rule: AggregationRule) -> Self {
        Self {
            cluster_role_selectors: some_of_each(rule.cluster_role_selectors),
        }
    }
}

impl From<meta::LabelSelector> for LabelSelector {
    fn from(selector: meta::LabelSelector) -> Self {
        Self {
            match_labels: selector.match_labels.unwrap_or_default(),
            match_expressions: each_of(selector.match_expressions),
        }
    }
}

impl From<LabelSelector> for meta::LabelSelector {
    fn from(selector: LabelSelector) -> Self {
        Self {
            match_labels: some(selector.match_labels),
            match_expressions: some_of_each(selector.match_expressions),
        }
    }
}

impl From<meta::LabelSelectorRequirement> for LabelSelectorRequirement {
    fn from(requirement: meta::LabelSelectorRequirement) -> Self {
        Self {
            key: requirement.key,
            operator: requirement.operator,
            values: requirement.values.unwrap_or_default(),
        }
    }
}

impl From<LabelSelectorRequirement> for meta::LabelSelectorRequirement {
    fn from(requirement: LabelSelectorRequirement) -> Self {
        Self {
            key: requirement.key,
            operator: requirement.operator,
            values: some(requirement.values),
        }
    }
}

impl From<api::RoleBinding> for RoleBinding {
    fn from(binding: api::RoleBinding) -> Self {
        Self {
            metadata: binding.metadata.into(),
            subjects: each_of(binding.subjects),
            role_ref: binding.role_ref.into(),
        }
    }
}

impl From<RoleBinding> for api::RoleBinding {
    fn from(binding: RoleBinding) -> Self {
        Self {
            metadata: binding.metadata.into(),
            subjects: some_of_each(binding.subjects),
            role_ref: binding.role_ref.into(),
        }
    }
}

impl From<api::ClusterRoleBinding> for ClusterRoleBinding {
    fn from(binding: api::ClusterRoleBinding) -> Self {
        Self {
            metadata: binding.metadata.into(),
            subjects: each_of(binding.subjects),
            role_ref: binding.role_ref.into(),
        }
    }
}

impl From<ClusterRoleBinding> for api::ClusterRoleBinding {
    fn from(binding: ClusterRoleBinding) -> Self {
        Self {
            metadata: binding.metadata.into(),
            subjects: some_of_each(binding.subjects),
            role_ref: binding.role_ref.into(),
        }
    }
}

impl From<api::Subject> for Subject {
    fn from(subject: api::Subject) -> Self {
        Self {
            kind: subject.kind,
            api_group: subject.api_group.unwrap_or_default(),
            name: subject.name,
            namespace: subject.namespace.unwrap_or_default(),
        }
    }
}

impl From<Subject> for api::Subject {
    fn from(subject: Subject) -> Self {
        Self {
            kind: subject.kind,
            api_group: some(subject.api_group),
            name: subject.name,
            namespace: some(subject.namespace),
        }
    }
}

impl From<api::RoleRef> for RoleRef {
    fn from(role_ref: api::RoleRef) -> Self {
        Self {
            // Optional since 1.36.
            api_group: role_ref.api_group.text(),
            kind: role_ref.kind,
            name: role_ref.name,
        }
    }
}

impl From<RoleRef> for api::RoleRef {
    fn from(role_ref: RoleRef) -> Self {
        Self {
            api_group: TextField::of(role_ref.api_group),
            kind: role_ref.kind,
            name: role_ref.name,
        }
    }
}
