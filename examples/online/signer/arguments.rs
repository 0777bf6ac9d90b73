//! The command line: the options of `aws eks get-token` and `aws-iam-authenticator token`.

use clap::{Parser, ValueEnum};
use iam_principal::{Kind, Principal};

use crate::error::Error;
use crate::role::Role;
use crate::settings::Environment;

/// Signs a token for an EKS cluster and prints it as a credential plugin for kubectl.
#[derive(Debug, Parser)]
#[command(name = "signer", version, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Name of the cluster (or the id that its authenticator was started with)
    #[arg(long, short = 'i', visible_alias = "cluster-id", value_name = "NAME")]
    #[arg(
        env = "KUBERNETES_AWS_AUTHENTICATOR_CLUSTER_ID",
        hide_env_values = true
    )]
    pub(crate) cluster_name: String,

    /// Region of the STS endpoint [default: the environment's, else the profile's]
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,

    /// Profile of the AWS configuration files, instead of the credentials in the environment
    #[arg(long, value_name = "PROFILE")]
    pub(crate) profile: Option<String>,

    /// Role to assume before signing; each of several roles is assumed with the role before it
    #[arg(long, short, visible_alias = "role", value_name = "ARN")]
    role_arn: Vec<String>,

    /// External id that the (last) role requires
    #[arg(long, short, value_name = "ID")]
    external_id: Option<String>,

    /// Session name for the roles, which mapping rules may use in the username [default: `EKSGetTokenAuth`]
    #[arg(
        long,
        short,
        value_name = "NAME",
        conflicts_with = "forward_session_name"
    )]
    session_name: Option<String>,

    /// Keep the session name of the credentials for the roles, if the credentials belong to a role
    #[arg(long)]
    forward_session_name: bool,

    /// Source identity for the (first) role; AWS keeps it for the later roles
    #[arg(long, value_name = "NAME")]
    source_identity: Option<String>,

    /// Session tag for the (last) role (repeatable)
    #[arg(long, value_name = "KEY=VALUE", value_parser = session_tag)]
    session_tag: Vec<(String, String)>,

    /// How long the session of the (last) role lasts; AWS allows an hour if it is assumed with another role
    #[arg(long, value_name = "SECONDS")]
    duration_seconds: Option<i32>,

    /// Print the token alone, for `Authorization: Bearer`
    #[arg(long)]
    token_only: bool,

    /// Format of the document, as kubeconfigs of `aws eks update-kubeconfig` have it
    #[arg(long, value_name = "FORMAT", conflicts_with = "token_only")]
    output: Option<String>,

    /// Part of the document, as for the AWS CLI: only `status.token`
    #[arg(long, value_name = "PATH", conflicts_with = "token_only")]
    query: Option<String>,

    /// Certificate authorities in PEM for the requests that credentials need, instead of the system's
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_bundle: Option<String>,

    /// Print the source of the credentials and the endpoint on standard error
    #[arg(long)]
    pub(crate) debug: bool,

    #[arg(long, hide = true)]
    no_verify_ssl: bool,

    #[arg(long, hide = true, value_name = "URL")]
    endpoint_url: Option<String>,

    /// Keep the token in ~/.kube/cache/signer until it expires, for later runs with the same identity. None is kept
    /// with keys that need no request, or of a source that can change its identity unseen: a `credential_process`, an
    /// instance. --debug says why
    #[arg(long)]
    pub(crate) cache: bool,

    #[arg(long, short = 'c', hide = true, value_name = "FILE")]
    config: Option<String>,

    #[arg(long, short = 'l', hide = true, value_name = "FORMAT")]
    log_format: Option<String>,

    #[arg(long, short = 'v', hide = true, value_name = "LEVEL")]
    log_verbosity: Option<String>,

    /// Accepted and without effect
    #[arg(long, hide = true)]
    no_cli_pager: bool,

    /// `eks get-token` or `token`, so that the `args` of a kubeconfig can stay
    #[arg(hide = true, value_enum)]
    command: Vec<Word>,
}

/// The printed form.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Form {
    /// The ExecCredential document.
    Document,
    /// The token and a line break.
    Token,
    /// The token as a JSON text, as the AWS CLI prints it for `--query status.token`.
    JsonToken,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Word {
    Eks,
    GetToken,
    Token,
}

