//! Collects problems and finds their positions in the whole text.

use std::cell::OnceCell;

use bounded_yaml::{Error, LineIndex, Node, Position, Syntax};

use super::slip;
use crate::problem::{Location, Problem, ProblemKind};
use crate::rules::Place;

/// The place of a text that is read within the text that was given.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TextFrame {
    /// It is the given text.
    Here,
    /// Each of its lines is a line of the given text, `lines` further down and indented by
    /// `columns`.
    Block { lines: usize, columns: usize },
    /// It is somewhere in this line, with escapes, so columns cannot be mapped.
    Line(usize),
}

/// Collects problems, each with its position.
pub(crate) struct ProblemSink<'s> {
    text: &'s str,
    frame: TextFrame,
    /// Built when the first position is needed.
    lines: OnceCell<LineIndex<'s>>,
    problems: &'s mut Vec<Problem>,
}

impl<'s> ProblemSink<'s> {
    pub(crate) const fn new(
        text: &'s str,
        frame: TextFrame,
        problems: &'s mut Vec<Problem>,
    ) -> Self {
        Self {
            text,
            frame,
            lines: OnceCell::new(),
            problems,
        }
    }

    /// Reports a problem at a byte offset of the text.
    pub(crate) fn report(&mut self, kind: ProblemKind, at: Location, offset: Option<usize>) {
        let position = offset.map(|offset| self.position(offset));
        self.push(kind, at, position);
    }

    /// Reports each of the keys that a mapping has twice. Returns the place of the first, if there is one.
    pub(crate) fn report_repeated(&mut self, node: &Node, keys: &[&'static str]) -> Option<Place> {
        let entries = node.as_mapping()?.entries();
        let mut repeated = None;
        for key in keys {
            let mut same = entries.iter().filter(|(own, _)| own.text() == *key);
            let first = same.next();
            for (again, _) in same {
                let line = first.and_then(|(first, _)| self.locate(first.offset()).line());
                let kind = ProblemKind::DuplicateSetting(key, line);
                self.report(kind, Location::FILE, again.offset());
                repeated = repeated.or_else(|| Some(self.locate(again.offset())));
            }
        }
        repeated
    }

    /// Returns the number of problems so far.
    pub(crate) const fn count(&self) -> usize {
        self.problems.len()
    }

    /// Withdraws the problems of a kind, except among the first `count` problems.
    pub(crate) fn withdraw(&mut self, count: usize, kind: ProblemKind) {
        let later = self.problems.split_off(count.min(self.problems.len()));
        self.problems
            .extend(later.into_iter().filter(|problem| problem.kind() != kind));
    }

    /// Reports that the text cannot be parsed as YAML. Returns where.
    pub(crate) fn report_error(&mut self, error: &Error, at: Location) -> Place {
        let (kind, position) = self.diagnose(error);
        self.push(kind, at, position);
        let (line, column) = self.in_whole(position);
        Place::new(line, column)
    }

    /// Reports that the text cannot be parsed as JSON.
    pub(crate) fn report_json_error(&mut self, error: &Error) {
        let kind = match error {
            Error::TooDeep { .. }
            | Error::TooExpanded { .. }
            | Error::TooLong { .. }
            | Error::TooMuchWhitespace(_) => ProblemKind::TooLarge,
            _ => ProblemKind::NotJson,
        };
        self.push(kind, Location::FILE, error.position());
    }

    fn diagnose(&self, error: &Error) -> (ProblemKind, Option<Position>) {
        let position = error.position();
        let kind = match error {
            Error::TooDeep { .. }
            | Error::TooExpanded { .. }
            | Error::TooLong { .. }
            | Error::TooMuchWhitespace(_) => ProblemKind::TooLarge,
            Error::AnchorRedefined(_) | Error::UnknownAnchor(_) => ProblemKind::Alias,
            Error::Binary(_) => ProblemKind::BinaryTag,
            _ => {
                let slip = position.and_then(|at| slip::find(self.text, at.line()));
                if let Some(slip) = slip {
                    return (slip.kind, Some(Position::new(slip.line, slip.column)));
                }
                match error {
                    Error::Syntax {
                        reason: Syntax::Tab,
                        ..
                    } => ProblemKind::Tab,
                    Error::Syntax {
                        reason: Syntax::Unclosed,
                        ..
                    } => ProblemKind::Unclosed,
                    _ => ProblemKind::Syntax,
                }
            }
        };
        (kind, position)
    }

    fn push(&mut self, kind: ProblemKind, at: Location, position: Option<Position>) {
        let (line, column) = self.in_whole(position);
        self.problems.push(Problem::new(kind, at).on(line, column));
    }

    fn in_whole(&self, position: Option<Position>) -> (Option<usize>, Option<usize>) {
        let line = position.map(Position::line);
        let column = position.map(Position::column);
        match self.frame {
            TextFrame::Here => (line, column),
            TextFrame::Block { lines, columns } => (
                // A problem without a line is reported at the block's header, or at line 1.
                Some(line.map_or_else(|| lines.max(1), |line| line.saturating_add(lines))),
                column.map(|column| column.saturating_add(columns)),
            ),
            TextFrame::Line(line) => (Some(line), None),
        }
    }

    /// Converts a byte offset of this text to a position in the whole text.
    pub(crate) fn locate(&self, offset: Option<usize>) -> Place {
        let Some(offset) = offset else {
            return Place::default();
        };
        let (line, column) = self.in_whole(Some(self.position(offset)));
        Place::new(line, column)
    }

    /// Returns whether the scalar at a byte offset is quoted. A scalar with an unknown offset has
    /// escapes, so it is quoted.
    pub(crate) fn is_quoted(&self, offset: Option<usize>) -> bool {
        let bytes = self.text.as_bytes();
        let is_quote = |at: usize| matches!(bytes.get(at), Some(b'"' | b'\''));
        offset.is_none_or(|at| is_quote(at) || at.checked_sub(1).is_some_and(is_quote))
    }

    fn position(&self, offset: usize) -> Position {
        self.lines
            .get_or_init(|| LineIndex::new(self.text))
            .position(offset)
    }
}
