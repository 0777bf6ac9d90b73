//! The mapping of a cluster in the format of another tool.

mod names;
mod plan;
mod write;

use std::fmt::{self, Display, Formatter};

use aws_auth_map::{AuthenticationMode, BackendKind, ConversionLoss, ProblemKind, Rules, Section};
use k8s_rbac_lint::Severity;
use printable_text::Printable;
use serde::Serialize;

use crate::cluster::Cluster;
use crate::finding::{Finding, one_line};
use crate::no_answer::NoAnswer;
use crate::options::Options;
use crate::problem::{Cause, Problem, SourceFault};

/// The placeholder for the name of the cluster if it is not given.
pub const CLUSTER_PLACEHOLDER: &str = "CLUSTER";

/// The format to write.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Target {
    /// A CloudFormation template with `AWS::EKS::AccessEntry`.
    CloudFormation,
    /// The aws-auth ConfigMap.
    ConfigMap,
    /// A `ClusterConfig` of eksctl with `accessConfig.accessEntries`.
    Eksctl,
    /// Inputs of `aws eks create-access-entry` and `associate-access-policy` (`--cli-input-json`), one a
    /// line.
    Entries,
    /// Terraform resources, with `import` blocks for entries that exist.
    Terraform,
}

/// The facts that the output needs and the mapping does not have.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "settings, all with defaults")]
pub struct ConvertOptions {
    /// The name of the cluster. By default, the name in the documents ([`Cluster::name`]), else
    /// [`CLUSTER_PLACEHOLDER`].
    pub cluster_name: Option<String>,
    /// The region, which eksctl requires.
    pub region: Option<String>,
    /// The ARN of the principal that created the cluster, or of one of its sessions. EKS makes its entry.
    pub creator: Option<String>,
    /// Whether the entries that EKS makes itself are written, too: the entries of managed node groups,
    /// Fargate profiles and the creator.
    pub is_managed_included: bool,
}

/// A converted mapping.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Conversion {
    /// The format.
    pub target: Target,
    /// The text in this format. Empty if everything was skipped or lost.
    pub output: String,
    /// Rules that are not converted.
    pub lost: Vec<Finding>,
    /// Rules that are converted with a difference.
    pub changed: Vec<Finding>,
    /// Rules that need no conversion: their entry exists, or EKS makes it.
    pub skipped: Vec<Finding>,
    /// Notes on the output.
    pub notes: Vec<String>,
}

impl Conversion {
    /// Returns the exit status of a program with this answer: 0 if nothing was lost or changed, else 1.
    #[must_use]
    pub const fn exit_status(&self) -> u8 {
        match self.lost.is_empty() && self.changed.is_empty() {
            true => 0,
            false => 1,
        }
    }

    /// Returns the losses, changes, skipped entries and notes, one line each, for standard error.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        let lists = [
            ("not converted", &self.lost),
            ("changed", &self.changed),
            ("skipped", &self.skipped),
        ];
        let lines = lists
            .into_iter()
            .flat_map(|(word, findings)| findings.iter().map(move |finding| remark(word, finding)));
        lines.chain(self.notes.iter().cloned()).collect()
    }
}

fn remark(word: &str, finding: &Finding) -> String {
    let place = finding.place.as_ref();
    let place = place.map_or_else(String::new, |place| format!("{place}: "));
    let (code, subject) = (&finding.code, finding.subject());
    let (subject, message) = (Printable::new(&subject), one_line(&finding.message));
    format!("{place}{word}[{code}]: {subject}: {message}")
}

impl Display for Conversion {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.output)
    }
}

impl Cluster {
    /// Converts the mapping to the format of another tool.
    ///
    /// Access entries are made from the rules of every source. If the sources already have access entries,
    /// rules for their principals are skipped, because the entries decide first. The entries themselves are
    /// written if no other source has rules, and always for Terraform, which can import them.
    ///
    /// Rules for the roles of managed node groups and Fargate profiles that the documents show, and for
    /// [`ConvertOptions::creator`], are skipped, because EKS makes their entries itself (EKS user guide,
    /// "Create access entries"). A rule that looks like a Fargate profile's is skipped in any case.
    ///
    /// # Errors
    ///
    /// In this order: [`NoAnswer::Unreadable`], [`NoAnswer::NoMapping`] if no source has a rule,
    /// [`NoAnswer::Mapping`] if a section of the mapping could not be read, or if a rule would be read
    /// differently from the output.
    pub fn convert(
        &self,
        target: Target,
        settings: &ConvertOptions,
        options: &Options,
    ) -> Result<Conversion, NoAnswer> {
        self.check_readable_but(is_entry_unfilled)?;
        let mut backends = self.identity_map().backends().iter();
        if backends.all(|backend| backend.rules().is_empty()) {
            return Err(NoAnswer::NoMapping);
        }
        self.check_sections()?;
        let mut conversion = Conversion {
            target,
            output: String::new(),
            lost: Vec::new(),
            changed: Vec::new(),
            skipped: Vec::new(),
            notes: Vec::new(),
        };
        self.take_left_out(&mut conversion);
        if target == Target::ConfigMap {
            self.convert_to_config_map(options, &mut conversion)?;
            return Ok(conversion);
        }
        let planned = self.plan(settings, &mut conversion);
        if planned.is_empty() {
            return Ok(conversion);
        }
        let name = settings.cluster_name.as_deref().or_else(|| self.name());
        let name = name.unwrap_or_else(|| {
            conversion.notes.push(format!(
                "`{CLUSTER_PLACEHOLDER}` stands for the name of the cluster, which was not given"
            ));
            CLUSTER_PLACEHOLDER
        });
        conversion.output = match target {
            Target::CloudFormation => write::cloud_formation(&planned, name),
            Target::Eksctl => {
                if settings.region.is_none() {
                    conversion
                        .notes
                        .push("eksctl needs `metadata.region`, which was not given".to_owned());
                }
                let mode = match self.authentication_mode().value() {
                    AuthenticationMode::Api => AuthenticationMode::Api,
                    _ => AuthenticationMode::ApiAndConfigMap,
                };
                write::eksctl(&planned, name, settings.region.as_deref(), mode)
            }
            Target::Terraform => write::terraform(&planned, name),
            Target::Entries | Target::ConfigMap => write::entries(&planned, name),
        };
        Ok(conversion)
    }

