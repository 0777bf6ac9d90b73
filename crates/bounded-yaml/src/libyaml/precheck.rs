//! What is refused before `libyaml` sees a text.

use super::{flow_depth, quadratic, redefined_anchor};
use crate::error::Error;
use crate::position::Position;

/// Refuses a text that `libyaml` would read in more than linear time, or that `yaml_serde` would
/// resolve wrongly.
///
/// # Errors
///
/// In this order: [`Error::TooDeep`]; [`Error::Directive`] and [`Error::TooMuchWhitespace`];
/// [`Error::AnchorRedefined`].
pub(crate) fn precheck(text: &str, max_depth: usize) -> Result<(), Error> {
    if let Some(offset) = flow_depth::exceeds(text, max_depth) {
        let at = Some(Position::of(text, offset));
        return Err(Error::TooDeep {
            limit: max_depth,
            at,
        });
    }
    quadratic::check(text)?;
    match redefined_anchor::find(text) {
        Some(offset) => Err(Error::AnchorRedefined(Position::of(text, offset))),
        None => Ok(()),
    }
}
