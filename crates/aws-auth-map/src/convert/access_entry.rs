//! An access entry, in the AWS CLI's input and output formats.

use iam_principal::Principal;

use crate::names::default_username;
use crate::quoted_text::quote;
use crate::rules::access_policy::{AccessPolicy, AccessScope};

/// The type of an access entry, which cannot be changed later.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum EntryType {
    /// Nodes of Auto Mode.
    Ec2,
    /// Linux nodes.
    Ec2Linux,
    /// Windows nodes.
    Ec2Windows,
    /// Pods on Fargate.
    FargateLinux,
    /// Hybrid nodes.
    HybridLinux,
    /// Nodes of SageMaker HyperPod.
    HyperpodLinux,
    /// Any other principal.
    Standard,
}

impl EntryType {
    /// Returns the type's name in the EKS API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ec2 => "EC2",
            Self::Ec2Linux => "EC2_LINUX",
            Self::Ec2Windows => "EC2_WINDOWS",
            Self::FargateLinux => "FARGATE_LINUX",
            Self::HybridLinux => "HYBRID_LINUX",
            Self::HyperpodLinux => "HYPERPOD_LINUX",
            Self::Standard => "STANDARD",
        }
    }

    /// Parses a type's name in the EKS API, or in the spelling of the user guide. `None` if it is neither.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let types = [
            Self::Ec2,
            Self::Ec2Linux,
            Self::Ec2Windows,
            Self::FargateLinux,
            Self::HybridLinux,
            Self::HyperpodLinux,
            Self::Standard,
        ];
        match name {
            "EC2_Linux" => Some(Self::Ec2Linux),
            "EC2_Windows" => Some(Self::Ec2Windows),
            name => types.into_iter().find(|one| one.as_str() == name),
        }
    }
}

/// An access entry.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AccessEntry {
    principal_arn: String,
    entry_type: EntryType,
    username: String,
    groups: Vec<String>,
    access_policies: Vec<AccessPolicy>,
}

impl AccessEntry {
    pub(super) fn new(
        arn: &str,
        entry_type: EntryType,
        username: &str,
        groups: Vec<String>,
    ) -> Self {
        Self {
            principal_arn: arn.to_owned(),
            entry_type,
            username: username.to_owned(),
            groups,
            access_policies: Vec::new(),
        }
    }

    pub(super) fn with_policies(self, access_policies: Vec<AccessPolicy>) -> Self {
        Self {
            access_policies,
            ..self
        }
    }

    pub(super) fn with_principal_arn(self, arn: &str) -> Self {
        Self {
            principal_arn: arn.to_owned(),
            ..self
        }
    }

    /// Returns the ARN of the principal.
    #[must_use]
    pub fn principal_arn(&self) -> &str {
        &self.principal_arn
    }

    /// Returns the type.
    #[must_use]
    pub const fn entry_type(&self) -> EntryType {
        self.entry_type
    }

    /// Returns the username, with its placeholders.
    #[must_use]
    pub fn username(&self) -> &str {
        &self.username
    }

    /// Returns whether EKS chooses this username by itself.
    #[must_use]
    pub fn has_default_username(&self) -> bool {
        self.entry_type != EntryType::Standard
            || Principal::parse(&self.principal_arn)
                .is_ok_and(|principal| default_username(&principal) == self.username)
    }

    /// Returns the groups. EKS sets the groups of a node.
    #[must_use]
    pub fn groups(&self) -> &[String] {
        &self.groups
    }

    /// Returns the access policies to associate.
    #[must_use]
    pub fn access_policies(&self) -> &[AccessPolicy] {
        &self.access_policies
    }

    /// Writes the object in `accessEntry` as `aws eks describe-access-entry` prints it, with the policies
    /// as `list-associated-access-policies` prints them.
    /// [`Reader::read_access_entries`](crate::Reader::read_access_entries) reads it.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut object = Object::new();
        object.text("principalArn", &self.principal_arn);
        object.raw(
            "kubernetesGroups",
            &list(self.groups.iter().map(|group| quote(group))),
        );
        object.text("username", &self.username);
        object.text("type", self.entry_type.as_str());
        if !self.access_policies.is_empty() {
            let policies = self.access_policies.iter().map(|policy| {
                let mut object = Object::new();
                object.policy(policy);
                object.finish()
            });
            object.raw("associatedAccessPolicies", &list(policies));
        }
        object.finish()
    }

    /// Writes the input of `aws eks create-access-entry --cli-input-json`, without the values that EKS
    /// sets itself.
    #[must_use]
    pub fn to_create_input(&self, cluster_name: &str) -> String {
        let mut object = Object::new();
        object.text("clusterName", cluster_name);
        object.text("principalArn", &self.principal_arn);
        if self.entry_type == EntryType::Standard && !self.groups.is_empty() {
            object.raw(
                "kubernetesGroups",
                &list(self.groups.iter().map(|group| quote(group))),
            );
        }
        if !self.has_default_username() {
            object.text("username", &self.username);
        }
        object.text("type", self.entry_type.as_str());
        object.finish()
    }

    /// Writes one input of `aws eks associate-access-policy --cli-input-json` for each policy.
    #[must_use]
    pub fn to_associate_inputs(&self, cluster_name: &str) -> Vec<String> {
        let input = |policy: &AccessPolicy| {
            let mut object = Object::new();
            object.text("clusterName", cluster_name);
            object.text("principalArn", &self.principal_arn);
            object.policy(policy);
            object.finish()
        };
        self.access_policies.iter().map(input).collect()
    }
}

struct Object(String);

impl Object {
    fn new() -> Self {
        Self("{".to_owned())
    }

    fn text(&mut self, key: &str, value: &str) {
        self.raw(key, &quote(value));
    }

    fn raw(&mut self, key: &str, value: &str) {
        if self.0.len() > 1 {
            self.0.push_str(", ");
        }
        self.0.push_str(&format!("{}: {value}", quote(key)));
    }

    fn policy(&mut self, policy: &AccessPolicy) {
        self.text("policyArn", policy.arn());
        let mut scope = Self::new();
        match policy.scope() {
            AccessScope::Cluster => scope.text("type", "cluster"),
            AccessScope::Namespaces(names) => {
                scope.text("type", "namespace");
                scope.raw("namespaces", &list(names.iter().map(|name| quote(name))));
            }
        }
        self.raw("accessScope", &scope.finish());
    }

    fn finish(self) -> String {
        self.0 + "}"
    }
}

fn list(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.collect();
    format!("[{}]", items.join(", "))
}