    fn convert_to_config_map(
        &self,
        options: &Options,
        conversion: &mut Conversion,
    ) -> Result<(), NoAnswer> {
        let mut sources: Vec<Rules> = Vec::new();
        let mut of_entries: Vec<Rules> = Vec::new();
        for (index, backend) in self.identity_map().backends().iter().enumerate() {
            if backend.kind() == BackendKind::AccessEntries {
                let (rules, losses) = backend.rules().to_config_map();
                self.take_losses(index, &losses, conversion);
                of_entries.push(rules);
            } else {
                for (at, _) in backend
                    .rules()
                    .iter()
                    .filter(|(_, rule)| rule.is_refusing())
                {
                    let message = "the entry cannot be read; correct it first";
                    conversion.lost.push(
                        Finding::new("unreadable-rule", Severity::High, message)
                            .at(self.place_of_mapping(index, at))
                            .about(at.to_string()),
                    );
                }
                sources.push(backend.rules().clone());
            }
        }
        // Access entries decide first; in a section, the last entry does.
        sources.append(&mut of_entries);
        let merged = merged(&sources);
        if merged.is_empty() {
            return Ok(());
        }
        let reader = options.reader().with_dialect(self.dialect().value());
        let editor = aws_auth_map::Editor::new().with_reader(reader);
        conversion.output = editor
            .write(&merged)
            .map_err(|why| NoAnswer::Mapping(why.to_string()))?;
        Ok(())
    }

    /// Reports the entries that did not become a rule, because their principal cannot be read.
    fn take_left_out(&self, conversion: &mut Conversion) {
        for problem in self.problems() {
            let Cause::Mapping(mapping) = problem.cause() else {
                continue;
            };
            let (at, kind) = (mapping.at(), mapping.kind());
            let is_left_out = match kind {
                ProblemKind::EmptyEntry => false,
                ProblemKind::ServiceMapping => true,
                kind => kind.severity() == aws_auth_map::Severity::Error,
            };
            if is_left_out && at.index().is_some() && self.rule_at(at, problem.place()).is_none() {
                let message = "the entry cannot be read; correct it first";
                conversion.lost.push(
                    Finding::new(kind.code(), Severity::High, message)
                        .at(problem.place().clone())
                        .about(at.to_string()),
                );
            }
        }
    }

    fn take_losses(&self, backend: usize, losses: &[ConversionLoss], conversion: &mut Conversion) {
        for loss in losses {
            let severity = match loss.is_carried() {
                true => Severity::Low,
                false => Severity::High,
            };
            let finding = Finding::new(loss.code(), severity, loss.kind().to_string())
                .at(self.place_of_mapping(backend, loss.rule()))
                .about(loss.rule().to_string());
            match loss.is_carried() {
                true => conversion.changed.push(finding),
                false => conversion.lost.push(finding),
            }
        }
    }
}

/// Returns whether a problem is that another tool fills in a part of an entry: a principal is reported as lost, and a
/// name is text in any format.
fn is_entry_unfilled(problem: &Problem) -> bool {
    match problem.cause() {
        Cause::Mapping(mapping) => {
            mapping.kind() == ProblemKind::Unfilled && mapping.at().index().is_some()
        }
        Cause::Source(fault) => matches!(fault, SourceFault::Unfilled(_)),
        Cause::Manifest { .. } => false,
    }
}

/// Puts rules into the sections of a ConfigMap. Later rules come after earlier rules, so that they win.
fn merged(sources: &[Rules]) -> Rules {
    let mut merged = Rules::new();
    for rules in sources {
        for (at, rule) in rules.iter().filter(|(_, rule)| !rule.is_refusing()) {
            let _ = match at.section() {
                Section::Users => merged.push_user(rule.clone()),
                _ => merged.push_role(rule.clone()),
            };
        }
        for (_, account) in rules.accounts() {
            let _ = merged.push_account(account);
        }
    }
    merged
}
