//! `map.*`: from an identity to a user.

use std::collections::BTreeMap;

use aws_auth_map::{
    AuthenticationMode, Backend, BackendKind, IdentityMap, PolicyTable, Problem, Reader,
    Resolution, Rules, ServerConfig,
};
#[cfg(feature = "runtime")]
use eks_auth_sources::SourceKind;
use iam_principal::{AccountId, Identity};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Refusal;

pub(crate) fn answer(op: &str, question: &Value) -> Option<Result<Value, Refusal>> {
    Some(match op {
        "map.problems" => crate::read(question).and_then(problems),
        "map.resolve" => crate::read(question).and_then(resolve),
        _ => return None,
    })
}

#[derive(Deserialize)]
struct ToResolve {
    backends: Vec<Source>,
    identity: Caller,
    #[serde(default)]
    private_dns_name: Option<String>,
    #[serde(default)]
    reserved_prefixes: Option<Vec<String>>,
    #[serde(default)]
    scrubbed_accounts: Option<Vec<String>>,
    #[serde(default)]
    upstream_templates_only: Option<bool>,
    #[serde(default)]
    authentication_mode: Option<String>,
    /// The recorded answers come from upstream. Upstream treats a section that cannot be read as
    /// empty.
    #[serde(default)]
    refuse_unreadable_sections: bool,
}

/// A backend, each mode with its own fields.
#[derive(Deserialize)]
pub(crate) struct Source {
    mode: String,
    #[serde(default)]
    data: BTreeMap<String, Option<String>>,
    #[serde(default)]
    config: Option<String>,
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    user_id_strict: Option<bool>,
    #[serde(default)]
    objects: Option<Vec<Value>>,
    #[serde(default)]
    entries: Option<Vec<Value>>,
}

#[derive(Deserialize)]
pub(crate) struct Caller {
    arn: String,
    account: String,
    user_id: String,
    #[serde(default)]
    access_key_id: Option<String>,
}

impl Caller {
    pub(crate) fn identity(&self) -> Result<Identity, Refusal> {
        let identity = Identity::new(&self.arn, &self.account, &self.user_id)?;
        Ok(match &self.access_key_id {
            Some(id) => identity.with_access_key_id(id),
            None => identity,
        })
    }
}

#[cfg(feature = "runtime")]
impl Source {
    /// Returns the text of a backend, in the form that a source of this kind has.
    pub(crate) fn published(&self) -> Result<(SourceKind, String), Refusal> {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        Ok(match self.mode.as_str() {
            "EKSConfigMap" => {
                let object = json!({
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "metadata": {"namespace": "kube-system", "name": "aws-auth"},
                    "data": self.data,
                });
                (SourceKind::ConfigMap, object.to_string())
            }
            "MountedFile" => (SourceKind::MountedFile, text(&self.config)),
            "DynamicFile" => (SourceKind::DynamicFile, text(&self.content)),
            "CRD" => (SourceKind::IdentityMappings, self.list()),
            _ => return Err(Refusal::new("unknown-mode", &"no source of this mode")),
        })
    }
}

impl Source {
    /// Returns the objects as a list.
    fn list(&self) -> String {
        json!({"kind": "List", "items": self.objects.as_deref().unwrap_or_default()}).to_string()
    }

    fn read(&self) -> Result<(BackendKind, Rules, Vec<Problem>), Refusal> {
        let reader = Reader::new();
        let data = self.data.iter();
        let data = data.filter_map(|(key, text)| Some((key.as_str(), text.as_deref()?)));
        let (kind, (rules, problems)) = match self.mode.as_str() {
            "EKSConfigMap" | "ConfigMap" => (BackendKind::EksConfigMap, reader.read_data(data)),
            "MountedFile" | "File" => {
                let config = self.config.as_deref().unwrap_or_default();
                (BackendKind::MountedFile, reader.read_mounted_file(config))
            }
            "DynamicFile" => {
                let content = self.content.as_deref().unwrap_or_default();
                let read = if self.user_id_strict == Some(true) {
                    reader.read_dynamic_file_by_user_id(content)
                } else {
                    reader.read_dynamic_file(content)
                };
                // There is no earlier version that could be kept.
                let read = read.unwrap_or_else(|problems| (Rules::unreadable_source(), problems));
                (BackendKind::DynamicFile, read)
            }
            "CRD" => {
                let list = self.list();
                (BackendKind::Crd, reader.read_identity_mappings(&list))
            }
            "AccessEntries" => {
                let entries = Value::from(self.entries.clone().unwrap_or_default()).to_string();
                (
                    BackendKind::AccessEntries,
                    reader.read_access_entries(&entries),
                )
            }
            _ => return Err(Refusal::new("unknown-mode", &"no backend of this mode")),
        };
        Ok((kind, rules, problems))
    }
}

