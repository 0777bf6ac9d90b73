//! The cluster that the documents are of, as far as they name it.

use bounded_yaml::Node;

use super::{Gathered, Text};
use crate::place::Place;
use crate::problem::SourceFault;

/// Which cluster the documents are of: each part, with the place of the first document that has it.
#[derive(Debug, Default)]
pub(crate) struct OneCluster {
    name: Option<(String, Place)>,
    region: Option<(String, Place)>,
    account: Option<(String, Place)>,
    is_contradicted: bool,
}

/// The cluster that one document is of. A part that the document lacks is `None`.
#[derive(Clone, Copy, Debug, Default)]
struct Named<'n> {
    name: Option<&'n str>,
    region: Option<&'n str>,
    account: Option<&'n str>,
}

impl<'n> Named<'n> {
    /// Reads the ARN of a cluster or of a part of one: `arn:PARTITION:eks:REGION:ACCOUNT:KIND/CLUSTER`, where a
    /// part has its own name behind that of the cluster (Service Authorization Reference, "Actions, resources, and
    /// condition keys for Amazon Elastic Kubernetes Service"). `None` for any other text.
    fn of_arn(arn: &'n str) -> Option<Self> {
        let mut fields = arn.splitn(6, ':');
        let (prefix, _, service) = (fields.next()?, fields.next()?, fields.next()?);
        let (region, account) = (fields.next()?, fields.next()?);
        let (_, resource) = fields.next()?.split_once('/')?;
        let name = resource.split('/').next()?;
        (prefix == "arn" && service == "eks").then_some(Self {
            name: Some(name),
            region: Some(region),
            account: Some(account),
        })
    }
}

impl OneCluster {
    /// Returns whether a document names the cluster, which only EKS has documents for.
    pub(crate) const fn is_named(&self) -> bool {
        self.name.is_some()
    }

    /// Returns the name. `None` if no document has it, or if documents are of different clusters.
    pub(crate) fn into_name(self) -> Option<String> {
        let (name, _) = self.name.filter(|_| !self.is_contradicted)?;
        Some(name)
    }

    /// Adds what a document says. Returns the fault if it is of another cluster than an earlier one, but only once:
    /// more of it would say the same.
    fn add(&mut self, named: Named<'_>, place: &Place) -> Option<SourceFault> {
        let parts = [
            (&mut self.name, named.name, "name"),
            (&mut self.region, named.region, "region"),
            (&mut self.account, named.account, "account"),
        ];
        let mut fault = None;
        for (known, value, part) in parts {
            match (&*known, value.filter(|value| !value.is_empty())) {
                (_, None) => {}
                (None, Some(value)) => *known = Some((value.to_owned(), place.clone())),
                (Some((first, _)), Some(value)) if first == value => {}
                (Some((first, at)), Some(value)) => {
                    fault.get_or_insert_with(|| SourceFault::SeveralClusters {
                        part,
                        this: value.to_owned(),
                        other: first.clone(),
                        other_place: at.clone(),
                    });
                }
            }
        }
        let is_first = !self.is_contradicted;
        self.is_contradicted |= fault.is_some();
        fault.filter(|_| is_first)
    }
}

impl Gathered {
    /// Takes the name of the cluster that a document is of.
    pub(crate) fn saw_cluster(&mut self, text: &Text<'_>, name: Option<&Node>) {
        if let Some((node, name)) = text_of(name) {
            let named = Named {
                name: Some(name),
                ..Named::default()
            };
            self.saw_named(text, node, named);
        }
    }

    /// Takes the ARN of the cluster that a document is of, or that of a part of the cluster.
    pub(crate) fn saw_cluster_arn(&mut self, text: &Text<'_>, arn: Option<&Node>) {
        if let Some((node, arn)) = text_of(arn)
            && let Some(named) = Named::of_arn(arn)
        {
            self.saw_named(text, node, named);
        }
    }

    /// Takes the region of the cluster that a document is of.
    pub(crate) fn saw_region(&mut self, text: &Text<'_>, region: Option<&Node>) {
        if let Some((node, region)) = text_of(region) {
            let named = Named {
                region: Some(region),
                ..Named::default()
            };
            self.saw_named(text, node, named);
        }
    }

    /// Takes the clusters of access entries and their policies, alone or in lists.
    pub(super) fn saw_clusters_of_entries(&mut self, text: &Text<'_>, node: &Node) {
        match node {
            Node::Sequence(items) => {
                for item in items {
                    self.saw_clusters_of_entries(text, item);
                }
            }
            Node::Mapping(mapping) => {
                self.saw_cluster(text, mapping.get("clusterName"));
                self.saw_cluster_arn(text, mapping.get("accessEntryArn"));
                let inner = ["accessEntry", "accessEntries"];
                for inner in inner.into_iter().filter_map(|key| mapping.get(key)) {
                    self.saw_clusters_of_entries(text, inner);
                }
            }
            Node::Null | Node::Scalar(_) => {}
        }
    }

    fn saw_named(&mut self, text: &Text<'_>, node: &Node, named: Named<'_>) {
        let place = text.place(node.offset());
        if let Some(fault) = self.cluster.add(named, &place) {
            self.lost(place, fault);
        }
    }
}

fn text_of(node: Option<&Node>) -> Option<(&Node, &str)> {
    let node = node?;
    Some((node, node.as_text()?))
}
