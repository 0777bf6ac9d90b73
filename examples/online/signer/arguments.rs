//! The command line: the options of `aws eks get-token` and of `aws-iam-authenticator token`.

use clap::{Parser, ValueEnum};
use iam_principal::{Kind, Principal};

use crate::error::Error;
use crate::role::Role;

/// Signs a token for an EKS cluster and prints it as kubectl wants it from a credential plugin.
#[derive(Debug, Parser)]
#[command(name = "signer", after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Name of the cluster (or its id, where that is what its authenticator was given)
    #[arg(long, short = 'i', visible_alias = "cluster-id", value_name = "NAME")]
    #[arg(
        env = "KUBERNETES_AWS_AUTHENTICATOR_CLUSTER_ID",
        hide_env_values = true
    )]
    pub(crate) cluster_name: String,

    /// Region whose STS the token is for [default: the environment's, else the profile's]
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,

    /// Profile in the AWS configuration files to use, and not the keys in the environment
    #[arg(long, value_name = "PROFILE")]
    pub(crate) profile: Option<String>,

    /// Role to assume before signing
    #[arg(long, short, visible_alias = "role", value_name = "ARN")]
    role_arn: Option<String>,

    /// External id that the role asks for
    #[arg(long, short, value_name = "ID", requires = "role_arn")]
    external_id: Option<String>,

    /// Session name for the role, which rules may put into the user name
    #[arg(
        long,
        short,
        value_name = "NAME",
        requires = "role_arn",
        default_value = "EKSGetTokenAuth"
    )]
    session_name: String,

    /// Print the token alone, for `Authorization: Bearer`
    #[arg(long)]
    pub(crate) token_only: bool,

    /// Form of the document; taken because kubeconfigs of `aws eks update-kubeconfig` say it
    #[arg(
        long,
        value_enum,
        default_value_t,
        conflicts_with = "token_only",
        hide_possible_values = true
    )]
    output: Output,

    /// `eks get-token` or `token`, so that the `args` of a kubeconfig can stay
    #[arg(hide = true, value_enum)]
    command: Vec<Word>,
}

/// kubectl reads JSON only, so there is no other.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Output {
    #[default]
    Json,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Word {
    Eks,
    GetToken,
    Token,
}

impl Arguments {
    /// Returns the role to assume, if any.
    ///
    /// # Errors
    ///
    /// [`Error::Role`] if the ARN is not that of a role, which STS would only say after a round trip.
    pub(crate) fn role(&self) -> Result<Option<Role>, Error> {
        let Some(arn) = &self.role_arn else {
            return Ok(None);
        };
        let given = || arn.escape_debug().to_string();
        let principal = Principal::parse(arn).map_err(|why| Error::Role {
            given: given(),
            why,
        })?;
        if principal.kind() != Kind::Role {
            return Err(Error::NotARole { given: given() });
        }
        Ok(Some(Role {
            arn: arn.clone(),
            external_id: self.external_id.clone(),
            session_name: self.session_name.clone(),
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
else from where the AWS CLI takes them: web identity, the profile (keys, role, SSO,
credential_process), a container, an instance. With keys in the environment or the profile, and no
role to assume, nothing is sent over the network.

Heeded as well: AWS_REGION, AWS_DEFAULT_REGION, AWS_PROFILE, AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE,
AWS_CREDENTIAL_EXPIRATION, AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT,
AWS_STS_REGIONAL_ENDPOINTS, AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL,
AWS_IGNORE_CONFIGURED_ENDPOINT_URLS, AWS_EC2_METADATA_DISABLED, KUBERNETES_EXEC_INFO.";

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
        assert!(arguments.token_only);
        let role = arguments.role().unwrap().unwrap();
        assert_eq!((role.arn.as_str(), role.session_name.as_str()), (arn, "me"));
        assert_eq!(role.external_id.as_deref(), Some("x1"));
    }

    #[test]
    fn a_role_is_assumed_under_awsclis_session_name() {
        let arguments = parse("-i dev --role arn:aws:iam::111122223333:role/dev").unwrap();
        assert_eq!(
            arguments.role().unwrap().unwrap().session_name,
            "EKSGetTokenAuth"
        );
    }

    #[test]
    fn what_belongs_to_a_role_needs_one() {
        assert!(parse("-i dev --external-id x").is_err());
        assert!(parse("-i dev --session-name x").is_err());
        assert!(parse("-i dev").unwrap().role().unwrap().is_none());
    }

    #[test]
    fn a_role_is_refused_before_sts_is_asked() {
        for arn in [
            "dev",
            "arn:aws:iam::111122223333:user/dev",
            "arn:aws:iam::1:role/dev",
        ] {
            assert!(
                parse(&format!("-i dev -r {arn}")).unwrap().role().is_err(),
                "{arn}"
            );
        }
    }

    #[test]
    fn other_output_than_json_is_refused() {
        assert!(parse("-i dev --output text").is_err());
    }

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        Arguments::command().debug_assert();
    }
}
