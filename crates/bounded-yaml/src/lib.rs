#![doc = include_str!("../README.md")]

mod build;
mod decode;
mod deserialize;
mod documents;
mod error;
mod json;
mod libyaml;
mod limits;
mod line_index;
mod merge_key;
mod next_scalar;
mod node;
mod position;
mod source_text;

pub use decode::{TextError, decode};
pub use deserialize::{Mismatch, ShapeError};
pub use documents::{Documents, documents, json};
pub use error::{Error, Syntax};
pub use limits::{
    DEFAULT_EXPANSION, DEFAULT_MAX_BYTES, DEFAULT_PIECE_BYTES, EXPANSION_FLOOR, Limits, MAX_DEPTH,
};
pub use line_index::LineIndex;
pub use node::{Kind, Mapping, Node, Scalar};
pub use position::Position;
