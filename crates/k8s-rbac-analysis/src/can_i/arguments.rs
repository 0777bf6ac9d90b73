//! Splits a line into arguments and flags.

use crate::can_i::Error;

/// The arguments and flags of one question.
#[derive(Debug, Default)]
pub(super) struct Arguments<'w> {
    pub(super) arguments: Vec<&'w str>,
    pub(super) namespace: Option<&'w str>,
    pub(super) is_in_all_namespaces: bool,
    pub(super) subresource: &'w str,
}

impl<'w> Arguments<'w> {
    // As upstream: pflag. A flag's value is the next word or follows `=`. If a flag is given twice,
    // the last one counts. Everything after `--` is an argument.
    pub(super) fn read(words: impl IntoIterator<Item = &'w str>) -> Result<Self, Error> {
        let mut read = Self::default();
        let mut words = words.into_iter().zip(1_usize..);
        while let Some((word, number)) = words.next() {
            if word == "--" {
                read.arguments.extend(words.by_ref().map(|(word, _)| word));
                break;
            }
            if word == "-" || !word.starts_with('-') {
                read.arguments.push(word);
                continue;
            }
            let (flag, mut value) = match word.split_once('=') {
                Some((flag, value)) => (flag, Some(value)),
                None => (word, None),
            };
            let mut take_value = || match value.take().or_else(|| Some(words.next()?.0)) {
                // No namespace or subresource begins with a dash, so this is a flag.
                Some(value) if !value.starts_with('-') => Ok(value),
                _ => Err(Error::MissingValue(number)),
            };
            match flag {
                // After a flag of one letter, pflag skips `=` only before a value.
                "-n" if word == "-n=" => read.namespace = Some("="),
                "-n" | "--namespace" => read.namespace = Some(take_value()?),
                "--subresource" => read.subresource = take_value()?,
                "-A" | "--all-namespaces" => {
                    let is_set = value.map_or(Some(true), parse_bool);
                    read.is_in_all_namespaces = is_set.ok_or(Error::NotABoolean(number))?;
                }
                _ => match word.strip_prefix("-n") {
                    Some(namespace) => read.namespace = Some(namespace),
                    None => return Err(Error::UnknownFlag(number)),
                },
            }
        }
        Ok(read)
    }
}

/// Parses a boolean as pflag does, with Go's `strconv.ParseBool`.
fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// Splits a line at white space and removes quotes around words, because users copy `can-i '*' '*'`
/// from a shell.
pub(super) fn split(line: &str) -> impl Iterator<Item = &str> {
    line.split_ascii_whitespace().map(|word| {
        let inner = |quote| word.strip_prefix(quote)?.strip_suffix(quote);
        inner('\'').or_else(|| inner('"')).unwrap_or(word)
    })
}
