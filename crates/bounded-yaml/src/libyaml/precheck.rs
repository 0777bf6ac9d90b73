//! What is refused before `libyaml` sees a text.

use super::{control, flow_depth, quadratic, redefined_anchor};
use crate::error::{Error, Syntax};
use crate::position::Position;

/// Refuses a text that `libyaml` would read in more than linear time, that `yaml_serde` would resolve wrongly, or
/// that is not made of YAML's characters.
///
/// # Errors
///
/// In this order: [`Error::TooDeep`]; [`Error::Directive`] and [`Error::TooMuchWhitespace`];
/// [`Error::AnchorRedefined`]; [`Error::Syntax`] for a control character.
pub(crate) fn precheck(text: &str, max_depth: usize) -> Result<(), Error> {
    if let Some(offset) = flow_depth::exceeds(text, max_depth) {
        let at = Some(Position::of(text, offset));
        return Err(Error::TooDeep {
            limit: max_depth,
            at,
        });
    }
    quadratic::check(text)?;
    if let Some(offset) = redefined_anchor::find(text) {
        return Err(Error::AnchorRedefined(Position::of(text, offset)));
    }
    match control::find(text) {
        Some(offset) => Err(Error::Syntax {
            reason: Syntax::Control,
            at: Some(Position::of(text, offset)),
        }),
        None => Ok(()),
    }
}