impl Arguments {
    /// Returns the form to print.
    ///
    /// # Errors
    ///
    /// [`Error::Flag`] for a flag of the AWS CLI or aws-iam-authenticator that has no meaning here.
    pub(crate) fn form(&self) -> Result<Form, Error> {
        let refuse = |flag, instead| Err(Error::Flag { flag, instead });
        if self.no_verify_ssl {
            return refuse(
                "--no-verify-ssl",
                "TLS is always verified; pass the authority's certificate as --ca-bundle FILE",
            );
        }
        if self.endpoint_url.is_some() {
            return refuse(
                "--endpoint-url",
                "set AWS_ENDPOINT_URL_STS to the STS endpoint that the token is for",
            );
        }
        if self.config.is_some() {
            return refuse(
                "--config",
                "pass its `clusterID` as --cluster-name NAME, and its `role` as --role-arn ARN",
            );
        }
        if self.log_format.is_some() || self.log_verbosity.is_some() {
            let flag = match self.log_format {
                Some(_) => "--log-format",
                None => "--log-verbosity",
            };
            return refuse(
                flag,
                "there is no log; --debug prints the source of the credentials",
            );
        }
        let is_text = match self.output.as_deref() {
            None | Some("json") => false,
            Some("text") => true,
            Some(_) => {
                return refuse("--output", "kubectl reads JSON only; write --output json");
            }
        };
        match self.query.as_deref() {
            None if is_text => refuse(
                "--output text",
                "write --output json for kubectl, or --token-only for the token alone",
            ),
            None if self.token_only => Ok(Form::Token),
            None => Ok(Form::Document),
            Some("status.token") if is_text => Ok(Form::Token),
            Some("status.token") => Ok(Form::JsonToken),
            Some(_) => refuse("--query", "write --query status.token, or --token-only"),
        }
    }

    /// Returns the roles to assume, in order: the roles of `--role-arn`, else the role in the variable
    /// `DEFAULT_ROLE`. `aws-iam-authenticator` reads this variable, but `aws eks get-token` does not.
    ///
    /// # Errors
    ///
    /// [`Error::Role`] or [`Error::NotARole`] if an ARN does not name a role, and [`Error::Flag`] for an option
    /// of a role without a role.
    pub(crate) fn roles(&self, environment: &Environment) -> Result<Vec<Role>, Error> {
        let is_aws_cli = self.command.contains(&Word::GetToken);
        let default = environment.get("DEFAULT_ROLE").filter(|_| !is_aws_cli);
        let (from, arns): (_, Vec<&str>) = match self.role_arn.as_slice() {
            [] => ("DEFAULT_ROLE", default.into_iter().collect()),
            arns => (ROLE_FLAG, arns.iter().map(String::as_str).collect()),
        };
        let session_name = self.session_name.as_deref().unwrap_or(SESSION_NAME);
        let mut roles = arns
            .into_iter()
            .map(|arn| {
                check_role(from, arn)?;
                Ok(Role::new(arn, session_name))
            })
            .collect::<Result<Vec<_>, Error>>()?;
        if let Some(first) = roles.first_mut() {
            first.source_identity.clone_from(&self.source_identity);
        }
        if let Some(last) = roles.last_mut() {
            last.external_id.clone_from(&self.external_id);
            last.tags.clone_from(&self.session_tag);
            last.seconds = self.duration_seconds;
            return Ok(self.forwarded(roles));
        }
        let flag = if self.external_id.is_some() {
            "--external-id"
        } else if self.source_identity.is_some() {
            "--source-identity"
        } else if !self.session_tag.is_empty() {
            "--session-tag"
        } else if self.duration_seconds.is_some() {
            "--duration-seconds"
        } else if self.forward_session_name {
            "--forward-session-name"
        } else if self.session_name.is_some() {
            "--session-name"
        } else {
            return Ok(roles);
        };
        Err(Error::Flag {
            flag,
            instead: "it belongs to a role; add --role-arn ARN",
        })
    }

