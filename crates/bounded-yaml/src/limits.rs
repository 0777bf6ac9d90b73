//! Limits on the size and cost of an input.

use std::num::NonZeroUsize;

/// The default limit on the input's size, in bytes: 1 MiB, the most that the API server stores in a
/// ConfigMap (`MaxSecretSize`, which `ValidateConfigMap` applies too).
pub const DEFAULT_MAX_BYTES: usize = 1024 * 1024;

/// The limit on the nesting of collections: 128, as in `yaml_serde`. `yaml_serde` applies it after
/// `libyaml` has read the text, which takes quadratic time for nested brackets. Here it is applied
/// before.
pub const MAX_DEPTH: usize = 128;

/// The default limit on the cost of the documents with every alias replaced by its content, as a
/// multiple of the input's size. Our choice: without aliases the cost of any input is below 8 times
/// its size.
pub const DEFAULT_EXPANSION: usize = 16;

/// The additional cost that is allowed for an input of any size: 256 KiB of text, or 32,768 empty
/// nodes. Our choice: a file with a hundred entries that each refer to one list by an alias is not
/// an attack.
pub const EXPANSION_FLOOR: usize = 256 * 1024;

/// The default size of the pieces in which a long text is parsed, in bytes: 256 KiB. Our choice: the parser
/// needs about twenty times as much memory for a piece, and smaller pieces are no faster.
pub const DEFAULT_PIECE_BYTES: usize = 256 * 1024;

/// Limits on the size and cost of one input.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    max_bytes: usize,
    max_depth: usize,
    expansion: usize,
    is_every_offset_wanted: bool,
    are_tags_kept: bool,
    piece_bytes: usize,
    threads: NonZeroUsize,
}

impl Limits {
    /// Builds limits suitable for a ConfigMap: [`DEFAULT_MAX_BYTES`], [`MAX_DEPTH`] and
    /// [`DEFAULT_EXPANSION`].
    #[must_use]
    pub const fn new() -> Self {
        Self {
            max_bytes: DEFAULT_MAX_BYTES,
            max_depth: MAX_DEPTH,
            expansion: DEFAULT_EXPANSION,
            is_every_offset_wanted: false,
            are_tags_kept: false,
            piece_bytes: DEFAULT_PIECE_BYTES,
            threads: NonZeroUsize::MIN,
        }
    }

    /// Sets the limit on the input's size, in bytes.
    #[must_use]
    pub const fn with_max_bytes(self, max_bytes: usize) -> Self {
        Self { max_bytes, ..self }
    }

    /// Sets the limit on the nesting of collections, at most [`MAX_DEPTH`]; a larger value is taken
    /// as [`MAX_DEPTH`].
    #[must_use]
    pub const fn with_max_depth(self, max_depth: usize) -> Self {
        let max_depth = if max_depth < MAX_DEPTH {
            max_depth
        } else {
            MAX_DEPTH
        };
        Self { max_depth, ..self }
    }

    /// Sets the limit on the cost of the documents, aliases replaced, as a multiple of the input's
    /// size. A node costs eight bytes and the size of its text. [`EXPANSION_FLOOR`] is added.
    #[must_use]
    pub const fn with_expansion(self, expansion: usize) -> Self {
        Self { expansion, ..self }
    }

    /// Sets how many threads may parse the pieces of a long YAML text: one by default. The documents are the
    /// same with any number.
    #[must_use]
    pub const fn with_threads(self, threads: NonZeroUsize) -> Self {
        Self { threads, ..self }
    }

    /// Sets the least size of the pieces in which a long YAML text is parsed, in place of
    /// [`DEFAULT_PIECE_BYTES`]. A text is cut between documents, and between the items of a list that is the
    /// value of a key of the root, as the `items` of a Kubernetes list are. The parser's memory is proportional
    /// to the largest piece. The documents are the same with any size.
    #[must_use]
    pub const fn with_piece_bytes(self, piece_bytes: usize) -> Self {
        Self {
            piece_bytes,
            ..self
        }
    }

    /// Also computes the [`offset`](crate::Scalar::offset) of numbers and booleans. A document is then read
    /// twice if a number or boolean has a tag, or if no text of one line precedes it.
    #[must_use]
    pub const fn with_every_offset(self) -> Self {
        Self {
            is_every_offset_wanted: true,
            ..self
        }
    }

    /// Keeps application-specific tags: a value with a tag becomes a mapping of the tag to the value, so that `!Ref x`
    /// is read as `{"!Ref": x}`. A key with a tag is then refused.
    #[must_use]
    pub const fn with_tags(self) -> Self {
        Self {
            are_tags_kept: true,
            ..self
        }
    }

    /// Returns whether application-specific tags are kept.
    #[must_use]
    pub const fn are_tags_kept(&self) -> bool {
        self.are_tags_kept
    }

    /// Returns whether offsets of numbers and booleans are computed.
    #[must_use]
    pub const fn is_every_offset_wanted(&self) -> bool {
        self.is_every_offset_wanted
    }

    /// Returns how many threads may parse.
    #[must_use]
    pub const fn threads(&self) -> NonZeroUsize {
        self.threads
    }

    /// Returns the least size of a piece, in bytes.
    #[must_use]
    pub const fn piece_bytes(&self) -> usize {
        self.piece_bytes
    }

    /// Returns the limit on the input's size, in bytes.
    #[must_use]
    pub const fn max_bytes(&self) -> usize {
        self.max_bytes
    }

    /// Returns the limit on the nesting of collections.
    #[must_use]
    pub const fn max_depth(&self) -> usize {
        self.max_depth
    }

    /// Returns the cost allowed for all documents of an input of `bytes` bytes together.
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
