//! Recognizes documents and objects, and takes the parts that the cluster needs.

use aws_auth_map::Reader;
use bounded_yaml::{Mapping, Node, Scalar};

use super::inside;
use super::kustomize::{self, Kustomization};
use super::output::{for_people, is_empty_list, is_error_message, is_sentence};
use super::pages;
use super::{Found, Gathered, Text};
use crate::problem::SourceFault;
use crate::source::SourceKind;
use crate::sources::{self, Shape};

/// Whether an object is an access entry of EKS for a controller in a cluster (ACK or a provider of Crossplane), or a
/// control plane of Cluster API with a mapping.
fn is_access_of_controller(group: &str, kind: &str, node: &Node) -> bool {
    let crossplane = [
        "eks.aws.crossplane.io",
        "eks.aws.upbound.io",
        "eks.aws.m.upbound.io",
    ];
    match (group, kind) {
        ("eks.services.k8s.aws", "AccessEntry") => true,
        (group, "AccessEntry" | "AccessPolicyAssociation") => crossplane.contains(&group),
        ("controlplane.cluster.x-k8s.io", "AWSManagedControlPlane") => node
            .get("spec")
            .is_some_and(|spec| spec.get("iamAuthenticatorConfig").is_some()),
        _ => false,
    }
}

/// Returns whether an object is a role, a binding or a mapping.
fn does_give_access(group: &str, kind: &str, node: &Node) -> bool {
    match (group, kind) {
        ("", "ConfigMap") => sources::is_named_like_mapping(node),
        (group, kind) => {
            group == k8s_rbac::API_GROUP
                || (group, kind) == ("eksctl.io", "ClusterConfig")
                || kind == "IAMIdentityMapping"
        }
    }
}

/// Returns whether SOPS encrypted a value of an object.
fn is_encrypted(node: &Node) -> bool {
    fn has_cipher(node: &Node) -> bool {
        match node {
            Node::Null => false,
            Node::Scalar(text) => text.text().starts_with("ENC["),
            Node::Sequence(items) => items.iter().any(has_cipher),
            Node::Mapping(mapping) => mapping.entries().iter().any(|(_, value)| has_cipher(value)),
        }
    }
    let entries = node.as_mapping().map_or(&[][..], Mapping::entries);
    let is_sops = |key: &Scalar| key.text() == "sops";
    entries.iter().any(|(key, _)| is_sops(key))
        && entries
            .iter()
            .any(|(key, value)| !is_sops(key) && has_cipher(value))
}

/// Returns whether SOPS encrypted a file of another format as a whole: its text is under `data`.
fn is_encrypted_file(node: &Node) -> bool {
    let entries = node.as_mapping().map_or(&[][..], Mapping::entries);
    let keys = ["data", "sops"];
    entries.len() == keys.len() && entries.iter().all(|(key, _)| keys.contains(&key.text()))
}

/// The keys of an object that matter if they are written twice: they change its kind, or contain
/// the mapping.
const OF_OBJECT: [&str; 3] = ["apiVersion", "data", "kind"];

/// Returns the first key of an object that matters and repeats an earlier key.
fn duplicate(node: &Node, does_matter: impl Fn(&str) -> bool) -> Option<String> {
    let duplicates = node.as_mapping()?.duplicates();
    let mut keys = duplicates.into_iter().map(Scalar::text);
    keys.find(|key| does_matter(key)).map(str::to_owned)
}

