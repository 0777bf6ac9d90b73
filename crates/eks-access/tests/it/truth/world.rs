//! Generated clusters: a mapping of every source and mode, roles and bindings, and everyone who may ask.

mod asked;
mod generate;
mod libraries;
mod sources;

use aws_auth_map::AuthenticationMode;
use serde_json::Value;

pub(crate) use self::asked::{Asked, Caller};
pub(crate) use self::generate::world;
pub(crate) use self::libraries::Libraries;

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const ROLES: [&str; 4] = ["r0", "r1", "r2", "r3"];
pub(crate) const USERS: [&str; 2] = ["dev", "ops"];

/// The format of a mapping.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Format {
    ConfigMap,
    /// The output of `eksctl get iamidentitymapping`.
    List,
    /// A `ClusterConfig` of eksctl.
    Eksctl,
    /// `IAMIdentityMapping` objects.
    Objects,
    /// The configuration of aws-iam-authenticator.
    Mounted,
    /// The dynamic file of aws-iam-authenticator.
    Dynamic,
}

/// A rule for a role or a user, or an access entry.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mapped {
    pub(crate) is_user: bool,
    pub(crate) name: &'static str,
    pub(crate) username: &'static str,
    pub(crate) groups: Vec<&'static str>,
    pub(crate) policy: Option<(&'static str, Option<&'static str>)>,
}

#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) format: Format,
    pub(crate) rules: Vec<Mapped>,
    pub(crate) has_account: bool,
    pub(crate) entries: Vec<Mapped>,
    pub(crate) mode: AuthenticationMode,
    pub(crate) roles: Vec<Value>,
    pub(crate) bindings: Vec<Value>,
}

impl Mapped {
    pub(crate) fn arn(&self) -> String {
        let kind = if self.is_user { "user" } else { "role" };
        format!("arn:aws:iam::{ACCOUNT}:{kind}/{}", self.name)
    }
}
