//! `signer kubeconfig`: writes the entries of a cluster into a kubeconfig, as `aws eks update-kubeconfig` does.
//! The facts come from flags or from a request to EKS.

mod file;

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Parser, Subcommand};
use http::Uri;
use program::{files, output, yaml};
use serde_yaml::{Mapping, Value};
use sts_presign::ClusterId;

use self::file::{Lock, MAX_KUBECONFIG, choose, has_cluster, has_comment, insert, paths, read};
use crate::arguments::{ROLE_FLAG, check_role};
use crate::cache::Locks;
use crate::error::Error;
use crate::plan::Plan;
use crate::role::Role;
use crate::settings::{Environment, Settings};
use crate::{PROGRAM, Tools, client, credentials, eks, endpoint, terminal};

/// The session name for `--assume-role-arn`, as in the AWS CLI.
const SESSION_NAME: &str = "EKSDescribeClusterSession";

/// The place of a fact that EKS stated, for errors.
const EKS: &str = "the answer of EKS";

#[derive(Debug, Parser)]
#[command(name = "signer", version)]
struct Program {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write the entries of a cluster into a kubeconfig, and make it the current context.
    ///
    /// The entries of this cluster are replaced, and everything else in the file is kept, except comments and
    /// the layout. The file is replaced as a whole.
    ///
    /// Without --endpoint and --ca, EKS is asked to describe the cluster (`eks:DescribeCluster`); with both, no
    /// request is made.
    Kubeconfig(Arguments),
}

#[derive(Args, Debug)]
struct Arguments {
    /// Name of the cluster
    #[arg(long, short = 'i', visible_alias = "name", value_name = "NAME", value_parser = cluster_name)]
    cluster_name: String,

    /// URL of the API server [default: EKS is asked]
    #[arg(long, value_name = "URL", requires = "ca")]
    endpoint: Option<String>,

    /// Certificate authority of the API server: a file in PEM, or the base64 text that EKS returns
    #[arg(long, value_name = "FILE|BASE64", requires = "endpoint")]
    ca: Option<String>,

    /// Region of EKS and STS [default: the region in --cluster-arn; for a request, the region of the environment
    /// or profile; else the region of the environment when kubectl runs]
    #[arg(long, value_name = "REGION")]
    region: Option<String>,

    /// ARN of the cluster, by which `aws eks update-kubeconfig` names the entries [default: EKS's answer, else the
    /// cluster's name]
    #[arg(long, value_name = "ARN", requires = "endpoint")]
    cluster_arn: Option<String>,

    /// Role to assume before EKS is asked
    #[arg(long, value_name = "ARN", conflicts_with = "endpoint")]
    assume_role_arn: Option<String>,

    /// Name of the context [default: the name of the user]
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    alias: Option<String>,

    /// Name of the user [default: the name of the cluster's entry]
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    user_alias: Option<String>,

    /// Role to assume before signing
    #[arg(long, short, value_name = "ARN")]
    role_arn: Option<String>,

    /// Profile of the AWS configuration files [default: `AWS_PROFILE`, if it is set now]
    #[arg(long, value_name = "PROFILE", value_parser = NonEmptyStringValueParser::new())]
    profile: Option<String>,

    /// Proxy to the API server
    #[arg(long, value_name = "URL", value_parser = proxy)]
    proxy_url: Option<String>,

    /// Keep tokens on disk until they expire, as `signer --cache` does
    #[arg(long)]
    cache: bool,

    /// Command that kubectl runs
    #[arg(long, value_name = "PATH", default_value = PROGRAM, value_parser = NonEmptyStringValueParser::new())]
    command: String,

    /// The kubeconfig [default: the file in KUBECONFIG with this cluster, else the first file in KUBECONFIG;
    /// else ~/.kube/config]
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,

    /// Print the kubeconfig instead of writing it
    #[arg(long)]
    dry_run: bool,
}

