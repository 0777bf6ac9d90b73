//! The commands that mint EKS tokens.

use std::collections::HashMap;

use eks_auth_kube::EksCommand;
use kube::config::ExecConfig;

fn parse(line: &str) -> Option<EksCommand> {
    let mut words = line.split(' ').map(str::to_owned);
    let mut environment = Vec::new();
    let mut command = words.next()?;
    while let Some((name, value)) = command.split_once('=') {
        let variable = [("name", name), ("value", value)];
        environment.push(HashMap::from(
            variable.map(|(key, text)| (key.to_owned(), text.to_owned())),
        ));
        command = words.next()?;
    }
    let command = ExecConfig {
        command: Some(command),
        args: Some(words.collect()),
        env: Some(environment),
        api_version: None,
        drop_env: None,
        install_hint: None,
        interactive_mode: None,
        provide_cluster_info: false,
        cluster: None,
        other: std::collections::BTreeMap::new(),
    };
    EksCommand::parse(&command)
}

/// Writes what was parsed: cluster, region, profile, role, external id, session name.
fn fields(command: &EksCommand) -> [&str; 6] {
    [
        &command.cluster_id,
        command.region.as_deref().unwrap_or("-"),
        command.profile.as_deref().unwrap_or("-"),
        command.role_arn.as_deref().unwrap_or("-"),
        command.external_id.as_deref().unwrap_or("-"),
        command.session_name.as_deref().unwrap_or("-"),
    ]
}

#[test]
fn commands_that_are_written_by_tools_are_known() {
    for (line, expected) in [
        // `aws eks update-kubeconfig`
        (
            "aws --region eu-west-1 eks get-token --cluster-name dev --output json",
            ["dev", "eu-west-1", "-", "-", "-", "-"],
        ),
        // … with `--role-arn` and `--profile`
        (
            "AWS_PROFILE=ops aws --region eu-west-1 eks get-token --cluster-name dev --output json --role-arn r",
            ["dev", "eu-west-1", "ops", "r", "-", "-"],
        ),
        // eksctl
        (
            "AWS_STS_REGIONAL_ENDPOINTS=regional AWS_DEFAULT_REGION=eu-west-1 aws-iam-authenticator token -i dev",
            ["dev", "eu-west-1", "-", "-", "-", "-"],
        ),
        // Terraform
        (
            "/usr/local/bin/aws eks get-token --cluster-name=dev --profile=ops",
            ["dev", "-", "ops", "-", "-", "-"],
        ),
        (
            "aws-iam-authenticator token -i dev -r r -e x -s me --region us-east-1",
            ["dev", "us-east-1", "-", "r", "x", "me"],
        ),
    ] {
        let parsed = parse(line).unwrap();
        assert_eq!(fields(&parsed), expected, "{line}");
    }
}

#[test]
fn commands_with_an_effect_that_is_not_known_are_run() {
    for line in [
        "kubelogin get-token --cluster-name dev",
        "aws eks get-token",
        "aws eks list-clusters --cluster-name dev",
        "aws get-token eks --cluster-name dev",
        "aws eks get-token --cluster-name dev --endpoint-url http://localhost",
        "aws eks get-token --cluster-name dev --output text",
        "aws eks get-token --cluster-name",
        "AWS_CONFIG_FILE=other aws eks get-token --cluster-name dev",
        "aws-iam-authenticator token -i dev --forward-session-name",
        "aws-iam-authenticator token -i dev --cache",
        "aws-iam-authenticator server -i dev",
    ] {
        assert_eq!(parse(line), None, "{line}");
    }
}
