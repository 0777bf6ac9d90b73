//! The command of a kubeconfig that mints EKS tokens.

use std::collections::HashMap;

use kube::config::ExecConfig;

/// The arguments of a kubeconfig's command that mints EKS tokens: `aws eks get-token`, or
/// `aws-iam-authenticator token`.
///
/// A program that mints tokens itself does not run such a command, but needs the same arguments.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct EksCommand {
    /// The cluster that the tokens are bound to.
    pub cluster_id: String,
    /// The region of STS, if the command names it.
    pub region: Option<String>,
    /// The profile of the AWS configuration, if the command names it.
    pub profile: Option<String>,
    /// The role that the command assumes, if any.
    pub role_arn: Option<String>,
    /// The external id for the role.
    pub external_id: Option<String>,
    /// The name of the session of the role.
    pub session_name: Option<String>,
}

/// The variables of a command's environment that select what a flag selects, or that make no difference here.
const PROFILE: &str = "AWS_PROFILE";
const REGIONS: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];
const STS_ENDPOINTS: &str = "AWS_STS_REGIONAL_ENDPOINTS";

impl EksCommand {
    /// Reads a command. `None` if it runs another program, or has a flag or variable with an unknown effect. The
    /// caller then has to run the command.
    #[must_use]
    pub fn parse(command: &ExecConfig) -> Option<Self> {
        let program = command.command.as_deref()?;
        let program = program.rsplit(['/', '\\']).next().unwrap_or(program);
        let program = program.strip_suffix(".exe").unwrap_or(program);
        let arguments = command.args.as_deref().unwrap_or_default();
        let mut parsed = match program {
            "aws" => Self::parse_flags(arguments, &["eks", "get-token"], aws_flag)?,
            "aws-iam-authenticator" => {
                Self::parse_flags(arguments, &["token"], authenticator_flag)?
            }
            _ => return None,
        };
        for variable in command.env.iter().flatten() {
            parsed.add_variable(variable)?;
        }
        (!parsed.cluster_id.is_empty()).then_some(parsed)
    }

    /// Reads the flags. The words must stand between them in the given order.
    fn parse_flags(
        arguments: &[String],
        words: &[&str],
        field: fn(&str) -> Option<Flag>,
    ) -> Option<Self> {
        let mut parsed = Self::default();
        let mut words = words.iter();
        let mut arguments = arguments.iter().map(String::as_str);
        while let Some(argument) = arguments.next() {
            if !argument.starts_with('-') {
                if words.next() != Some(&argument) {
                    return None;
                }
                continue;
            }
            let (name, value) = match argument.split_once('=') {
                Some((name, value)) => (name, value),
                None => (argument, arguments.next()?),
            };
            parsed.set(field(name)?, value)?;
        }
        words.next().is_none().then_some(parsed)
    }

    fn set(&mut self, flag: Flag, value: &str) -> Option<()> {
        let field = match flag {
            Flag::ClusterId => {
                value.clone_into(&mut self.cluster_id);
                return Some(());
            }
            Flag::Output => return (value == "json").then_some(()),
            Flag::Region => &mut self.region,
            Flag::Profile => &mut self.profile,
            Flag::RoleArn => &mut self.role_arn,
            Flag::ExternalId => &mut self.external_id,
            Flag::SessionName => &mut self.session_name,
        };
        // An empty value of these flags counts as absent.
        *field = (!value.is_empty()).then(|| value.to_owned());
        Some(())
    }

    fn add_variable(&mut self, variable: &HashMap<String, String>) -> Option<()> {
        let (name, value) = (variable.get("name")?, variable.get("value")?);
        match name.as_str() {
            PROFILE => {
                self.profile.get_or_insert_with(|| value.clone());
            }
            name if REGIONS.contains(&name) => {
                self.region.get_or_insert_with(|| value.clone());
            }
            // STS of the region is always asked.
            STS_ENDPOINTS => {}
            _ => return None,
        }
        Some(())
    }
}

/// A flag with a value.
enum Flag {
    ClusterId,
    ExternalId,
    Output,
    Profile,
    Region,
    RoleArn,
    SessionName,
}

/// The flags of `aws eks get-token`, and the flags of `aws` that `aws eks update-kubeconfig`
/// writes.
fn aws_flag(name: &str) -> Option<Flag> {
    Some(match name {
        "--cluster-name" | "--cluster-id" => Flag::ClusterId,
        "--output" => Flag::Output,
        "--profile" => Flag::Profile,
        "--region" => Flag::Region,
        "--role-arn" => Flag::RoleArn,
        _ => return None,
    })
}

/// The flags of `aws-iam-authenticator token` (`cmd/aws-iam-authenticator/token.go`).
fn authenticator_flag(name: &str) -> Option<Flag> {
    Some(match name {
        "--cluster-id" | "-i" => Flag::ClusterId,
        "--external-id" | "-e" => Flag::ExternalId,
        "--region" => Flag::Region,
        "--role" | "-r" => Flag::RoleArn,
        "--session-name" | "-s" => Flag::SessionName,
        _ => return None,
    })
}
