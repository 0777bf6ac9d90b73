//! `Serialize`, behind the feature `serde`.
//!
//! There is no `Deserialize` for an [`Identity`]: [`Identity::new`] checks that its facts agree.

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use crate::access_key_id::AccessKeyId;
use crate::account::AccountId;
use crate::arn::Arn;
use crate::identity::Identity;
use crate::partition::Partition;
use crate::principal::Kind;

impl Serialize for AccessKeyId<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Serialize for AccountId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Arn<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Serialize for Partition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

impl Serialize for Identity {
    /// Writes `arn`, `canonicalArn`, `kind`, `partition`, `account`, `userId` (as STS gave it),
    /// `sessionName` and `accessKeyId`; the last two are `null` if they are unknown.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Identity", 8)?;
        fields.serialize_field("arn", self.arn())?;
        fields.serialize_field("canonicalArn", self.canonical_arn())?;
        fields.serialize_field("kind", &self.kind())?;
        fields.serialize_field("partition", &self.partition())?;
        fields.serialize_field("account", &self.account())?;
        fields.serialize_field("userId", self.raw_user_id())?;
        fields.serialize_field("sessionName", &self.session_name())?;
        fields.serialize_field("accessKeyId", &self.access_key_id())?;
        fields.end()
    }
}
