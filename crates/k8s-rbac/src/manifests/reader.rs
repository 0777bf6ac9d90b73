//! Reads files into manifests.

use std::cell::OnceCell;

use bounded_yaml::{Limits, Node, decode, documents};

use super::{At, DEFAULT_MAX_BYTES, Fault, ManifestProblem, Manifests, Place, TypeMeta, template};

/// The settings for reading manifests.
#[derive(Clone, Debug)]
pub struct ManifestReader {
    max_bytes: usize,
    namespace: Option<String>,
}

impl Default for ManifestReader {
    fn default() -> Self {
        Self::new()
    }
}

impl ManifestReader {
    /// Reads files of at most [`DEFAULT_MAX_BYTES`] each. A namespaced object without a namespace gets
    /// `default` and a problem.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            max_bytes: DEFAULT_MAX_BYTES,
            namespace: None,
        }
    }

    /// Sets the size limit of one file, in bytes. Memory is proportional to the largest file.
    #[must_use]
    pub const fn with_max_bytes(mut self, max_bytes: usize) -> Self {
        self.max_bytes = max_bytes;
        self
    }

    /// Sets the namespace of namespaced objects without one, as `kubectl apply --namespace` and
    /// `helm install --namespace` do. They are then read without a problem.
    #[must_use]
    pub fn in_namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// Reads files in this order, each given as its name, which problems quote, and its text.
    #[must_use]
    pub fn read<'a>(&self, files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Manifests {
        let mut manifests = Manifests::default();
        for (name, text) in files {
            self.read_file(name, text, &mut manifests);
        }
        manifests
    }

    /// Reads files from their bytes: UTF-8, or the encoding that a byte order mark announces, such as
    /// the UTF-16 that `>` of Windows PowerShell writes. A file that is not text is a problem.
    #[must_use]
    pub fn read_bytes<'a>(
        &self,
        files: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    ) -> Manifests {
        let mut manifests = Manifests::default();
        for (name, bytes) in files {
            match decode(bytes, &self.limits()) {
                Ok(text) => self.read_file(name, &text, &mut manifests),
                Err(error) => manifests.problems.push(ManifestProblem {
                    place: Place {
                        file: name.to_owned(),
                        document: 1,
                        path: String::new(),
                        position: error.position(),
                    },
                    fault: Fault::NotUnicode(error),
                }),
            }
        }
        manifests
    }

    /// Adds documents that are parsed already, each with its number in the file, counted from one. The
    /// offsets of the nodes count from the start of `text`.
    pub fn read_nodes<'n>(
        &self,
        name: &str,
        text: &str,
        nodes: impl IntoIterator<Item = (usize, &'n Node)>,
        manifests: &mut Manifests,
    ) {
        let positions = OnceCell::new();
        for (document, node) in nodes {
            let at = At {
                file: name,
                text,
                positions: &positions,
                document,
                namespace: self.namespace.as_deref(),
            };
            manifests.add(node, "", &TypeMeta::default(), &at);
        }
    }

    const fn limits(&self) -> Limits {
        Limits::new().with_max_bytes(self.max_bytes)
    }

    fn read_file(&self, name: &str, text: &str, manifests: &mut Manifests) {
        let limits = self.limits();
        let positions = OnceCell::new();
        for (document, number) in documents(text, &limits).zip(1_usize..) {
            let at = At {
                file: name,
                text,
                positions: &positions,
                document: number,
                namespace: self.namespace.as_deref(),
            };
            match document {
                Ok(node) => manifests.add(&node, "", &TypeMeta::default(), &at),
                Err(error) => manifests.problems.push(ManifestProblem {
                    place: Place {
                        position: error.position(),
                        ..at.place("", None)
                    },
                    fault: match template::action_line(text, &error) {
                        Some(line) => Fault::Unrendered { line, error },
                        None => Fault::Syntax(error),
                    },
                }),
            }
        }
    }
}
