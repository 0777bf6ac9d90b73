//! STS's documents in JSON.

use std::fmt;
use std::marker::PhantomData;

#[cfg(feature = "verify")]
use iam_principal::Identity;
use serde::de::value::MapAccessDeserializer;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
#[cfg(feature = "verify")]
use serde_json::json;

use crate::answer::document::{Caller, Fault};

pub(super) fn read_caller(text: &str) -> Option<Caller> {
    let Object(document) = serde_json::from_str::<Object<Document>>(text).ok()?;
    let facts = document.response.0.result.0;
    Some(Caller {
        arn: facts.arn,
        account: facts.account,
        user_id: facts.user_id,
    })
}

pub(super) fn read_fault(text: &str) -> Option<Fault> {
    let Object(document) = serde_json::from_str::<Object<ErrorDocument>>(text).ok()?;
    let Object(error) = document.error;
    Some(Fault {
        is_the_senders: error.sort.is_none_or(|sort| sort == "Sender"),
        code: error.code,
    })
}

#[cfg(feature = "verify")]
pub(super) fn write_caller(caller: &Identity, request_id: &str) -> String {
    json!({
        "GetCallerIdentityResponse": {
            "GetCallerIdentityResult": {
                "Account": caller.account().to_string(),
                "Arn": caller.arn(),
                "UserId": caller.raw_user_id(),
            },
            "ResponseMetadata": { "RequestId": request_id },
        }
    })
    .to_string()
}

#[cfg(feature = "verify")]
pub(super) fn write_fault(code: &str, message: &str, request_id: &str) -> String {
    json!({
        "Error": { "Code": code, "Message": message, "Type": "Sender" },
        "RequestId": request_id,
    })
    .to_string()
}

// Derived `Deserialize` refuses a repeated key.

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "GetCallerIdentityResponse")]
    response: Object<CallerIdentityResponse>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallerIdentityResponse {
    #[serde(rename = "GetCallerIdentityResult")]
    result: Object<CallerIdentity>,
    #[serde(rename = "ResponseMetadata")]
    _metadata: Option<Object<Metadata>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallerIdentity {
    #[serde(rename = "Account")]
    account: String,
    #[serde(rename = "Arn")]
    arn: String,
    #[serde(rename = "UserId")]
    user_id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    #[serde(rename = "RequestId")]
    _request_id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ErrorDocument {
    #[serde(rename = "Error")]
    error: Object<ErrorFacts>,
    #[serde(rename = "RequestId")]
    _request_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ErrorFacts {
    #[serde(rename = "Code")]
    code: String,
    #[serde(rename = "Detail")]
    _detail: Option<IgnoredAny>,
    #[serde(rename = "Message")]
    _message: Option<String>,
    #[serde(rename = "Type")]
    sort: Option<String>,
}

/// A value that must be a JSON object. Derived `Deserialize` alone would accept an array of the fields.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfFields<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for OfFields<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(fields)).map(Object)
            }
        }

        deserializer.deserialize_map(OfFields(PhantomData))
    }
}
