//! The file format of the AWS configuration, as the AWS CLI reads it: Python's `configparser.RawConfigParser`
//! in its strict mode, and botocore's nested values (`botocore/configloader.py`).

use std::collections::{BTreeMap, HashMap};

/// The sections of a file with their names, in the order of the file.
pub(crate) type Sections = Vec<(String, Section)>;
/// The settings of a section, by name in lower case.
pub(crate) type Section = BTreeMap<String, String>;

/// The section whose settings every other section inherits, unless it sets them itself.
const DEFAULTS: &str = "DEFAULT";

/// The most settings that all sections together may inherit: our choice. Each inherited setting is
/// a copy.
const MAX_INHERITED: usize = 100_000;

/// Parses a file.
///
/// - A setting is `name = value` or `name: value`; names are folded to lower case.
/// - A line that is indented deeper than the setting before it continues its value.
/// - Lines that begin with `#` or `;` are comments; within a value these characters are text.
/// - A byte order mark at the start is ignored. (The AWS CLI refuses the file.)
///
/// # Errors
///
/// The line and the reason, where the AWS CLI would fail too: a setting before the first section, a line that
/// is neither section nor setting, or a section or setting that occurs twice.
pub(crate) fn parse(text: &str) -> Result<Sections, String> {
    let content = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut sections = Sections::new();
    let mut defaults = Section::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    // Whether a section is open, the open setting in the section, and the setting's indentation.
    let mut is_open = false;
    let mut in_defaults = false;
    let mut open: Option<(String, usize)> = None;
    for (number, line) in (1_usize..).zip(content.lines()) {
        let wrong = |what: &str| Err(format!("line {number}: {what}"));
        let content = line.trim();
        if content.is_empty() || content.starts_with(['#', ';']) {
            continue;
        }
        let indent = line.len().saturating_sub(line.trim_start().len());
        let section = match (in_defaults, sections.last_mut()) {
            (true, _) => Some(&mut defaults),
            (false, last) => last.map(|(_, section)| section).filter(|_| is_open),
        };
        if let Some((name, depth)) = &open
            && indent > *depth
        {
            if let Some(value) = section.and_then(|section| section.get_mut(name)) {
                value.push('\n');
                value.push_str(content);
            }
            continue;
        }
        if let Some(name) = header(content) {
            is_open = true;
            in_defaults = name == DEFAULTS;
            open = None;
            if !in_defaults {
                if places.insert(name, number).is_some() {
                    return wrong("a section of that name came before");
                }
                sections.push((name.to_owned(), Section::new()));
            }
            continue;
        }
        let Some(section) = section else {
            return wrong("a setting before the first `[section]`");
        };
        let Some((name, value)) = content.split_once(['=', ':']) else {
            return wrong("neither `[section]` nor `name = value`");
        };
        let name = name.trim_end().to_lowercase();
        if name.is_empty() {
            return wrong("a value without a name");
        }
        if section
            .insert(name.clone(), value.trim().to_owned())
            .is_some()
        {
            return wrong("a setting of that name came before in this section");
        }
        open = Some((name, indent));
    }
    if sections.len().saturating_mul(defaults.len()) > MAX_INHERITED {
        return Err(format!(
            "`[{DEFAULTS}]` has too many settings for so many sections"
        ));
    }
    for (_, section) in &mut sections {
        for (name, value) in &defaults {
            section.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    Ok(sections)
}

/// Returns the name in `[name]`; text after the last bracket is ignored.
fn header(line: &str) -> Option<&str> {
    let (name, _) = line.strip_prefix('[')?.rsplit_once(']')?;
    Some(name).filter(|name| !name.is_empty())
}

/// Parses the nested settings of a value, such as `sts =` with indented lines below it.
pub(crate) fn nested(value: &str) -> Option<Section> {
    let lines = value.strip_prefix('\n')?.lines();
    lines
        .map(|line| {
            let (name, value) = line.split_once('=')?;
            Some((name.trim().to_owned(), value.trim().to_owned()))
        })
        .collect()
}

/// Splits a section name into words as a shell does (`shlex.split`); `None` if a quote is open at the end.
pub(crate) fn words(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some('"'), '\\') => match chars.next()? {
                c @ ('"' | '\\') => word.get_or_insert_default().push(c),
                c => word.get_or_insert_default().extend(['\\', c]),
            },
            (Some(_), _) => word.get_or_insert_default().push(c),
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '\\') => word.get_or_insert_default().push(chars.next()?),
            (None, _) if c.is_whitespace() => words.extend(word.take()),
            (None, _) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get<'a>(sections: &'a Sections, section: &str, name: &str) -> Option<&'a str> {
        let (_, settings) = sections.iter().find(|(other, _)| other == section)?;
        settings.get(name).map(String::as_str)
    }

    /// Recorded from Python 3.11's `configparser`, as botocore 1.43.11 calls it.
    #[test]
    fn settings_are_read_as_the_aws_cli_reads_them() {
        let text = "# comment\n[default]\naws_access_key_id = AKIDX\nREGION: eu-west-1\n\n[other]\n  \
                    aws_access_key_id = AKIDY\n  aws_secret_access_key = s = t # u\n\
                    [services x]\nsts =\n  endpoint_url = https://a\n  b=c\n";
        let read = parse(text).unwrap();
        for (section, name, value) in [
            ("default", "aws_access_key_id", "AKIDX"),
            ("default", "region", "eu-west-1"),
            ("other", "aws_access_key_id", "AKIDY"),
            ("other", "aws_secret_access_key", "s = t # u"),
            ("services x", "sts", "\nendpoint_url = https://a\nb=c"),
        ] {
            assert_eq!(get(&read, section, name), Some(value));
        }
        let nested = nested(get(&read, "services x", "sts").unwrap()).unwrap();
        assert_eq!(nested.get("endpoint_url").unwrap(), "https://a");
        assert_eq!(super::nested("https://a"), None);
    }

    #[test]
    fn a_deeper_line_continues_the_value() {
        let read = parse("[a]\nx = 1\n  y = 2\nz = 3\n").unwrap();
        assert_eq!(get(&read, "a", "x"), Some("1\ny = 2"));
        assert_eq!(get(&read, "a", "z"), Some("3"));
    }

    #[test]
    fn a_byte_order_mark_and_carriage_returns_are_no_text() {
        let read = parse("\u{feff}[a]\r\nx = 1\r\n").unwrap();
        assert_eq!(get(&read, "a", "x"), Some("1"));
    }

    #[test]
    fn the_settings_of_default_in_capitals_are_inherited() {
        let read = parse("[a]\nx = 1\n[DEFAULT]\nx = 2\ny = 3\n[b]\n").unwrap();
        assert_eq!(get(&read, "a", "x"), Some("1"));
        assert_eq!(get(&read, "a", "y"), Some("3"));
        assert_eq!(get(&read, "b", "x"), Some("2"));
        assert_eq!(read.len(), 2);
        let settings: String = (0..1_000).map(|i| format!("k{i} = v\n")).collect();
        let sections: String = (0..1_000).map(|i| format!("[s{i}]\n")).collect();
        let why = parse(&format!("[DEFAULT]\n{settings}{sections}")).unwrap_err();
        assert!(why.contains("too many settings"), "{why}");
    }

    #[test]
    fn a_mistake_has_its_line() {
        for (text, line) in [
            ("[a]\n= 1\n", "line 2: a value without"),
            ("a = 1\n", "line 1: a setting before"),
            ("[a]\nb\n", "line 2: neither"),
            ("[a]\nb=1\nb=2\n", "line 3: a setting of that name"),
            ("[a]\n[b]\n[a]\n", "line 3: a section of that name"),
        ] {
            let why = parse(text).unwrap_err();
            assert!(why.starts_with(line), "{why}");
        }
    }

    #[test]
    fn names_are_split_as_a_shell_does() {
        for (text, expected) in [
            ("profile dev", &["profile", "dev"][..]),
            ("profile \"my prof\"", &["profile", "my prof"]),
            ("profile 'é \"x\"'", &["profile", "é \"x\""]),
            ("profile my\\ prof", &["profile", "my prof"]),
            ("profile a b", &["profile", "a", "b"]),
            ("profile \"\"", &["profile", ""]),
        ] {
            assert_eq!(words(text).unwrap(), expected, "{text}");
        }
        assert_eq!(words("profile \"open"), None);
    }
}