    fn forwarded(&self, mut roles: Vec<Role>) -> Vec<Role> {
        for role in &mut roles {
            role.keeps_session_name = self.forward_session_name;
        }
        roles
    }
}

/// The session name of the AWS CLI (`eks/get_token.py`).
const SESSION_NAME: &str = "EKSGetTokenAuth";

/// The flag of the roles to sign as.
pub(crate) const ROLE_FLAG: &str = "--role-arn";

/// Checks that the ARN of a flag or variable names a role.
///
/// # Errors
///
/// [`Error::Role`], [`Error::NotARole`].
pub(crate) fn check_role(from: &'static str, arn: &str) -> Result<(), Error> {
    let given = || arn.to_owned();
    let principal = Principal::parse(arn).map_err(|why| Error::Role {
        from,
        given: given(),
        why,
    })?;
    match principal.kind() {
        Kind::Role => Ok(()),
        _ => Err(Error::NotARole {
            from,
            given: given(),
        }),
    }
}

/// Parses a session tag.
fn session_tag(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("a tag is written KEY=VALUE".to_owned()),
    }
}

const EXAMPLES: &str = "\
In a kubeconfig:
  users:
  - name: dev
    user:
      exec:
        apiVersion: client.authentication.k8s.io/v1
        command: signer
        args: [--region, eu-west-1, --cluster-name, dev]
        interactiveMode: Never

Credentials come from the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN),
else in the order of the AWS CLI: a role of the profile, web identity, SSO, keys in the credentials file,
credential_process, keys in the config file, a container, an instance. With keys in the environment or the profile, and no
role to assume, nothing is sent over the network.

Other variables: AWS_REGION, AWS_DEFAULT_REGION, AWS_PROFILE, AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE,
AWS_CREDENTIAL_EXPIRATION, AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT,
AWS_STS_REGIONAL_ENDPOINTS, AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL,
AWS_IGNORE_CONFIGURED_ENDPOINT_URLS, AWS_EC2_METADATA_DISABLED, AWS_CA_BUNDLE, HTTPS_PROXY, NO_PROXY,
DEFAULT_ROLE, KUBERNETES_EXEC_INFO.

If a profile has `mfa_serial`, the code is asked for on the terminal.

