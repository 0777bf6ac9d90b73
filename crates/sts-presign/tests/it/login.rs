//! Logins in POST form, and changes to a login.

use serde::Deserialize;
use sts_presign::{
    AcceptPolicy, AcceptedPost, BindingHeader, Diagnosis, Error, ForwardedRequest, SignedPost,
    UnixTime,
};

use crate::support::{NOW, at};

/// A line of `testdata/posts.jsonl`.
#[derive(Clone, Deserialize)]
pub(crate) struct Login {
    pub(crate) system: String,
    #[serde(default = "post")]
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) region: String,
    pub(crate) session_token: Option<String>,
    binding: Vec<(String, String)>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

fn post() -> String {
    "POST".to_owned()
}

pub(crate) fn logins() -> Vec<Login> {
    testkit::json_lines(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/posts.jsonl"))
}

pub(crate) fn login_of(system: &str) -> Login {
    let of_it = |login: &Login| login.system == system;
    logins().into_iter().find(of_it).unwrap()
}

impl Login {
    pub(crate) fn policy(&self) -> AcceptPolicy {
        let partition = if self.region.starts_with("us-gov") {
            "aws-us-gov"
        } else {
            "aws"
        };
        let mut headers = self
            .binding
            .iter()
            .map(|(name, value)| BindingHeader::parse(&name.to_ascii_lowercase(), value).unwrap());
        let policy = AcceptPolicy::bound_by(headers.next().unwrap(), partition.parse().unwrap());
        headers.fold(policy, AcceptPolicy::with_binding)
    }

    pub(crate) fn judge(
        &self,
        policy: &AcceptPolicy,
        now: UnixTime,
    ) -> Result<AcceptedPost, Error> {
        self.forwarded(|forwarded| policy.accept_post(&SignedPost::parse(&forwarded)?, now))
    }

    pub(crate) fn diagnose(&self, policy: &AcceptPolicy, now: UnixTime) -> Diagnosis {
        self.forwarded(|forwarded| policy.diagnose_post(&forwarded, now))
    }

    pub(crate) fn forwarded<T>(&self, take: impl FnOnce(ForwardedRequest<'_>) -> T) -> T {
        let headers: Vec<(&str, &str)> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        take(ForwardedRequest {
            method: &self.method,
            url: &self.url,
            headers: &headers,
            body: &self.body,
        })
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.remove(name);
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.headers
            .retain(|(other, _)| !other.eq_ignore_ascii_case(name));
    }

    fn authorization(&mut self) -> &mut String {
        let mut headers = self.headers.iter_mut();
        let (_, value) = headers.find(|(name, _)| name == "Authorization").unwrap();
        value
    }

    /// Replaces the access key id of the credential.
    #[cfg(all(feature = "sign", feature = "verify"))]
    pub(crate) fn rename_key(&mut self, id: &str) {
        let authorization = self.authorization();
        *authorization = authorization.replacen("AKIDEXAMPLE", id, 1);
    }

    /// Lists a header as signed. The signature is then wrong, but it is not verified here.
    pub(crate) fn also_sign(&mut self, name: &str) {
        let authorization = self.authorization();
        let (before, rest) = authorization.split_once("SignedHeaders=").unwrap();
        let (list, after) = rest.split_once(',').unwrap();
        let mut names: Vec<&str> = list.split(';').chain([name]).collect();
        names.sort_unstable();
        *authorization = format!("{before}SignedHeaders={},{after}", names.join(";"));
    }
}

/// A case of `testdata/refused_posts.toml`: one change to a good login.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Case {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) attack: Vec<u8>,
    method: Option<String>,
    url: Option<(String, String)>,
    body: Option<(String, String)>,
    #[serde(default)]
    set: Vec<(String, String)>,
    #[serde(default)]
    add: Vec<(String, String)>,
    #[serde(default)]
    remove: Vec<String>,
    authorization: Option<(String, String)>,
    also_authorization: Option<(String, String)>,
    also_sign: Option<String>,
    now: Option<String>,
    regions: Option<Vec<String>>,
    pub(crate) error: String,
    pub(crate) failed: Vec<(String, String)>,
}

pub(crate) fn cases() -> Vec<Case> {
    #[derive(Deserialize)]
    struct Cases {
        case: Vec<Case>,
    }
    testkit::toml::<Cases>(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/testdata/refused_posts.toml"
    ))
    .case
}

/// A login with the policy and the time that apply to it.
#[derive(Clone)]
pub(crate) struct Trial {
    pub(crate) login: Login,
    policy: AcceptPolicy,
    now: UnixTime,
}

impl Trial {
    /// Consul's login with a temporary key: six headers, five of them signed besides `host`.
    pub(crate) fn good() -> Self {
        let login = login_of("consul");
        Self {
            policy: login.policy(),
            login,
            now: at(NOW),
        }
    }

    pub(crate) fn judge(&self) -> Result<AcceptedPost, Error> {
        self.login.judge(&self.policy, self.now)
    }

    pub(crate) fn diagnose(&self) -> Diagnosis {
        self.login.diagnose(&self.policy, self.now)
    }

    pub(crate) fn change(&mut self, case: &Case) {
        let login = &mut self.login;
        let replace = |text: &mut String, change: &Option<(String, String)>| {
            if let Some((from, to)) = change {
                assert!(text.contains(from), "{}: no {from} in {text}", case.name);
                *text = text.replacen(from, to, 1);
            }
        };
        if let Some(method) = &case.method {
            login.method.clone_from(method);
        }
        replace(&mut login.url, &case.url);
        replace(&mut login.body, &case.body);
        for (name, value) in &case.set {
            login.set(name, value);
        }
        login.headers.extend(case.add.iter().cloned());
        for change in [&case.authorization, &case.also_authorization] {
            if change.is_some() {
                replace(login.authorization(), change);
            }
        }
        if let Some(name) = &case.also_sign {
            login.also_sign(name);
        }
        for name in &case.remove {
            login.remove(name);
        }
        if let Some(now) = &case.now {
            self.now = at(now);
        }
        if let Some(regions) = &case.regions {
            self.policy = self.policy.clone().with_regions(regions.clone());
        }
    }
}
