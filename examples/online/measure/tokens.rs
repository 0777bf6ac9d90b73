//! Tokens for a load: used again and again, used once, or refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use clap::ValueEnum;
use eks_auth::ClusterId;
use sts_presign::{Endpoint, Signer};

/// How many tokens are used in turn: as many as a mid-sized cluster has users and nodes.
const HOT: u64 = 200;

/// The beginning of the access key ids that `measure sts` does not know.
pub(crate) const UNKNOWN_KEY: &str = "AKIDUNKNOWN";

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Kind {
    /// 200 tokens in turn.
    Hot,
    /// A new token for each request, each signed with another key.
    Cold,
    /// A new token for each request, of 200 keys in turn.
    Known,
    /// One token for all requests.
    One,
    /// A new token for each request, whose key STS does not know.
    Unknown,
    /// A new text for each request, which is refused without asking STS.
    Malformed,
}

/// Makes the bodies of reviews. Clones number them together.
#[derive(Clone)]
pub(crate) struct Tokens {
    signer: Arc<Signer>,
    kind: Kind,
    next: Arc<AtomicU64>,
    hot: Arc<[String]>,
    /// A number that differs between runs, so that the server has seen no token of a run in the run
    /// before.
    run: u64,
}

impl Tokens {
    pub(crate) fn new(kind: Kind, cluster_id: &str, region: &str) -> Result<Self, String> {
        let host = format!("sts.{region}.amazonaws.com");
        let endpoint = Endpoint::from_host(&host).map_err(|why| format!("{host}: {why}"))?;
        let cluster_id = ClusterId::parse(cluster_id).map_err(|why| why.to_string())?;
        let run = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        let mut tokens = Self {
            signer: Arc::new(Signer::new(&endpoint, &cluster_id)),
            kind,
            next: Arc::default(),
            hot: Arc::default(),
            run,
        };
        let keys = match kind {
            Kind::Hot => HOT,
            Kind::One => 1,
            _ => 0,
        };
        tokens.hot = (0..keys)
            .map(|number| tokens.review(&format!("AKIDHOT{number}")))
            .collect::<Result<_, _>>()?;
        Ok(tokens)
    }

    /// Returns the reviews that are sent again and again. Empty unless the kind is [`Kind::Hot`].
    pub(crate) fn hot(&self) -> &[String] {
        if self.kind == Kind::Hot {
            &self.hot
        } else {
            &[]
        }
    }

    /// Returns the body of the next review.
    pub(crate) fn next(&self) -> Result<String, String> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        match self.kind {
            Kind::Hot | Kind::One => {
                let number = usize::try_from(number).unwrap_or(usize::MAX);
                let index = number.checked_rem(self.hot.len()).unwrap_or(0);
                Ok(self.hot.get(index).cloned().unwrap_or_default())
            }
            Kind::Known => {
                let key = format!("AKIDKNOWN{}", number.checked_rem(HOT).unwrap_or(0));
                let session = format!("{}X{number}", self.run);
                let credentials = Credentials::new(key, "secret", Some(session), None, "measure");
                self.sign(&credentials, a_second_ago())
            }
            Kind::Cold => self.review(&format!("AKIDCOLD{}X{number}", self.run)),
            Kind::Unknown => self.review(&format!("{UNKNOWN_KEY}{}X{number}", self.run)),
            // Cheaper to make than to refuse: the token ends in the middle of its URL.
            Kind::Malformed => {
                let url = format!(
                    "https://sts.us-west-2.amazonaws.com/?Action=GetCallerIdentity&n={number}"
                );
                let token = eks_token::Token::encode(&url).map_err(|why| why.to_string())?;
                Ok(body(token.expose()))
            }
        }
    }

    fn review(&self, access_key_id: &str) -> Result<String, String> {
        self.review_signed_at(access_key_id, a_second_ago())
    }

    /// Returns the body of a review. Its token was signed at another time.
    pub(crate) fn review_signed_at(
        &self,
        access_key_id: &str,
        at: SystemTime,
    ) -> Result<String, String> {
        let credentials = Credentials::new(access_key_id, "secret", None, None, "measure");
        self.sign(&credentials, at)
    }

    fn sign(&self, credentials: &Credentials, at: SystemTime) -> Result<String, String> {
        let url = self
            .signer
            .sign_at(credentials, at)
            .map_err(|why| why.to_string())?;
        let token = eks_token::Token::encode(url.expose()).map_err(|why| why.to_string())?;
        Ok(body(token.expose()))
    }
}

/// Returns a time that is still in the past if the clock steps back by less than a second.
fn a_second_ago() -> SystemTime {
    let now = SystemTime::now();
    now.checked_sub(Duration::from_secs(1)).unwrap_or(now)
}

fn body(token: &str) -> String {
    format!(
        r#"{{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","spec":{{"token":"{token}"}}}}"#
    )
}
