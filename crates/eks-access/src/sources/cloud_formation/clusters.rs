//! The clusters that the resources of templates are of, which are never joined.

use std::fmt::Write as _;

use bounded_yaml::{Mapping, Node, Scalar};

use super::values::{MAX_DEPTH, Template, is_no_value};
use crate::gather::{Gathered, Text};
use crate::problem::SourceFault;

/// A cluster, as a template names it.
enum Named<'t> {
    /// With its name.
    Name(&'t Node),
    /// As the resource that makes it, if CloudFormation generates the name.
    Resource(&'t str),
    /// With a function, and its value if it can be filled in.
    Function(String, Option<String>),
}

impl Named<'_> {
    /// Returns whether two names are surely those of one cluster, or both are written out. Names that are written out are
    /// compared where each is taken.
    fn is_settled(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Name(_), Self::Name(_)) => true,
            (Self::Resource(one), Self::Resource(other)) => one == other,
            (Self::Function(one, filled), Self::Function(other, other_filled)) => {
                one == other || filled.is_some() && filled == other_filled
            }
            (Self::Name(name), Self::Function(_, filled))
            | (Self::Function(_, filled), Self::Name(name)) => {
                filled.as_deref() == name.as_text() && filled.is_some()
            }
            (Self::Resource(_), _) | (_, Self::Resource(_)) => false,
        }
    }
}

/// The clusters that a template names.
pub(super) struct Clusters<'t> {
    /// The document and the offset of the template.
    template: TemplateKey,
    /// The first, and the resource that names it.
    first: Option<(Named<'t>, &'t str)>,
    is_reported: bool,
}

/// A template, by its document and its offset.
type TemplateKey = (usize, Option<usize>);

/// The first resource of any template that makes a cluster.
pub(crate) struct MadeCluster {
    template: TemplateKey,
    /// Whether its name is written.
    is_named: bool,
}

impl<'t> Clusters<'t> {
    pub(super) fn new(text: &Text<'_>, template: &Node) -> Self {
        Self {
            template: (text.index, template.offset()),
            first: None,
            is_reported: false,
        }
    }

    /// Takes the cluster that a resource is in, by its name.
    pub(super) fn saw(
        &mut self,
        gathered: &mut Gathered,
        text: &Text<'_>,
        template: &Template<'t>,
        (id, name): (&'t Scalar, Option<&'t Node>),
    ) {
        if let Some(name) = name.filter(|name| !is_no_value(name)) {
            let named = template.named(name, MAX_DEPTH);
            self.take(gathered, text, id, named);
        }
    }

    /// Takes the cluster that a resource makes.
    pub(super) fn saw_made(
        &mut self,
        gathered: &mut Gathered,
        text: &Text<'_>,
        template: &Template<'t>,
        (id, resource): (&'t Scalar, &'t Node),
    ) {
        let named = template.made(id.text(), resource, MAX_DEPTH);
        let is_named = matches!(named, Named::Name(_));
        match &gathered.made_cluster {
            // Two names are told apart by themselves.
            Some(first) if first.template == self.template || is_named && first.is_named => {}
            Some(_) => {
                let what = format!(
                    "the name of the cluster {}, which is one of several",
                    id.text()
                );
                gathered.lost(text.place(id.offset()), SourceFault::NotKnownYet(what));
            }
            None => {
                gathered.made_cluster = Some(MadeCluster {
                    template: self.template,
                    is_named,
                });
            }
        }
        self.take(gathered, text, id, named);
    }

    fn take(&mut self, gathered: &mut Gathered, text: &Text<'_>, id: &'t Scalar, named: Named<'t>) {
        if let Named::Name(name) = &named {
            gathered.saw_cluster(text, Some(name));
        }
        let Some((first, of_first)) = &self.first else {
            self.first = Some((named, id.text()));
            return;
        };
        if !first.is_settled(&named) && !self.is_reported {
            self.is_reported = true;
            let what = format!("whether {} and {of_first} are of one cluster", id.text());
            gathered.lost(text.place(id.offset()), SourceFault::NotKnownYet(what));
        }
    }
}

impl<'t> Template<'t> {
    fn named(&self, name: &'t Node, depth: usize) -> Named<'t> {
        if let Node::Scalar(_) = name
            && self.resolve(name, MAX_DEPTH).is_ok()
        {
            return Named::Name(name);
        }
        let made = referred(name).and_then(|id| Some((id, self.resource(id)?)));
        if let Some((id, resource)) = made
            && let Some(depth) = depth.checked_sub(1)
            && is_cluster(resource)
        {
            return self.made(id, resource, depth);
        }
        let mut written = String::new();
        write_function(name, &mut written);
        Named::Function(written, self.resolve(name, MAX_DEPTH).ok())
    }

    fn made(&self, id: &'t str, resource: &'t Node, depth: usize) -> Named<'t> {
        let properties = resource.get("Properties");
        let name = properties.and_then(|one| match one.get("Config") {
            Some(config) => config.get("name"),
            None => one.get("Name"),
        });
        match name.filter(|name| !is_no_value(name)) {
            Some(name) => self.named(name, depth),
            None => Named::Resource(id),
        }
    }
}

fn is_cluster(resource: &Node) -> bool {
    let kind = resource.get("Type").and_then(Node::as_text);
    matches!(
        kind,
        Some("AWS::EKS::Cluster" | "AWSQS::EKS::Cluster" | "Custom::AWSCDK-EKS-Cluster")
    )
}

/// Returns the parameter or the resource that a value is a reference to, and nothing else.
fn referred(node: &Node) -> Option<&str> {
    let [(function, Node::Scalar(name))] = node.as_mapping()?.entries() else {
        return None;
    };
    match function.text() {
        "!Ref" | "Ref" => Some(name.text()),
        "!Sub" | "Fn::Sub" => {
            let inner = name.text().strip_prefix("${")?.strip_suffix('}')?;
            let is_name = inner.bytes().all(|byte| byte.is_ascii_alphanumeric());
            is_name.then_some(inner)
        }
        _ => None,
    }
}

/// Writes a value, the same for each way to write a function.
fn write_function(node: &Node, written: &mut String) {
    if let Some(name) = referred(node) {
        let _ = write!(written, "Ref {name:?}");
        return;
    }
    match node {
        Node::Null => written.push('~'),
        Node::Scalar(scalar) => {
            let _ = write!(written, "{:?}", scalar.text());
        }
        Node::Sequence(items) => {
            written.push('[');
            for item in items {
                write_function(item, written);
                written.push(',');
            }
            written.push(']');
        }
        Node::Mapping(mapping) => write_mapping(mapping, written),
    }
}

fn write_mapping(mapping: &Mapping, written: &mut String) {
    written.push('{');
    for (key, value) in mapping.entries() {
        let key = key.text();
        let key = key.strip_prefix('!').unwrap_or(key);
        let _ = write!(written, "{:?}:", key.strip_prefix("Fn::").unwrap_or(key));
        write_function(value, written);
        written.push(',');
    }
    written.push('}');
}
