//! Prints how often memory is asked for between the text of a token and its verdict, and fails if an
//! acceptance asks more often than it may: a count is the same on every machine.
#![expect(clippy::print_stdout, reason = "what it is for")]

#[path = "accept/input.rs"]
mod input;

/// The decoded URL, its canonical spelling, `url`'s own copy, one more for the three parts of a
/// `http::Uri` to share, and two for a `HeaderMap`.
const AT_MOST: u64 = 6;

fn main() {
    let verifier = input::Verifier::new();
    let tokens = || {
        let refused = input::refused();
        let refused = refused.into_iter().map(|(name, token, _)| (name, token));
        input::accepted().into_iter().chain(refused)
    };
    // The first time, region shapes are compiled.
    let accepted = tokens().filter(|(_, token)| verifier.accept(token).is_ok());
    assert_eq!(accepted.count(), input::accepted().len());
    for (name, token) in tokens() {
        let counted = allocation_counter::measure(|| drop(verifier.accept(&token)));
        let (count, bytes) = (counted.count_total, counted.bytes_total);
        println!("accept/{name}: {count} allocations, {bytes} bytes");
        assert!(count <= AT_MOST, "more than {AT_MOST} allocations");
    }
}