impl Gathered {
    /// Takes an API object, or the items of a list.
    pub(super) fn take_object(
        &mut self,
        text: &Text<'_>,
        node: &Node,
        inherited: Option<(&str, &str)>,
        found: &mut Found,
    ) {
        let field = |key| {
            node.get(key)
                .and_then(Node::as_text)
                .filter(|t| !t.is_empty())
        };
        let api_version = field("apiVersion").or_else(|| Some(inherited?.0));
        let kind = field("kind").or_else(|| Some(inherited?.1));
        let (Some(api_version), Some(kind)) = (api_version, kind) else {
            // The reader of manifests reports it.
            found.is_any = true;
            return;
        };
        let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
        let of_items = kind.strip_suffix("List");
        if of_items.is_some_and(|of_items| pages::is_cut_off(node, group, of_items)) {
            let fault = SourceFault::CutOff(pages::OF_KUBERNETES);
            self.lost(text.place(node.offset()), fault);
        }
        let items = node.get("items").and_then(Node::as_sequence);
        if let (Some(items), Some(of_items)) = (items, of_items) {
            for item in items {
                let inherited = (!of_items.is_empty()).then_some((api_version, of_items));
                self.take_object(text, item, inherited, found);
            }
            return;
        }
        if kind.ends_with("List") && node.get("items").is_none_or(Node::is_null) {
            return;
        }
        found.is_any = true;
        if let Some(patch) = node.get("$patch").and_then(Node::as_text) {
            let fault = SourceFault::Patch(format!("$patch: {patch}"));
            self.lost(text.place(node.offset()), fault);
            return;
        }
        // The reader of manifests refuses any duplicate key of its kinds.
        if group != k8s_rbac::API_GROUP
            && let Some(key) = duplicate(node, |key| OF_OBJECT.contains(&key))
        {
            self.lost(text.place(node.offset()), SourceFault::DuplicateKey(key));
            return;
        }
        if does_give_access(group, kind, node) && is_encrypted(node) {
            self.lost(text.place(node.offset()), SourceFault::Encrypted);
            return;
        }
        if sources::take_workload(self, text, node, (group, kind)) {
            return;
        }
        match (group, kind) {
            ("", "ConfigMap") => self.take_config_map(text, node, found),
            ("", "ServiceAccount") => sources::take_service_account(self, text, node),
            (
                k8s_rbac::API_GROUP,
                "ClusterRole" | "ClusterRoleBinding" | "Role" | "RoleBinding",
            ) => {
                self.saw(text, SourceKind::Rbac, node.offset());
                self.take_rule_positions(text, kind, node);
            }
            (_, "IAMIdentityMapping") => self.saw_text(text, SourceKind::IdentityMappings, node),
            ("eksctl.io", "ClusterConfig") => {
                self.saw_text(text, SourceKind::ClusterConfig, node);
                sources::take_cluster_config(self, text, node);
            }
            (group, kind) if is_access_of_controller(group, kind, node) => {
                let what = format!("{kind}.{group}");
                self.lost(text.place(node.offset()), SourceFault::NotRead(what));
            }
            ("kustomize.config.k8s.io", _) => self.take_kustomization(text, node),
            (group @ "kustomize.toolkit.fluxcd.io", "Kustomization") => {
                match kustomize::change_of_flux(node) {
                    None => self.skip(text, format!("{kind}.{group}"), node),
                    Some(field) => {
                        let what = format!("what a Kustomization of Flux builds with `{field}`");
                        let give = "the output of `flux build kustomization` instead";
                        let fault = SourceFault::Unread(what, give);
                        self.lost(text.place(node.offset()), fault);
                    }
                }
            }
            (_, kind) if kind.starts_with("ENC[") => {
                self.lost(text.place(node.offset()), SourceFault::Encrypted);
            }
            (group, kind) if inside::is_of_wrong_group(kind, node) => {
                let fault = SourceFault::WrongGroup(kind.to_owned(), group.to_owned());
                self.lost(text.place(node.offset()), fault);
            }
            (group, kind) => self.take_unknown_object(text, (group, kind), node),
        }
    }

    /// Leaves no answer if a list has items that are read only as documents of their own.
    pub(super) fn lose_documents(&mut self, text: &Text<'_>, items: &[Node]) {
        for item in items {
            if let Some(format) = sources::format_of_text(item) {
                let fault = SourceFault::Unread(format.to_owned(), "it in a document of its own");
                self.lost(text.place(item.offset()), fault);
            }
        }
    }

    /// Leaves no answer if access entries, or a list of them, have something else in their place, such as `null` or the
    /// message of a command that failed.
    fn lose_foreign_items(&mut self, text: &Text<'_>, node: &Node) {
        let items = node.as_sequence().unwrap_or_default();
        let is_foreign = |item: &&Node| match item {
            Node::Mapping(mapping) => !sources::is_access_entry(mapping) && !is_empty_list(item),
            Node::Sequence(_) => false,
            Node::Null | Node::Scalar(_) => true,
        };
        let foreign = items
            .iter()
            .find(is_foreign)
            .or_else(|| foreign_value(node));
        if let Some(item) = foreign {
            let offset = item.offset().or_else(|| node.offset());
            self.lost(text.place(offset), SourceFault::ForeignItem);
        }
        // The reader of entries reports the duplicate keys of an entry, and reads one value of such a key in a list.
        let is_list = |key: &str| key == "associatedAccessPolicies";
        if let Some(key) = items.iter().find_map(|item| duplicate(item, is_list)) {
            self.lost(text.place(node.offset()), SourceFault::DuplicateKey(key));
        }
        for item in items {
            self.lose_foreign_items(text, item);
        }
    }

    /// Leaves no answer if an answer of AWS that gives no access has a role, a binding, a mapping or an access entry beside it.
    fn lose_access_beside(&mut self, text: &Text<'_>, node: &Node) {
        if let Some(fault) = access_inside(node) {
            self.lost(text.place(node.offset()), fault);
        }
    }

