//! Label selectors: the labels of the roles that an aggregated role selects.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use crate::admission::names;
use crate::admission::release::Release;
use crate::go_text::quote::{Message, Quoted, aggregate};
use crate::objects::{LabelSelector, LabelSelectorRequirement};
use crate::version::KubernetesVersion;

impl LabelSelector {
    /// Parses the selector into a form that can be evaluated. An empty selector matches everything.
    ///
    /// # Errors
    ///
    /// For the first invalid requirement, `matchLabels` in the order of their keys before
    /// `matchExpressions`: [`SelectorError::UnknownOperator`], [`SelectorError::Requirement`].
    ///
    /// As upstream: apimachinery, pkg/apis/meta/v1/helpers.go, `LabelSelectorAsSelector`.
    pub fn compile(&self) -> Result<Selector<'_>, SelectorError<'_>> {
        let labels = self.match_labels.iter().map(|(key, value)| {
            let values = std::slice::from_ref(value);
            Requirement::new(key, (Operator::Equals, Wanted::OneOf), values)
        });
        let expressions = self.match_expressions.iter().map(Requirement::read);
        let requirements = labels.chain(expressions).collect::<Result<_, _>>()?;
        Ok(Selector { requirements })
    }
}

/// A parsed label selector.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Selector<'s> {
    requirements: Vec<Requirement<'s>>,
}

impl Selector<'_> {
    /// Returns whether the labels meet all requirements.
    #[must_use]
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.requirements.iter().all(|requirement| {
            let value = labels.get(requirement.key);
            let is_in = value.is_some_and(|value| requirement.values.contains(value));
            match requirement.wanted {
                Wanted::OneOf => is_in,
                // As in upstream, an object without the label matches, too.
                Wanted::NoneOf => !is_in,
                Wanted::Present => value.is_some(),
                Wanted::Absent => value.is_none(),
            }
        })
    }
}

/// The operators of label selectors.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the API has these, and one that it adds changes what matches"
)]
pub enum Operator {
    /// The label has this value: `=`, or an entry of `matchLabels`.
    Equals,
    /// The same, written `==`.
    DoubleEquals,
    /// The label is absent or has another value.
    NotEquals,
    /// The label has one of these values.
    In,
    /// The label is absent or has none of these values.
    NotIn,
    /// The label exists.
    Exists,
    /// The label does not exist.
    DoesNotExist,
    /// The label's value is a greater number.
    GreaterThan,
    /// The label's value is a smaller number.
    LessThan,
}

impl Operator {
    /// Returns the name in apimachinery, which most operators have in a URL, too.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equals => "=",
            Self::DoubleEquals => "==",
            Self::NotEquals => "!=",
            Self::In => "in",
            Self::NotIn => "notin",
            Self::Exists => "exists",
            Self::DoesNotExist => "!",
            Self::GreaterThan => "gt",
            Self::LessThan => "lt",
        }
    }
}

/// Why a label selector cannot be evaluated. Prints as the newest kube-apiserver's error, with
/// unprintable characters escaped; [`message_in`](Self::message_in) is exact.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum SelectorError<'s> {
    /// An unknown operator.
    UnknownOperator(&'s str),
    /// An invalid label or value, or an operator with the wrong number of values.
    Requirement {
        /// The label.
        key: &'s str,
        /// The operator.
        operator: Operator,
        /// The values.
        values: &'s [String],
    },
}

impl SelectorError<'_> {
    /// Returns the error of a kube-apiserver of this version. It may contain unchanged parts of the
    /// selector, including control characters.
    #[must_use]
    pub fn message_in(&self, version: KubernetesVersion) -> String {
        match *self {
            Self::UnknownOperator(operator) => {
                let operator = Quoted(operator);
                format!("{operator} is not a valid label selector operator")
            }
            Self::Requirement {
                key,
                operator,
                values,
            } => aggregate(faults(key, operator, values, Release::of(version))),
        }
    }
}

impl SelectorError<'_> {
    /// Returns a short, stable name of the error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Requirement { .. } => "invalid-requirement",
            Self::UnknownOperator(_) => "unknown-operator",
        }
    }
}

impl Display for SelectorError<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Message(&self.message_in(KubernetesVersion::NEWEST)).fmt(f)
    }
}

impl std::error::Error for SelectorError<'_> {}

/// The condition that a requirement of a selector in an object sets for a label. The other operators occur
/// only in URLs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Wanted {
    OneOf,
    NoneOf,
    Present,
    Absent,
}

// INVARIANT: `faults` finds none.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Requirement<'s> {
    key: &'s str,
    wanted: Wanted,
    values: &'s [String],
}

impl<'s> Requirement<'s> {
    fn read(written: &'s LabelSelectorRequirement) -> Result<Self, SelectorError<'s>> {
        let operator = match written.operator.as_str() {
            "In" => (Operator::In, Wanted::OneOf),
            "NotIn" => (Operator::NotIn, Wanted::NoneOf),
            "Exists" => (Operator::Exists, Wanted::Present),
            "DoesNotExist" => (Operator::DoesNotExist, Wanted::Absent),
            unknown => return Err(SelectorError::UnknownOperator(unknown)),
        };
        Self::new(&written.key, operator, &written.values)
    }

    fn new(
        key: &'s str,
        (operator, wanted): (Operator, Wanted),
        values: &'s [String],
    ) -> Result<Self, SelectorError<'s>> {
        if faults(key, operator, values, Release::NEWEST).is_empty() {
            let requirement = Self {
                key,
                wanted,
                values,
            };
            return Ok(requirement);
        }
        Err(SelectorError::Requirement {
            key,
            operator,
            values,
        })
    }
}

// As upstream: apimachinery, pkg/labels/selector.go, NewRequirement.
pub(crate) fn faults(
    key: &str,
    operator: Operator,
    values: &[impl AsRef<str>],
    release: &Release,
) -> Vec<String> {
    let mut faults = Vec::new();
    let invalid = |field: &str, value: &dyn Display, why: &str| {
        format!("{field}: Invalid value: {value}: {why}")
    };
    let of_key = names::label_key(key, &release.labels);
    if !of_key.is_empty() {
        faults.push(invalid("key", &Quoted(key), &of_key.join("; ")));
    }
    let of_number = match operator {
        Operator::In | Operator::NotIn if values.is_empty() => {
            Some("for 'in', 'notin' operators, values set can't be empty")
        }
        Operator::Exists | Operator::DoesNotExist if !values.is_empty() => {
            Some("values set must be empty for exists and does not exist")
        }
        // As they are written, the other operators have one value.
        _ => None,
    };
    if let Some(why) = of_number {
        faults.push(invalid("values", &release.values.texts(values), why));
    }
    if matches!(operator, Operator::GreaterThan | Operator::LessThan) {
        for (number, value) in values.iter().map(AsRef::as_ref).enumerate() {
            if value.parse::<i64>().is_err() {
                let why = "for 'Gt', 'Lt' operators, the value must be an integer";
                faults.push(invalid(&format!("values[{number}]"), &Quoted(value), why));
            }
        }
    }
    for (number, value) in values.iter().map(AsRef::as_ref).enumerate() {
        let of_value = names::label_value(value, &release.labels);
        if !of_value.is_empty() {
            let field = format!("values[{number}][{key}]");
            faults.push(invalid(&field, &Quoted(value), &of_value.join("; ")));
        }
    }
    faults
}
