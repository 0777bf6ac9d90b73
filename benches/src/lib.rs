//! Input that several benches share, and the underlying packages doing the same work on it.

pub mod signing;
pub mod tokens;

/// Ends a bench whose input no longer parses.
///
/// # Panics
///
/// Always.
#[expect(clippy::panic, reason = "a bench without its fixture measures nothing")]
pub fn broken_fixture() -> ! {
    panic!("the fixture of this bench no longer parses")
}
