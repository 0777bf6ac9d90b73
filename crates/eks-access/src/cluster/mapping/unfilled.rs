//! Names of the mapping that another tool fills in.

use aws_auth_map::{Placeholder, Template};

use super::Read;
use crate::document::Document;
use crate::gather::Gathered;
use crate::place::Place;
use crate::problem::SourceFault;
use crate::source::SourceKind;

/// Leaves no answer if another tool fills in the name or a group of a rule: they may be any.
pub(super) fn lose(documents: &[Document], gathered: &mut Gathered, found: &[Read]) {
    for Read {
        backend, origin, ..
    } in found
    {
        for (at, rule) in backend.rules().iter() {
            let names = std::iter::once(rule.username()).chain(rule.groups());
            let name = names.map(Template::source).find(|name| is_unfilled(name));
            let Some(name) = name else {
                continue;
            };
            let document = origin.of(Some(at)).and_then(|at| documents.get(at));
            if let Some(document) = document.filter(|document| !is_filled_in(gathered, document)) {
                let place = Place::of_rule(document.name(), backend.rules().place(at));
                gathered.lost(place, SourceFault::Unfilled(name));
            }
        }
    }
}

/// Returns whether the names of a document are those of a plan, a state or a template, whose own placeholders are filled
/// in.
fn is_filled_in(gathered: &Gathered, document: &Document) -> bool {
    let mut sources = gathered.sources.iter();
    sources.any(|source| {
        source.place().file() == document.name()
            && matches!(
                source.kind(),
                SourceKind::CloudFormation | SourceKind::Terraform
            )
    })
}

/// Returns whether a name has a placeholder of Terraform, a shell, Helm or Jinja. EKS takes a name in braces that it
/// does not know as text, and there are no other characters in it.
fn is_unfilled(name: &str) -> bool {
    let has = |open: &str, close: &str, is_one: fn(&str) -> bool| {
        let inner = name.split(open).skip(1);
        let mut inner = inner.filter_map(|rest| Some(rest.split_once(close)?.0));
        inner.any(is_one)
    };
    let is_other = |inner: &str| {
        let inner = inner.trim_start_matches('{');
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let is_own = |own: Placeholder| own.name().eq_ignore_ascii_case(inner.trim());
        !inner.chars().all(is_word) && !Placeholder::ALL.into_iter().any(is_own)
    };
    has("${", "}", |_| true)
        || has("$(", ")", |_| true)
        || has("{%", "%}", |_| true)
        || has("{{", "}}", is_other)
}
