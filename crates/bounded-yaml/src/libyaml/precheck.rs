//! The checks that a text passes before `libyaml` sees it.

use std::thread;

use super::{binary_tag, control, flow_depth, quadratic, redefined_anchor};
use crate::error::{Error, Syntax};
use crate::limits::Limits;
use crate::position::Position;

/// Refuses a text that `libyaml` would read in more than linear time, that `yaml_serde` would resolve wrongly, that is
/// not made of YAML's characters, or in which a text stands for another.
///
/// # Errors
///
/// In this order: [`Error::TooDeep`]; [`Error::Directive`] and [`Error::TooMuchWhitespace`];
/// [`Error::AnchorRedefined`]; [`Error::Syntax`] for a control character; [`Error::Binary`].
pub(crate) fn precheck(text: &str, limits: &Limits) -> Result<(), Error> {
    let is_long = text.len() > limits.piece_bytes();
    match is_long && limits.threads().get() > 1 {
        true => on_two_threads(text, limits.max_depth()),
        false => {
            check_depth(text, limits.max_depth())?;
            quadratic::check(text)?;
            check_characters(text)
        }
    }
}

/// Makes the checks at the same time. Each check takes linear time for any text, so no check relies
/// on another.
fn on_two_threads(text: &str, max_depth: usize) -> Result<(), Error> {
    let others = || (check_depth(text, max_depth), check_characters(text));
    thread::scope(|scope| {
        let other = thread::Builder::new().spawn_scoped(scope, others);
        let cost = quadratic::check(text);
        let other = other.ok().and_then(|other| other.join().ok());
        // Without an answer of the other thread, this thread does all checks.
        let (depth, characters) = other.unwrap_or_else(others);
        depth.and(cost).and(characters)
    })
}

fn check_depth(text: &str, limit: usize) -> Result<(), Error> {
    match flow_depth::exceeds(text, limit) {
        Some(offset) => Err(Error::TooDeep {
            limit,
            at: Some(Position::of(text, offset)),
        }),
        None => Ok(()),
    }
}

/// Refuses redefined anchors, then control characters, then the tag `!!binary`.
fn check_characters(text: &str) -> Result<(), Error> {
    if let Some(offset) = redefined_anchor::find(text) {
        return Err(Error::AnchorRedefined(Position::of(text, offset)));
    }
    if let Some(offset) = control::find(text) {
        return Err(Error::Syntax {
            reason: Syntax::Control,
            at: Some(Position::of(text, offset)),
        });
    }
    match binary_tag::find(text) {
        Some(offset) => Err(Error::Binary(Position::of(text, offset))),
        None => Ok(()),
    }
}
