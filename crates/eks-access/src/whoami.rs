//! Finds the user that a caller becomes, and the rule.

use std::fmt::{self, Display, Formatter};

use aws_auth_map::{AccessPolicy, Finding, Resolution};
use printable_text::Printable;
use serde::Serialize;

use crate::can::{notes_on_session, write_notes};
use crate::cluster::Cluster;
use crate::no_answer::NoAnswer;
use crate::resolved::check_refusal;
use crate::resolved::in_groups;
use crate::unknown_policy::UnknownPolicy;
use crate::verdict::{Step, Verdict, write_steps};
use crate::who::{CallerArn, Who};

/// The user that a caller becomes, with the rule, and the rules that nearly match or that another rule
/// precedes. Prints as terminated lines.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WhoAmI {
    verdict: Verdict,
    arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<MappedUser>,
    /// Why the caller becomes no user.
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<Step>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    other_rules: Vec<OtherRule>,
    notes: Vec<String>,
}

/// A user of the cluster, and the rule by which a caller becomes that user.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MappedUser {
    username: String,
    groups: Vec<String>,
    backend: &'static str,
    rule: String,
    matched_on: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<crate::place::Place>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    access_policies: Vec<HeldPolicy>,
}

impl MappedUser {
    /// Returns the username.
    #[must_use]
    pub fn username(&self) -> &str {
        &self.username
    }

    /// Returns the groups of the rule. The API server adds `system:authenticated`.
    #[must_use]
    pub fn groups(&self) -> &[String] {
        &self.groups
    }

    /// Returns the access policies of the caller's access entry.
    #[must_use]
    pub fn access_policies(&self) -> &[HeldPolicy] {
        &self.access_policies
    }
}

/// An access policy of an access entry.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HeldPolicy {
    policy_arn: String,
    /// Absent for the whole cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    namespaces: Option<Vec<String>>,
    are_rules_known: bool,
    #[serde(skip)]
    text: String,
}

impl HeldPolicy {
    pub(crate) fn new(cluster: &Cluster, policy: &AccessPolicy) -> Self {
        Self {
            policy_arn: policy.arn().to_owned(),
            namespaces: match policy.scope() {
                aws_auth_map::AccessScope::Cluster => None,
                aws_auth_map::AccessScope::Namespaces(names) => Some(names.clone()),
            },
            are_rules_known: cluster.access_policies.get(policy).is_some(),
            text: policy.to_string(),
        }
    }

    /// Returns the ARN of the policy.
    #[must_use]
    pub fn policy_arn(&self) -> &str {
        &self.policy_arn
    }

    /// Returns whether AWS publishes the rules of the policy.
    #[must_use]
    pub const fn are_rules_known(&self) -> bool {
        self.are_rules_known
    }
}

impl Display for HeldPolicy {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        match self.are_rules_known {
            true => Ok(()),
            false => f.write_str(", whose rules AWS does not publish"),
        }
    }
}

/// A rule that does not decide, and why.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OtherRule {
    code: &'static str,
    #[serde(flatten)]
    step: Step,
}

impl OtherRule {
    /// Returns a stable code: `beaten`, `but-for-the-account`, ….
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.code
    }

    pub(crate) fn into_step(self) -> Step {
        self.step
    }

    /// Returns the rule and why it does not decide, with its place.
    #[must_use]
    pub const fn step(&self) -> &Step {
        &self.step
    }
}

impl WhoAmI {
    /// Returns yes if the caller becomes a user, else no.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Returns the user. `None` if the caller becomes no user.
    #[must_use]
    pub const fn user(&self) -> Option<&MappedUser> {
        self.user.as_ref()
    }

    /// Returns the rules that nearly match, or that another rule precedes.
    #[must_use]
    pub fn other_rules(&self) -> &[OtherRule] {
        &self.other_rules
    }
}

