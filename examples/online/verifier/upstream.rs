//! The configuration file of aws-iam-authenticator.

use std::path::Path;
use std::str::FromStr;

use aws_auth_map::{ProblemKind, Reader};
use bounded_yaml::{Limits, Mapping, Node, documents};
use program::files::{MAX_SMALL_FILE, name, read_regular};

use crate::settings::Settings;

/// The expected value of a setting.
const BOOLEAN: &str = "true or false";
const COUNT: &str = "a whole number above zero";
const MODES: &str = "a list of backends";
const TEXT: &str = "text";

/// Reads the settings of upstream's file. Its rules, scrubbed accounts and reserved prefixes are read by the
/// backend MountedFile. As viper does, keys are taken in any case.
///
/// # Errors
///
/// A file that cannot be read or is not YAML; a second document; a document that is not a mapping; a key that appears
/// twice; reserved prefixes that cannot be read; a value of the wrong type.
pub(crate) fn read_config(path: &Path) -> Result<Settings, String> {
    let text = read_regular(path, MAX_SMALL_FILE)?;
    let file = name(path);
    let Some(node) = only_document(&text).map_err(|why| format!("{file}: {why}"))? else {
        return Ok(Settings::default());
    };
    let Some(mapping) = node.as_mapping() else {
        return Err(format!("{file}: not a mapping"));
    };
    refuse_unclear(&text).map_err(|why| format!("{file}: {why}"))?;
    let top = Keys {
        file: &file,
        prefix: "",
        mapping,
    };
    let mut settings = Settings {
        cluster_id: top.text("clusterID")?,
        ..Settings::default()
    };
    let server = match top.value("server") {
        None => return Ok(settings),
        Some(Node::Mapping(mapping)) => Keys {
            prefix: "server.",
            mapping,
            ..top
        },
        Some(other) => return Err(top.invalid("server", "a mapping", other)),
    };
    settings.partition = server.text("partition")?;
    settings.address = server.parsed("address", "an IP address")?;
    settings.port = server.parsed("port", "a port number")?;
    settings.state_dir = server.text("stateDir")?.map(Into::into);
    settings.dynamic_file = server.text("dynamicfilepath")?.map(Into::into);
    settings.backend_mode_file = server.text("dynamicBackendModePath")?.map(Into::into);
    settings.dynamic_file_user_id_strict = server.parsed("dynamicfileUserIDStrict", BOOLEAN)?;
    settings.backend_mode = server.modes()?;
    settings.kubeconfig = server.filled("kubeconfig")?.map(Into::into);
    settings.master = match server.filled("master")? {
        None => None,
        Some(_) => server.parsed("master", "a URL")?,
    };
    settings.generate_kubeconfig = server.text("generateKubeconfig")?.map(Into::into);
    settings.kubeconfig_pregenerated = server.parsed("kubeconfigPregenerated", BOOLEAN)?;
    settings.hostname = server.text("hostname")?;
    settings.ec2_role = server.text("ec2DescribeInstancesRoleARN")?;
    settings.source_arn = server.text("sourceARN")?;
    settings.ec2_qps = server.parsed("ec2DescribeInstancesQps", COUNT)?;
    settings.ec2_burst = server.parsed("ec2DescribeInstancesBurst", COUNT)?;
    Ok(settings)
}

/// Parses the only document. `None` if there is no document. Empty documents after it do not count.
fn only_document(text: &str) -> Result<Option<Node>, String> {
    let limits = Limits::new();
    let mut found = documents(text, &limits);
    let first = found.next().transpose().map_err(|why| why.to_string())?;
    for other in found {
        if !other.map_err(|why| why.to_string())?.is_null() {
            return Err(ProblemKind::SecondDocument.to_string());
        }
    }
    Ok(first)
}

/// Refuses a file whose settings are unclear. The backend MountedFile reports the other problems, which
/// concern rules.
fn refuse_unclear(text: &str) -> Result<(), String> {
    let (_, problems) = Reader::new().read_server_config(text);
    let unclear = problems.iter().find(|problem| {
        matches!(
            problem.kind(),
            ProblemKind::DuplicateSetting(..) | ProblemKind::ReservedPrefixes
        )
    });
    unclear.map_or(Ok(()), |problem| Err(problem.to_string()))
}

/// The keys of a mapping in the file.
#[derive(Clone, Copy)]
struct Keys<'f> {
    file: &'f str,
    /// The text before each key in a message.
    prefix: &'static str,
    mapping: &'f Mapping,
}

impl<'f> Keys<'f> {
    /// Returns the value of a key in any case. As in viper, null counts as no value.
    fn value(&self, key: &str) -> Option<&'f Node> {
        let mut entries = self.mapping.entries().iter();
        let (_, value) = entries.find(|(own, _)| own.text().eq_ignore_ascii_case(key))?;
        Some(value).filter(|node| !node.is_null())
    }

    fn invalid(&self, key: &str, expected: &str, node: &Node) -> String {
        let Self { file, prefix, .. } = self;
        let found = match node {
            Node::Scalar(_) => String::new(),
            other => format!(", not {}", other.describe()),
        };
        format!("{file}: {prefix}{key}: expected {expected}{found}")
    }

    /// Returns the text of a key, which may be a number or a boolean.
    fn text(&self, key: &str) -> Result<Option<String>, String> {
        self.parsed(key, TEXT)
    }

    /// Returns the text of a key. As in upstream, an empty text counts as no text.
    fn filled(&self, key: &str) -> Result<Option<String>, String> {
        let text = self.text(key)?;
        Ok(text.filter(|text| !text.is_empty()))
    }

    fn parsed<T: FromStr>(&self, key: &str, expected: &str) -> Result<Option<T>, String> {
        let Some(node) = self.value(key) else {
            return Ok(None);
        };
        match node.as_text().map(str::parse) {
            Some(Ok(value)) => Ok(Some(value)),
            _ => Err(self.invalid(key, expected, node)),
        }
    }

    /// Returns the order of the backends: a list, or text separated by spaces (viper's `GetStringSlice`). As
    /// in upstream, the list must not be empty. A comma counts as part of a name, and no backend has such a
    /// name (`pkg/mapper/mapper.go`, `ValidateBackendMode`).
    fn modes(&self) -> Result<Option<String>, String> {
        let key = "backendMode";
        let Some(node) = self.value(key) else {
            return Ok(None);
        };
        let names: Option<Vec<&str>> = match node {
            Node::Sequence(items) => items.iter().map(Node::as_text).collect(),
            node => node.as_text().map(|text| text.split_whitespace().collect()),
        };
        let expected = match names {
            Some(names) if names.iter().any(|name| name.contains(',')) => {
                "the backends apart, as a list or separated by spaces, not by commas"
            }
            Some(names) if !names.is_empty() => return Ok(Some(names.join(","))),
            _ => MODES,
        };
        Err(format!(
            "{}: {}{key}: expected {expected}",
            self.file, self.prefix
        ))
    }
}
