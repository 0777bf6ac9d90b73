//! A home directory, and stubs of AWS behind a proxy on loopback.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::run::{self, Ended};
use crate::stub::{Answer, Authority, Received, Stub};

/// The hosts that the proxy can be.
const HOSTS: [&str; 13] = [
    "sts.us-east-1.amazonaws.com",
    "sts.eu-west-1.amazonaws.com",
    "sts.us-east-1.api.aws",
    "sts-fips.us-east-1.amazonaws.com",
    "sts-fips.us-east-1.api.aws",
    "portal.sso.us-east-1.amazonaws.com",
    "portal.sso-fips.us-east-1.amazonaws.com",
    "portal.sso.us-east-1.api.aws",
    "portal.sso-fips.us-east-1.api.aws",
    "localhost",
    "oidc.us-east-1.amazonaws.com",
    "oidc-fips.us-east-1.amazonaws.com",
    "vpce-1.sts.us-east-1.vpce.amazonaws.com",
];

/// The secrets of the stubs. No message may contain them.
pub(crate) const SECRETS: [&str; 5] = [
    "SECRETOFSTUB",
    "TOKENOFSTUB",
    "eyJhbGciOi.fake.jwt",
    "ACCESSTOKEN",
    "REFRESH",
];

pub(crate) struct World {
    pub(crate) home: PathBuf,
    pub(crate) authority: Authority,
    pub(crate) proxy: Stub,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(answer)
    }

    pub(crate) fn with(answer: fn(&Received) -> Answer) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let home = std::env::temp_dir().join(format!("signer-{}-{number}", std::process::id()));
        fs::create_dir_all(home.join(".aws/sso/cache")).unwrap();
        let authority = Authority::new(&HOSTS);
        fs::write(home.join("authority.pem"), &authority.pem).unwrap();
        fs::write(home.join("token"), "eyJhbGciOi.fake.jwt").unwrap();
        let proxy = Stub::proxy(authority.server.clone(), answer);
        Self {
            home,
            authority,
            proxy,
        }
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.home.join(name).to_str().unwrap().to_owned()
    }

    /// Writes a file below the home directory; `HOME` in its text is the path of that directory.
    pub(crate) fn write(&self, name: &str, text: &str) -> &Self {
        let text = text.replace("HOME", self.home.to_str().unwrap());
        fs::write(self.home.join(name), text).unwrap();
        self
    }

    pub(crate) fn config(&self, text: &str) -> &Self {
        self.write(".aws/config", text)
    }

    pub(crate) fn credentials(&self, text: &str) -> &Self {
        self.write(".aws/credentials", text)
    }

    /// Leaves a login of SSO as `aws sso login` does, for the session `my` or for `https://my.awsapps.com/start`.
    pub(crate) fn login(&self, key: &str, expires_at: &str) -> &Self {
        // The SHA-1 of the name or of the URL.
        let name = match key {
            "my" => "3ece1471f44f63177cbc35ba0b904e0c096b6783",
            _ => "40840c65697c043e2a71754cccb2ab4de3acc1c1",
        };
        let text = format!("{{\"accessToken\": \"ACCESSTOKEN\", \"expiresAt\": \"{expires_at}\"}}");
        self.write(&format!(".aws/sso/cache/{name}.json"), &text)
    }

    /// Returns the command. Its environment has only the home directory, the proxy and the
    /// authority.
    pub(crate) fn command(&self, line: &str, variables: &[(&str, &str)]) -> Command {
        let arguments: Vec<&str> = line.split_whitespace().collect();
        let mut command = run::command("signer", &arguments);
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", &self.home)
            .env("HTTPS_PROXY", format!("http://{}", self.proxy.address))
            .env("AWS_CA_BUNDLE", self.path("authority.pem"))
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for (name, value) in variables {
            let value = value.replace("HOME", self.home.to_str().unwrap());
            command.env(name, value);
        }
        command
    }

    pub(crate) fn run(&self, line: &str, variables: &[(&str, &str)]) -> Ended {
        let line = format!("--cluster-id dev --region us-east-1 {line}");
        run::run(self.command(&line, variables), "")
    }

    /// Signs, and returns the access key id of the token.
    #[track_caller]
    pub(crate) fn key(&self, line: &str, variables: &[(&str, &str)]) -> String {
        let ended = self.run(&format!("--token-only --debug {line}"), variables);
        assert!(ended.status.success(), "{line} {variables:?}: {ended:?}");
        let signer = run::capture("verifier", &["doctor", "-i", "dev"], &ended.stdout);
        let credential = signer
            .stdout
            .lines()
            .find(|line| line.contains(" credential  "))
            .unwrap()
            .to_owned();
        let id = credential.split(['"', '/']).nth(1).unwrap();
        id.to_owned()
    }

    /// Fails to sign, and returns the message, after checking its form.
    #[track_caller]
    pub(crate) fn refusal(&self, line: &str, variables: &[(&str, &str)]) -> String {
        let ended = self.run(line, variables);
        let text = &ended.stderr;
        let message = text
            .strip_prefix("signer: ")
            .and_then(|text| text.strip_suffix('\n'));
        let Some(message) = message else {
            panic!("{line} {variables:?}: {ended:?}");
        };
        let is_sentence = ended.status.code() == Some(2)
            && ended.stdout.is_empty()
            && !message.contains(|c: char| c.is_control() || c == '\u{202e}')
            && !message.contains(" { ")
            && !message.contains("Error(")
            && message.chars().count() < 3_000;
        assert!(is_sentence, "{line} {variables:?}: {ended:?}");
        for secret in SECRETS {
            assert!(!text.contains(secret), "{secret}: {ended:?}");
        }
        message.to_owned()
    }

    /// Returns the requests, each as its host and body or path.
    pub(crate) fn requests(&self) -> Vec<String> {
        let shown = |request: Received| {
            let host = request.host.trim_end_matches(":443").to_owned();
            format!("{host} {} {}", request.line, request.body)
        };
        self.proxy.seen().into_iter().map(shown).collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.home);
    }
}

