//! JSON that is written piece by piece.

use std::fmt::Write as _;

/// A document that is written piece by piece. A serializer would examine each character of a text, but an answer has
/// ten texts and hardly any character to escape.
pub(crate) struct Json {
    text: String,
}

impl Json {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self {
            text: String::with_capacity(bytes),
        }
    }

    /// Adds a piece of JSON unchanged.
    pub(crate) fn raw(&mut self, json: &str) {
        self.text.push_str(json);
    }

    /// Adds a text in quotation marks.
    pub(crate) fn text(&mut self, text: &str) {
        if is_plain(text) {
            self.text.push('"');
            self.text.push_str(text);
            self.text.push('"');
        } else {
            // A text can always be written to a String.
            let _ = write!(self.text, "{}", serde_json::Value::from(text));
        }
    }

    /// Adds a name without characters to escape, and a list of one text as its value.
    pub(crate) fn list_of_one(&mut self, name: &str, text: &str) {
        for piece in ["\"", name, "\":["] {
            self.raw(piece);
        }
        self.text(text);
        self.raw("]");
    }

    /// Adds a list of texts.
    pub(crate) fn texts<'t>(&mut self, texts: impl IntoIterator<Item = &'t str>) {
        self.raw("[");
        for (number, text) in texts.into_iter().enumerate() {
            if number > 0 {
                self.raw(",");
            }
            self.text(text);
        }
        self.raw("]");
    }

    pub(crate) fn into_text(self) -> String {
        self.text
    }
}

/// Returns whether a text has no character that JSON escapes.
fn is_plain(text: &str) -> bool {
    let is_plain = |byte: u8| (byte >= b' ') & (byte != b'"') & (byte != b'\\');
    // `fold` instead of `all`, to be vectorized.
    text.bytes()
        .fold(true, |plain, byte| plain & is_plain(byte))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Json;

    #[test]
    fn texts_are_written_as_serde_json_writes_them() {
        let texts: Vec<String> = (0..=0x2_ff)
            .chain(['\u{2028}', '\u{1f600}'].map(u32::from))
            .filter_map(char::from_u32)
            .map(|c| format!("a{c}b"))
            .chain(
                [
                    "",
                    "\"",
                    "\\\\",
                    "a long text that ends in a quotation mark\"",
                ]
                .map(str::to_owned),
            )
            .collect();
        for count in [0, 1, texts.len()] {
            let texts = texts.get(..count).unwrap();
            let mut json = Json::with_capacity(0);
            json.texts(texts.iter().map(String::as_str));
            assert_eq!(json.into_text(), json!(texts).to_string());
        }
    }
}
