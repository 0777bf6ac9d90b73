//! Finds the events in a document that contains many: `{"items": [...]}`, `{"events": [...]}`, `[...]`, lists in
//! these lists, and objects one after the other. Only one event at a time is in memory.

/// The keys of a document whose arrays contain events.
const LISTS: [&[u8]; 4] = [b"items", b"events", b"logEvents", b"results"];

/// The length of the longest of these keys and of the other texts that are read, with room to see that one is longer.
const MAX_KEY: usize = 15;

/// The key of an answer of AWS that has a part of the events only, as the API and as the command line write it.
const TOKENS: [&[u8]; 2] = [b"nextToken", b"NextToken"];

/// The key of the numbers of a query of Logs Insights, and that of the log events that it matched.
const STATISTICS: &[u8] = b"statistics";
const MATCHED: &[u8] = b"recordsMatched";

/// The states of a query of Logs Insights that has not all of its results (API of `CloudWatch` Logs,
/// `GetQueryResults`).
const UNFINISHED: [&[u8]; 5] = [
    b"Cancelled",
    b"Failed",
    b"Running",
    b"Scheduled",
    b"Timeout",
];

/// What a document contains.
#[derive(Debug)]
pub(super) enum Part<'a> {
    /// The beginning of a document, up to its list.
    Head(&'a [u8]),
    /// One object.
    Object(&'a [u8]),
    /// An object that is too large.
    TooLong,
    /// Text that is not JSON, or that ends too early.
    Broken,
    /// The document has a part of the events only.
    Cut,
    /// The beginning of a list in the list, such as a row of a result.
    Row,
    /// The number of log events that the query of the document matched, behind its rows.
    Matched(u64),
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Mode {
    /// Between documents.
    #[default]
    Outside,
    /// In an object that may contain a list.
    Document,
    /// Between the objects of a list.
    List,
    /// In an object of a list.
    Element,
    /// After the list of a document.
    Rest,
}

/// The whole part of a number. One with an exponent counts as the greatest: Java writes one from ten million on, and a
/// result has ten thousand rows at most.
#[derive(Debug, Default)]
struct Number {
    whole: u64,
    is_in_fraction: bool,
}

impl Number {
    fn read(&mut self, byte: u8) {
        match byte {
            b'0'..=b'9' if !self.is_in_fraction => {
                let digit = u64::from(byte & 0xf);
                self.whole = self.whole.saturating_mul(10).saturating_add(digit);
            }
            b'.' => self.is_in_fraction = true,
            b'e' | b'E' => (self.whole, self.is_in_fraction) = (u64::MAX, true),
            _ => {}
        }
    }
}

/// The state between two chunks of text.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    mode: Mode,
    depth: usize,
    /// The depth of the list.
    list_depth: usize,
    /// The depth around the current object of the list, which is greater in a list within it.
    object_depth: usize,
    is_in_string: bool,
    is_escaped: bool,
    /// The last text directly in the document, or in the numbers of a query.
    key: Vec<u8>,
    /// The key whose value is read, directly in the document.
    name: Vec<u8>,
    /// The number of log events that the query matched, while it is read.
    number: Option<Number>,
    matched: Option<u64>,
    object: Vec<u8>,
    is_too_long: bool,
    max_bytes: usize,
}

impl Splitter {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            ..Self::default()
        }
    }

    /// Reads a chunk.
    pub(super) fn read<E>(
        &mut self,
        chunk: &[u8],
        mut emit: impl FnMut(Part<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        for &byte in chunk {
            self.keep(byte);
            if self.is_in_string {
                self.read_in_string(byte, &mut emit)?;
                continue;
            }
            match byte {
                b'"' if self.mode != Mode::Outside => {
                    self.is_in_string = true;
                    self.key.clear();
                }
                b':' if self.depth == 1 => self.name.clone_from(&self.key),
                b':' if self.is_in_statistics() && self.key == MATCHED => {
                    self.number = Some(Number::default());
                }
                b',' if self.depth == 1 => self.name.clear(),
                b',' => self.end_number(),
                b'{' | b'[' => self.open(byte, &mut emit)?,
                b'}' | b']' => self.close(byte, &mut emit)?,
                byte => {
                    if let Some(number) = &mut self.number {
                        number.read(byte);
                    }
                }
            }
        }
        Ok(())
    }

    /// Returns whether the text is between the numbers of a query.
    fn is_in_statistics(&self) -> bool {
        self.depth == 2
            && matches!(self.mode, Mode::Document | Mode::Rest)
            && self.name == STATISTICS
    }

    /// Ends the number of log events that the query matched.
    fn end_number(&mut self) {
        if let Some(number) = self.number.take() {
            self.matched = Some(number.whole);
        }
    }

    /// Ends the text.
    pub(super) fn end<E>(self, mut emit: impl FnMut(Part<'_>) -> Result<(), E>) -> Result<(), E> {
        match self.mode {
            Mode::Outside => Ok(()),
            _ => emit(Part::Broken),
        }
    }

    fn read_in_string<E>(
        &mut self,
        byte: u8,
        emit: &mut impl FnMut(Part<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        match byte {
            // JSON has no line break in a text: this one was cut off.
            b'\n' => {
                *self = Self::new(self.max_bytes);
                return emit(Part::Broken);
            }
            _ if self.is_escaped => self.is_escaped = false,
            b'\\' => self.is_escaped = true,
            b'"' => {
                self.is_in_string = false;
                if self.depth == 1 && self.is_cut() {
                    self.name.clear();
                    return emit(Part::Cut);
                }
            }
            _ if self.key.len() < MAX_KEY && (self.depth == 1 || self.is_in_statistics()) => {
                self.key.push(byte);
            }
            _ => {}
        }
        Ok(())
    }

    /// Returns whether the text directly in the document says that there is more.
    fn is_cut(&self) -> bool {
        match self.name.as_slice() {
            b"status" => UNFINISHED.contains(&self.key.as_slice()),
            name => TOKENS.contains(&name) && !self.key.is_empty(),
        }
    }

    fn keep(&mut self, byte: u8) {
        if !matches!(self.mode, Mode::Document | Mode::Element) || self.is_too_long {
            return;
        }
        if self.object.len() < self.max_bytes {
            self.object.push(byte);
        } else {
            self.is_too_long = true;
            self.object = Vec::new();
        }
    }

    fn open<E>(
        &mut self,
        byte: u8,
        emit: &mut impl FnMut(Part<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.depth = self.depth.saturating_add(1);
        match (self.mode, byte) {
            (Mode::Outside, b'{') => {
                self.matched = None;
                self.begin(Mode::Document);
            }
            (Mode::Outside, _) => {
                self.mode = Mode::List;
                self.list_depth = self.depth;
            }
            (Mode::List, b'{') => {
                self.object_depth = self.depth.saturating_sub(1);
                self.begin(Mode::Element);
            }
            (Mode::List, _) if self.depth == self.list_depth.saturating_add(1) => emit(Part::Row)?,
            (Mode::Document, b'[') if self.depth == 2 && LISTS.contains(&self.key.as_slice()) => {
                self.mode = Mode::List;
                self.list_depth = self.depth;
                let head = match self.is_too_long {
                    true => Part::TooLong,
                    false => Part::Head(&self.object),
                };
                emit(head)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn close<E>(
        &mut self,
        byte: u8,
        emit: &mut impl FnMut(Part<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.end_number();
        self.depth = self.depth.saturating_sub(1);
        match self.mode {
            Mode::Document if self.depth == 0 => {
                self.mode = Mode::Outside;
                self.emit_object(emit)?;
            }
            Mode::Element if self.depth == self.object_depth => {
                self.mode = Mode::List;
                self.emit_object(emit)?;
            }
            Mode::List if byte == b']' && self.depth < self.list_depth => {
                self.mode = match self.depth {
                    0 => Mode::Outside,
                    _ => Mode::Rest,
                };
            }
            Mode::Rest if self.depth == 0 => {
                self.mode = Mode::Outside;
                if let Some(matched) = self.matched.take() {
                    emit(Part::Matched(matched))?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn begin(&mut self, mode: Mode) {
        self.mode = mode;
        self.key.clear();
        self.name.clear();
        self.object.clear();
        self.object.push(b'{');
        self.is_too_long = false;
    }

    fn emit_object<E>(&self, emit: &mut impl FnMut(Part<'_>) -> Result<(), E>) -> Result<(), E> {
        match self.is_too_long {
            true => emit(Part::TooLong),
            false => emit(Part::Object(&self.object)),
        }
    }
}
