//! The report on the user's own files.

use std::collections::BTreeMap;
use std::time::SystemTime;

use aws_auth_map::{Backend, BackendKind, IdentityMap, Reader};
use eks_auth::{LocalKeys, LocalProfile};
use k8s_rbac::{ManifestReader, Policy};
use k8s_rbac_analysis::can_i::Question;
use program::files::{MAX_SMALL_FILE, manifests, name, read};
use sts_presign::{ClusterId, Endpoint, EndpointVariant, UnixTime};

use crate::args::Own;
use crate::report::Report;
use crate::steps::Cluster;

/// A question and its text on the command line.
pub(crate) struct Asked {
    pub(crate) text: String,
    pub(crate) question: Question,
}

pub(crate) fn report(own: &Own) -> Result<Report, String> {
    let now =
        UnixTime::try_from(SystemTime::now()).map_err(|why| format!("the system clock: {why}"))?;
    let cluster_id = ClusterId::parse(&own.cluster_id).map_err(|why| {
        format!(
            "--cluster-id: {why}; this one has {} bytes",
            own.cluster_id.len()
        )
    })?;
    let questions = read_questions(&own.can)?;
    let keys = LocalKeys::read(&read(&own.credentials, MAX_SMALL_FILE)?)
        .map_err(|why| format!("{}: {why}", name(&own.credentials)))?;
    let profile = choose(&keys, own)?;
    let region = match &own.region {
        Some(region) => region,
        None => profile.key().identity().partition().implicit_region(),
    };
    let endpoint = Endpoint::regional(region, EndpointVariant::ORDINARY)
        .map_err(|_| format!("--region: `{region}` is not a region of a known partition"))?;
    let mut problems = Vec::new();
    let limit = |default| own.max_input_size.unwrap_or(default);
    let aws_auth = read(&own.aws_auth, limit(MAX_SMALL_FILE))?;
    let reader = Reader::new()
        .with_config_map(own.config_map.clone())
        .with_max_bytes(limit(MAX_SMALL_FILE));
    let rules = read_rules(&reader, &name(&own.aws_auth), &aws_auth, &mut problems)?;
    let max_manifest = limit(k8s_rbac::DEFAULT_MAX_BYTES);
    let manifest_reader = ManifestReader::new().with_max_bytes(max_manifest);
    let files = manifests(&own.rbac, max_manifest)?;
    let (rbac, skipped) = read_rbac(&manifest_reader, files, &mut problems);
    let mut cluster = Cluster::new(&cluster_id, &endpoint, &keys, rules, rbac);
    if let Some(name) = &own.private_dns_name {
        cluster = cluster.with_private_dns_name(name);
    }
    let callers = vec![cluster.walk(profile, &questions, now)?];
    let cluster_id = own.cluster_id.clone();
    Ok(Report {
        cluster_id,
        callers,
        problems,
        skipped,
        ..Report::default()
    })
}

fn choose<'k>(keys: &'k LocalKeys, own: &Own) -> Result<&'k LocalProfile, String> {
    let names = || {
        let names: Vec<&str> = keys.profiles().iter().map(LocalProfile::name).collect();
        names.join(", ")
    };
    let file = name(&own.credentials);
    match (&own.profile, keys.profiles()) {
        (Some(name), _) => keys.profile(name).ok_or_else(|| {
            format!(
                "--profile: {file} has no profile `{name}`; it has {}",
                names()
            )
        }),
        (None, [only]) => Ok(only),
        (None, _) => Err(format!("--profile is required: {file} has {}", names())),
    }
}

pub(crate) fn read_questions(texts: &[String]) -> Result<Vec<Asked>, String> {
    let read = |text: &String| match Question::parse_without_context(text) {
        Ok(question) => Ok(Asked {
            text: text.clone(),
            question,
        }),
        Err(why) => Err(format!("`{text}`: {why}")),
    };
    texts.iter().map(read).collect()
}

pub(crate) fn read_rules(
    reader: &Reader,
    name: &str,
    text: &str,
    problems: &mut Vec<String>,
) -> Result<IdentityMap, String> {
    let (rules, found) = reader.read_config_map(text);
    if rules.is_empty() {
        let why: String = found
            .iter()
            .map(|problem| format!("\n  {problem}"))
            .collect();
        return Err(format!("{name}: the file maps no identity to a user{why}"));
    }
    problems.extend(found.iter().map(|problem| format!("{name}: {problem}")));
    Ok(IdentityMap::new().with_backend(Backend::new(BackendKind::EksConfigMap, rules)))
}

pub(crate) fn read_rbac(
    reader: &ManifestReader,
    files: impl IntoIterator<Item = (String, String)>,
    problems: &mut Vec<String>,
) -> (Policy, BTreeMap<String, usize>) {
    let files: Vec<(String, String)> = files.into_iter().collect();
    let read = reader.read(
        files
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str())),
    );
    problems.extend(read.problems().iter().map(ToString::to_string));
    let skipped = read.skipped().clone();
    let objects = read.into_objects();
    let bindings = (&objects.role_bindings, &objects.cluster_role_bindings);
    if !files.is_empty() && bindings.0.is_empty() && bindings.1.is_empty() {
        problems.push("--rbac: the manifests contain no binding, so nothing is granted".to_owned());
    }
    (Policy::new(objects), skipped)
}