`signer kubeconfig --help` is about writing the entry of a kubeconfig.";

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(std::iter::once("signer").chain(line.split_whitespace()))
    }

    fn roles(arguments: &Arguments) -> Result<Vec<Role>, Error> {
        arguments.roles(&Environment::default())
    }

    #[test]
    fn the_arguments_of_a_kubeconfig_by_aws_work_unchanged() {
        let line = "--region us-west-2 eks get-token --cluster-name dev --output json";
        let arguments = parse(line).unwrap();
        assert_eq!(arguments.cluster_name, "dev");
        assert_eq!(arguments.region.as_deref(), Some("us-west-2"));
    }

    #[test]
    fn the_arguments_of_a_kubeconfig_for_aws_iam_authenticator_work_unchanged() {
        let arn = "arn:aws:iam::111122223333:role/team/dev";
        let arguments = parse(&format!("token -i dev -r {arn} -e x1 -s me --token-only")).unwrap();
        assert_eq!(arguments.form().unwrap(), Form::Token);
        let [role] = roles(&arguments).unwrap().try_into().unwrap();
        assert_eq!((role.arn.as_str(), role.session_name.as_str()), (arn, "me"));
        assert_eq!(role.external_id.as_deref(), Some("x1"));
    }

    #[test]
    fn a_role_is_assumed_under_awsclis_session_name() {
        let arguments = parse("-i dev --role arn:aws:iam::111122223333:role/dev").unwrap();
        let [role] = roles(&arguments).unwrap().try_into().unwrap();
        assert_eq!(role.session_name, "EKSGetTokenAuth");
    }

    #[test]
    fn the_options_of_a_role_need_one() {
        for flags in [
            "--external-id x",
            "--session-name x",
            "--source-identity x",
            "--session-tag a=b",
            "--duration-seconds 900",
            "--forward-session-name",
        ] {
            let why = roles(&parse(&format!("-i dev {flags}")).unwrap()).unwrap_err();
            let flag = flags.split(' ').next().unwrap();
            assert!(why.to_string().starts_with(flag), "{why}");
        }
        assert_eq!(roles(&parse("-i dev").unwrap()).unwrap(), []);
    }

    #[test]
    fn of_several_roles_the_first_and_the_last_have_the_options() {
        let arn = "arn:aws:iam::111122223333:role/";
        let line = format!(
            "-i dev -r {arn}one -r {arn}two -r {arn}three -e x --source-identity alice \
             --session-tag team=a=b --session-tag empty= --duration-seconds 900 -s me"
        );
        let [one, two, three] = roles(&parse(&line).unwrap()).unwrap().try_into().unwrap();
        assert_eq!(one.source_identity.as_deref(), Some("alice"));
        assert_eq!(two, Role::new(&format!("{arn}two"), "me"));
        assert_eq!(three.external_id.as_deref(), Some("x"));
        let tag = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(three.tags, [tag("team", "a=b"), tag("empty", "")]);
        assert_eq!(three.seconds, Some(900));
        assert!(parse("-i dev --session-tag team").is_err());
        assert!(parse("-i dev --session-tag =b").is_err());
        assert!(parse(&format!("-i dev -r {arn}one -s me --forward-session-name")).is_err());
    }

    #[test]
    fn default_role_is_that_of_aws_iam_authenticator() {
        let arn = "arn:aws:iam::111122223333:role/dev";
        let environment = Environment::from_iter([("DEFAULT_ROLE", arn)]);
        let role = |line: &str| {
            let roles = parse(line).unwrap().roles(&environment).unwrap();
            roles.into_iter().next().map(|role| role.arn)
        };
        assert_eq!(role("token -i dev").as_deref(), Some(arn));
        assert_eq!(role("-i dev").as_deref(), Some(arn));
        assert_eq!(role("eks get-token -i dev"), None);
        let other = "arn:aws:iam::111122223333:role/other";
        assert_eq!(role(&format!("-i dev -r {other}")).as_deref(), Some(other));
    }

    #[test]
    fn a_role_is_refused_before_sts_is_asked() {
        for arn in [
            "dev",
            "arn:aws:iam::111122223333:user/dev",
            "arn:aws:iam::1:role/dev",
        ] {
            let arguments = parse(&format!("-i dev -r {arn}")).unwrap();
            let why = roles(&arguments).unwrap_err().to_string();
            assert!(why.starts_with(&format!("--role-arn `{arn}`")), "{why}");
            let environment = Environment::from_iter([("DEFAULT_ROLE", arn)]);
            let why = parse("-i dev")
                .unwrap()
                .roles(&environment)
                .unwrap_err()
                .to_string();
            assert!(why.starts_with(&format!("DEFAULT_ROLE `{arn}`")), "{why}");
        }
    }

    #[test]
    fn flags_of_other_programs_work_or_say_what_to_write() {
        for (flags, form) in [
            ("", Form::Document),
            ("--output json --no-cli-pager --debug", Form::Document),
            ("--token-only", Form::Token),
            ("--query status.token --output text", Form::Token),
            ("--query status.token", Form::JsonToken),
            ("--ca-bundle /x.pem --cache", Form::Document),
        ] {
            let arguments = parse(&format!("-i dev {flags}")).unwrap();
            assert_eq!(arguments.form().unwrap(), form, "{flags}");
        }
        for (flags, advice) in [
            ("--output text", "--token-only"),
            ("--output yaml", "--output json"),
            ("--query status", "--query status.token"),
            ("--no-verify-ssl", "--ca-bundle FILE"),
            ("--endpoint-url https://x", "AWS_ENDPOINT_URL_STS"),
            ("--config x.yaml", "--cluster-name NAME"),
            ("--log-format json", "there is no log"),
            ("--log-verbosity 1", "there is no log"),
        ] {
            let arguments = parse(&format!("-i dev {flags}")).unwrap();
            let why = arguments.form().unwrap_err().to_string();
            assert!(why.starts_with(flags.split([' ']).next().unwrap()), "{why}");
            assert!(why.contains(advice), "{why}");
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        Arguments::command().debug_assert();
    }
}