pub(crate) async fn main() -> ExitCode {
    let program: Program = match output::parse(PROGRAM) {
        Ok(program) => program,
        Err(status) => return status,
    };
    let Command::Kubeconfig(arguments) = program.command;
    let environment = Environment::of_process();
    let may_ask = terminal::is_allowed(&environment);
    let prompt = |serial: &str| crate::prompt(may_ask, serial);
    let tools = Tools {
        clock: &crate::clock,
        client: &client::build,
        prompt: &prompt,
        locks: Locks::SYSTEM,
    };
    match run(&arguments, environment, &tools, client::connector).await {
        Ok(text) => output::finish(PROGRAM, 0, &text),
        Err(why) => output::fail(PROGRAM, &why),
    }
}

/// The facts about a cluster that its entries need.
struct Facts {
    endpoint: String,
    /// PEM in base64.
    authority: String,
    arn: Option<String>,
    region: Option<String>,
}

/// The entries of a cluster.
struct Entries {
    cluster: Mapping,
    user: Mapping,
    context: Mapping,
    context_name: String,
    cluster_name: String,
}

/// Returns the text to print.
async fn run(
    arguments: &Arguments,
    environment: Environment,
    tools: &Tools<'_>,
    connector: impl Fn(&Settings) -> Result<SharedHttpConnector, Error>,
) -> Result<String, Error> {
    if let Some(role) = &arguments.role_arn {
        check_role(ROLE_FLAG, role)?;
    }
    let facts = match (&arguments.endpoint, &arguments.ca) {
        (Some(endpoint), Some(ca)) => stated(arguments, endpoint, ca)?,
        _ => ask(arguments, environment.clone(), tools, connector).await?,
    };
    write(arguments, &environment, facts, tools.locks.pause)
}

fn write(
    arguments: &Arguments,
    environment: &Environment,
    facts: Facts,
    pause: &dyn Fn(Duration),
) -> Result<String, Error> {
    let entries = entries(arguments, environment, facts);
    let paths = paths(arguments.kubeconfig.as_deref(), environment)?;
    let (path, mut config) = choose(&paths, &entries.cluster_name)?;
    let lock = match arguments.dry_run {
        true => None,
        false => Some(Lock::of(&path, pause)?),
    };
    if lock.is_some() {
        // Read again, now that no other program changes it.
        config = read(&path)?;
    }
    let is_update = has_cluster(&config, &entries.cluster_name);
    let context = entries.context_name.clone();
    insert(&mut config, entries).map_err(|why| wrong(&path, &why))?;
    let text = yaml::to_string(config.into()).map_err(|why| wrong(&path, &why.to_string()))?;
    if lock.is_none() {
        return Ok(text);
    }
    let unchanged = |why: String| Error::Kubeconfig {
        place: "the kubeconfig is unchanged".to_owned(),
        why,
    };
    check_writable(&path).map_err(unchanged)?;
    let had_comments =
        files::read_file(&path, MAX_KUBECONFIG).is_ok_and(|text| text.lines().any(has_comment));
    files::replace(&path, text.as_bytes()).map_err(unchanged)?;
    if had_comments {
        let name = files::name(&path);
        output::note(PROGRAM, &format_args!("{name}: its comments were not kept"));
    }
    // The AWS CLI prints the same words.
    let (context, path) = (printable_text::Printable::new(&context), files::name(&path));
    Ok(match is_update {
        true => format!("Updated context {context} in {path}\n"),
        false => format!("Added new context {context} to {path}\n"),
    })
}

/// Refuses a kubeconfig that the user may not write to. Replacing it needs no permission on the file itself, but one
/// that is read-only is meant to stay as it is, and kubectl and the AWS CLI refuse it too.
fn check_writable(path: &Path) -> Result<(), String> {
    match OpenOptions::new().write(true).open(path) {
        Err(why) if why.kind() != ErrorKind::NotFound => {
            Err(format!("{}: {why}", files::name(path)))
        }
        _ => Ok(()),
    }
}

