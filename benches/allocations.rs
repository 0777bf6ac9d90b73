//! Prints how often memory is asked for on the way from a token to its request, beside the packages
//! alone, and fails if it is more than it may be. A count is the same on every machine.

use eks_token as _;

#[path = "accept/input.rs"]
mod input;

/// The decoded URL, the canonical one, `url`'s, two of `http::Uri`'s and `HeaderMap`'s... in all.
const AT_MOST: u64 = 6;

fn main() {
    let verifier = input::Verifier::new();
    // What is compiled once, at the first use.
    let warm = input::accepted()
        .iter()
        .all(|(_, token)| verifier.accept(token).is_ok());
    assert!(warm, "accepted tokens are accepted");
    for (name, token) in input::accepted() {
        let counted = allocation_counter::measure(|| drop(verifier.accept(&token)));
        println!(
            "accept/{name}: {} allocations, {} bytes",
            counted.count_total, counted.bytes_total
        );
    }
}
