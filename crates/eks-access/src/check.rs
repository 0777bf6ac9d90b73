//! Faults and risks in a cluster: on the AWS side, in RBAC, and between the two.

mod policies;
mod principals;
mod seam;

use std::collections::HashSet;

use aws_auth_map::{
    AuthenticationMode, BackendKind, Location, ProblemKind, RulePrincipal, RuleRef, Section,
};
use k8s_rbac::{Objects, SubjectName};
use k8s_rbac_lint::Lint;

use crate::cluster::Cluster;
use crate::finding::Finding;
use crate::gather::is_not_as_meant;
use crate::no_answer::NoAnswer;
use crate::options::Origin;
use crate::place::Place;
use crate::problem::{Cause, Problem, SourceFault};
use crate::source::SourceKind;

/// The result of a check.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Checked {
    /// The findings, the most severe first, then by place.
    pub findings: Vec<Finding>,
    /// Problems for which parts of the cluster could not be read at all. They are among the findings, too. If
    /// there are any, the findings are incomplete. A slip in the mapping, such as an unclosed bracket, or a placeholder
    /// that is not filled in, is only a finding.
    pub unreadable: Vec<Problem>,
}

impl Cluster {
    /// Checks the cluster: the problems of its documents, of the mapping, of roles and bindings, and of how
    /// these fit together.
    ///
    /// `known` are further roles and bindings of the cluster. Bindings may refer to them, and they are not
    /// judged.
    ///
    /// # Errors
    ///
    /// [`NoAnswer::NoMapping`] if there is nothing to check: neither a mapping nor a role or a binding, and
    /// no document that could not be read.
    pub fn check(&self, known: &Objects) -> Result<Checked, NoAnswer> {
        if !self.has_mapping() && !self.rbac().is_any_written() && self.problems().is_empty() {
            return Err(NoAnswer::NoMapping);
        }
        let mut findings: Vec<Finding> = self
            .problems()
            .iter()
            .filter(|problem| !self.is_refuted(problem))
            .map(|problem| Finding::of_problem(problem, &self.object_of(problem)))
            .collect();
        findings.extend(self.findings_of_map());
        findings.extend(self.findings_of_rbac(known));
        findings.extend(self.findings_of_seam());
        findings.extend(self.findings_of_principals());
        findings.extend(self.findings_of_policies());
        findings.sort_by(|one, other| {
            let severity = other.severity.cmp(&one.severity);
            severity.then_with(|| one.place.cmp(&other.place))
        });
        let mut seen = HashSet::new();
        let is_first: Vec<bool> = findings
            .iter()
            .map(|finding| seen.insert(finding))
            .collect();
        let mut is_first = is_first.into_iter();
        findings.retain(|_| is_first.next() == Some(true));
        Ok(Checked {
            findings,
            unreadable: self
                .unreadable()
                .filter(|problem| !is_slip(problem))
                .cloned()
                .collect(),
        })
    }

    /// Returns whether the bindings disprove a problem: a group that looks like a mistake is bound. The lint of roles and
    /// bindings reports what the API server refuses.
    fn is_refuted(&self, problem: &Problem) -> bool {
        let mapping = match problem.cause() {
            Cause::Mapping(mapping) => mapping,
            Cause::Source(fault) => return matches!(fault, SourceFault::Refused(..)),
            Cause::Manifest { .. } => return false,
        };
        let is_bound = |group: String| self.is_bound(&SubjectName::Group(group));
        match mapping.kind() {
            ProblemKind::ClusterRoleAsGroup(role) => is_bound(role.to_owned()),
            ProblemKind::UnknownSystemGroup(_) => {
                let at = mapping.at();
                let rule = self.rule_at(at, problem.place());
                let group = rule.and_then(|rule| rule.groups().get(at.item()?));
                group.is_some_and(|group| is_bound(group.source()))
            }
            _ => false,
        }
    }

    pub(crate) fn rule_at(&self, at: Location, place: &Place) -> Option<&aws_auth_map::Rule> {
        let rule = RuleRef::new(at.section()?, at.index()?);
        let backends = self.identity_map().backends().iter().enumerate();
        backends
            .filter(|(index, _)| {
                self.place_of_mapping(*index, rule)
                    .is_some_and(|of| of.file() == place.file())
            })
            .find_map(|(_, backend)| backend.rules().rule(rule))
    }

    /// Names the entry that a problem of the mapping is in by its principal, so that the name stays the same
    /// if entries move.
    fn object_of(&self, problem: &Problem) -> String {
        let Cause::Mapping(mapping) = problem.cause() else {
            return problem.place().file().to_owned();
        };
        let at = mapping.at();
        let principal = self.rule_at(at, problem.place()).map(principal);
        match (at.section(), principal) {
            (Some(section), Some(principal)) => format!("{section} {principal}"),
            (Some(section), None) => match at.index() {
                Some(index) => format!("{section}[{index}]"),
                None => section.to_string(),
            },
            (None, _) => problem.place().file().to_owned(),
        }
    }

