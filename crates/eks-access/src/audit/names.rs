//! The names of the objects of an action.

use serde::{Deserialize, Serialize};

/// The names that are kept for one action of one user. Our choice: more names belong to objects that
/// come and go, such as pods.
pub const MAX_NAMES: usize = 64;

/// The names of the objects that requests of one kind were for.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Names {
    has_nameless: bool,
    is_too_many: bool,
    // INVARIANT: in alphabetical order, at most `MAX_NAMES`, and none if `is_too_many`.
    named: Vec<Box<str>>,
}

impl Names {
    /// Returns whether a request named no object, as `list` and `create` do.
    #[must_use]
    pub const fn has_nameless(&self) -> bool {
        self.has_nameless
    }

    /// Returns whether requests named more than [`MAX_NAMES`] objects. The names are not listed
    /// then.
    #[must_use]
    pub const fn is_too_many(&self) -> bool {
        self.is_too_many
    }

    /// Returns the names in alphabetical order.
    #[must_use]
    pub fn named(&self) -> &[Box<str>] {
        &self.named
    }

    /// Adds the name of a request's object, which is empty if the request names no object. Returns how many
    /// bytes of text are kept in addition.
    pub(super) fn add(&mut self, name: &str) -> usize {
        if name.is_empty() {
            self.has_nameless = true;
            return 0;
        }
        if self.is_too_many || !insert(&mut self.named, name) {
            return 0;
        }
        self.cut();
        name.len()
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.has_nameless |= other.has_nameless;
        self.is_too_many |= other.is_too_many;
        for name in other.named {
            self.cut();
            if self.is_too_many {
                break;
            }
            insert(&mut self.named, &name);
        }
        self.cut();
    }

    /// Lists the names of requests: the names that are kept, and an empty name if a request named no
    /// object.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        let nameless = self.has_nameless.then_some("");
        nameless
            .into_iter()
            .chain(self.named.iter().map(AsRef::as_ref))
    }

    fn cut(&mut self) {
        self.is_too_many |= self.named.len() > MAX_NAMES;
        if self.is_too_many {
            self.named = Vec::new();
        }
    }
}

/// Adds a text to a short sorted list. A tree would take ten times the memory. Returns whether the text is new.
pub(super) fn insert(texts: &mut Vec<Box<str>>, text: &str) -> bool {
    match texts.binary_search_by(|one| (**one).cmp(text)) {
        Ok(_) => false,
        Err(at) => {
            texts.reserve_exact(1);
            texts.insert(at, text.into());
            true
        }
    }
}
