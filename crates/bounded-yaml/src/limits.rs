//! What an input may cost.

/// How many bytes one input may have, unless told otherwise: 1 MiB, the most that the API server
/// stores in a ConfigMap (`MaxSecretSize`, which `ValidateConfigMap` applies to it as well).
pub const DEFAULT_MAX_BYTES: usize = 1024 * 1024;

/// How deep collections may nest: 128, `yaml_serde`'s own limit. It applies that after the text has
/// been read; here it is applied before, because `libyaml` needs quadratic time for nested brackets.
pub const MAX_DEPTH: usize = 128;

/// How many times the input's own cost the documents may cost once their aliases are written out,
/// unless told otherwise. Our choice: without aliases it is below 8, whatever the input.
pub const DEFAULT_EXPANSION: usize = 16;

/// The cost that is granted to the shortest input: 256 kB of text, or 32,768 empty nodes. Our
/// choice: a file that repeats one list by an alias in each of a hundred entries is not an attack.
pub const EXPANSION_FLOOR: usize = 256 * 1024;

/// What reading one input may cost.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    max_bytes: usize,
    max_depth: usize,
    expansion: usize,
    is_every_offset_wanted: bool,
}

impl Limits {
    /// Makes limits that fit a ConfigMap: [`DEFAULT_MAX_BYTES`], [`MAX_DEPTH`] and
    /// [`DEFAULT_EXPANSION`].
    #[must_use]
    pub const fn new() -> Self {
        Self {
            max_bytes: DEFAULT_MAX_BYTES,
            max_depth: MAX_DEPTH,
            expansion: DEFAULT_EXPANSION,
            is_every_offset_wanted: false,
        }
    }

    /// Sets how many bytes the input may have.
    #[must_use]
    pub const fn with_max_bytes(self, max_bytes: usize) -> Self {
        Self { max_bytes, ..self }
    }

    /// Sets how deep collections may nest; more than [`MAX_DEPTH`] is taken as [`MAX_DEPTH`].
    #[must_use]
    pub const fn with_max_depth(self, max_depth: usize) -> Self {
        let max_depth = if max_depth < MAX_DEPTH {
            max_depth
        } else {
            MAX_DEPTH
        };
        Self { max_depth, ..self }
    }

    /// Sets how many times its own size an input may cost once its aliases are written out, where
    /// a node costs eight bytes and its text. [`EXPANSION_FLOOR`] is granted in any case.
    #[must_use]
    pub const fn with_expansion(self, expansion: usize) -> Self {
        Self { expansion, ..self }
    }

    /// Finds the [`offset`](crate::Scalar::offset) of numbers and booleans as well: a document that
    /// has any is read twice.
    #[must_use]
    pub const fn with_every_offset(self) -> Self {
        Self {
            is_every_offset_wanted: true,
            ..self
        }
    }

    /// Returns whether the offset of numbers and booleans is wanted.
    #[must_use]
    pub const fn is_every_offset_wanted(&self) -> bool {
        self.is_every_offset_wanted
    }

    /// Returns how many bytes the input may have.
    #[must_use]
    pub const fn max_bytes(&self) -> usize {
        self.max_bytes
    }

    /// Returns how deep collections may nest.
    #[must_use]
    pub const fn max_depth(&self) -> usize {
        self.max_depth
    }

    /// Returns what all documents of an input of `bytes` bytes may cost together.
    #[must_use]
    pub const fn budget(&self, bytes: usize) -> usize {
        bytes
            .saturating_mul(self.expansion)
            .saturating_add(EXPANSION_FLOOR)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}