fn resolve(question: ToResolve) -> Result<Value, Refusal> {
    let mut map = IdentityMap::new();
    if !question.refuse_unreadable_sections {
        map = map.with_unreadable_sections_skipped();
    }
    if question.upstream_templates_only == Some(true) {
        map = map.with_upstream_spelling_only();
    }
    map = in_mode(map, question.authentication_mode)?;
    let accounts = question.scrubbed_accounts.unwrap_or_default();
    let prefixes = question.reserved_prefixes.unwrap_or_default();
    let map = with_sources(map, &question.backends, &accounts, &prefixes)?;
    let identity = question.identity.identity()?;
    // This protocol does not distinguish an absent from an empty name: EC2 then has an empty name
    // for the instance.
    let name = question.private_dns_name.unwrap_or_default();
    mapped(&map, &identity, &name)
}

/// Maps a caller. EC2 has this private DNS name for every instance.
pub(crate) fn mapped(
    map: &IdentityMap,
    identity: &Identity,
    private_dns_name: &str,
) -> Result<Value, Refusal> {
    match map.resolve_instance(identity, private_dns_name) {
        Resolution::Mapped(mapped) => Ok(json!({
            "username": mapped.user().username(),
            "groups": mapped.user().groups(),
            "uid": mapped.user().uid(),
            "extra": mapped.user().extra(),
            "backend": mapped.backend().as_str(),
            "rule": mapped.rule().to_string(),
            "matched_on": mapped.matched_on().as_str(),
        })),
        Resolution::NotMapped => Err(Refusal::new("not-mapped", &"no rule matches the identity")),
        Resolution::Refused(refusal) => Err(Refusal::new(refusal.reason().code(), &refusal)),
    }
}

/// Adds backends. The reserved prefixes of a configuration file apply to every backend that it names.
pub(crate) fn with_sources(
    map: IdentityMap,
    sources: &[Source],
    scrubbed_accounts: &[String],
    reserved_prefixes: &[String],
) -> Result<IdentityMap, Refusal> {
    let accounts = scrubbed_accounts
        .iter()
        .map(|id| AccountId::parse(id))
        .collect::<Result<Vec<_>, _>>()?;
    let mut map = map.with_scrubbed_accounts(accounts);
    let configs: Vec<ServerConfig> = sources
        .iter()
        .filter_map(|source| source.config.as_deref())
        .map(|config| Reader::new().read_server_config(config).0)
        .collect();
    for source in sources {
        let (kind, rules, _) = source.read()?;
        let own = configs
            .iter()
            .flat_map(|config| config.reserved_prefixes().of(kind));
        let prefixes = reserved_prefixes.iter().map(String::as_str).chain(own);
        map = map.with_backend(Backend::new(kind, rules).with_reserved_prefixes(prefixes));
    }
    Ok(map)
}

fn in_mode(map: IdentityMap, mode: Option<String>) -> Result<IdentityMap, Refusal> {
    let Some(mode) = mode.filter(|mode| !mode.is_empty()) else {
        return Ok(map);
    };
    let mode: AuthenticationMode = mode
        .parse()
        .map_err(|why| Refusal::new("unknown-authentication-mode", &why))?;
    Ok(map.with_authentication_mode(mode))
}

#[derive(Deserialize)]
struct ToCheck {
    backends: Vec<Source>,
    #[serde(default)]
    authentication_mode: Option<String>,
    #[serde(default)]
    reserved_prefixes: Option<Vec<String>>,
}

fn problems(question: ToCheck) -> Result<Value, Refusal> {
    let mut all = Vec::new();
    let mut map = in_mode(IdentityMap::new(), question.authentication_mode)?;
    let prefixes = question.reserved_prefixes.unwrap_or_default();
    for source in &question.backends {
        let (kind, rules, problems) = source.read()?;
        all.extend(
            problems
                .iter()
                .map(|problem| described(Some(kind), problem)),
        );
        let prefixes = prefixes.iter().map(String::as_str);
        map = map.with_backend(Backend::new(kind, rules).with_reserved_prefixes(prefixes));
    }
    // The problems of all sources together.
    let of_map = map
        .check()
        .into_iter()
        .chain(PolicyTable::eks().check(&map));
    all.extend(of_map.map(|found| described(found.backend(), found.problem())));
    Ok(json!({ "problems": all }))
}

fn described(backend: Option<BackendKind>, problem: &Problem) -> Value {
    json!({
        "backend": backend.map(BackendKind::as_str),
        "code": problem.code(),
        "severity": problem.severity().as_str(),
        "at": problem.at().to_string(),
        "line": problem.line(),
        "column": problem.column(),
        "message": problem.kind().to_string(),
    })
}
