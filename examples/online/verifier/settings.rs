//! The settings of `serve`, from the command line and from files.

mod values;

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use aws_auth_map::ConfigMapName;
use clap::{Args as ClapArgs, ValueEnum};
use http::Uri;
use program::files::{MAX_SMALL_FILE, name, read_regular};
use serde::{Deserialize, Deserializer};

use self::values::address_and_port;
pub(crate) use self::values::{Proxy, Size, Time, Timeout};
use crate::feature_gates::FeatureGates;
use crate::{cluster, traces, upstream};

/// The effect of a watched ConfigMap that does not exist.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AbsentConfigMap {
    /// There are no rules, as in aws-iam-authenticator.
    Empty,
    /// The last good version stays in effect. If there is none, callers get no answer.
    #[default]
    Keep,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// One JSON document a line.
    Json,
    /// One line of text for people.
    #[default]
    Text,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogLevel {
    /// Everything, including closed connections.
    #[serde(alias = "trace")]
    #[value(alias = "trace")]
    Debug,
    /// Failures only.
    #[serde(alias = "fatal", alias = "panic")]
    #[value(aliases = ["fatal", "panic"])]
    Error,
    /// One record for each review.
    #[default]
    Info,
    /// Refusals and failures.
    #[serde(alias = "warning")]
    #[value(alias = "warning")]
    Warn,
}

