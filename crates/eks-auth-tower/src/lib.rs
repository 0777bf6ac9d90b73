#![doc = include_str!("../README.md")]

// Callers.
mod authenticate;
mod bearer;
mod verify;

// Their requests.
mod authorize;
mod rejection;

// Logins in POST form.
mod challenge;
mod login;

pub use authenticate::{AuthenticateLayer, AuthenticateService};
pub use authorize::{AuthorizeLayer, AuthorizeService, Authorizer, Permissions};
#[cfg(feature = "redis")]
pub use challenge::RedisChallenges;
pub use challenge::{
    CHALLENGE_LIFE, ChallengeError, ChallengeStore, Challenges, MAX_CHALLENGES, MemoryChallenges,
};
pub use login::{LoginForm, LoginLayer, LoginService, Logins, MAX_LOGIN_LEN};
pub use rejection::Rejection;
pub use verify::{Verifier, VerifyToken};

// The types that a service needs from the crates underneath.
pub use eks_auth;
