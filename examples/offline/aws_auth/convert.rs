//! The command `convert`.

use std::path::Path;

use aws_auth_map::{ConversionLoss, Editor, Problem, Reader, Rules};

use crate::args::Convert;
use crate::look::problem_line;
use crate::{Answer, FOUND, read_file};

pub(crate) fn convert(to: &Convert) -> Result<Answer, String> {
    match to {
        Convert::ToEntries { file, cluster } => {
            let (rules, problems) = Reader::new().read_config_map(&read_file(file)?);
            let (entries, losses) = rules.to_access_entries();
            let mut text = String::new();
            for entry in &entries {
                let created = entry.to_create_input(cluster);
                for input in std::iter::once(created).chain(entry.to_associate_inputs(cluster)) {
                    text.push_str(&input);
                    text.push('\n');
                }
            }
            Ok(answer(file, &rules, &problems, &losses, text))
        }
        Convert::ToConfigMap { file } => {
            let (rules, problems) = Reader::new().read_access_entries(&read_file(file)?);
            let (converted, losses) = rules.to_config_map();
            let text = Editor::new().write(&converted);
            let text = text.map_err(|why| format!("{}: {why}", file.display()))?;
            Ok(answer(file, &rules, &problems, &losses, text))
        }
    }
}

fn answer(
    path: &Path,
    rules: &Rules,
    problems: &[Problem],
    losses: &[ConversionLoss],
    text: String,
) -> Answer {
    let file = path.display();
    let mut aside: String = problems
        .iter()
        .map(|problem| problem_line(path, problem))
        .collect();
    for loss in losses {
        let line = loss.place(rules).line();
        let line = line.map_or_else(String::new, |line| format!(":{line}"));
        let word = if loss.is_carried() {
            "changed"
        } else {
            "not converted"
        };
        let code = loss.code();
        aside.push_str(&format!("{file}{line}: {word}[{code}]: {loss}\n"));
    }
    let status = if aside.is_empty() { 0 } else { FOUND };
    Answer {
        aside,
        ..Answer::new(status, text)
    }
}
