//! A cluster in the formats that the library and the oracles read.

use std::fmt::Write as _;

use aws_auth_map::{AuthenticationMode, Backend, BackendKind, IdentityMap, Reader};
use eks_access::{Document, Options};
use serde_json::{Value, json};

use super::{ACCOUNT, Caller, Format, Mapped, World};

impl World {
    pub(crate) fn options(&self) -> Options {
        let options = Options::new().without_default_policy();
        match self.format {
            Format::ConfigMap | Format::Eksctl | Format::List => {
                options.with_authentication_mode(self.mode)
            }
            // EKS, which has authentication modes, reads none of these.
            Format::Dynamic | Format::Mounted | Format::Objects => options,
        }
    }

    fn is_of_users(of_users: bool) -> impl Fn(&&Mapped) -> bool {
        move |rule| rule.is_user == of_users
    }

    /// The rules of a section, with a key for the ARN.
    fn section(&self, of_users: bool, key: &str) -> Vec<Value> {
        let rules = self.rules.iter().filter(Self::is_of_users(of_users));
        rules
            .map(|rule| {
                let arn = rule.arn();
                json!({key: arn, "username": rule.username, "groups": rule.groups})
            })
            .collect()
    }

    fn accounts(&self) -> Vec<&'static str> {
        if self.has_account {
            vec![ACCOUNT]
        } else {
            Vec::new()
        }
    }

    /// The data of the ConfigMap with the same rules.
    fn data(&self) -> Value {
        json!({
            "mapRoles": json!(self.section(false, "rolearn")).to_string(),
            "mapUsers": json!(self.section(true, "userarn")).to_string(),
            "mapAccounts": json!(self.accounts()).to_string(),
        })
    }

    fn server_config(&self) -> Value {
        json!({"clusterID": "c", "server": {"mapRoles": self.section(false, "roleARN"),
            "mapUsers": self.section(true, "userARN"), "mapAccounts": self.accounts(),
            "backendMode": ["MountedFile"]}})
    }

    fn dynamic_file(&self) -> Value {
        json!({"LastUpdatedDateTime": "1700000000", "Version": "1",
            "mapRoles": self.section(false, "rolearn"), "mapUsers": self.section(true, "userarn"),
            "mapAccounts": self.accounts()})
    }

    fn objects(&self) -> Vec<Value> {
        let rules = self.rules.iter().enumerate();
        rules
            .map(|(at, rule)| {
                json!({"apiVersion": "iamauthenticator.k8s.aws/v1alpha1", "kind": "IAMIdentityMapping",
                    "metadata": {"name": format!("o{at}")},
                    "spec": {"arn": rule.arn(), "username": rule.username, "groups": rule.groups}})
            })
            .collect()
    }

    /// The document with the mapping.
    pub(crate) fn mapping(&self) -> String {
        let list = |key: &str| {
            let mut list = self.section(false, if key.is_empty() { "rolearn" } else { key });
            list.extend(self.section(true, if key.is_empty() { "userarn" } else { key }));
            list.extend(self.accounts().iter().map(|id| json!({ "account": id })));
            list
        };
        match self.format {
            Format::ConfigMap => json!({"apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"name": "aws-auth", "namespace": "kube-system"}, "data": self.data()})
            .to_string(),
            Format::List => json!(list("")).to_string(),
            Format::Eksctl => json!({"apiVersion": "eksctl.io/v1alpha5", "kind": "ClusterConfig",
                "metadata": {"name": "c", "region": "eu-west-1"}, "iamIdentityMappings": list("arn")})
            .to_string(),
            Format::Objects => joined(&self.objects()),
            Format::Mounted => self.server_config().to_string(),
            Format::Dynamic => self.dynamic_file().to_string(),
        }
    }

    fn entries_text(&self) -> String {
        let mut text = String::new();
        for entry in &self.entries {
            let arn = entry.arn();
            let described = json!({"principalArn": arn, "username": entry.username,
                "kubernetesGroups": entry.groups, "type": "STANDARD"});
            let _ = writeln!(text, "{described}");
            if let Some((policy, namespace)) = entry.policy {
                let scope = match namespace {
                    None => json!({"type": "cluster"}),
                    Some(name) => json!({"type": "namespace", "namespaces": [name]}),
                };
                let policy = format!("arn:aws:eks::aws:cluster-access-policy/{policy}");
                let held = json!({"principalArn": arn, "policyArn": policy, "accessScope": scope});
                let _ = writeln!(text, "{held}");
            }
        }
        text
    }

    pub(crate) fn manifests(&self) -> String {
        joined(&[self.roles.as_slice(), &self.bindings].concat())
    }

    pub(crate) fn documents(&self) -> Vec<Document> {
        let mut documents = vec![Document::new("rbac.yaml", self.manifests())];
        let is_empty =
            self.rules.is_empty() && matches!(self.format, Format::List | Format::Objects);
        if !is_empty || self.has_account {
            documents.push(Document::new("mapping.yaml", self.mapping()));
        }
        if !self.entries.is_empty() {
            documents.push(Document::new("entries.json", self.entries_text()));
        }
        documents
    }

    /// Whether there is a mapping that the mode reads: an empty list does not count as a document.
    pub(crate) fn has_mapping(&self) -> bool {
        let documents = self.documents();
        let has = |name| documents.iter().any(|one| one.name() == name);
        // A file of eksctl may have another purpose.
        let is_other = self.format == Format::Eksctl && self.rules.is_empty() && !self.has_account;
        let (entries, mapping) = (has("entries.json"), has("mapping.yaml") && !is_other);
        match self.mode {
            AuthenticationMode::Api => entries,
            AuthenticationMode::ConfigMap => mapping,
            _ => entries || mapping,
        }
    }

    /// The map that the library reads.
    pub(crate) fn identity_map(&self) -> IdentityMap {
        let (reader, text) = (Reader::new(), self.mapping());
        let (kind, (rules, _)) = match self.format {
            Format::ConfigMap => (BackendKind::EksConfigMap, reader.read_config_map(&text)),
            Format::List => (
                BackendKind::EksConfigMap,
                reader.read_identity_mapping_list(&text),
            ),
            Format::Eksctl => {
                let (config, problems) = reader.read_cluster_config(&text);
                let rules = config.identity_mappings().clone();
                (BackendKind::EksConfigMap, (rules, problems))
            }
            Format::Objects => (BackendKind::Crd, reader.read_identity_mappings(&text)),
            Format::Mounted => (BackendKind::MountedFile, reader.read_mounted_file(&text)),
            Format::Dynamic => (
                BackendKind::DynamicFile,
                reader.read_dynamic_file(&text).unwrap(),
            ),
        };
        let mut map = IdentityMap::new();
        if !self.entries.is_empty() {
            let (entries, _) = reader.read_access_entries(&self.entries_text());
            map = map.with_backend(Backend::new(BackendKind::AccessEntries, entries));
        }
        map.with_backend(Backend::new(kind, rules))
            .with_authentication_mode(self.mode)
    }

    /// The backend of the mapping's oracle. If EKS has another format of the ConfigMap, upstream reads the
    /// ConfigMap.
    pub(crate) fn backend(&self) -> Value {
        match self.format {
            Format::ConfigMap | Format::List | Format::Eksctl => {
                json!({"mode": "EKSConfigMap", "data": self.data()})
            }
            Format::Objects => json!({"mode": "CRD", "objects": self.objects()}),
            Format::Mounted => {
                json!({"mode": "MountedFile", "config": self.server_config().to_string()})
            }
            Format::Dynamic => {
                json!({"mode": "DynamicFile", "content": self.dynamic_file().to_string()})
            }
        }
    }

    /// The roles and bindings, in the form of the RBAC oracle.
    pub(crate) fn rbac(&self) -> Value {
        let of_kind = |kind: &str| -> Vec<&Value> {
            let all = self.roles.iter().chain(&self.bindings);
            all.filter(|one| one["kind"] == kind).collect()
        };
        json!({"roles": of_kind("Role"), "clusterRoles": of_kind("ClusterRole"),
            "roleBindings": of_kind("RoleBinding"), "clusterRoleBindings": of_kind("ClusterRoleBinding")})
    }

    /// The access entry that decides for a caller, if the mode has entries.
    pub(crate) fn entry(&self, caller: Caller) -> Option<&Mapped> {
        let (is_user, name) = caller.name();
        let entries = self.entries.iter();
        let mut entries = entries.filter(|_| self.mode != AuthenticationMode::ConfigMap);
        entries.find(|one| one.is_user == is_user && one.name == name)
    }
}

fn joined(objects: &[Value]) -> String {
    let texts: Vec<String> = objects.iter().map(Value::to_string).collect();
    texts.join("\n---\n")
}
