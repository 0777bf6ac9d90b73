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

    /// Role to assume before signing
    #[arg(long, short, visible_alias = "role", value_name = "ARN")]
    role_arn: Option<String>,

    /// External id that the role requires
    #[arg(long, short, value_name = "ID")]
    external_id: Option<String>,

    /// Session name for the role, which mapping rules may use in the username
    #[arg(long, short, value_name = "NAME", default_value = "EKSGetTokenAuth")]
    session_name: String,

    /// Print the token alone, for `Authorization: Bearer`
    #[arg(long)]
    token_only: bool,

    /// Format of the document, as kubeconfigs of `aws eks update-kubeconfig` have it
    #[arg(long, value_name = "FORMAT", conflicts_with = "token_only")]
    output: Option<String>,

    /// Part of the document, as for the AWS CLI: only `status.token`
    #[arg(long, value_name = "PATH", conflicts_with = "token_only")]
    query: Option<String>,

    /// Certificate authorities in PEM for the requests that credentials need, in the place of the system's
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_bundle: Option<String>,

    /// Print the source of the credentials and the endpoint on standard error
    #[arg(long)]
    pub(crate) debug: bool,

    #[arg(long, hide = true)]
    no_verify_ssl: bool,

    #[arg(long, hide = true, value_name = "URL")]
    endpoint_url: Option<String>,

    #[arg(long, hide = true)]
    cache: bool,

    #[arg(long, hide = true)]
    forward_session_name: bool,

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
        if self.cache {
            return refuse("--cache", "leave it out; nothing is cached");
        }
        if self.forward_session_name {
            return refuse(
                "--forward-session-name",
                "pass the name of the session as --session-name NAME",
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

    /// Returns the role to assume, if any: that of `--role-arn`, else, as for `aws-iam-authenticator`, that of
    /// the variable `DEFAULT_ROLE`, which `aws eks get-token` does not have.
    ///
    /// # Errors
    ///
    /// [`Error::Role`] or [`Error::NotARole`] if the ARN is not that of a role, and [`Error::Flag`] for an
    /// external id without a role.
    pub(crate) fn role(&self, environment: &Environment) -> Result<Option<Role>, Error> {
        let is_aws_cli = self.command.contains(&Word::GetToken);
        let default = environment.get("DEFAULT_ROLE").filter(|_| !is_aws_cli);
        let Some(arn) = self.role_arn.as_deref().or(default) else {
            return match &self.external_id {
                None => Ok(None),
                Some(_) => Err(Error::Flag {
                    flag: "--external-id",
                    instead: "it belongs to a role; add --role-arn ARN",
                }),
            };
        };
        let principal = Principal::parse(arn).map_err(|why| Error::Role {
            given: arn.to_owned(),
            why,
        })?;
        if principal.kind() != Kind::Role {
            return Err(Error::NotARole {
                given: arn.to_owned(),
            });
        }
        Ok(Some(Role {
            arn: arn.to_owned(),
            external_id: self.external_id.clone(),
            session_name: self.session_name.clone(),
            seconds: None,
        }))
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
DEFAULT_ROLE, KUBERNETES_EXEC_INFO.";

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(std::iter::once("signer").chain(line.split_whitespace()))
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
        let role = arguments.role(&Environment::default()).unwrap().unwrap();
        assert_eq!((role.arn.as_str(), role.session_name.as_str()), (arn, "me"));
        assert_eq!(role.external_id.as_deref(), Some("x1"));
    }

    #[test]
    fn a_role_is_assumed_under_awsclis_session_name() {
        let arguments = parse("-i dev --role arn:aws:iam::111122223333:role/dev").unwrap();
        assert_eq!(
            arguments
                .role(&Environment::default())
                .unwrap()
                .unwrap()
                .session_name,
            "EKSGetTokenAuth"
        );
    }

    #[test]
    fn an_external_id_needs_a_role() {
        let role = |line| parse(line).unwrap().role(&Environment::default());
        assert!(role("-i dev --external-id x").is_err());
        assert!(role("-i dev").unwrap().is_none());
    }

    #[test]
    fn default_role_is_that_of_aws_iam_authenticator() {
        let arn = "arn:aws:iam::111122223333:role/dev";
        let environment = Environment::from_iter([("DEFAULT_ROLE", arn)]);
        let role = |line: &str| {
            let role = parse(line).unwrap().role(&environment).unwrap();
            role.map(|role| role.arn)
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
            assert!(arguments.role(&Environment::default()).is_err(), "{arn}");
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
            ("--ca-bundle /x.pem", Form::Document),
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
            ("--cache", "leave it out"),
            ("--forward-session-name", "--session-name NAME"),
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
