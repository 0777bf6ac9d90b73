//! Where in the whole text a problem is.

use std::cell::OnceCell;

use bounded_yaml::{Error, Position, Syntax};

use crate::problem::{Location, Problem, ProblemKind};
use crate::rules::{Place, Section};

/// How a text that is read lies in the text that was given.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TextFrame {
    /// It is that text.
    Here,
    /// Each of its lines is one of the given text, `lines` further down and indented by `columns`.
    Block { lines: usize, columns: usize },
    /// It stands somewhere in this line, with escapes.
    Line(usize),
}

/// How long a line may be for its columns to be counted: in JSON everything is in one line, and
/// counting anew for each problem would take quadratic time. Our choice.
const MAX_COLUMN: usize = 4096;

/// Takes problems, and gives each its place.
pub(crate) struct ProblemSink<'s> {
    text: &'s str,
    frame: TextFrame,
    section: Option<Section>,
    /// Where each line begins; made for the first problem.
    lines: OnceCell<Vec<usize>>,
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
            section: None,
            lines: OnceCell::new(),
            problems,
        }
    }

    pub(crate) const fn within(mut self, section: Section) -> Self {
        self.section = Some(section);
        self
    }

    /// Reports a problem at a byte of the text.
    pub(crate) fn report(&mut self, kind: ProblemKind, at: Location, offset: Option<usize>) {
        let place = offset.map(|offset| self.place(offset));
        let line = place.map(|(line, _)| line);
        self.push(kind, at, line, place.and_then(|(_, column)| column));
    }

    /// Reports that the text cannot be read.
    pub(crate) fn report_error(&mut self, error: &Error, at: Location) {
        let mut place = error.position();
        let kind = match error {
            Error::TooDeep { .. } | Error::TooExpanded { .. } | Error::TooLong { .. } => {
                ProblemKind::TooLarge
            }
            Error::AnchorRedefined(_) | Error::UnknownAnchor(_) => ProblemKind::Alias,
            _ => match self.unquoted_template(error.position()) {
                Some(found) => {
                    place = Some(found);
                    ProblemKind::UnquotedTemplate
                }
                None => match error {
                    Error::Syntax {
                        reason: Syntax::Tab,
                        ..
                    } => ProblemKind::Tab,
                    Error::Syntax {
                        reason: Syntax::Unclosed,
                        ..
                    } => ProblemKind::Unclosed,
                    _ => ProblemKind::Syntax,
                },
            },
        };
        self.push(
            kind,
            at,
            place.map(Position::line),
            place.map(Position::column),
        );
    }

    /// Reports that the text is no JSON.
    pub(crate) fn report_json_error(&mut self, error: &Error) {
        let kind = match error {
            Error::TooDeep { .. } | Error::TooExpanded { .. } | Error::TooLong { .. } => {
                ProblemKind::TooLarge
            }
            _ => ProblemKind::NotJson,
        };
        let place = error.position();
        self.push(
            kind,
            Location::FILE,
            place.map(Position::line),
            place.map(Position::column),
        );
    }

    fn push(
        &mut self,
        kind: ProblemKind,
        at: Location,
        line: Option<usize>,
        column: Option<usize>,
    ) {
        let (line, column) = self.in_whole(line, column);
        self.problems.push(Problem::new(kind, at).on(line, column));
    }

    fn in_whole(
        &self,
        line: Option<usize>,
        column: Option<usize>,
    ) -> (Option<usize>, Option<usize>) {
        match self.frame {
            TextFrame::Here => (line, column),
            TextFrame::Block { lines, columns } => (
                // What has no line of its own is told of the first, or of the header of a block.
                Some(line.map_or_else(|| lines.max(1), |line| line.saturating_add(lines))),
                column.map(|column| column.saturating_add(columns)),
            ),
            TextFrame::Line(line) => (Some(line), None),
        }
    }

    /// Returns where in the whole text a byte of this one is.
    pub(crate) fn locate(&self, offset: Option<usize>) -> Place {
        let Some(offset) = offset else {
            return Place::default();
        };
        let (line, column) = self.place(offset);
        let (line, column) = self.in_whole(Some(line), column);
        Place::new(line, column)
    }

    /// Returns whether the scalar that begins at a byte stands in quotes; of one with escapes, whose
    /// begin is not known, that is so.
    pub(crate) fn is_quoted(&self, offset: Option<usize>) -> bool {
        let bytes = self.text.as_bytes();
        let is = |at: usize| matches!(bytes.get(at), Some(b'"' | b'\''));
        offset.is_none_or(|at| is(at) || at.checked_sub(1).is_some_and(is))
    }

    fn place(&self, offset: usize) -> (usize, Option<usize>) {
        let begins = |text: &str| {
            std::iter::once(0)
                .chain(text.match_indices('\n').map(|(at, _)| at.saturating_add(1)))
                .collect()
        };
        let lines: &Vec<usize> = self.lines.get_or_init(|| begins(self.text));
        let line = lines.partition_point(|begin| *begin <= offset);
        let begin = lines.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let before = self
            .text
            .get(begin..offset)
            .filter(|before| before.len() <= MAX_COLUMN);
        (
            line,
            before.map(|before| before.chars().count().saturating_add(1)),
        )
    }

    /// Finds a value that begins with `{{` in the line of an error, or in the one before it: YAML
    /// takes it for the begin of a mapping, and fails somewhere behind.
    fn unquoted_template(&self, at: Option<Position>) -> Option<Position> {
        let line = at?.line();
        for number in [line, line.saturating_sub(1)] {
            let text = self.text.lines().nth(number.checked_sub(1)?)?;
            let found = [": {{", "- {{", "[{{", ", {{"]
                .into_iter()
                .find_map(|begin| Some(text.find(begin)?.saturating_add(begin.len())));
            if let Some(after) = found {
                let before = text.get(..after.saturating_sub(2)).unwrap_or("");
                return Some(Position::new(
                    number,
                    before.chars().count().saturating_add(1),
                ));
            }
        }
        None
    }
}