    /// Takes an API object of an unknown kind.
    fn take_unknown_object(&mut self, text: &Text<'_>, (group, kind): (&str, &str), node: &Node) {
        let dot = if group.is_empty() { "" } else { "." };
        let whole = format!("{kind}{dot}{group}");
        match inside::has_access(group, kind, node) {
            true => self.lost(
                text.place(node.offset()),
                SourceFault::Unread(whole, inside::INSTEAD),
            ),
            false => self.skip(text, whole, node),
        }
    }

    /// Records the places of the rules of a role.
    fn take_rule_positions(&mut self, text: &Text<'_>, kind: &str, node: &Node) {
        let Some(rules) = node.get("rules").and_then(Node::as_sequence) else {
            return;
        };
        let metadata = |key| {
            let value = node.get("metadata")?.get(key)?.as_text()?;
            (!value.is_empty()).then(|| value.to_owned())
        };
        // As the reader of manifests fills in the namespace.
        let namespace = match kind {
            "Role" => metadata("namespace").unwrap_or_else(|| self.namespace.clone()),
            _ => String::new(),
        };
        if let Some(name) = metadata("name") {
            let offsets = rules.iter().map(Node::offset);
            let positions = offsets.map(|offset| Some(text.position(offset?))).collect();
            self.rule_positions
                .insert((namespace, name), (text.index, positions));
        }
    }

    fn take_config_map(&mut self, text: &Text<'_>, node: &Node, found: &mut Found) {
        match sources::config_map(node) {
            sources::ConfigMapContent::ServerConfig => {
                self.saw_text(text, SourceKind::ServerConfig, node);
            }
            sources::ConfigMapContent::Mapping => found.add_config_map(node),
            // It perhaps has the name of the mapping, but no content.
            sources::ConfigMapContent::Other if sources::is_named_like_mapping(node) => {
                let entries = node.as_mapping().map_or(&[][..], Mapping::entries);
                let mut keys = entries.iter().map(|(key, _)| key.text());
                if keys.any(|key| key != "data" && key.trim().eq_ignore_ascii_case("data")) {
                    self.lost(text.place(node.offset()), SourceFault::Field("data"));
                    return;
                }
                found.add_config_map(node);
            }
            sources::ConfigMapContent::Other => self.skip(text, "ConfigMap".to_owned(), node),
        }
    }

    /// Takes a document that is not an API object.
    pub(super) fn take_other(
        &mut self,
        text: &Text<'_>,
        node: &Node,
        reader: &Reader,
        found: &mut Found,
    ) {
        if node.is_null() || is_empty_list(node) {
            return;
        }
        found.is_any = true;
        let shape = sources::shape(node);
        if (shape.is_some() || node.get("terraform_version").is_some() || is_encrypted_file(node))
            && is_encrypted(node)
        {
            self.lost(text.place(node.offset()), SourceFault::Encrypted);
            return;
        }
        // Readers of the mapping report its duplicate keys themselves.
        let is_of_mapping = matches!(shape, Some(Shape::ConfigMapData | Shape::Mapping(_)));
        if shape.is_some()
            && !is_of_mapping
            && let Some(key) = duplicate(node, |_| true)
        {
            self.lost(text.place(node.offset()), SourceFault::DuplicateKey(key));
            return;
        }
        match shape {
            Some(Shape::AccessEntries) => {
                self.saw(text, SourceKind::AccessEntries, node.offset());
                self.saw_clusters_of_entries(text, node);
                self.lose_foreign_items(text, node);
                if pages::is_page_of_entries(node) {
                    self.lost(
                        text.place(node.offset()),
                        SourceFault::CutOff(pages::OF_AWS),
                    );
                }
                found.entries.push(node.clone());
            }
            Some(Shape::CloudFormation) => {
                let templates = self.templates.entry(text.index).or_default();
                templates.push(node.offset());
            }
            Some(Shape::Terraform) => {
                sources::take_terraform(self, text, node, &mut found.entries);
            }
            Some(Shape::ConfigMapData) => found.add_config_map(node),
            Some(Shape::DescribeCluster) => {
                sources::take_cluster(self, text, node);
                self.lose_access_beside(text, node);
            }
            Some(Shape::EksctlEntries) => sources::take_eksctl_entries(self, text, node),
            Some(Shape::ManagedNodes) => {
                sources::take_managed_nodes(self, text, node);
                self.lose_access_beside(text, node);
            }
            Some(Shape::Principals) => {
                sources::take_principals(self, text, node);
                self.lose_access_beside(text, node);
                if pages::is_page(node) {
                    self.principals.cut_off();
                    self.report(
                        text.place(node.offset()),
                        SourceFault::CutOff(pages::OF_AWS),
                    );
                } else if pages::is_part_of_principals(node) {
                    self.principals.cut_off();
                }
            }
            Some(Shape::Mapping(kind)) => self.saw_text(text, kind, node),
            None => {
                if !found.is_output(|| self.take_output(text, reader)) {
                    self.take_unknown(text, node);
                }
            }
        }
    }