fn wrong(path: &Path, why: &str) -> Error {
    flag(&files::name(path), why)
}

fn flag(place: &str, why: &str) -> Error {
    Error::Kubeconfig {
        place: place.to_owned(),
        why: why.to_owned(),
    }
}

/// Returns the facts that the flags state.
fn stated(arguments: &Arguments, endpoint: &str, ca: &str) -> Result<Facts, Error> {
    let region = match (&arguments.region, &arguments.cluster_arn) {
        (Some(region), _) => Some(region.clone()),
        (None, Some(arn)) => {
            Some(region_of("--cluster-arn", arn, &arguments.cluster_name)?.to_owned())
        }
        (None, None) => None,
    };
    Ok(Facts {
        endpoint: checked_endpoint("--endpoint", endpoint)?,
        authority: authority(ca)?,
        arn: arguments.cluster_arn.clone(),
        region,
    })
}

/// Asks EKS for the facts, with the credentials that would sign a token, or with the role of
/// `--assume-role-arn`.
async fn ask(
    arguments: &Arguments,
    environment: Environment,
    tools: &Tools<'_>,
    connector: impl Fn(&Settings) -> Result<SharedHttpConnector, Error>,
) -> Result<Facts, Error> {
    let settings = Settings::read(environment, arguments.profile.as_deref())?;
    let region_flag = arguments.region.as_deref();
    let target = endpoint::choose(&settings, region_flag)?;
    let region = endpoint::region(&settings, region_flag)?.value;
    let url = eks::endpoint(&settings, &region, target.variant())?;
    let mut plan = Plan::of(&settings)?;
    if let Some(role) = &arguments.assume_role_arn {
        check_role("--assume-role-arn", role)?;
        plan.roles.push(Role::new(role, SESSION_NAME));
    }
    let client = || (tools.client)(&settings);
    let found = credentials::resolve(&settings, &target, &plan, client, tools.prompt).await?;
    let name = &arguments.cluster_name;
    let (now, connector) = ((tools.clock)()?.into(), connector(&settings)?);
    let cluster = eks::describe(&url, name, &region, &found.keys, &connector, now).await?;
    region_of(EKS, &cluster.arn, name)?;
    Ok(Facts {
        endpoint: checked_endpoint(EKS, &cluster.endpoint)?,
        authority: checked_authority(EKS, cluster.authority())?,
        arn: Some(cluster.arn),
        region: Some(region),
    })
}

fn entries(arguments: &Arguments, environment: &Environment, facts: Facts) -> Entries {
    let name = facts.arn.as_ref().unwrap_or(&arguments.cluster_name);
    let user_name = arguments.user_alias.as_ref().unwrap_or(name);
    let context_name = arguments.alias.as_ref().unwrap_or(user_name);

    let mut cluster = map([
        ("certificate-authority-data", facts.authority.into()),
        ("server", facts.endpoint.into()),
    ]);
    if let Some(proxy) = &arguments.proxy_url {
        cluster.insert("proxy-url".into(), proxy.clone().into());
    }
    let mut args: Vec<&str> = Vec::new();
    if let Some(region) = &facts.region {
        args.extend(["--region", region]);
    }
    args.extend(["--cluster-name", &arguments.cluster_name]);
    if let Some(role) = &arguments.role_arn {
        args.extend(["--role-arn", role]);
    }
    if arguments.cache {
        args.push("--cache");
    }
    let args: Vec<Value> = args.into_iter().map(Value::from).collect();
    let mut exec = map([
        ("apiVersion", "client.authentication.k8s.io/v1".into()),
        ("args", args.into()),
        ("command", arguments.command.clone().into()),
        ("interactiveMode", "IfAvailable".into()),
    ]);
    let profile = arguments.profile.as_deref();
    if let Some(profile) = profile.or_else(|| environment.get("AWS_PROFILE")) {
        let variable = map([("name", "AWS_PROFILE".into()), ("value", profile.into())]);
        exec.insert("env".into(), vec![Value::from(variable)].into());
    }
    let named =
        |name: &str, key: &str, value: Mapping| map([("name", name.into()), (key, value.into())]);
    Entries {
        cluster: named(name, "cluster", cluster),
        user: named(user_name, "user", map([("exec", exec.into())])),
        context: named(
            context_name,
            "context",
            map([
                ("cluster", name.clone().into()),
                ("user", user_name.clone().into()),
            ]),
        ),
        context_name: context_name.clone(),
        cluster_name: name.clone(),
    }
}

