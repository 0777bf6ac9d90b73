//! Parts of a log that are saved, so that a long log can be read by many machines.

use std::collections::HashMap;
use std::io;

use serde::{Deserialize, Serialize};
use serde_json::Serializer;
use serde_json::ser::Formatter;

use super::counts::AuditCounts;
use super::error::AuditError;
use super::log::AuditLog;
use super::open::{Counted, RequestId, Side};
use super::record::AuditRecord;

/// The version of the form. It grows if an older program would misread the form, or a newer program would lack a
/// part of it. Version 1 had no open requests, so a request in two parts counted twice.
const VERSION: u64 = 2;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Saved<'a> {
    version: u64,
    only: Option<&'a str>,
    counts: &'a AuditCounts,
    records: Vec<&'a AuditRecord>,
    /// Requests for which the log has only the first event.
    begun: Vec<OpenRequest>,
    /// Requests for which the log has only the last event.
    ended: Vec<OpenRequest>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OpenRequest {
    id: String,
    /// How often the event occurred.
    times: u64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_of_other_user: bool,
    /// The indexes of its records, each with how often an event counts there.
    records: Vec<(usize, u64)>,
}

/// The part that each version has.
#[derive(Deserialize)]
struct Versioned {
    version: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Read {
    #[serde(rename = "version")]
    _version: u64,
    only: Option<String>,
    counts: AuditCounts,
    records: Vec<AuditRecord>,
    begun: Vec<OpenRequest>,
    ended: Vec<OpenRequest>,
}

impl AuditLog {
    /// Returns the log as JSON, which [`from_saved`](Self::from_saved) reads. The text of a long log is several times as
    /// large as the log: [`save_to`](Self::save_to) writes it without having it in memory.
    ///
    /// # Errors
    ///
    /// [`AuditError::NotSaved`] is not expected: JSON can express every part of the form.
    pub fn save(&self) -> Result<String, AuditError> {
        let mut text = Vec::new();
        let saved = self.serialize_to(&mut text);
        saved.map_err(|error| not_saved(&error))?;
        String::from_utf8(text).map_err(|_| AuditError::NotSaved { line: 1, column: 1 })
    }

    /// Writes the log as [`save`](Self::save) returns it, in many small parts: a buffer makes that fast.
    ///
    /// # Errors
    ///
    /// The errors of the writer.
    pub fn save_to(&self, to: impl io::Write) -> io::Result<()> {
        self.serialize_to(to).map_err(io::Error::from)
    }

    fn serialize_to(&self, to: impl io::Write) -> serde_json::Result<()> {
        let records = self.numbered_records();
        let indexes: HashMap<usize, usize> = records
            .iter()
            .zip(0..)
            .map(|((number, _), index)| (*number, index))
            .collect();
        let open = |side| self.open_requests(side, &indexes);
        let saved = Saved {
            version: VERSION,
            only: self.only(),
            counts: self.counts(),
            records: records.into_iter().map(|(_, record)| record).collect(),
            begun: open(Side::Begin),
            ended: open(Side::End),
        };
        saved.serialize(&mut Serializer::with_formatter(to, Escaped))
    }

    /// Reads a log that was saved.
    ///
    /// # Errors
    ///
    /// [`AuditError::NotSaved`]; [`AuditError::SavedVersion`] for another version of the form;
    /// [`AuditError::TooLarge`].
    pub fn from_saved(text: &str) -> Result<Self, AuditError> {
        let versioned: Versioned = serde_json::from_str(text).map_err(|error| not_saved(&error))?;
        if versioned.version != VERSION {
            return Err(AuditError::SavedVersion(versioned.version));
        }
        let read: Read = serde_json::from_str(text).map_err(|error| not_saved(&error))?;
        let mut log = Self::new();
        log.set_only(read.only);
        log.set_counts(read.counts);
        let mut numbers = Vec::with_capacity(read.records.len());
        for record in read.records {
            numbers.push(log.insert(record)?);
        }
        for (side, requests) in [(Side::Begin, read.begun), (Side::End, read.ended)] {
            for request in requests {
                let (id, counted) = request
                    .resolve(&numbers)
                    .ok_or(AuditError::NotSaved { line: 1, column: 1 })?;
                log.remember(id, side, request.times, counted);
            }
        }
        Ok(log)
    }

    /// Lists the requests that had one event, from the index of each record by its number.
    fn open_requests(&self, side: Side, indexes: &HashMap<usize, usize>) -> Vec<OpenRequest> {
        let index = |(number, times): &(usize, u64)| Some((*indexes.get(number)?, *times));
        let requests = self.open().requests(side).into_iter();
        requests
            .map(|(id, times, counted)| {
                let mut records: Vec<_> = counted.records.iter().filter_map(index).collect();
                records.sort_unstable();
                OpenRequest {
                    id: id.to_text(),
                    times,
                    is_of_other_user: counted.is_of_other_user,
                    records,
                }
            })
            .collect()
    }
}

impl OpenRequest {
    /// Returns the request, given the number of each record by its index. `None` if there is no such record.
    fn resolve(&self, numbers: &[usize]) -> Option<(RequestId, Counted)> {
        let number = |(index, times): &(usize, u64)| Some((*numbers.get(*index)?, *times));
        let records: Option<Vec<_>> = self.records.iter().map(number).collect();
        let counted = Counted {
            is_of_other_user: self.is_of_other_user,
            records: records?,
        };
        Some((RequestId::parse(&self.id)?, counted))
    }
}

fn not_saved(error: &serde_json::Error) -> AuditError {
    AuditError::NotSaved {
        line: error.line(),
        column: error.column(),
    }
}

/// Compact JSON that escapes every character that a terminal or an agent that reads logs interprets, because any
/// client may have sent the text of a log.
struct Escaped;

impl Formatter for Escaped {
    fn write_string_fragment<W: io::Write + ?Sized>(
        &mut self,
        to: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut written = 0_usize;
        let mut last = ' ';
        for (at, character) in fragment.char_indices() {
            // Azure Pipelines reads `##[` and `##vso[` as commands.
            let is_plain = match character {
                '#' => last != '#',
                ' '..='~' => true,
                _ => !character.is_ascii() && character.escape_debug().len() == 1,
            };
            last = character;
            if is_plain {
                continue;
            }
            let plain = fragment.get(written..at).unwrap_or_default();
            to.write_all(plain.as_bytes())?;
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(to, "\\u{unit:04x}")?;
            }
            written = at.saturating_add(character.len_utf8());
        }
        to.write_all(fragment.get(written..).unwrap_or_default().as_bytes())
    }
}
