//! Reading typed values from nodes, by serde.

use std::fmt;

use printable_text::Printable;
use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, EnumAccess, Expected, IntoDeserializer, MapAccess};
use serde::de::{SeqAccess, Unexpected, VariantAccess, Visitor};
use serde::forward_to_deserialize_any;

use crate::node::{Kind, Mapping, Node, Scalar};

/// Why a node does not have the shape that a type expects, and where in the document.
///
/// This error quotes the input in two places: [`path`](Self::path) has the keys that lead to the
/// value, and [`Mismatch::Other`] has the message of a type's own `Deserialize`.
/// [`Display`](fmt::Display) prints both escaped.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ShapeError {
    path: String,
    offset: Option<usize>,
    mismatch: Mismatch,
}

impl ShapeError {
    /// Returns the path to the value, such as `rules[0].verbs`; empty for the whole document.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the byte offset of the value in the input, if it is known; see
    /// [`Position::of`](crate::Position::of).
    #[must_use]
    pub const fn offset(&self) -> Option<usize> {
        self.offset
    }

    /// Returns how the value differs from the expected shape.
    #[must_use]
    pub const fn mismatch(&self) -> &Mismatch {
        &self.mismatch
    }

    fn new(mismatch: Mismatch) -> Self {
        Self {
            path: String::new(),
            offset: None,
            mismatch,
        }
    }

    fn inside(mut self, step: &str, node: &Node) -> Self {
        if !step.is_empty() {
            let joint = if self.path.is_empty() || self.path.starts_with('[') {
                ""
            } else {
                "."
            };
            self.path = format!("{step}{joint}{}", self.path);
        }
        self.offset = self.offset.or_else(|| node.offset());
        self
    }
}

impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "`{}`: ", Printable::new(&self.path))?;
        }
        self.mismatch.fmt(f)
    }
}

impl std::error::Error for ShapeError {}

/// How a value differs from the shape that a type expects.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Mismatch {
    /// A key occurs in a mapping more than once.
    DuplicateKey,
    /// A required field is missing.
    MissingField(&'static str),
    /// An error raised by the type's own `Deserialize`.
    Other(String),
    /// A key that is not a field of the type.
    UnknownField,
    /// A value of an unexpected kind.
    Unexpected {
        /// The kind found: `a list`, `a number`.
        found: &'static str,
        /// The kind expected, as the type describes it.
        expected: String,
    },
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DuplicateKey => f.write_str("the key is defined twice"),
            Self::MissingField(field) => write!(f, "`{field}` is missing"),
            Self::Other(message) => Printable::new(message).fmt(f),
            Self::UnknownField => f.write_str("unknown key"),
            Self::Unexpected { found, expected } => write!(f, "expected {expected}, found {found}"),
        }
    }
}

impl de::Error for ShapeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(Mismatch::Other(message.to_string()))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let found = match found {
            Unexpected::Bool(_) => "a boolean",
            Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "a number",
            Unexpected::Char(_) | Unexpected::Str(_) => "text",
            Unexpected::Unit | Unexpected::Option => "nothing",
            Unexpected::Seq => "a list",
            Unexpected::Map => "a mapping",
            _ => "something else",
        };
        Self::new(Mismatch::Unexpected {
            found,
            expected: expected.to_string(),
        })
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn invalid_length(_: usize, expected: &dyn Expected) -> Self {
        Self::new(Mismatch::Unexpected {
            found: "another number of items",
            expected: expected.to_string(),
        })
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        let expected = format!("one of `{}`", expected.join("`, `"));
        Self::new(Mismatch::Unexpected {
            found: "another word",
            expected,
        })
    }

    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        Self::new(Mismatch::UnknownField)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(Mismatch::MissingField(field))
    }

    fn duplicate_field(_: &'static str) -> Self {
        Self::new(Mismatch::DuplicateKey)
    }
}