    /// Finds the problems that only show when all sources of the mapping are read together.
    fn findings_of_map(&self) -> Vec<Finding> {
        // The default mode uses every source, and lets nodes join by entries that the documents
        // lack.
        let map = self.identity_map();
        map.check()
            .iter()
            .filter(|found| {
                found.problem().kind() != ProblemKind::NoNodes || self.lists_every_node_role()
            })
            .map(|found| {
                let (problem, at) = (found.problem(), found.problem().at());
                let rule = at
                    .section()
                    .zip(at.index())
                    .map(|(section, index)| RuleRef::new(section, index));
                let backend = map.backends().iter().position(|backend| {
                    Some(backend.kind()) == found.backend()
                        && rule.is_none_or(|rule| {
                            rule.section() == Section::Accounts
                                || backend.rules().rule(rule).is_some()
                        })
                });
                let place = match (backend, rule) {
                    (Some(backend), Some(rule)) => self.place_of_mapping(backend, rule),
                    (Some(backend), None) => self.place_of_backend(backend),
                    // The problem is about all sources. It gets the place of the first source, because code
                    // scanners need a place.
                    (None, _) => {
                        let mut all = 0..map.backends().len();
                        all.find_map(|backend| self.place_of_backend(backend))
                    }
                };
                let principal = backend
                    .and_then(|backend| map.backends().get(backend)?.rules().rule(rule?))
                    .map(principal);
                let object = match (at.section(), principal) {
                    (Some(section), Some(principal)) => format!("{section} {principal}"),
                    (Some(section), None) => section.to_string(),
                    (None, _) => String::new(),
                };
                Finding::of_mapping(problem, place, &object)
            })
            .collect()
    }

    /// Returns whether the sources list every node role. eksctl maps the roles of its node groups itself, and EKS
    /// makes the access entries of managed nodes, which no template or plan has.
    fn lists_every_node_role(&self) -> bool {
        let mode = self.authentication_mode().value();
        // Nodes may join by a ConfigMap that the documents lack.
        let has_config_map = || {
            let mut backends = self.identity_map().backends().iter();
            backends.any(|one| one.kind() == BackendKind::EksConfigMap)
        };
        if mode == AuthenticationMode::ApiAndConfigMap && !has_config_map() {
            return false;
        }
        let is_config_map = mode == AuthenticationMode::ConfigMap;
        self.sources().iter().all(|source| match source.kind() {
            SourceKind::ClusterConfig => false,
            SourceKind::CloudFormation | SourceKind::ManagedNodes | SourceKind::Terraform => {
                is_config_map
            }
            _ => true,
        })
    }

    /// Returns the document of a backend. For access entries, it is the document of the first
    /// entry.
    fn place_of_backend(&self, backend: usize) -> Option<Place> {
        let document = self.document_of_backend(backend);
        let name = document.and_then(|document| Some(self.documents().get(document)?.name()));
        let first = || {
            let (at, _) = self
                .identity_map()
                .backends()
                .get(backend)?
                .rules()
                .iter()
                .next()?;
            Some(self.place_of_mapping(backend, at)?.file().to_owned())
        };
        let name = name.map(str::to_owned).or_else(first)?;
        Some(Place::of_file(&name))
    }

    /// Finds faults and risks in roles and bindings.
    fn findings_of_rbac(&self, known: &Objects) -> Vec<Finding> {
        let version = self.kubernetes_version();
        let lint = match version.origin() {
            // Findings that hold in any version that the cluster may have.
            Origin::Default => Lint::new(),
            Origin::Option | Origin::Document(_) => Lint::for_version(version.value()),
        };
        let found = lint.with_known(known.clone()).run(self.rbac().written());
        found
            .iter()
            .map(|finding| Finding::of_lint(finding, self.place_of_lint(finding)))
            .collect()
    }

    fn place_of_lint(&self, finding: &k8s_rbac_lint::Finding) -> Option<Place> {
        let object = &finding.object;
        let (kind, namespace, name) =
            (object.kind, object.namespace.as_str(), object.name.as_str());
        let rule = finding.path.strip_prefix("rules[");
        let rule = rule.and_then(|rest| rest.split_once(']')?.0.parse().ok());
        match rule {
            Some(rule) => self.place_of_role_rule(kind, namespace, name, rule),
            None => self.rbac().place(kind, namespace, name),
        }
    }
}

/// Returns whether a document is a mapping or a manifest with a slip, which a check can find. Other or empty
/// documents leave nothing to check.
pub(crate) fn is_slip(problem: &Problem) -> bool {
    match problem.cause() {
        Cause::Mapping(mapping) => !matches!(
            mapping.kind(),
            ProblemKind::ErrorOutput
                | ProblemKind::KubectlDescribe
                | ProblemKind::ListedEntries
                | ProblemKind::NotAConfigMap
                | ProblemKind::NothingThere
        ),
        Cause::Manifest { fault, .. } => is_not_as_meant(fault),
        Cause::Source(fault) => matches!(fault, SourceFault::Unfilled(_)),
    }
}

/// Returns the principal of a rule, as it is written.
pub(crate) fn principal(rule: &aws_auth_map::Rule) -> String {
    match rule.principal() {
        RulePrincipal::Arn(arn)
        | RulePrincipal::ArnAndUserId(arn, _)
        | RulePrincipal::UserId(_, Some(arn)) => arn.to_owned(),
        RulePrincipal::UserId(id, None) => id.to_owned(),
        RulePrincipal::Pattern(pattern) => pattern.as_str().to_owned(),
        RulePrincipal::Sso(role) => format!(
            "permission set {} in account {}",
            role.permission_set(),
            role.account()
        ),
        _ => String::new(),
    }
}
