//! Reads a long text in pieces, on several threads.
//!
//! # Why the result is the same as for the whole text
//!
//! A piece ends in front of a line that starts with `---`, or with an item of a list at the column of its items.
//! If `libyaml` reads a piece without an error, then no quoted text and no bracket is open at its end. Every
//! block and plain scalar ends at such a line, since the line is not indented more than the list. So the parser
//! would be in the state in which the next piece starts: at the start of a document, or in a list under a key of
//! the root. Two checks make sure that this is the guessed list: the key of the last entry of the root is at the
//! offset of the line from which the cut was guessed, and the value of the entry is a list.
//!
//! A piece that refers to an anchor of another piece has an error. After any error, [`Reader`] reads the
//! text as a whole, to find the error and its position. So the cost is at most twice the cost of reading
//! the whole text.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::Reader;
use super::pieces::{ListKey, Piece, cut};
use crate::error::Error;
use crate::limits::Limits;
use crate::node::{Mapping, Node};

/// Pieces that are parsed before the first of their documents is returned, for each thread. Our choice: with
/// more pieces, threads wait less for the slowest piece, but they take more memory.
const PIECES_AT_ONCE: usize = 4;

/// Reads the documents of a text in pieces.
#[derive(Debug)]
pub(crate) struct SplitReader<'a> {
    text: &'a str,
    skipped: usize,
    limits: Limits,
    pieces: VecDeque<Piece<'a>>,
    /// Documents that are parsed.
    ready: VecDeque<Node>,
    /// How many were returned.
    returned: usize,
    /// The cost of the nodes so far.
    spent: usize,
    /// Reads the text as a whole, if it has an error.
    whole: Option<Box<Reader<'a>>>,
}

/// The content of a piece.
struct Parsed {
    documents: Vec<Node>,
    spent: usize,
    has_merge_key: bool,
}

impl<'a> SplitReader<'a> {
    /// Starts reading a text that has passed [`precheck`](super::precheck).
    pub(crate) fn new(text: &'a str, skipped: usize, limits: &Limits) -> Self {
        let pieces = match text.len() > limits.piece_bytes() {
            true => cut(text, limits.piece_bytes()),
            false => Vec::new(),
        };
        let whole = (pieces.len() < 2).then(|| Box::new(Reader::new(text, skipped, limits)));
        Self {
            text,
            skipped,
            limits: *limits,
            pieces: pieces.into(),
            ready: VecDeque::new(),
            returned: 0,
            spent: 0,
            whole,
        }
    }

    /// Reads the next document that is not null. `None` after the last one.
    ///
    /// After an error it must not be called again: `yaml_serde` repeats a syntax error for ever.
    pub(crate) fn next_document(&mut self) -> Option<Result<Node, Error>> {
        loop {
            if let Some(whole) = &mut self.whole {
                return whole.next_document();
            }
            if let Some(node) = self.ready.pop_front() {
                self.returned = self.returned.saturating_add(1);
                return Some(Ok(node));
            }
            if self.pieces.is_empty() {
                return None;
            }
            match self.read_pieces() {
                Some(documents) => self.ready = documents.into(),
                None => self.read_whole(),
            }
        }
    }

    /// Reads the rest of the documents from the text as a whole.
    fn read_whole(&mut self) {
        let mut whole = Reader::new(self.text, self.skipped, &self.limits);
        for _ in 0..self.returned {
            whole.next_document();
        }
        self.pieces.clear();
        self.whole = Some(Box::new(whole));
    }

