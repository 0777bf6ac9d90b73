//! Helm charts among the documents, whose templates cannot be read until they are rendered.

use std::collections::{BTreeMap, BTreeSet};

use k8s_rbac::Fault;

use crate::document::Document;
use crate::place::Place;
use crate::problem::{Cause, Problem, SourceFault};

/// The file that describes a chart (Helm documentation, "The Chart File Structure").
const CHART: &str = "Chart.yaml";

/// Joins the problems of the unrendered templates of one chart into one, at its `Chart.yaml`.
pub(super) fn join(problems: &mut Vec<Problem>, documents: &[Document]) {
    let names = documents.iter().map(Document::name);
    let known: BTreeSet<&str> = names.filter(|name| name.ends_with(CHART)).collect();
    let mut charts: BTreeMap<String, usize> = BTreeMap::new();
    problems.retain(|problem| {
        let is_template = matches!(
            problem.cause(),
            Cause::Manifest {
                fault: Fault::Unrendered { .. },
                ..
            }
        );
        let chart = match is_template {
            true => chart_of(problem.place().file(), &known),
            false => None,
        };
        let is_joined = chart.is_some();
        if let Some(chart) = chart {
            let count = charts.entry(chart).or_default();
            *count = count.saturating_add(1);
        }
        !is_joined
    });
    problems.extend(charts.into_iter().map(|(chart, count)| {
        let cause = Cause::Source(SourceFault::Chart(count));
        Problem::lost(Place::of_file(&chart), cause)
    }));
}

/// Returns the name of the document that describes the chart of a template: `Chart.yaml` beside `templates`.
fn chart_of(template: &str, known: &BTreeSet<&str>) -> Option<String> {
    let directory = match template.rsplit_once("/templates/") {
        Some((chart, _)) => format!("{chart}/"),
        None => String::new(),
    };
    let chart = format!("{directory}{CHART}");
    let is_template = !directory.is_empty() || template.starts_with("templates/");
    (is_template && known.contains(chart.as_str())).then_some(chart)
}