/// Reads a type from a node: `T::deserialize(&node)`.
///
/// Where a type expects text, a number or boolean yields its source text; check the node's [`Kind`]
/// first if only text is acceptable. A mapping with a duplicate key is refused, even if the type has
/// no such field.
impl<'de> de::Deserializer<'de> for &'de Node {
    type Error = ShapeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ShapeError> {
        match self {
            Node::Null => visitor.visit_unit(),
            Node::Scalar(scalar) => visit_scalar(scalar, visitor),
            Node::Sequence(items) => visit_sequence(items, visitor),
            Node::Mapping(mapping) => visit_mapping(mapping, visitor),
        }
        .map_err(|why| why.inside("", self))
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ShapeError> {
        match self {
            Node::Scalar(scalar) => visitor
                .visit_borrowed_str(scalar.text())
                .map_err(|why: ShapeError| why.inside("", self)),
            Node::Null | Node::Sequence(_) | Node::Mapping(_) => self.deserialize_any(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ShapeError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ShapeError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ShapeError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ShapeError> {
        if self.is_null() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ShapeError> {
        visitor.visit_newtype_struct(self)
    }

    /// Reads an enum from a scalar or from a mapping with a single key, as `serde_json` does.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ShapeError> {
        let variant = match self {
            Node::Scalar(scalar) => Variant {
                name: scalar.text(),
                content: &Node::Null,
            },
            Node::Mapping(mapping) => match mapping.entries() {
                [(name, content)] => Variant {
                    name: name.text(),
                    content,
                },
                _ => return self.deserialize_any(visitor),
            },
            Node::Null | Node::Sequence(_) => return self.deserialize_any(visitor),
        };
        visitor
            .visit_enum(variant)
            .map_err(|why| why.inside("", self))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ShapeError> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 bytes byte_buf unit unit_struct seq
        tuple tuple_struct map struct
    }
}

impl<'de> IntoDeserializer<'de, ShapeError> for &'de Node {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

fn visit_scalar<'de, V: Visitor<'de>>(
    scalar: &'de Scalar,
    visitor: V,
) -> Result<V::Value, ShapeError> {
    let text = scalar.text();
    match scalar.kind() {
        Kind::String => visitor.visit_borrowed_str(text),
        Kind::Bool => visitor.visit_bool(text.eq_ignore_ascii_case("true")),
        Kind::Int => match int(text) {
            Some(Int::Unsigned(value)) => visitor.visit_u64(value),
            Some(Int::Signed(value)) => visitor.visit_i64(value),
            None => visitor.visit_borrowed_str(text),
        },
        Kind::Float => match float(text) {
            Some(value) => visitor.visit_f64(value),
            None => visitor.visit_borrowed_str(text),
        },
    }
}

#[derive(Eq, PartialEq)]
enum Int {
    Unsigned(u64),
    Signed(i64),
}

/// Returns whether two spellings of whole numbers of at most 64 bits have the same value.
pub(crate) fn is_same_int(one: &str, other: &str) -> bool {
    int(one).is_some_and(|one| int(other) == Some(one))
}

/// Returns whether two spellings of numbers have the same value.
pub(crate) fn is_same_float(one: &str, other: &str) -> bool {
    let bits = |text| float(text).map(f64::to_bits);
    bits(one).is_some_and(|one| bits(other) == Some(one))
}

/// Parses a whole number. `None` if it needs more than 64 bits.
fn int(text: &str) -> Option<Int> {
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let radix = |prefix| digits.strip_prefix(prefix);
    let magnitude = match (radix("0x"), radix("0o"), radix("0b")) {
        (Some(hex), _, _) => u64::from_str_radix(hex, 16),
        (_, Some(octal), _) => u64::from_str_radix(octal, 8),
        (_, _, Some(binary)) => u64::from_str_radix(binary, 2),
        (None, None, None) => digits.parse(),
    }
    .ok()?;
    if is_negative {
        0_i64.checked_sub_unsigned(magnitude).map(Int::Signed)
    } else {
        Some(Int::Unsigned(magnitude))
    }
}

fn float(text: &str) -> Option<f64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1.0, digits),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    match digits {
        ".inf" | ".Inf" | ".INF" => Some(f64::INFINITY.copysign(sign)),
        ".nan" | ".NaN" | ".NAN" => Some(f64::NAN),
        _ => digits.parse::<f64>().ok().map(|value| value.copysign(sign)),
    }
}

fn visit_sequence<'de, V: Visitor<'de>>(
    items: &'de [Node],
    visitor: V,
) -> Result<V::Value, ShapeError> {
    let mut access = Items {
        items: items.iter(),
        index: 0,
    };
    let value = visitor.visit_seq(&mut access)?;
    if access.items.len() == 0 {
        Ok(value)
    } else {
        Err(de::Error::invalid_length(items.len(), &"fewer items"))
    }
}

struct Items<'de> {
    items: std::slice::Iter<'de, Node>,
    index: usize,
}

impl<'de> SeqAccess<'de> for &mut Items<'de> {
    type Error = ShapeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ShapeError> {
        let Some(node) = self.items.next() else {
            return Ok(None);
        };
        let index = self.index;
        self.index = index.saturating_add(1);
        seed.deserialize(node)
            .map(Some)
            .map_err(|why| why.inside(&format!("[{index}]"), node))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

fn visit_mapping<'de, V: Visitor<'de>>(
    mapping: &'de Mapping,
    visitor: V,
) -> Result<V::Value, ShapeError> {
    if let Some(key) = mapping.duplicates().first() {
        let mut why = ShapeError::new(Mismatch::DuplicateKey).inside(key.text(), &Node::Null);
        why.offset = key.offset();
        return Err(why);
    }
    visitor.visit_map(Entries {
        entries: mapping.entries().iter(),
        current: None,
    })
}

struct Entries<'de> {
    entries: std::slice::Iter<'de, (Scalar, Node)>,
    current: Option<&'de (Scalar, Node)>,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = ShapeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ShapeError> {
        self.current = self.entries.next();
        let Some((key, node)) = self.current else {
            return Ok(None);
        };
        let name: StrDeserializer<'de, ShapeError> = key.text().into_deserializer();
        seed.deserialize(name).map(Some).map_err(|mut why| {
            why.offset = key.offset();
            why.inside(key.text(), node)
        })
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, ShapeError> {
        // serde requests a value only after its key.
        let Some((key, node)) = self.current else {
            return Err(de::Error::custom("a value was requested before its key"));
        };
        seed.deserialize(node).map_err(|mut why| {
            why.offset = why
                .offset
                .or_else(|| node.offset())
                .or_else(|| key.offset());
            why.inside(key.text(), node)
        })
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len())
    }
}

struct Variant<'de> {
    name: &'de str,
    content: &'de Node,
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = ShapeError;
    type Variant = &'de Node;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, &'de Node), ShapeError> {
        let name: StrDeserializer<'de, ShapeError> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self.content))
    }
}

impl<'de> VariantAccess<'de> for &'de Node {
    type Error = ShapeError;

    fn unit_variant(self) -> Result<(), ShapeError> {
        if self.is_null() {
            return Ok(());
        }
        let expected = "no content beside the variant name".to_owned();
        Err(ShapeError::new(Mismatch::Unexpected {
            found: self.describe(),
            expected,
        }))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<T::Value, ShapeError> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, ShapeError> {
        de::Deserializer::deserialize_any(self, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ShapeError> {
        de::Deserializer::deserialize_any(self, visitor)
    }
}
