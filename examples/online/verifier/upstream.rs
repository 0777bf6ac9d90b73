//! The configuration file of aws-iam-authenticator.

use std::path::Path;

use bounded_yaml::{Limits, Mapping, Node, documents};
use program::files::{MAX_SMALL_FILE, name, read};

use crate::settings::Settings;

/// What is expected of a setting.
const BOOLEAN: &str = "true or false";
const COUNT: &str = "a whole number above zero";

/// Reads the settings of upstream's file. Its rules, scrubbed accounts and reserved prefixes are read by the
/// backend MountedFile. As viper does, keys are taken in any case.
pub(crate) fn read_config(path: &Path) -> Result<Settings, String> {
    let text = read(path, MAX_SMALL_FILE)?;
    let limits = Limits::new();
    let first = documents(&text, &limits).next();
    let node = match first {
        Some(Ok(node)) => node,
        Some(Err(why)) => return Err(format!("{}: {why}", name(path))),
        None => return Ok(Settings::default()),
    };
    let Some(top) = node.as_mapping() else {
        return Err(format!("{}: not a mapping", name(path)));
    };
    let mut settings = Settings {
        cluster_id: text_of(top, "clusterID"),
        ..Settings::default()
    };
    let Some(server) = value(top, "server").and_then(Node::as_mapping) else {
        return Ok(settings);
    };
    let invalid =
        |key: &str, expected: &str| format!("{}: server.{key}: expected {expected}", name(path));
    settings.partition = text_of(server, "partition");
    settings.address =
        parsed(server, "address").map_err(|()| invalid("address", "an IP address"))?;
    settings.port = parsed(server, "port").map_err(|()| invalid("port", "a port number"))?;
    settings.state_dir = text_of(server, "stateDir").map(Into::into);
    settings.dynamic_file = text_of(server, "dynamicfilepath").map(Into::into);
    settings.backend_mode_file = text_of(server, "dynamicBackendModePath").map(Into::into);
    settings.dynamic_file_user_id_strict = parsed(server, "dynamicfileUserIDStrict")
        .map_err(|()| invalid("dynamicfileUserIDStrict", BOOLEAN))?;
    settings.backend_mode = modes(server);
    settings.kubeconfig = text_of(server, "kubeconfig")
        .filter(|path| !path.is_empty())
        .map(Into::into);
    settings.master = text_of(server, "master")
        .filter(|url| !url.is_empty())
        .map(|url| url.parse().map_err(|_| invalid("master", "a URL")))
        .transpose()?;
    settings.generate_kubeconfig = text_of(server, "generateKubeconfig").map(Into::into);
    settings.kubeconfig_pregenerated = parsed(server, "kubeconfigPregenerated")
        .map_err(|()| invalid("kubeconfigPregenerated", BOOLEAN))?;
    settings.hostname = text_of(server, "hostname");
    settings.ec2_role = text_of(server, "ec2DescribeInstancesRoleARN");
    settings.source_arn = text_of(server, "sourceARN");
    settings.ec2_qps = parsed(server, "ec2DescribeInstancesQps")
        .map_err(|()| invalid("ec2DescribeInstancesQps", COUNT))?;
    settings.ec2_burst = parsed(server, "ec2DescribeInstancesBurst")
        .map_err(|()| invalid("ec2DescribeInstancesBurst", COUNT))?;
    Ok(settings)
}

/// Returns the order of the backends: a list, or text separated by spaces (viper's `GetStringSlice`).
fn modes(server: &Mapping) -> Option<String> {
    let names: Vec<&str> = match value(server, "backendMode")? {
        Node::Sequence(items) => items.iter().filter_map(Node::as_text).collect(),
        node => node.as_text()?.split_whitespace().collect(),
    };
    (!names.is_empty()).then(|| names.join(","))
}

fn value<'n>(mapping: &'n Mapping, key: &str) -> Option<&'n Node> {
    let entries = mapping.entries().iter();
    let mut found = entries.filter(|(own, _)| own.text().eq_ignore_ascii_case(key));
    Some(&found.next()?.1).filter(|node| !node.is_null())
}

fn text_of(mapping: &Mapping, key: &str) -> Option<String> {
    value(mapping, key)?.as_text().map(str::to_owned)
}

fn parsed<T: std::str::FromStr>(mapping: &Mapping, key: &str) -> Result<Option<T>, ()> {
    match value(mapping, key) {
        None => Ok(None),
        Some(node) => {
            let text = node.as_text().ok_or(())?;
            text.parse().map(Some).map_err(|_| ())
        }
    }
}