/// Answers as STS and as the portal of SSO.
pub(crate) fn answer(request: &Received) -> Answer {
    if request.line.contains("/federation/credentials") {
        return sso(request);
    }
    if request.line == "POST /token" {
        return renewal(request);
    }
    let action = match request.body.contains("AssumeRoleWithWebIdentity") {
        true => "AssumeRoleWithWebIdentity",
        false => "AssumeRole",
    };
    let xmlns = "https://sts.amazonaws.com/doc/2011-06-15/";
    if request.body.contains("denied") {
        let answer = format!(
            "<ErrorResponse xmlns=\"{xmlns}\"><Error><Type>Sender</Type><Code>AccessDenied</Code>\
             <Message>alice is not authorized to perform: sts:{action}</Message></Error>\
             <RequestId>1</RequestId></ErrorResponse>"
        );
        return (403, "text/xml", answer);
    }
    let role = request.body.split("role%2F").nth(1).unwrap_or("none");
    let role = role.split('&').next().unwrap().to_uppercase();
    let answer = format!(
        "<{action}Response xmlns=\"{xmlns}\"><{action}Result><Credentials>\
         <AccessKeyId>ASIA{role}</AccessKeyId><SecretAccessKey>SECRETOFSTUB</SecretAccessKey>\
         <SessionToken>TOKENOFSTUB</SessionToken><Expiration>2036-11-23T09:00:00Z</Expiration></Credentials>\
         <AssumedRoleUser><Arn>arn:aws:sts::111122223333:assumed-role/r/s</Arn>\
         <AssumedRoleId>AROA:s</AssumedRoleId></AssumedRoleUser></{action}Result></{action}Response>"
    );
    (200, "text/xml", answer)
}

/// Answers as the service that renews logins of SSO.
fn renewal(request: &Received) -> Answer {
    if !request.body.contains("\"REFRESH\"") {
        let answer =
            "{\"error\": \"invalid_grant\", \"error_description\": \"Invalid refresh token\"}";
        return (400, "application/json", answer.to_owned());
    }
    let answer = "{\"accessToken\": \"ACCESSTOKEN\", \"expiresIn\": 28800, \"refreshToken\": \
                  \"REFRESH\", \"tokenType\": \"Bearer\"}";
    (200, "application/json", answer.to_owned())
}

/// Answers as the portal of SSO.
pub(crate) fn sso(request: &Received) -> Answer {
    if !request.has("x-amz-sso_bearer_token: ACCESSTOKEN") {
        let answer =
            "{\"__type\": \"UnauthorizedException\", \"message\": \"Session token not found\"}";
        return (401, "application/json", answer.to_owned());
    }
    let answer = "{\"roleCredentials\": {\"accessKeyId\": \"ASIASSO\", \"secretAccessKey\": \
                  \"SECRETOFSTUB\", \"sessionToken\": \"TOKENOFSTUB\", \"expiration\": 2106300000000}}";
    (200, "application/json", answer.to_owned())
}
