//! `auth.identify`: from a token to the identity that STS states.

use eks_auth::{AcceptPolicy, AuthError, Authenticator, ClusterId, Partition, UnixTime};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Refusal;
use crate::sts::{Answered, describe, sent};

pub(crate) fn answer(op: &str, question: &Value) -> Option<Result<Value, Refusal>> {
    Some(match op {
        "auth.identify" => crate::read(question).and_then(identify),
        _ => return None,
    })
}

/// The verifier's own settings.
#[derive(Deserialize)]
pub(crate) struct Settings {
    cluster_id: String,
    partition: String,
    now: String,
}

impl Settings {
    pub(crate) fn authenticator(&self) -> Result<Authenticator, Refusal> {
        let cluster_id = ClusterId::parse(&self.cluster_id)?;
        let partition = self.partition.parse::<Partition>()?;
        Ok(Authenticator::new(AcceptPolicy::new(cluster_id, partition)))
    }

    pub(crate) fn now(&self) -> Result<UnixTime, Refusal> {
        Ok(UnixTime::parse_rfc3339(&self.now)?)
    }
}

#[derive(Deserialize)]
struct ToIdentify {
    #[serde(flatten)]
    settings: Settings,
    token: String,
    /// The answer of STS, if the verifier asks it.
    sts: Answered,
}

fn identify(question: ToIdentify) -> Result<Value, Refusal> {
    let authenticator = question.settings.authenticator()?;
    let call = authenticator.begin(&question.token, question.settings.now()?)?;
    let request = sent(&call.request());
    Ok(match call.finish(&question.sts.response()?) {
        Ok(identity) => {
            let mut answer = describe(&identity);
            for (name, value) in [
                ("request", request),
                ("user_id", json!(identity.user_id())),
                ("access_key_id", json!(identity.access_key_id())),
            ] {
                answer.insert(name.to_owned(), value);
            }
            Value::Object(answer)
        }
        Err(error) => json!({ "request": request, "error": described(&error) }),
    })
}

fn described(error: &AuthError) -> Value {
    json!({ "code": error.code(), "message": error.to_string() })
}
