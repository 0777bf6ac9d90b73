//! The command `edit`.

use eks_access::{Edit as Change, EditRefused, NewEntry};
use serde_json::{Map, json};

use crate::LOCKOUT;
use crate::args::{Common, Edit, EditCommand, Entry};
use crate::in_place;
use crate::input;
use crate::live::{self, Extent};
use crate::print::{Answer, with_cluster};

/// What is said of a change that locks out.
pub(crate) const NOT_CHANGED: &str =
    "nothing was changed; add --force to make the change nonetheless";

/// Changes an entry of the ConfigMap.
pub(crate) fn edit(asked: &Edit, common: &Common) -> Result<Answer, String> {
    live::refuse(
        common,
        "an edit is of a file: save the ConfigMap with `kubectl get configmap aws-auth -n kube-system -o yaml \
         > aws-auth.yaml`, edit it with -f aws-auth.yaml, and compare it with `diff --live live aws-auth.yaml`",
    )?;
    let cluster = input::cluster(common, Extent::Access)?;
    let change = match &asked.command {
        EditCommand::Add(entry) => Change::Add(new_entry(entry)),
        EditCommand::Replace(entry) => Change::Replace(new_entry(entry)),
        EditCommand::Remove { arn } => Change::Remove(arn.clone()),
        EditCommand::Dedupe => Change::Dedupe,
    };
    let edited = cluster
        .edit(&change, &input::options(common))
        .map_err(|why| match why {
            EditRefused::NoUsername => format!("{why}: add --username NAME"),
            why => why.to_string(),
        })?;
    let mut data = Map::from_iter([
        ("harm".to_owned(), json!(edited.harm)),
        ("findings".to_owned(), json!(edited.warnings)),
    ]);
    let findings = edited.harm.iter().chain(&edited.warnings);
    let mut aside: Vec<String> = findings.map(ToString::to_string).collect();
    if !edited.harm.is_empty() && !asked.force {
        aside.push(NOT_CHANGED.to_owned());
        return Ok(Answer {
            status: LOCKOUT,
            text: String::new(),
            data: with_cluster(data, &cluster),
            aside,
            failure: None,
        });
    }
    data.insert("output".to_owned(), json!(edited.text));
    let mut text = edited.text;
    if asked.in_place {
        let document = cluster.documents().get(edited.document);
        in_place::write(document.map_or("", |document| document.name()), &text)?;
        text.clear();
    }
    Ok(Answer {
        status: 0,
        text,
        data: with_cluster(data, &cluster),
        aside,
        failure: None,
    })
}

fn new_entry(entry: &Entry) -> NewEntry {
    NewEntry {
        arn: entry.arn.clone(),
        username: entry.username.clone(),
        groups: entry.group.clone(),
    }
}
