//! The subjects of a binding, as a policy stores them.

use smallvec::SmallVec;
use smol_str::SmolStr;

use crate::objects::{API_GROUP, Subject};

/// The subjects of a binding, in order. Up to two subjects are stored within the binding; most
/// bindings have no more. If there are more, all subjects are stored apart.
pub(crate) type StoredSubjects = SmallVec<[StoredSubject; 2]>;

/// A subject. A name of up to 23 bytes is stored within it.
///
/// A decision that allows compares the name of one subject. If the binding, its subjects and the name
/// were at three places, reading them would wait for memory three times in a row.
#[derive(Debug)]
pub(crate) struct StoredSubject {
    form: Form,
    name: SmolStr,
    namespace: Box<str>,
}

/// The kind and the API group of a subject. The pairs that the API stores take no memory.
#[derive(Debug)]
enum Form {
    User,
    Group,
    ServiceAccount,
    /// Any other pair of a kind and an API group.
    Other(Box<(String, String)>),
}

impl Form {
    fn new(kind: String, api_group: String) -> Self {
        match (kind.as_str(), api_group.as_str()) {
            ("User", API_GROUP) => Self::User,
            ("Group", API_GROUP) => Self::Group,
            ("ServiceAccount", "") => Self::ServiceAccount,
            _ => Self::Other(Box::new((kind, api_group))),
        }
    }

    fn texts(&self) -> (&str, &str) {
        match self {
            Self::User => ("User", API_GROUP),
            Self::Group => ("Group", API_GROUP),
            Self::ServiceAccount => ("ServiceAccount", ""),
            Self::Other(texts) => (&texts.0, &texts.1),
        }
    }
}

impl StoredSubject {
    #[inline]
    pub(crate) fn as_deref(&self) -> Subject<&str> {
        let (kind, api_group) = self.form.texts();
        Subject {
            kind,
            api_group,
            name: &self.name,
            namespace: &self.namespace,
        }
    }
}

impl From<Subject> for StoredSubject {
    fn from(subject: Subject) -> Self {
        let Subject {
            kind,
            api_group,
            name,
            namespace,
        } = subject;
        Self {
            form: Form::new(kind, api_group),
            name: name.into(),
            namespace: namespace.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject([kind, api_group, name, namespace]: [&str; 4]) -> Subject {
        Subject {
            kind: kind.to_owned(),
            api_group: api_group.to_owned(),
            name: name.to_owned(),
            namespace: namespace.to_owned(),
        }
    }

    #[test]
    fn subjects_read_as_they_were_written() {
        let long = "x".repeat(300);
        for kind in ["User", "Group", "ServiceAccount", "user", ""] {
            for api_group in [API_GROUP, "", "other"] {
                for name in ["", "jane", &"x".repeat(23), &"é".repeat(12), &long] {
                    for namespace in ["", "dev"] {
                        let given = subject([kind, api_group, name, namespace]);
                        let stored = StoredSubject::from(given.clone());
                        assert_eq!(stored.as_deref(), given.as_deref());
                    }
                }
            }
        }
    }

    #[test]
    fn the_subjects_of_the_api_take_little_memory() {
        assert_eq!(size_of::<StoredSubject>(), 56);
        for [kind, api_group] in [
            ["User", API_GROUP],
            ["Group", API_GROUP],
            ["ServiceAccount", ""],
        ] {
            let stored = StoredSubject::from(subject([kind, api_group, "jane", ""]));
            assert!(!matches!(stored.form, Form::Other(_)), "{kind}");
        }
        for count in 0..4 {
            let given = std::iter::repeat_with(|| subject(["User", API_GROUP, "jane", ""]));
            let stored: StoredSubjects = given.take(count).map(Into::into).collect();
            assert_eq!((stored.len(), stored.spilled()), (count, count > 2));
        }
    }
}
