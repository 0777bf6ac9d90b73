//! Asks a million questions about generated policies, or as many as the argument says, and prints the
//! cases that they covered. It panics if an answer differs from the reference.
//!
//! ```console
//! $ cargo run --release -p eks-auth-fuzz --no-default-features --example rbac_worlds
//! ```
#![expect(clippy::print_stdout, reason = "the purpose of the program")]

fn main() {
    let count = std::env::args().nth(1).and_then(|count| count.parse().ok());
    println!(
        "{}",
        eks_auth_fuzz::questions_about_worlds(count.unwrap_or(1_000_000))
    );
}
