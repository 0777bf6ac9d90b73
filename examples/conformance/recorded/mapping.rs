//! Answers of aws-iam-authenticator.

use serde_json::Value;

use super::{MAPPING, ask, has_fields, is_refused};

#[test]
fn mapping() {
    ask(MAPPING, |case, score| {
        score.ask(&case["q"], |answer| match &case["error"] {
            Value::Null => has_fields(answer, &case["want"]),
            // Upstream's message is not stable enough to be compared.
            Value::String(any) if any == "*" => is_refused(answer, &[]),
            code => is_refused(answer, &[code.as_str().expect("a code")]),
        });
    });
}