    /// Reads the next pieces, up to the end of a document. `None` if the guess about a piece was wrong.
    fn read_pieces(&mut self) -> Option<Vec<Node>> {
        let at_once = self.limits.threads().get().saturating_mul(PIECES_AT_ONCE);
        let mut pieces = Vec::new();
        while let Some(piece) = self.pieces.front() {
            if pieces.len() >= at_once && piece.continued.is_none() {
                break;
            }
            pieces.extend(self.pieces.pop_front());
        }
        let mut documents = Vec::new();
        for (piece, parsed) in pieces
            .iter()
            .zip(parse_all(&pieces, self.skipped, &self.limits)?)
        {
            self.spent = self.spent.saturating_add(parsed.spent);
            match piece.continued {
                None => documents.extend(parsed.documents),
                // The entries of a merge key come last.
                Some(_) if parsed.has_merge_key => return None,
                Some(key) => join(&mut documents, parsed.documents, key, self.skipped)?,
            }
        }
        (self.spent <= self.limits.budget(self.text.len())).then_some(documents)
    }
}

/// Parses pieces on the threads that the limits allow. `None` if one cannot be parsed.
fn parse_all(pieces: &[Piece<'_>], skipped: usize, limits: &Limits) -> Option<Vec<Parsed>> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut parsed = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(piece) = pieces.get(number) else {
                return Some(parsed);
            };
            match parse_piece(piece, skipped, limits) {
                Some(one) => parsed.push((number, one)),
                None => {
                    // The other pieces need not be parsed.
                    next.store(pieces.len(), Ordering::Relaxed);
                    return None;
                }
            }
        }
    };
    let threads = limits.threads().get().min(pieces.len());
    let mut parsed = thread::scope(|scope| {
        let others: Vec<_> = (1..threads)
            // Without another thread, this thread does all the work.
            .map_while(|_| thread::Builder::new().spawn_scoped(scope, work).ok())
            .collect();
        let mut parsed = work();
        for other in others {
            let more = other.join().ok().flatten();
            parsed = parsed.zip(more).map(|(mut parsed, more)| {
                parsed.extend(more);
                parsed
            });
        }
        parsed
    })?;
    parsed.sort_by_key(|(number, _)| *number);
    Some(parsed.into_iter().map(|(_, parsed)| parsed).collect())
}

fn parse_piece(piece: &Piece<'_>, skipped: usize, limits: &Limits) -> Option<Parsed> {
    let before = piece.start.saturating_add(skipped);
    match piece.continued {
        None => parse(piece.text, before, limits),
        Some(key) => {
            let head = format!("{}:\n", key.name);
            // The line of the key is as long, so the piece is not nearer to the start of the text.
            let before = before.saturating_sub(head.len());
            parse(&(head + piece.text), before, limits)
        }
    }
}

fn parse(text: &str, skipped: usize, limits: &Limits) -> Option<Parsed> {
    let mut reader = Reader::new(text, skipped, limits);
    let mut documents = Vec::new();
    while let Some(document) = reader.next_document() {
        documents.push(document.ok()?);
    }
    Some(Parsed {
        documents,
        spent: reader.spent(),
        has_merge_key: reader.has_merge_key(),
    })
}

/// Appends the documents of a piece. The first of them must continue the last document so far. `None` if
/// it does not.
fn join(
    documents: &mut Vec<Node>,
    more: Vec<Node>,
    key: ListKey<'_>,
    skipped: usize,
) -> Option<()> {
    let mut more = more.into_iter();
    let (Some(Node::Mapping(root)), Some(Node::Mapping(mut rest))) =
        (documents.last_mut(), more.next())
    else {
        return None;
    };
    let mut rest = std::mem::take(rest.entries_mut()).into_iter();
    let (_, Node::Sequence(items)) = rest.next()? else {
        return None;
    };
    list_of(root, key, skipped)?.extend(items);
    root.entries_mut().extend(rest);
    documents.extend(more);
    Some(())
}

/// Returns the list in the last entry of a mapping, if the key of that entry has the same offset as
/// the given key.
fn list_of<'m>(
    root: &'m mut Mapping,
    key: ListKey<'_>,
    skipped: usize,
) -> Option<&'m mut Vec<Node>> {
    let offset = key.offset.saturating_add(skipped);
    match root.entries_mut().last_mut()? {
        (name, Node::Sequence(items)) if name.offset() == Some(offset) => Some(items),
        _ => None,
    }
}
