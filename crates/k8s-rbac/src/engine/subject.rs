//! The subjects of a binding, as a policy stores them.

use smallvec::SmallVec;
use smol_str::SmolStr;

use crate::engine::text::Text;
use crate::objects::Subject;

/// The subjects of a binding, in order. Two are stored within the binding, which is all that most
/// bindings have. With more, all of them are apart.
pub(crate) type StoredSubjects = SmallVec<[StoredSubject; 2]>;

/// A subject. A name of up to 23 bytes is stored within it.
///
/// A decision that allows compares the name of one subject. Reading the binding, then its subjects, then
/// the name, each at a place of its own, would mean to wait for memory three times in a row.
#[derive(Debug)]
pub(crate) struct StoredSubject {
    kind: Text,
    api_group: Text,
    name: SmolStr,
    namespace: Text,
}

impl StoredSubject {
    #[inline]
    pub(crate) fn as_deref(&self) -> Subject<&str> {
        Subject {
            kind: self.kind.as_ref(),
            api_group: self.api_group.as_ref(),
            name: self.name.as_ref(),
            namespace: self.namespace.as_ref(),
        }
    }
}

impl From<Subject> for StoredSubject {
    fn from(subject: Subject) -> Self {
        Self {
            kind: subject.kind.into(),
            api_group: subject.api_group.into(),
            name: subject.name.into(),
            namespace: subject.namespace.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_read_as_they_were_written() {
        for len in [0, 1, 22, 23, 24, 300] {
            for count in 0..4_usize {
                let name = "é".repeat(len / 2) + &"x".repeat(len % 2);
                let subject = Subject {
                    kind: "ServiceAccount".to_owned(),
                    api_group: "other".to_owned(),
                    name,
                    namespace: "dev".to_owned(),
                };
                let subjects = vec![subject; count];
                let stored: StoredSubjects = subjects.iter().cloned().map(Into::into).collect();
                let read = stored.iter().map(StoredSubject::as_deref);
                assert!(read.eq(subjects.iter().map(Subject::as_deref)));
                assert_eq!(stored.spilled(), count > 2);
            }
        }
    }
}
