//! Converts UTF-16, as PowerShell's `>` writes it, to UTF-8 in pieces.

use std::io::{self, BufRead, Read};

/// The beginnings of texts in UTF-16, with their byte order.
const MARKS: [([u8; 2], ByteOrder); 2] = [
    ([0xff, 0xfe], ByteOrder::LittleEndian),
    ([0xfe, 0xff], ByteOrder::BigEndian),
];

/// The order of the two bytes of a unit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ByteOrder {
    BigEndian,
    LittleEndian,
}

impl ByteOrder {
    /// Returns the order that the first two bytes of a text show. `None` if it is not UTF-16.
    pub(super) fn of(mark: &[u8]) -> Option<Self> {
        let mut marks = MARKS.into_iter();
        marks.find_map(|(known, order)| (mark == known).then_some(order))
    }

    const fn unit(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::BigEndian => u16::from_be_bytes(bytes),
            Self::LittleEndian => u16::from_le_bytes(bytes),
        }
    }
}

/// A reader of UTF-16 that yields UTF-8. A unit without its pair becomes U+FFFD.
pub(super) struct Utf16<R> {
    inner: R,
    order: ByteOrder,
    /// The first byte of a unit whose second byte was not read yet.
    byte: Option<u8>,
    /// The first unit of a pair whose second unit was not read yet.
    first: Option<u16>,
    decoded: Vec<u8>,
    taken: usize,
}

impl<R: BufRead> Utf16<R> {
    /// Reads the text after the mark.
    pub(super) const fn new(inner: R, order: ByteOrder) -> Self {
        Self {
            inner,
            order,
            byte: None,
            first: None,
            decoded: Vec::new(),
            taken: 0,
        }
    }

    /// Decodes the next chunk. Returns whether there was another chunk.
    fn decode(&mut self) -> io::Result<bool> {
        self.decoded.clear();
        self.taken = 0;
        let chunk = self.inner.fill_buf()?;
        let length = chunk.len();
        let mut units: Vec<u16> = self.first.take().into_iter().collect();
        for &byte in chunk {
            match self.byte.take() {
                Some(before) => units.push(self.order.unit([before, byte])),
                None => self.byte = Some(byte),
            }
        }
        self.inner.consume(length);
        let is_open = |unit: &u16| (0xd800..0xdc00).contains(unit);
        if length > 0 {
            self.first = units.pop_if(|unit| is_open(unit));
        }
        for c in char::decode_utf16(units) {
            let c = c.unwrap_or(char::REPLACEMENT_CHARACTER);
            self.decoded
                .extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
        Ok(length > 0 || !self.decoded.is_empty())
    }
}

impl<R: BufRead> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.decoded.len() {
            if !self.decode()? {
                return Ok(0);
            }
        }
        let mut rest = self.decoded.get(self.taken..).unwrap_or_default();
        let read = rest.read(buffer)?;
        self.taken = self.taken.saturating_add(read);
        Ok(read)
    }
}