impl Display for WhoAmI {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let arn = Printable::new(&self.arn);
        match &self.user {
            Some(user) => {
                let name = Printable::new(&user.username);
                writeln!(f, "user      {name}")?;
                if !user.groups.is_empty() {
                    let groups = in_groups(&user.groups);
                    let groups = groups.trim_start_matches(" in groups ");
                    writeln!(f, "groups    {}", groups.trim_start_matches(" in group "))?;
                }
                for (at, policy) in user.access_policies.iter().enumerate() {
                    let before = if at == 0 { "policies" } else { "" };
                    writeln!(f, "{before:<10}{policy}")?;
                }
                write!(f, "rule      {} of {}", user.rule, user.backend)?;
                match &user.place {
                    Some(place) => writeln!(f, " ({place})")?,
                    None => writeln!(f)?,
                }
            }
            None => match &self.refusal {
                Some(refusal) => writeln!(f, "{refusal}")?,
                None => writeln!(f, "not mapped: no rule is for {arn}")?,
            },
        }
        for other in &self.other_rules {
            write_steps(f, "          ", std::slice::from_ref(&other.step))?;
        }
        write_notes(f, &self.notes)
    }
}

impl Cluster {
    /// Finds the user that a caller becomes.
    ///
    /// # Errors
    ///
    /// In this order: [`NoAnswer::Unreadable`], [`NoAnswer::NoMapping`], [`NoAnswer::NoMappingInMode`], [`NoAnswer::Identity`],
    /// [`NoAnswer::Mapping`].
    pub fn whoami(&self, caller: &CallerArn) -> Result<WhoAmI, NoAnswer> {
        self.check_readable()?;
        self.check_mapping()?;
        let (identity, resolution, _) = self.resolve(caller)?;
        let user = match &resolution {
            Resolution::Mapped(mapped) => Some(MappedUser {
                username: mapped.user().username().to_owned(),
                groups: mapped.user().groups().to_vec(),
                backend: mapped.backend().as_str(),
                rule: mapped.rule().to_string(),
                matched_on: mapped.matched_on().as_str(),
                place: self.place_of_mapping(mapped.backend_index(), mapped.rule()),
                access_policies: mapped
                    .access_policies()
                    .iter()
                    .map(|policy| HeldPolicy::new(self, policy))
                    .collect(),
            }),
            Resolution::NotMapped | Resolution::Refused(_) => None,
        };
        let refusal = match &resolution {
            Resolution::Refused(refusal) => {
                check_refusal(refusal)?;
                let place = refusal
                    .rule()
                    .and_then(|at| self.place_of_mapping(refusal.backend_index(), at));
                Some(Step::new(format!("refused: {refusal}"), place))
            }
            Resolution::NotMapped => {
                self.check_managed(&identity)?;
                None
            }
            Resolution::Mapped(_) => None,
        };
        let who = Who::Caller(caller.clone());
        let mut notes: Vec<String> = notes_on_session(&who).into_iter().collect();
        notes.extend(self.notes_on_mode());
        notes.extend(self.notes_on_principal(identity.arn()));
        if let Resolution::Refused(refusal) = &resolution {
            notes.extend(self.note_on_refusing(refusal));
        }
        if let Resolution::Mapped(mapped) = &resolution {
            let gaps = mapped.policy_gaps().iter().map(UnknownPolicy::of_gap);
            notes.extend(gaps.map(|gap| gap.to_string()));
        }
        Ok(WhoAmI {
            verdict: Verdict::of(user.is_some(), false),
            arn: identity.arn().to_owned(),
            user,
            refusal,
            other_rules: self.other_rules(&identity),
            notes,
        })
    }

    /// Returns the rules of the map that nearly match a caller, or that another rule precedes.
    pub(crate) fn other_rules(&self, identity: &iam_principal::Identity) -> Vec<OtherRule> {
        let explanation = self.map.explain(identity);
        let steps = explanation.steps().iter();
        steps
            .filter(|step| {
                !matches!(
                    step.finding(),
                    Finding::Counts(_) | Finding::NotAsked | Finding::Other
                )
            })
            .map(|step| OtherRule {
                code: step.finding().code(),
                step: Step::new(
                    step.to_string(),
                    self.place_of_mapping(step.backend_index(), step.rule()),
                ),
            })
            .collect()
    }

    /// Returns the note on a principal that AWS does not have.
    pub(crate) fn notes_on_principal(&self, arn: &str) -> Option<String> {
        self.principals
            .lack(arn)
            .then(|| format!("AWS does not list the principal of {}", Printable::new(arn)))
    }
}
