//! Asks a million questions about worlds of roles and bindings, or as many as are given, and says what
//! was met. Every answer is the oracle's, or this panics.
//!
//! ```console
//! $ cargo run --release -p eks-auth-fuzz --no-default-features --example rbac_worlds
//! ```
#![expect(clippy::print_stdout, reason = "what it is for")]

fn main() {
    let count = std::env::args().nth(1).and_then(|count| count.parse().ok());
    println!(
        "{}",
        eks_auth_fuzz::questions_about_worlds(count.unwrap_or(1_000_000))
    );
}
