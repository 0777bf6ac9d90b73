//! A text and its name.

/// A text to read, with the name that places quote, such as a path.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Document {
    name: String,
    text: String,
}

impl Document {
    /// Builds a document. The name is printed in places, escaped; it is not opened.
    #[must_use]
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            text: text.into(),
        }
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}