/// Declares the settings once: as flags, as keys of our file, and how two sources of them are merged.
macro_rules! settings {
    ($($(#[$attribute:meta])* $name:ident: $type:ty,)*) => {
        /// Each setting is a flag, and a key of the same name in the file of --settings.
        #[derive(ClapArgs, Clone, Debug, Default, Deserialize)]
        #[expect(clippy::doc_markdown, reason = "the text of --help is not Markdown")]
        #[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
        pub(crate) struct Settings {
            $($(#[$attribute])* pub(crate) $name: Option<$type>,)*
        }

        impl Settings {
            /// Fills in each setting that is not set, by itself.
            pub(crate) fn or_each(self, other: Self) -> Self {
                Self { $($name: self.$name.or(other.$name),)* }
            }
        }
    };
}

settings! {
    /// The cluster that tokens must be bound to: the EKS cluster's name, or any id. Required.
    #[arg(long, short = 'i', visible_alias = "cluster-name", env = "KUBERNETES_AWS_AUTHENTICATOR_CLUSTER_ID", value_name = "ID")]
    cluster_id: String,
    /// The partition of the cluster, its tokens and its callers. Default: aws.
    #[arg(long, value_name = "PARTITION")]
    partition: String,
    /// Accept only the STS endpoints of this region (repeatable). Default: all regions of the partition.
    #[arg(long, value_name = "REGION")]
    #[serde(deserialize_with = "at_least_one")]
    region: Vec<String>,
    /// Verify signatures with the keys in this file instead of asking STS: an AWS shared credentials file
    /// with `arn` and `user_id` in each profile.
    #[arg(long, value_name = "FILE")]
    local_credentials: PathBuf,
    /// The limit on the size of each file of rules. Default: 1MiB.
    #[arg(long, value_name = "SIZE")]
    #[serde(deserialize_with = "from_text")]
    max_input_size: Size,

    /// The aws-auth ConfigMap, as kubectl prints it in YAML or JSON: the backend EKSConfigMap. This and the
    /// other files of rules are watched; if a version cannot be read, the version before stays in
    /// effect.
    #[arg(long, help_heading = "Rules", value_name = "FILE")]
    aws_auth: PathBuf,
    /// The ConfigMap with the rules, if its file has several. Default: kube-system/aws-auth.
    #[arg(long, help_heading = "Rules", value_name = "NAMESPACE/NAME")]
    #[serde(deserialize_with = "from_text")]
    config_map: ConfigMapName,
    /// IAMIdentityMapping objects: the backend CRD.
    #[arg(long, help_heading = "Rules", value_name = "FILE")]
    identity_mappings: PathBuf,
    /// aws-iam-authenticator's dynamic file: the backend DynamicFile.
    #[arg(long, help_heading = "Rules", value_name = "FILE")]
    dynamic_file: PathBuf,
    /// Match the entries of the dynamic file by user id. Default: by ARN.
    #[arg(long, help_heading = "Rules", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    dynamic_file_user_id_strict: bool,
    /// EKS access entries with their policies, searched before all backends.
    #[arg(long, help_heading = "Rules", value_name = "FILE")]
    access_entries: PathBuf,
    /// The order of the backends, separated by commas. Default: the order of these flags, the mounted file of
    /// --config first. EKSConfigMap and CRD are watched in the cluster if they are named without a file.
    #[arg(long, help_heading = "Rules", value_name = "BACKENDS")]
    backend_mode: String,
    /// A file with the order of the backends, read whenever it changes: upstream's dynamicBackendModePath.
    #[arg(long, help_heading = "Rules", value_name = "FILE")]
    backend_mode_file: PathBuf,
    /// An account whose identities are logged and answered without details (repeatable).
    #[arg(long, help_heading = "Rules", value_name = "ACCOUNT")]
    scrubbed_account: Vec<String>,
    /// A file or a directory of RBAC manifests (repeatable). With it, POST /authorize answers
    /// SubjectAccessReviews.
    #[arg(long, help_heading = "Rules", value_name = "PATH")]
    rbac: Vec<PathBuf>,
    /// The version of Kubernetes whose RBAC is answered. Default: the newest known.
    #[arg(long, help_heading = "Rules", value_name = "VERSION")]
    kubernetes_version: String,
    /// Watch the RBAC objects of the cluster. With it, POST /authorize answers SubjectAccessReviews.
    #[arg(long, help_heading = "Cluster (feature kube)", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    watch_rbac: bool,
    /// The kubeconfig whose current context is the cluster in which rules are watched. Default: the
    /// service account of the pod.
    #[arg(long, help_heading = "Cluster (feature kube)", value_name = "FILE")]
    kubeconfig: PathBuf,
    /// The URL of the API server, instead of the URL in the kubeconfig.
    #[arg(long, help_heading = "Cluster (feature kube)", value_name = "URL")]
    #[serde(deserialize_with = "from_text")]
    master: Uri,
    /// The effect of a watched ConfigMap that does not exist. Default: keep.
    #[arg(long, value_enum, help_heading = "Cluster (feature kube)", value_name = "EFFECT")]
    absent_config_map: AbsentConfigMap,

    /// A directory for the last good version of each source, for a restart while a source cannot be read. If
    /// --tls-cert is not set and the directory has cert.pem and key.pem, they are the server's certificate, as
    /// in upstream.
    #[arg(long, help_heading = "Rules", value_name = "DIRECTORY")]
    state_dir: PathBuf,

    /// The address and port of the webhooks. Default: 127.0.0.1:21362.
    #[arg(long, help_heading = "Listeners", value_parser = address_and_port, value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// The address alone, by the flag of upstream; see --listen.
    #[arg(long, help_heading = "Listeners", conflicts_with = "listen", value_name = "ADDRESS")]
    address: IpAddr,
    /// The port alone, by the flag of upstream; see --listen.
    #[arg(long, help_heading = "Listeners", conflicts_with = "listen", value_name = "PORT")]
    port: u16,
    /// The address and port of /healthz, /livez, /readyz and /metrics, over plain HTTP, which are answered
    /// while the webhooks are flooded. Default: 127.0.0.1:21363.
    #[arg(long, help_heading = "Listeners", value_parser = address_and_port, value_name = "ADDRESS:PORT")]
    probe_listen: SocketAddr,
    /// The server's certificate chain, in PEM, loaded again within 30 seconds when it changes. Without it,
    /// only a loopback address is allowed.
    #[arg(long, help_heading = "Listeners", value_name = "FILE")]
    tls_cert: PathBuf,
    /// The certificate's private key, in PEM.
    #[arg(long, help_heading = "Listeners", value_name = "FILE")]
    tls_key: PathBuf,
    /// Write the webhook kubeconfig for kube-apiserver to this file at the start. Without --tls-cert, the
    /// certificate in --state-dir is used, and made if there is none. Default: no file is written.
    #[arg(long, help_heading = "Listeners", value_name = "FILE")]
    generate_kubeconfig: PathBuf,
    /// The webhook kubeconfig exists already, written by `verifier init`: keep it. Default: false.
    #[arg(long, help_heading = "Listeners", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    kubeconfig_pregenerated: bool,
    /// The name or address by which kube-apiserver reaches the webhook, for --generate-kubeconfig. Default:
    /// localhost.
    #[arg(long, help_heading = "Listeners", value_name = "NAME")]
    hostname: String,
    /// The authorities of client certificates, in PEM, loaded again with the certificate. With it, only clients with
    /// a certificate are served.
    #[arg(long, help_heading = "Listeners", value_name = "FILE")]
    client_ca: PathBuf,

    /// An audience that tokens are valid for (repeatable). Default: the audiences of reviews are ignored.
    #[arg(long, help_heading = "Reviews", value_name = "AUDIENCE")]
    audience: Vec<String>,
    /// Accept reviews without kind and apiVersion, as upstream does. Default: false.
    #[arg(long, help_heading = "Reviews", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    accept_untyped: bool,
    /// Answer refusals and failures with 403, as upstream does. Default: false; a refusal is 200, a failure 500
    /// or 429.
    #[arg(long, help_heading = "Reviews", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    upstream_statuses: bool,

    /// How STS and EC2 are reached: none (directly), environment (HTTPS_PROXY, NO_PROXY), or a URL. Default:
    /// environment, and the log says so at the start if there is a proxy.
    #[arg(long, help_heading = "STS", value_name = "PROXY")]
    #[serde(deserialize_with = "from_text")]
    sts_proxy: Proxy,
    /// How long a connection to STS may take. Default: 3s.
    #[arg(long, help_heading = "STS", value_name = "TIME")]
    #[serde(deserialize_with = "from_text")]
    sts_connect_timeout: Timeout,
    /// How long one request to STS may take. Default: 5s.
    #[arg(long, help_heading = "STS", value_name = "TIME")]
    #[serde(deserialize_with = "from_text")]
    sts_attempt_timeout: Timeout,
    /// How long STS has to answer, repetitions included. Default: 10s.
    #[arg(long, help_heading = "STS", value_name = "TIME")]
    #[serde(deserialize_with = "from_text")]
    sts_deadline: Timeout,
    /// How often a request that was throttled or failed is repeated. Default: 2.
    #[arg(long, help_heading = "STS", value_name = "NUMBER")]
    sts_retries: usize,
    /// How many calls to STS run at once; others wait. Default: 128.
    #[arg(long, help_heading = "STS", value_name = "NUMBER")]
    max_sts_calls: NonZeroUsize,
    /// How many of these calls only known callers may use: callers whose access key the rules have mapped to a
    /// user before. Default: 32.
    #[arg(long, help_heading = "STS", value_name = "NUMBER")]
    reserved_sts_calls: usize,
    /// How many reviews of unknown callers wait for a call; others get 503. Default: 512.
    #[arg(long, help_heading = "STS", value_name = "NUMBER")]
    max_waiting: usize,
    /// Remember identities and refusals. Default: true.
    #[arg(long, help_heading = "STS", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    cache: bool,
    /// How many bytes the cache holds, of keys and of URLs of tokens in use. Default: 8388608.
    #[arg(long, help_heading = "STS", value_name = "BYTES")]
    cache_bytes: u64,
    /// How long an identity is remembered at most. Default: until its token ends.
    #[arg(long, help_heading = "STS", value_name = "TIME")]
    #[serde(deserialize_with = "from_text")]
    cache_ttl: Time,
    /// How long a refusal is remembered. Default: 10s.
    #[arg(long, help_heading = "STS", value_name = "TIME")]
    #[serde(deserialize_with = "from_text")]
    cache_negative_ttl: Time,

    /// The role to assume before EC2 is asked for the private DNS names of nodes. Default: the credentials of
    /// this process.
    #[arg(long = "ec2-describeInstances-role-arn", alias = "ec2-describe-instances-role-arn", help_heading = "EC2", value_name = "ARN")]
    #[serde(rename = "ec2-describeInstances-role-arn")]
    ec2_role: String,
    /// The resource that the role is assumed for, such as the cluster's ARN: the role's trust policy can require
    /// it by aws:SourceArn and aws:SourceAccount.
    #[arg(long = "source-arn", help_heading = "EC2", value_name = "ARN")]
    source_arn: String,
    /// The region of the nodes. Default: the region of the environment, of the profile or of the
    /// instance.
    #[arg(long, help_heading = "EC2", value_name = "REGION")]
    ec2_region: String,
    /// How many calls to EC2 are made in a second. Default: 15.
    #[arg(long = "ec2-describeInstances-qps", help_heading = "EC2", value_name = "NUMBER")]
    #[serde(rename = "ec2-describeInstances-qps")]
    ec2_qps: NonZeroU32,
    /// How many calls to EC2 are made at once after a rest. Default: 5.
    #[arg(long = "ec2-describeInstances-burst", help_heading = "EC2", value_name = "NUMBER")]
    #[serde(rename = "ec2-describeInstances-burst")]
    ec2_burst: NonZeroU32,

    /// How long a TLS handshake may take. Default: 5s.
    #[arg(long, help_heading = "Limits", value_name = "TIME")]
    #[serde(deserialize_with = "from_text")]
    handshake_timeout: Timeout,
    /// How long the head of a request may take. Default: 5s.
    #[arg(long, help_heading = "Limits", value_name = "TIME")]
    #[serde(deserialize_with = "from_text")]
    header_timeout: Timeout,
    /// How long the body of a request may take. Default: 5s.
    #[arg(long, help_heading = "Limits", value_name = "TIME")]
    #[serde(deserialize_with = "from_text")]
    body_timeout: Timeout,
    /// How long a connection may wait for its next request. Default: 120s.
    #[arg(long, help_heading = "Limits", value_name = "TIME")]
    #[serde(deserialize_with = "from_text")]
    idle_timeout: Timeout,
    /// How many connections are open at once; at the limit, a connection without a request in flight is
    /// closed for a new connection. Default: 512.
    #[arg(long, help_heading = "Limits", value_name = "NUMBER")]
    max_connections: NonZeroUsize,
    /// How many reviews are answered at once; others get 503. Default: 1024.
    #[arg(long, help_heading = "Limits", value_name = "NUMBER")]
    max_requests: NonZeroUsize,
    /// How many requests a second each client address may make; others get 429. Default: no limit, since the
    /// usual client is kube-apiserver alone.
    #[arg(long, help_heading = "Limits", value_name = "NUMBER")]
    client_rate: NonZeroU32,
    /// How long a stopping server goes on accepting while it is not ready. Default: 1s.
    #[arg(long, help_heading = "Limits", value_name = "TIME")]
    #[serde(deserialize_with = "from_text")]
    lame_duck: Time,
    /// How long open requests may take to finish after that. Default: 12s.
    #[arg(long, help_heading = "Limits", value_name = "TIME")]
    #[serde(deserialize_with = "from_text")]
    drain_deadline: Time,

    /// The format of the log on standard error. Default: text.
    #[arg(long, short = 'l', value_enum, help_heading = "Log", value_name = "FORMAT")]
    log_format: LogFormat,
    /// The least level that is logged. Default: info.
    #[arg(long, short = 'v', value_enum, ignore_case = true, visible_alias = "log-verbosity", env = "AWS_IAM_AUTHENTICATOR_LOG_VERBOSITY", help_heading = "Log", value_name = "LEVEL")]
    log_level: LogLevel,
    /// The URL that the spans of requests are sent to, as OTLP over HTTP, such as http://127.0.0.1:4318/v1/traces.
    /// Default: OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, or OTEL_EXPORTER_OTLP_ENDPOINT with /v1/traces; without either, no
    /// spans are made. The other OTEL_* variables apply.
    #[arg(long, help_heading = "Traces (feature otel)", value_name = "URL")]
    #[serde(deserialize_with = "from_text")]
    traces_endpoint: Uri,

    /// The feature gates of aws-iam-authenticator, as NAME=BOOL. Every feature is on, and false has no effect.
    #[arg(long, help_heading = "Compatibility", value_name = "GATES")]
    #[serde(deserialize_with = "from_text")]
    feature_gates: FeatureGates,
}

/// The directory for the certificate that upstream makes (`cmd/aws-iam-authenticator/server.go`).
const UPSTREAMS_STATE_DIR: &str = "/var/aws-iam-authenticator";

/// Settings, and where they came from.
pub(crate) struct Merged {
    pub(crate) settings: Settings,
    /// The file of --config: the backend MountedFile.
    pub(crate) mounted_file: Option<PathBuf>,
}

/// Merges the settings: flags, then our file, then aws-iam-authenticator's.
pub(crate) fn merge(
    flags: Settings,
    ours: Option<&Path>,
    upstreams: Option<&Path>,
) -> Result<Merged, String> {
    let mut settings = flags;
    if let Some(path) = ours {
        let text = read_regular(path, MAX_SMALL_FILE)?;
        let wrong = |why: &dyn fmt::Display| format!("{}: {why}", name(path));
        let file: Settings =
            toml::from_str(&text).map_err(|why| wrong(&without_value(&text, &why)))?;
        file.check_listen().map_err(|why| wrong(&why))?;
        settings = settings.or(file);
    }
    if let Some(path) = upstreams {
        settings = settings.or(upstream::read_config(path)?);
    }
    Ok(Merged {
        settings,
        mounted_file: upstreams.map(Path::to_owned),
    })
}

/// Describes an error in our file by its line and key. The message of the parser quotes the line, and the URL of a proxy
/// in it may have a password.
fn without_value(text: &str, why: &toml::de::Error) -> String {
    let before = why.span().and_then(|at| text.get(..at.start));
    let Some(before) = before else {
        return why.message().to_owned();
    };
    let number = before.split('\n').count();
    let line = text.split('\n').nth(number.saturating_sub(1));
    let key = line.and_then(|line| line.split_once('='));
    let key = key.map(|(key, _)| key.trim());
    let is_bare = |key: &&str| key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    match key.filter(is_bare) {
        Some(key) => format!("line {number}: {key}: {}", why.message()),
        None => format!("line {number}: {}", why.message()),
    }
}

impl Settings {
    /// Returns the name by which kube-apiserver reaches the webhook. The default is the name that upstream's
    /// `init` uses.
    pub(crate) fn hostname(&self) -> &str {
        self.hostname.as_deref().unwrap_or("localhost")
    }

    /// Returns the directory of the server's certificate, if --tls-cert does not name it.
    pub(crate) fn certificate_dir(&self) -> Option<PathBuf> {
        match (&self.state_dir, &self.generate_kubeconfig) {
            (Some(directory), _) => Some(directory.clone()),
            (None, Some(_)) => Some(UPSTREAMS_STATE_DIR.into()),
            (None, None) => None,
        }
    }

    /// Returns the settings that have no effect, each with its reason.
    ///
    /// # Errors
    ///
    /// The errors of [`cluster::without_effect`].
    pub(crate) fn without_effect(&self) -> Result<Vec<String>, String> {
        let gates = self.feature_gates.iter();
        let mut notes: Vec<String> = gates.flat_map(|gates| gates.notes.clone()).collect();
        notes.extend(cluster::without_effect(self)?.map(str::to_owned));
        notes.extend(traces::without_effect(self));
        #[cfg(not(feature = "ec2"))]
        for (name, is_set) in [
            ("--ec2-describeInstances-role-arn", self.ec2_role.is_some()),
            ("--source-arn", self.source_arn.is_some()),
            ("--ec2-region", self.ec2_region.is_some()),
            ("--ec2-describeInstances-qps", self.ec2_qps.is_some()),
            ("--ec2-describeInstances-burst", self.ec2_burst.is_some()),
        ] {
            if is_set {
                let why = crate::private_dns_names::NOT_BUILT;
                notes.push(format!("{name} has no effect: {why}"));
            }
        }
        Ok(notes)
    }
}

/// Reads a value of a file in the same way as a flag.
fn from_text<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(serde::de::Error::custom)
}

/// Reads a list that narrows what is accepted. Without an item it would accept everything.
fn at_least_one<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<String>>, D::Error> {
    let items = Vec::deserialize(deserializer)?;
    match items.is_empty() {
        true => Err(serde::de::Error::custom(
            "the list is empty: name one, or leave the key out",
        )),
        false => Ok(Some(items)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Settings, merge};

    #[test]
    fn an_error_in_the_file_names_the_line_and_quotes_no_password() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.toml");
        for (text, expected) in [
            (
                "cluster-id = 'demo'\nsts-proxy = 'socks5://user:hunter2@proxy'\n",
                "line 2: sts-proxy: expected none, environment, or a URL that begins with http",
            ),
            (
                "sts-proxy 'http://user:hunter2@proxy?a=b'\n",
                "line 1: key with no value",
            ),
            (
                "traces-endpoint = ' http://user:hunter2@collector'\n",
                "line 1: traces-endpoint: invalid uri character",
            ),
            (
                "cluster-id = 'demo'\nregion = []\n",
                "line 2: region: the list is empty: name one, or leave the key out",
            ),
        ] {
            std::fs::write(&path, text).unwrap();
            let merged = merge(Settings::default(), Some(&path), None);
            let why = merged.err().expect("an error");
            assert!(why.contains(expected), "{why}");
            assert!(!why.contains("hunter2"), "{why}");
        }
    }
}
