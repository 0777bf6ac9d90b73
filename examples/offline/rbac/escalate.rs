//! How a user can escalate their privileges.

use k8s_rbac::{KubernetesVersion, PRIVILEGED_GROUP, SubjectName};
use k8s_rbac_analysis::EscalationPaths;
use k8s_rbac_analysis::escalation_paths::{EscalationSearch, Goal, GrantedBy};
use printable_text::Printable;
use serde_json::{Value, json};

use crate::answer::{Answer, check_user, read, user_of};
use crate::args::{QuestionArg, UserArgs};
use crate::world::World;

pub(crate) fn escalate(
    user: &UserArgs,
    to: Option<&str>,
    world: &World,
    version: KubernetesVersion,
) -> Result<Answer, String> {
    check_user(user, world)?;
    let user = user_of(user);
    let search = EscalationSearch::new(&world.policy, &user).on_version(version);
    let Some(to) = to else {
        let paths = search.paths().map_err(|why| why.to_string())?;
        return Ok(Answer {
            is_good: paths.steps().is_empty(),
            text: paths.to_string(),
            data: data(&paths),
        });
    };
    let path = if to.contains(char::is_whitespace) {
        let question = QuestionArg {
            question: to.to_owned(),
        };
        search.path_to(&Goal::Request(read(&question, world)?.request()))
    } else {
        let identity = match to.strip_prefix("group:") {
            _ if to == PRIVILEGED_GROUP => SubjectName::Group(to.to_owned()),
            Some(group) => SubjectName::Group(group.to_owned()),
            None => SubjectName::User(to.to_owned()),
        };
        // The search skips identities that hold nothing, so it would find no chain.
        let is_privileged = to == PRIVILEGED_GROUP || to == "group:system:masters";
        if !is_privileged && !world.is_bound(&identity) {
            return Err(format!(
                "--to {}: no binding names {identity}, so there is nothing to obtain",
                Printable::new(to)
            ));
        }
        search.path_to(&Goal::Subject(identity))
    };
    let identity = SubjectName::User(user.name);
    let path = path.map_err(|why| why.to_string())?;
    if path.is_none() {
        let paths = search.paths().map_err(|why| why.to_string())?;
        if paths.unsearched().next().is_some() {
            return Err(format!(
                "no chain was found, but what the requests of a constrained impersonation lead to is not \
                 searched:\n{paths}"
            ));
        }
    }
    Ok(match path {
        None => Answer {
            is_good: true,
            text: String::new(),
            data: json!({ "reached": false }),
        },
        Some(path) if path.steps().is_empty() => Answer {
            is_good: false,
            text: format!("{identity} needs no step\n"),
            data: json!({ "reached": true, "steps": [] }),
        },
        Some(path) => {
            let mut data = data(&path);
            if let Some(fields) = data.as_object_mut() {
                fields.insert("reached".to_owned(), json!(true));
            }
            Answer {
                is_good: false,
                text: path.to_string(),
                data,
            }
        }
    })
}

fn data(paths: &EscalationPaths<'_>) -> Value {
    let steps = paths.steps().iter().map(|step| {
        let granted_by = step.granted_by().iter().map(GrantedBy::to_string);
        // Steps are numbered from one, as they are printed.
        let after = step.after().into_iter().map(|step| step.saturating_add(1));
        json!({
            "actor": paths.actor(step).to_string(),
            "reaches": step.target().to_string(),
            "technique": step.technique().to_string(),
            "by": granted_by.collect::<Vec<_>>(),
            "after": after.collect::<Vec<_>>(),
        })
    });
    json!({
        "everything": paths.to_everything().is_some(),
        "isComplete": paths.unsearched().next().is_none(),
        "steps": steps.collect::<Vec<_>>(),
    })
}
