//! The extra fields of a user.

use std::fmt;

use iam_principal::Identity;

use crate::rules::caller::{session_name, user_id};

/// The extra fields of a [`UserInfo`](crate::UserInfo): the details of the identity that upstream puts
/// into a TokenReview's `status.user.extra` (`pkg/server/server.go`, `authenticateEndpoint`).
///
/// The keys are `accessKeyId`, `arn`, `canonicalArn`, `principalId`, `sessionName` and
/// `sigs.k8s.io/aws-iam-authenticator/principalId`. Each has one value, which may be empty. There are no
/// fields for a scrubbed account.
///
/// With the feature `serde` it serializes as an object of lists of one text, as Kubernetes writes it.
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct Extra {
    /// The values one after another, so that a user has one allocation for all of them.
    text: String,
    /// The end of each value in `text`, in the order of `KEYS`. `None` for a scrubbed account.
    // INVARIANT: ascending, at most text.len(), on character boundaries.
    ends: Option<[usize; KEYS.len()]>,
}

/// The keys with separate values, in alphabetical order.
const KEYS: [&str; 5] = [
    "accessKeyId",
    "arn",
    "canonicalArn",
    PRINCIPAL_ID,
    "sessionName",
];

const PRINCIPAL_ID: &str = "principalId";

/// Upstream's older key for `principalId`.
const OLDER_PRINCIPAL_ID: &str = "sigs.k8s.io/aws-iam-authenticator/principalId";

impl Extra {
    pub(crate) fn new(identity: &Identity) -> Self {
        let values: [&str; KEYS.len()] = [
            identity.access_key_id().unwrap_or(""),
            identity.arn(),
            identity.canonical_arn(),
            user_id(identity),
            session_name(identity),
        ];
        let mut text = String::with_capacity(values.iter().map(|value| value.len()).sum());
        let ends = values.map(|value| {
            text.push_str(value);
            text.len()
        });
        Self {
            text,
            ends: Some(ends),
        }
    }

    /// Builds the fields of a user in a scrubbed account: there are none.
    pub(crate) const fn scrubbed() -> Self {
        Self {
            text: String::new(),
            ends: None,
        }
    }

    /// Returns the value of a field. `None` if there is no such field.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.iter()
            .find_map(|(of, value)| (of == key).then_some(value))
    }

    /// Returns the keys with their values, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let values = || {
            let mut start = 0;
            self.ends.into_iter().flatten().map(move |end| {
                // by INVARIANT on ends
                let value = self.text.get(start..end).unwrap_or("");
                start = end;
                value
            })
        };
        let principal_id = KEYS.iter().position(|key| *key == PRINCIPAL_ID);
        let older = principal_id.and_then(|at| values().nth(at));
        KEYS.into_iter()
            .zip(values())
            .chain(older.map(|value| (OLDER_PRINCIPAL_ID, value)))
    }

    /// Returns whether there are no fields, as for a scrubbed account.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.ends.is_none()
    }
}

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Extra {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(key, value)| (key, [value])))
    }
}
