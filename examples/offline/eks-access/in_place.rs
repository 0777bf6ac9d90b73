//! Writing a file in place, whole or not at all.

use std::path::Path;

use program::files;

/// Replaces the content of the file that a document was read from.
pub(crate) fn write(name: &str, text: &str) -> Result<(), String> {
    // The name of a document is made printable, so it may differ from the name of the file.
    let path = Path::new(name);
    if !path.is_file() || name.contains("\\u{") {
        return Err(format!(
            "{name}: only a file can be changed in place, and one without control characters in its name"
        ));
    }
    files::replace(path, text.as_bytes()).map_err(|why| format!("{why}; the file was not changed"))
}
