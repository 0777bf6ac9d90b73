//! Ratios that a loaded machine does not distort: each operation and its peer in turn, a millisecond each,
//! so that both meet the same load. Prints the fastest turn of each and the median of the ratios.
//!
//! ```console
//! $ cargo bench --bench pairs
//! $ cargo bench --bench pairs -- accept/long-term
//! ```
#![expect(clippy::print_stdout, reason = "the table is the output")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use eks_auth_benches::broken_fixture;
use eks_auth_benches::signing::Signing;
use eks_auth_benches::tokens::{Verifier, accept_by_packages, accepted};

/// The length of a turn. Then the other of the two has its turn.
const TURN: Duration = Duration::from_millis(1);
/// Under `cargo bench`. As a test (`cargo test --benches`), one turn is enough to show that both
/// still work.
const TURNS: usize = 2_000;

fn main() {
    let turns = if std::env::args().any(|argument| argument == "--bench") {
        TURNS
    } else {
        1
    };
    println!("| operation | ours | its packages | ratio |\n|---|---|---|---|");
    let verifier = Verifier::new();
    for (name, token) in accepted() {
        let ours = || {
            drop(black_box(
                verifier
                    .accept(black_box(&token))
                    .map_err(|_| broken_fixture()),
            ))
        };
        let peer = || match black_box(accept_by_packages(black_box(&token))) {
            Some(request) => drop(request),
            None => broken_fixture(),
        };
        compare(&format!("accept/{name}"), turns, ours, peer);
    }
    let signing = Signing::new();
    compare(
        "presign/verify",
        turns,
        || drop(black_box(signing.verify())),
        || _ = black_box(signing.verify_by_packages()),
    );
    compare(
        "presign/sign",
        turns,
        || drop(black_box(signing.sign())),
        || drop(black_box(signing.sign_by_packages())),
    );
}

fn compare(name: &str, turns: usize, ours: impl Fn(), peer: impl Fn()) {
    let mut wanted = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench");
    if wanted
        .next()
        .is_some_and(|wanted| !name.starts_with(&wanted))
    {
        return;
    }
    let pairs: Vec<(f64, f64)> = (0..turns).map(|_| (turn(&ours), turn(&peer))).collect();
    let mut ratios: Vec<f64> = pairs.iter().map(|(ours, peer)| ours / peer).collect();
    ratios.sort_by(f64::total_cmp);
    let ratio = ratios.get(turns / 2).copied().unwrap_or(f64::NAN);
    let ours = pairs
        .iter()
        .map(|pair| pair.0)
        .fold(f64::INFINITY, f64::min);
    let peer = pairs
        .iter()
        .map(|pair| pair.1)
        .fold(f64::INFINITY, f64::min);
    println!("| {name} | {ours:.2} µs | {peer:.2} µs | {ratio:.2} |");
}

/// Runs an operation for one turn. Returns the microseconds of one run.
fn turn(operation: impl Fn()) -> f64 {
    let start = Instant::now();
    let mut runs = 0.0;
    loop {
        // There are so many runs that the time for reading the clock does not matter.
        for _ in 0..16 {
            operation();
        }
        runs += 16.0;
        let spent = start.elapsed();
        if spent >= TURN {
            return spent.as_secs_f64() * 1e6 / runs;
        }
    }
}
