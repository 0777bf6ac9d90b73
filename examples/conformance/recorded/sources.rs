//! Answers of aws-iam-authenticator about sources that change, and about EC2.

use serde_json::Value;

use super::{BACKEND_MODES, CONFIG_MAP, DYNAMIC_FILE, LOOK_UPS, Verdict, ask};

/// Compares the users, or the codes of the refusals, after each change. Upstream leaves out empty values.
fn same_users(got: &Value, wanted: &Value) -> Verdict {
    same(got, wanted, "answers", |answer| {
        let text = |value: &Value| Value::from(value.as_str().unwrap_or_default());
        let groups = answer["groups"].as_array().cloned();
        vec![
            text(&answer["error"]["code"]),
            text(&answer["username"]),
            text(&answer["uid"]),
            Value::from(groups.unwrap_or_default()),
            answer["extra"].clone(),
        ]
    })
}

/// Compares the names, the callers without a name, and the callers who waited for long.
fn same_names(got: &Value, wanted: &Value) -> Verdict {
    same(got, wanted, "outcomes", |outcome| {
        vec![outcome["name"].clone(), outcome["is_late"].clone()]
    })
}

fn same(got: &Value, wanted: &Value, field: &str, facts: impl Fn(&Value) -> Vec<Value>) -> Verdict {
    let all = |answer: &Value| -> Vec<Vec<Value>> {
        let items = answer[field].as_array();
        items.into_iter().flatten().map(&facts).collect()
    };
    match all(got) == all(&wanted["answer"]) {
        true => Ok(()),
        false => Err(format!("wanted {}, got {got}", wanted["answer"])),
    }
}

#[test]
fn config_map() {
    ask(CONFIG_MAP, |case, score| {
        score.ask(case, |answer| same_users(answer, case));
    });
}

#[test]
fn backend_modes() {
    ask(BACKEND_MODES, |case, score| {
        score.ask(case, |answer| same_users(answer, case));
    });
}

#[test]
fn dynamic_file() {
    ask(DYNAMIC_FILE, |case, score| {
        score.ask(case, |answer| same_users(answer, case));
    });
}

#[test]
fn look_ups() {
    ask(LOOK_UPS, |case, score| {
        score.ask(case, |answer| same_names(answer, case));
    });
}
