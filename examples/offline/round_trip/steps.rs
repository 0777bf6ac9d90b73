//! The steps from credentials to a verdict: each is one call of a library.

use aws_auth_map::IdentityMap;
use aws_credential_types::Credentials;
use eks_auth::{AuthError, Authenticated, Authenticator, KubernetesUser, LocalKeys, LocalProfile};
use eks_token::Token;
use iam_principal::Identity;
use k8s_rbac::{Decision, Forbidden, User};
use sts_presign::{
    AcceptPolicy, ClusterId, Endpoint, Keys, LocalSts, SessionToken, Signer, UnixTime,
};

use crate::own::Asked;
use crate::report::{Caller, Check, IdentitySeen, Refusal, TokenSeen, UserSeen};

/// The data from which a cluster answers, without a network or a clock.
pub(crate) struct Cluster {
    authenticator: Authenticator,
    signer: Signer,
    sts: LocalSts<Keys>,
    rules: IdentityMap,
    rbac: k8s_rbac::Policy,
    private_dns_name: Option<String>,
}

impl Cluster {
    pub(crate) fn new(
        cluster_id: &ClusterId,
        endpoint: &Endpoint,
        keys: &LocalKeys,
        rules: IdentityMap,
        rbac: k8s_rbac::Policy,
    ) -> Self {
        let policy = AcceptPolicy::new(cluster_id.clone(), endpoint.partition());
        Self {
            authenticator: Authenticator::new(policy),
            signer: Signer::new(endpoint, cluster_id),
            sts: LocalSts::new(keys.keys()),
            rules,
            rbac,
            private_dns_name: None,
        }
    }

    /// Sets the private DNS name of the EC2 instance that a caller is.
    pub(crate) fn with_private_dns_name(self, name: &str) -> Self {
        Self {
            private_dns_name: Some(name.to_owned()),
            ..self
        }
    }

    pub(crate) const fn signer(&self) -> &Signer {
        &self.signer
    }

    /// Signs a token for a profile and follows it to the verdicts.
    pub(crate) fn walk(
        &self,
        profile: &LocalProfile,
        questions: &[Asked],
        now: UnixTime,
    ) -> Result<Caller, String> {
        let (token, expires_at) = mint(&self.signer, profile, now)?;
        Ok(self.follow(profile.name(), &token, expires_at, questions, now))
    }

    /// Follows a token to the verdicts, or to the step that refuses it.
    pub(crate) fn follow(
        &self,
        name: &str,
        token: &str,
        expires_at: UnixTime,
        questions: &[Asked],
        now: UnixTime,
    ) -> Caller {
        let mut caller = Caller {
            name: name.to_owned(),
            token: TokenSeen {
                begins: token.chars().take(32).collect(),
                length: token.len(),
                expires_at: expires_at.to_rfc3339(),
            },
            identity: None,
            user: None,
            refused: None,
            checks: Vec::new(),
        };
        let authenticated = self.identify(token, now).and_then(|identity| {
            caller.identity = Some(describe(&identity));
            match &self.private_dns_name {
                Some(name) => Authenticated::resolve_instance(identity, &self.rules, name),
                None => Authenticated::resolve(identity, &self.rules),
            }
        });
        match authenticated {
            Ok(authenticated) => {
                let user = KubernetesUser::from(&authenticated);
                caller.checks = questions
                    .iter()
                    .map(|asked| self.check(user.as_rbac(), asked))
                    .collect();
                caller.user = Some(UserSeen {
                    username: user.username().to_owned(),
                    uid: user.uid().to_owned(),
                    groups: user.groups().to_vec(),
                });
            }
            Err(why) => {
                caller.refused = Some(Refusal {
                    code: why.code().to_owned(),
                    message: why.to_string(),
                });
            }
        }
        caller
    }

    /// Returns the identity that signed a token, as a verifier does, with the embedded STS in place of the
    /// network.
    pub(crate) fn identify(&self, token: &str, now: UnixTime) -> Result<Identity, AuthError> {
        let call = self.authenticator.begin(token, now)?;
        let answer = self.sts.answer(&call.request().map(|()| []), now);
        call.finish(&answer)
    }

    fn check(&self, user: &User, asked: &Asked) -> Check {
        let request = asked.question.request();
        let response = self.rbac.authorize(user, &request);
        let reason = match response.decision() {
            Decision::NoOpinion => {
                Forbidden::new(&user.name, request, &response.reason()).to_string()
            }
            // kube-apiserver gives no reason for these requests.
            Decision::Allow(k8s_rbac::Grant::PrivilegedGroup) => {
                "members of system:masters may do everything".to_owned()
            }
            Decision::Allow(_) => response.reason(),
        };
        Check {
            question: asked.text.clone(),
            allowed: response.decision().is_allow(),
            reason,
            warnings: asked
                .question
                .warnings()
                .iter()
                .map(ToString::to_string)
                .collect(),
        }
    }
}

/// Signs a token with the credentials of a profile. Returns the token and the end of its life.
pub(crate) fn mint(
    signer: &Signer,
    profile: &LocalProfile,
    now: UnixTime,
) -> Result<(String, UnixTime), String> {
    let key = profile.key();
    let session_token = key
        .session_token()
        .map(SessionToken::expose)
        .map(str::to_owned);
    let secret = key.secret().expose();
    let credentials = Credentials::new(
        profile.access_key_id(),
        secret,
        session_token,
        None,
        "round_trip",
    );
    let refused = |why: &dyn std::fmt::Display| format!("profile `{}`: {why}", profile.name());
    let url = signer
        .sign(&credentials.into(), now)
        .map_err(|why| refused(&why))?;
    let token = Token::encode(url.expose()).map_err(|why| refused(&why))?;
    Ok((token.expose().to_owned(), url.expires_at()))
}

fn describe(identity: &Identity) -> IdentitySeen {
    IdentitySeen {
        arn: identity.arn().to_owned(),
        canonical_arn: identity.canonical_arn().to_owned(),
        account: identity.account().to_string(),
        user_id: identity.raw_user_id().to_owned(),
        session_name: identity.session_name().map(str::to_owned),
        access_key_id: identity.access_key_id().unwrap_or_default().to_owned(),
    }
}