    fn take_kustomization(&mut self, text: &Text<'_>, node: &Node) {
        let place = text.place(node.offset());
        self.kustomizations.push(Kustomization::of(place, node));
        self.skip(text, "Kustomization".to_owned(), node);
    }

    /// Takes a value of no known shape.
    fn take_unknown(&mut self, text: &Text<'_>, node: &Node) {
        let is_text = matches!(node, Node::Scalar(_)) || is_sentence(node);
        match node {
            _ if is_text => {
                let fault = for_people(text.document.text()).unwrap_or(SourceFault::Text);
                self.lost(text.place(node.offset()), fault);
            }
            _ if kustomize::is_file(text.document.name()) => self.take_kustomization(text, node),
            _ if is_error_message(node) => {
                self.lost(text.place(node.offset()), SourceFault::ErrorMessage);
            }
            _ if is_message_of_terraform(node) => {
                let what = "a message of `terraform plan -json`".to_owned();
                let give = "the output of `terraform show -json` for the saved plan instead";
                self.lost(text.place(node.offset()), SourceFault::Unread(what, give));
            }
            _ if are_parameters(node) => {
                self.parameters.push(text.place(node.offset()));
                self.skip(text, "file of parameters".to_owned(), node);
            }
            _ if is_update_of_access(node) => {
                let what = "the output of `aws eks update-cluster-config`".to_owned();
                let give = "that of `aws eks describe-cluster` instead";
                self.lost(text.place(node.offset()), SourceFault::Unread(what, give));
            }
            _ if node.get("encrypted_data").is_some()
                && node.get("encryption_version").is_some() =>
            {
                let what = "the encrypted state of OpenTofu".to_owned();
                let give = "the output of `tofu show -json` instead";
                self.lost(text.place(node.offset()), SourceFault::Unread(what, give));
            }
            _ => {
                let fault = kustomize::patched(node)
                    .or_else(|| for_people(text.document.text()))
                    .or_else(|| access_inside(node));
                match fault {
                    Some(fault) => self.lost(text.place(node.offset()), fault),
                    None => self.skip(text, k8s_rbac::NOT_AN_API_OBJECT.to_owned(), node),
                }
            }
        }
    }
}

/// Returns whether a document is a message that Terraform prints while it runs ("Machine-Readable UI"). The message that a
/// resource will change does not have its values.
fn is_message_of_terraform(node: &Node) -> bool {
    let module = node.get("@module").and_then(Node::as_text);
    module.is_some_and(|module| module.starts_with("terraform"))
}

/// Returns whether a document has the values of parameters of a template, as `aws cloudformation deploy` and `create-stack`
/// read them.
fn are_parameters(node: &Node) -> bool {
    let is_parameter = |item: &Node| item.get("ParameterKey").is_some();
    match node {
        Node::Sequence(items) => items.iter().any(is_parameter),
        node => node
            .get("Parameters")
            .is_some_and(|parameters| parameters.as_mapping().is_some()),
    }
}

/// Returns whether a document is a change of the authentication mode, which may not be complete yet.
fn is_update_of_access(node: &Node) -> bool {
    let update = node.get("update").unwrap_or(node);
    update.get("type").and_then(Node::as_text) == Some("UpdateAccessConfig")
}

/// Returns what stands in place of an access entry, or of one in a list of them. The command line prints the ARNs of the
/// entries in a list, and each entry as an object.
fn foreign_value(answer: &Node) -> Option<&Node> {
    if let Some(entry) = answer.get("accessEntry") {
        return entry.as_mapping().is_none().then_some(entry);
    }
    let entries = answer.get("accessEntries")?;
    let Some(items) = entries.as_sequence() else {
        return Some(entries);
    };
    items.iter().find(|item| match item {
        Node::Mapping(entry) => !sources::is_access_entry(entry),
        Node::Scalar(text) => !text.text().starts_with("arn:"),
        Node::Null | Node::Sequence(_) => true,
    })
}

/// Returns the fault of a document that has a role, a binding or a mapping inside, such as a state of Pulumi.
fn access_inside(node: &Node) -> Option<SourceFault> {
    let what = match node.get("deployment") {
        Some(_) => "the state of Pulumi",
        None => "a role, a binding or a mapping inside of the document",
    };
    inside::is_access(node).then(|| SourceFault::Unread(what.to_owned(), inside::INSTEAD))
}
