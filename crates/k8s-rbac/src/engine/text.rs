//! Texts as a policy stores them.

use std::fmt::{self, Debug, Formatter};

/// A text that never changes.
///
/// Every `roleRef` repeats a few words of the API. These words are stored as a number here. Any other
/// text is stored without spare capacity.
#[derive(Clone)]
pub(crate) enum Text {
    Word(Word),
    Own(Box<str>),
}

/// A word that references have in common.
#[derive(Clone, Copy)]
pub(crate) enum Word {
    Empty,
    ApiGroup,
    ClusterRole,
    Role,
}

impl Word {
    const ALL: [Self; 4] = [Self::Empty, Self::ApiGroup, Self::ClusterRole, Self::Role];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "",
            Self::ApiGroup => crate::objects::API_GROUP,
            Self::ClusterRole => "ClusterRole",
            Self::Role => "Role",
        }
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        let word = Word::ALL.into_iter().find(|word| word.as_str() == text);
        word.map_or_else(|| Self::Own(text.into_boxed_str()), Self::Word)
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        match self {
            Self::Word(word) => word.as_str(),
            Self::Own(text) => text,
        }
    }
}

impl Debug for Text {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.as_ref().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_reads_as_it_was_written() {
        let api_group = "rbac.authorization.k8s.io";
        let words = ["", api_group, "ClusterRole", "Role"];
        for text in words.into_iter().chain(["role", "Role ", "view", "é"]) {
            let stored = Text::from(text.to_owned());
            assert_eq!(stored.as_ref(), text);
            assert_eq!(format!("{stored:?}"), format!("{text:?}"));
            assert_eq!(matches!(stored, Text::Word(_)), words.contains(&text));
        }
    }

    #[test]
    fn a_text_is_as_large_as_a_boxed_one() {
        assert_eq!(size_of::<Text>(), size_of::<Box<str>>());
    }
}
