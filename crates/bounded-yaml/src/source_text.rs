//! The second pass over a document, which restores the source text of numbers and booleans.
//!
//! If a parser is asked for any value, it reports that `1.10` is a number and forgets its spelling.
//! If it is asked for text, it reports the spelling and forgets that it was a number. So a document
//! with such a value is read twice; the second time its shape is known, and each of these scalars is
//! read as text.

use std::fmt;

use serde::Deserialize;
use serde::de::Visitor;
use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, Error as _, IgnoredAny, MapAccess, SeqAccess,
    VariantAccess,
};
use serde_json::value::RawValue;

use crate::build::{Builder, Format, NO_TAG};
use crate::node::{Kind, Mapping, Node, Scalar};

/// Rereads a node of known shape and fills in the texts.
pub(crate) struct TextSeed<'n, 'b, 'a> {
    pub(crate) node: &'n mut Node,
    pub(crate) builder: &'b Builder<'a>,
}

impl<'de> DeserializeSeed<'de> for TextSeed<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let builder = self.builder;
        match self.node {
            Node::Null => deserializer.deserialize_ignored_any(IgnoredAny).map(drop),
            Node::Scalar(scalar) => ScalarSeed { scalar, builder }.deserialize(deserializer),
            Node::Sequence(items) => deserializer.deserialize_seq(SequenceSeed { items, builder }),
            // It may be a value with a tag.
            Node::Mapping(map) if builder.are_tags_kept() => {
                deserializer.deserialize_any(MappingSeed { map, builder })
            }
            Node::Mapping(map) => MappingSeed { map, builder }.deserialize(deserializer),
        }
    }
}

struct ScalarSeed<'n, 'b, 'a> {
    scalar: &'n mut Scalar,
    builder: &'b Builder<'a>,
}

impl<'de> DeserializeSeed<'de> for ScalarSeed<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.scalar.kind() {
            // Text was complete after the first pass.
            Kind::String => deserializer.deserialize_ignored_any(IgnoredAny).map(drop),
            Kind::Bool | Kind::Float | Kind::Int => match self.builder.format() {
                Format::Yaml => deserializer.deserialize_str(self),
                Format::Json => {
                    let raw = <&RawValue>::deserialize(deserializer)?;
                    self.scalar
                        .set_text(raw.get(), self.builder.offset_of(raw.get()));
                    Ok(())
                }
            },
        }
    }
}

impl<'de> Visitor<'de> for ScalarSeed<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the same scalar as in the first pass")
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<(), E> {
        self.scalar.set_text(text, self.builder.offset_of(text));
        Ok(())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<(), E> {
        self.scalar.set_text(text, None);
        Ok(())
    }
}

struct SequenceSeed<'n, 'b, 'a> {
    items: &'n mut Vec<Node>,
    builder: &'b Builder<'a>,
}

impl<'de> Visitor<'de> for SequenceSeed<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the same list as in the first pass")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let builder = self.builder;
        for node in self.items {
            items
                .next_element_seed(TextSeed { node, builder })?
                .ok_or_else(|| A::Error::custom("shorter than in the first pass"))?;
        }
        Ok(())
    }
}

struct MappingSeed<'n, 'b, 'a> {
    map: &'n mut Mapping,
    builder: &'b Builder<'a>,
}

impl<'de> DeserializeSeed<'de> for MappingSeed<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for MappingSeed<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the same mapping as in the first pass")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let builder = self.builder;
        for (scalar, node) in self.map.entries_mut() {
            entries
                .next_key_seed(ScalarSeed { scalar, builder })?
                .ok_or_else(|| A::Error::custom("shorter than in the first pass"))?;
            entries.next_value_seed(TextSeed { node, builder })?;
        }
        Ok(())
    }

    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<(), A::Error> {
        let builder = self.builder;
        let (tag, content): (String, _) = tagged.variant()?;
        if tag == NO_TAG {
            return content.newtype_variant_seed(self);
        }
        match self.map.entries_mut().first_mut() {
            Some((_, node)) => content.newtype_variant_seed(TextSeed { node, builder }),
            None => Err(A::Error::custom("another tag than in the first pass")),
        }
    }
}