fn map<const N: usize>(entries: [(&str, Value); N]) -> Mapping {
    entries
        .into_iter()
        .map(|(key, value)| (Value::from(key), value))
        .collect()
}

/// Returns the region of a cluster's ARN (`arn:PARTITION:eks:REGION:ACCOUNT:cluster/NAME`).
fn region_of<'a>(place: &str, arn: &'a str, cluster_name: &str) -> Result<&'a str, Error> {
    let fields: Vec<&str> = arn.split(':').collect();
    match fields.as_slice() {
        ["arn", _, "eks", region, _, resource]
            if !region.is_empty() && resource.strip_prefix("cluster/") == Some(cluster_name) =>
        {
            Ok(region)
        }
        _ => Err(flag(
            place,
            "it is not the ARN of the cluster that --cluster-name names",
        )),
    }
}

/// Returns the certificate authority of the flag in the form of a kubeconfig: PEM in base64.
fn authority(ca: &str) -> Result<String, Error> {
    // "-----" in base64.
    if ca.starts_with("LS0tLS") {
        return checked_authority("--ca", ca);
    }
    let path = Path::new(ca);
    let pem = files::read_file(path, client::MAX_BUNDLE_LEN).map_err(|why| wrong(path, &why))?;
    client::check_bundle(&pem).map_err(|why| flag("--ca", &why))?;
    Ok(STANDARD.encode(pem))
}

/// Returns the text if it consists of certificates, in PEM and base64.
fn checked_authority(place: &str, base64: &str) -> Result<String, Error> {
    let pem = STANDARD.decode(base64).ok();
    let pem = pem.and_then(|pem| String::from_utf8(pem).ok());
    let pem = pem.ok_or_else(|| flag(place, "it is not text in base64"))?;
    client::check_bundle(&pem).map_err(|why| flag(place, &why))?;
    Ok(STANDARD.encode(pem))
}

/// Parses the name of a cluster, which becomes the cluster id of tokens.
fn cluster_name(name: &str) -> Result<String, String> {
    let id = ClusterId::parse(name).map_err(|why| why.to_string())?;
    Ok(id.as_str().to_owned())
}

/// Parses the URL of a proxy, whose scheme kubectl must know (client-go,
/// `tools/clientcmd/client_config.go`, `parseProxyURL`).
fn proxy(url: &str) -> Result<String, String> {
    let uri: Option<Uri> = url.parse().ok();
    let has_scheme = |uri: Uri| matches!(uri.scheme_str(), Some("http" | "https" | "socks5"));
    match uri.is_some_and(has_scheme) {
        true => Ok(url.to_owned()),
        false => Err("it does not begin with http://, https:// or socks5://".to_owned()),
    }
}

/// Returns the URL if its scheme is HTTPS.
fn checked_endpoint(place: &str, url: &str) -> Result<String, Error> {
    let uri: Option<Uri> = url.parse().ok();
    match uri.is_some_and(|uri| uri.scheme_str() == Some("https") && uri.host().is_some()) {
        true => Ok(url.to_owned()),
        false => Err(flag(place, "it is not a URL that begins with https://")),
    }
}

#[cfg(test)]
#[path = "kubeconfig_tests.rs"]
pub(crate) mod tests;
