//! An AWS identity and the Kubernetes user that it maps to.

use aws_auth_map::{AccessPolicy, IdentityMap, Mapped, Reason, Resolution, UserInfo};
use iam_principal::Identity;

use crate::error::{AuthError, Failed, Refused};

/// An AWS identity that STS confirmed, and the Kubernetes user that the mapping rules give it.
#[derive(Clone, Debug, PartialEq)]
pub struct Authenticated {
    identity: Identity,
    mapped: Mapped,
}

impl Authenticated {
    /// Maps an identity to a Kubernetes user.
    ///
    /// # Errors
    ///
    /// [`Refused::NotMapped`]; [`Failed::PrivateDnsNameUnknown`] if the caller's rule contains
    /// `{{EC2PrivateDNSName}}`; [`Failed::RulesUnreadable`] if the rules could not be read;
    /// [`Refused::Mapping`].
    pub fn resolve(identity: Identity, rules: &IdentityMap) -> Result<Self, AuthError> {
        let mapped = require_mapped(rules.resolve(&identity))?;
        Ok(Self { identity, mapped })
    }

    /// Maps an identity as [`resolve`](Self::resolve) does, given the private DNS name of the EC2 instance
    /// that [`aws_auth_map::instance_id`] names.
    ///
    /// # Errors
    ///
    /// [`Refused::NotMapped`], [`Failed::RulesUnreadable`] or [`Refused::Mapping`].
    pub fn resolve_instance(
        identity: Identity,
        rules: &IdentityMap,
        private_dns_name: &str,
    ) -> Result<Self, AuthError> {
        let mapped = require_mapped(rules.resolve_instance(&identity, private_dns_name))?;
        Ok(Self { identity, mapped })
    }

    /// Returns the AWS identity.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Returns the Kubernetes user, without the group `system:authenticated`, which kube-apiserver adds.
    #[must_use]
    pub const fn user(&self) -> &UserInfo {
        self.mapped.user()
    }

    /// Returns the user together with the rule that gave it.
    #[must_use]
    pub const fn mapped(&self) -> &Mapped {
        &self.mapped
    }

    /// Returns the access policies of the caller's access entry: they grant permissions beside RBAC.
    #[must_use]
    pub fn access_policies(&self) -> &[AccessPolicy] {
        self.mapped.access_policies()
    }
}

/// Returns the user of a resolution, for a server that keeps the identity itself.
///
/// # Errors
///
/// As [`Authenticated::resolve`].
pub fn require_mapped(resolution: Resolution) -> Result<Mapped, AuthError> {
    match resolution {
        Resolution::Mapped(mapped) => Ok(mapped),
        Resolution::NotMapped => Err(Refused::NotMapped.into()),
        Resolution::Refused(refusal) if refusal.reason() == Reason::PrivateDnsNameUnknown => {
            Err(Failed::PrivateDnsNameUnknown(refusal).into())
        }
        Resolution::Refused(refusal) if refusal.reason().is_no_answer() => {
            Err(Failed::RulesUnreadable(refusal).into())
        }
        Resolution::Refused(refusal) => Err(Refused::Mapping(refusal).into()),
    }
}

#[cfg(feature = "serde")]
mod serialize {
    use serde::{Serialize, Serializer};

    use super::Authenticated;
    use aws_auth_map::{AccessScope, UserInfo};
    use iam_principal::Identity;

    /// `identity`, `user`, the `rule` that maps one to the other, and `accessPolicies`.
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Document<'a> {
        identity: &'a Identity,
        user: &'a UserInfo,
        rule: String,
        backend: &'a str,
        matched_on: &'a str,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        access_policies: Vec<PolicyDocument<'a>>,
    }

    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct PolicyDocument<'a> {
        policy_arn: &'a str,
        /// `None` for a policy of the whole cluster.
        #[serde(skip_serializing_if = "Option::is_none")]
        namespaces: Option<&'a [String]>,
    }

    impl Serialize for Authenticated {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let document = Document {
                identity: &self.identity,
                user: self.user(),
                rule: self.mapped.rule().to_string(),
                backend: self.mapped.backend().as_str(),
                matched_on: self.mapped.matched_on().as_str(),
                access_policies: self
                    .access_policies()
                    .iter()
                    .map(|policy| PolicyDocument {
                        policy_arn: policy.arn(),
                        namespaces: match policy.scope() {
                            AccessScope::Cluster => None,
                            AccessScope::Namespaces(names) => Some(names),
                        },
                    })
                    .collect(),
            };
            document.serialize(serializer)
        }
    }
}
