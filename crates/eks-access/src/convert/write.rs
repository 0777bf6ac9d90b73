//! Writes access entries in the format of each tool. Every text is quoted, so that no text is read as a
//! number, a boolean or an expression.

use std::fmt::Write as _;

use aws_auth_map::{AccessEntry, AccessPolicy, AccessScope, AuthenticationMode, EntryType};

use super::names::{self, Names};
use super::plan::Planned;

/// Inputs of the AWS command line, one a line.
pub(super) fn entries(planned: &[Planned], cluster: &str) -> String {
    let mut text = String::new();
    for Planned { entry, .. } in planned {
        let created = std::iter::once(entry.to_create_input(cluster));
        for input in created.chain(entry.to_associate_inputs(cluster)) {
            text.push_str(&input);
            text.push('\n');
        }
    }
    text
}

/// The username, if EKS does not choose it itself.
fn username(entry: &AccessEntry) -> Option<&str> {
    (!entry.has_default_username()).then(|| entry.username())
}

/// The groups, if EKS does not choose them itself.
fn groups(entry: &AccessEntry) -> &[String] {
    match entry.entry_type() {
        EntryType::Standard => entry.groups(),
        _ => &[],
    }
}

/// A `ClusterConfig` of eksctl.
///
/// Source: eksctl, `pkg/apis/eksctl.io/v1alpha5`, `AccessConfig` and `AccessEntry`.
pub(super) fn eksctl(
    planned: &[Planned],
    cluster: &str,
    region: Option<&str>,
    mode: AuthenticationMode,
) -> String {
    let mut text = format!(
        "apiVersion: eksctl.io/v1alpha5\nkind: ClusterConfig\nmetadata:\n  name: {}\n",
        quoted(cluster)
    );
    // Writing to a String cannot fail.
    if let Some(region) = region {
        let _ = writeln!(text, "  region: {}", quoted(region));
    }
    let _ = writeln!(
        text,
        "accessConfig:\n  authenticationMode: {}\n  accessEntries:",
        mode.as_str()
    );
    for Planned { entry, .. } in planned {
        let _ = writeln!(
            text,
            "    - principalARN: {}",
            quoted(entry.principal_arn())
        );
        let _ = writeln!(text, "      type: {}", quoted(entry.entry_type().as_str()));
        if let Some(username) = username(entry) {
            let _ = writeln!(text, "      kubernetesUsername: {}", quoted(username));
        }
        list(&mut text, 6, "kubernetesGroups", groups(entry));
        if !entry.access_policies().is_empty() {
            text.push_str("      accessPolicies:\n");
        }
        for policy in entry.access_policies() {
            let _ = writeln!(text, "        - policyARN: {}", quoted(policy.arn()));
            let _ = writeln!(
                text,
                "          accessScope:\n            type: {}",
                quoted(scope_type(policy))
            );
            list(&mut text, 12, "namespaces", namespaces(policy));
        }
    }
    text
}

/// A template of CloudFormation.
///
/// Source: CloudFormation user guide, `AWS::EKS::AccessEntry`.
pub(super) fn cloud_formation(planned: &[Planned], cluster: &str) -> String {
    let mut names = Names::default();
    let mut text = String::from("AWSTemplateFormatVersion: \"2010-09-09\"\nResources:\n");
    for Planned { entry, .. } in planned {
        let id = names.unique(&names::logical_id(entry), "n");
        let _ = writeln!(
            text,
            "  {id}:\n    Type: AWS::EKS::AccessEntry\n    Properties:"
        );
        let _ = writeln!(text, "      ClusterName: {}", quoted(cluster));
        let _ = writeln!(
            text,
            "      PrincipalArn: {}",
            quoted(entry.principal_arn())
        );
        let _ = writeln!(text, "      Type: {}", quoted(entry.entry_type().as_str()));
        if let Some(username) = username(entry) {
            let _ = writeln!(text, "      Username: {}", quoted(username));
        }
        list(&mut text, 6, "KubernetesGroups", groups(entry));
        if !entry.access_policies().is_empty() {
            text.push_str("      AccessPolicies:\n");
        }
        for policy in entry.access_policies() {
            let _ = writeln!(text, "        - PolicyArn: {}", quoted(policy.arn()));
            let _ = writeln!(
                text,
                "          AccessScope:\n            Type: {}",
                quoted(scope_type(policy))
            );
            list(&mut text, 12, "Namespaces", namespaces(policy));
        }
    }
    text
}

/// Returns whether CloudFormation reads the texts of an entry literally: it replaces dynamic references in
/// every value.
pub(super) fn is_literal_in_cloud_formation(entry: &AccessEntry) -> bool {
    let texts = [entry.principal_arn(), entry.username()];
    let groups = entry.groups().iter().map(String::as_str);
    !texts
        .into_iter()
        .chain(groups)
        .any(|text| text.contains("{{resolve:"))
}

