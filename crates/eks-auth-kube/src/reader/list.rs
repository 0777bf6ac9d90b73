//! From the pages of a list to one text.

use serde::Serialize as _;
use serde_json::ser::{PrettyFormatter, Serializer};
use serde_json::{Map, Value, json};

use super::resource::{Kept, Resource};
use super::{MAX_OBJECTS, ReadError};

/// The indentation of kubectl.
const INDENT: &str = "    ";

/// The text of a list, as `kubectl get --output json` writes it.
pub(super) struct ListText {
    resource: Resource,
    text: String,
    len: usize,
}

impl ListText {
    pub(super) const fn new(resource: &Resource) -> Self {
        Self {
            resource: *resource,
            text: String::new(),
            len: 0,
        }
    }

    /// Returns the number of objects.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Adds the objects of a page. Returns the token of the next page. kube-apiserver fills each page except the last.
    /// So an empty page with a next page does not come from it, and is an error: [`MAX_OBJECTS`] would not end such a
    /// list.
    pub(super) fn add_page(&mut self, mut page: Value) -> Result<Option<String>, ReadError> {
        let malformed = ReadError::Malformed {
            resource: self.resource.name,
        };
        let Some(items) = page.get_mut("items") else {
            return Err(malformed);
        };
        let items = match items.take() {
            Value::Array(items) => items,
            // Go writes a list that was never filled in this way.
            Value::Null => Vec::new(),
            _ => return Err(malformed),
        };
        let is_empty = items.is_empty();
        for item in items {
            self.add(item)?;
        }
        let next = page
            .get("metadata")
            .and_then(|metadata| metadata.get("continue"));
        let next = next.and_then(Value::as_str).filter(|next| !next.is_empty());
        if is_empty && next.is_some() {
            return Err(malformed);
        }
        Ok(next.map(str::to_owned))
    }

    fn add(&mut self, item: Value) -> Result<(), ReadError> {
        let Resource {
            name,
            api_version,
            kind,
            kept,
            ..
        } = self.resource;
        if self.len >= MAX_OBJECTS {
            return Err(ReadError::TooMany { resource: name });
        }
        let item = match kept {
            Kept::Object => item,
            Kept::ServiceAccountAt(path) => trim(&item, path),
        };
        let text = object(name, api_version, kind, item)?;
        if self.len > 0 {
            self.text.push_str(",\n");
        }
        // The text of a string in JSON has no line break of its own.
        let lines: Vec<String> = text
            .lines()
            .map(|line| format!("{INDENT}{INDENT}{line}"))
            .collect();
        self.text.push_str(&lines.join("\n"));
        self.len = self.len.saturating_add(1);
        Ok(())
    }

    /// Returns the text. `None` if there is no object.
    pub(super) fn finish(self) -> Option<String> {
        (self.len > 0).then(|| {
            format!(
                "{{\n{INDENT}\"apiVersion\": \"v1\",\n{INDENT}\"items\": [\n{}\n{INDENT}],\n\
                 {INDENT}\"kind\": \"List\",\n{INDENT}\"metadata\": {{\n{INDENT}{INDENT}\"resourceVersion\": \"\"\n\
                 {INDENT}}}\n}}\n",
                self.text
            )
        })
    }
}

/// Writes an object with its kind, which the items of a list lack.
pub(super) fn object(
    resource: &'static str,
    api_version: &str,
    kind: &str,
    object: Value,
) -> Result<String, ReadError> {
    let malformed = ReadError::Malformed { resource };
    let Value::Object(mut object) = object else {
        return Err(malformed);
    };
    object.insert("apiVersion".to_owned(), api_version.into());
    object.insert("kind".to_owned(), kind.into());
    if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
        metadata.remove("managedFields");
    }
    let mut text = Vec::new();
    let formatter = PrettyFormatter::with_indent(INDENT.as_bytes());
    let written = object.serialize(&mut Serializer::with_formatter(&mut text, formatter));
    let text = written.ok().and_then(|()| String::from_utf8(text).ok());
    text.ok_or(malformed)
}

/// Keeps the namespace, the name, and the service account in the specification at a path.
fn trim(item: &Value, path: &[&str]) -> Value {
    let mut metadata = Map::new();
    for key in ["namespace", "name"] {
        if let Some(value) = item.get("metadata").and_then(|metadata| metadata.get(key)) {
            metadata.insert(key.to_owned(), value.clone());
        }
    }
    let mut object = json!({ "metadata": metadata });
    if path.is_empty() {
        return object;
    }
    let spec = path.iter().try_fold(item, |value, key| value.get(key));
    let mut kept = Value::Null;
    if let Some(spec) = spec {
        let mut own = Map::new();
        for key in ["serviceAccountName", "serviceAccount"] {
            if let Some(account) = spec.get(key) {
                own.insert(key.to_owned(), account.clone());
            }
        }
        kept = Value::Object(own);
    }
    for key in path.iter().rev().take(path.len().saturating_sub(1)) {
        kept = json!({ *key: kept });
    }
    if let (Some(first), Value::Object(object)) = (path.first(), &mut object) {
        object.insert((*first).to_owned(), kept);
    }
    object
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::resource::ACCESS;
    use super::{ListText, ReadError};

    #[test]
    fn a_page_may_have_no_objects_but_needs_a_list() {
        let malformed = ReadError::Malformed {
            resource: "iamidentitymappings",
        };
        for (page, want) in [
            (json!({"items": []}), Ok(None)),
            (json!({"items": null}), Ok(None)),
            (
                json!({"items": null, "metadata": {"continue": ""}}),
                Ok(None),
            ),
            (
                json!({"items": null, "metadata": {"continue": "x"}}),
                Err(&malformed),
            ),
            (json!({"items": {}}), Err(&malformed)),
            (json!({"items": ""}), Err(&malformed)),
            (json!({}), Err(&malformed)),
            (Value::Null, Err(&malformed)),
        ] {
            let mut text = ListText::new(&ACCESS[0]);
            let added = text.add_page(page.clone());
            assert_eq!(added.as_ref(), want.as_ref().map_err(|why| *why), "{page}");
            assert_eq!(text.finish(), None, "{page}");
        }
    }
}