/// Resources of Terraform, and `import` blocks for entries that exist.
///
/// Source: the provider `hashicorp/aws`, `aws_eks_access_entry` and `aws_eks_access_policy_association`, and
/// the ids of their section "Import".
pub(super) fn terraform(planned: &[Planned], cluster: &str) -> String {
    let (mut names, mut of_policies) = (Names::default(), Names::default());
    let mut blocks = Vec::new();
    for Planned { entry, exists } in planned {
        let name = names.unique(&names::terraform_of(entry), "_");
        let address = format!("aws_eks_access_entry.{name}");
        let mut fields = vec![
            ("cluster_name", hcl(cluster)),
            ("principal_arn", hcl(entry.principal_arn())),
            ("type", hcl(entry.entry_type().as_str())),
        ];
        fields.extend(username(entry).map(|username| ("user_name", hcl(username))));
        if !groups(entry).is_empty() {
            fields.push(("kubernetes_groups", hcl_list(groups(entry))));
        }
        let body = aligned(&fields, "  ");
        blocks.push(format!(
            "resource \"aws_eks_access_entry\" \"{name}\" {{\n{body}}}\n"
        ));
        if *exists {
            let id = format!("{cluster}:{}", entry.principal_arn());
            blocks.push(import(&address, &id));
        }
        for policy in entry.access_policies() {
            let policy_name = names::terraform(policy.name());
            let association = of_policies.unique(&format!("{name}_{policy_name}"), "_");
            let mut scope = vec![("type", hcl(scope_type(policy)))];
            if !namespaces(policy).is_empty() {
                scope.push(("namespaces", hcl_list(namespaces(policy))));
            }
            let body = aligned(
                &[
                    ("cluster_name", format!("{address}.cluster_name")),
                    ("principal_arn", format!("{address}.principal_arn")),
                    ("policy_arn", hcl(policy.arn())),
                ],
                "  ",
            );
            let scope = aligned(&scope, "    ");
            blocks.push(format!(
                "resource \"aws_eks_access_policy_association\" \"{association}\" {{\n{body}\n  \
                 access_scope {{\n{scope}  }}\n}}\n"
            ));
            if *exists {
                let id = format!("{cluster}#{}#{}", entry.principal_arn(), policy.arn());
                let address = format!("aws_eks_access_policy_association.{association}");
                blocks.push(import(&address, &id));
            }
        }
    }
    blocks.join("\n")
}

fn import(address: &str, id: &str) -> String {
    format!("import {{\n  to = {address}\n  id = {}\n}}\n", hcl(id))
}

/// Writes fields with their equals signs below each other, as `terraform fmt` does.
fn aligned(fields: &[(&str, String)], indent: &str) -> String {
    let width = fields.iter().map(|(key, _)| key.len()).max().unwrap_or(0);
    fields
        .iter()
        .map(|(key, value)| format!("{indent}{key:width$} = {value}\n"))
        .collect()
}

const fn scope_type(policy: &AccessPolicy) -> &'static str {
    match policy.scope() {
        AccessScope::Cluster => "cluster",
        AccessScope::Namespaces(_) => "namespace",
    }
}

fn namespaces(policy: &AccessPolicy) -> &[String] {
    match policy.scope() {
        AccessScope::Cluster => &[],
        AccessScope::Namespaces(names) => names,
    }
}

/// Writes a list of YAML; nothing if it is empty.
fn list(text: &mut String, indent: usize, key: &str, items: &[String]) {
    if items.is_empty() {
        return;
    }
    let _ = writeln!(text, "{:indent$}{key}:", "");
    for item in items {
        let _ = writeln!(text, "{:indent$}  - {}", "", quoted(item));
    }
}

/// Quotes a text for YAML (YAML 1.2.2, section 7.3.1). Characters that are not printed are escaped.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if is_printed(c) => quoted.push(c),
            c => {
                let _ = write!(quoted, "\\U{:08X}", u32::from(c));
            }
        }
    }
    quoted.push('"');
    quoted
}

/// Quotes a text for HCL (HCL native syntax specification, "Template Expressions"): `${` and `%{` begin a
/// template unless the sign is doubled.
fn hcl(text: &str) -> String {
    let mut quoted = String::from("\"");
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '$' | '%' if chars.peek() == Some(&'{') => quoted.extend([c, c]),
            c if is_printed(c) => quoted.push(c),
            c => {
                let _ = write!(quoted, "\\U{:08X}", u32::from(c));
            }
        }
    }
    quoted.push('"');
    quoted
}

fn hcl_list(items: &[String]) -> String {
    let items: Vec<String> = items.iter().map(|item| hcl(item)).collect();
    format!("[{}]", items.join(", "))
}

fn is_printed(c: char) -> bool {
    !c.is_control() && (c.is_ascii() || c.escape_debug().len() == 1)
}

#[cfg(test)]
mod tests {
    use super::{hcl, quoted};

    #[test]
    fn quoted_texts_have_no_character_that_is_not_printed() {
        for (text, in_yaml, in_hcl) in [
            ("dev é'", "\"dev é'\"", "\"dev é'\""),
            ("a\"b\\", r#""a\"b\\""#, r#""a\"b\\""#),
            (
                "\u{7}\n",
                r#""\U00000007\U0000000A""#,
                r#""\U00000007\U0000000A""#,
            ),
            (
                "\u{202e}\u{85}",
                r#""\U0000202E\U00000085""#,
                r#""\U0000202E\U00000085""#,
            ),
            ("${a} %{b} $ %", "\"${a} %{b} $ %\"", "\"$${a} %%{b} $ %\""),
        ] {
            assert_eq!(quoted(text), in_yaml);
            assert_eq!(hcl(text), in_hcl);
        }
    }
}
