//! The report as aligned, coloured text; `program::output` strips the colours if the output is no terminal.

use std::fmt::{Result, Write as _};

use anstyle::{AnsiColor, Style};
use printable_text::Printable;

use crate::report::{Caller, Check, Report};

const HEAD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const YES: Style = AnsiColor::Green.on_default();
const NO: Style = AnsiColor::Red.on_default();
const WARN: Style = AnsiColor::Yellow.on_default();

pub(crate) fn text(report: &Report) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = print_report(report, &mut text);
    text
}

fn print_report(report: &Report, out: &mut String) -> Result {
    for problem in &report.problems {
        writeln!(out, "{WARN}problem{WARN:#}  {}", Printable::new(problem))?;
    }
    for (kind, count) in &report.skipped {
        writeln!(
            out,
            "{DIM}skipped  {count} of kind {}{DIM:#}",
            Printable::new(kind)
        )?;
    }
    if !report.problems.is_empty() || !report.skipped.is_empty() {
        writeln!(out)?;
    }
    for caller in &report.callers {
        print_caller(caller, out)?;
    }
    if !report.refused_tokens.is_empty() {
        writeln!(out, "{HEAD}refused tokens{HEAD:#}")?;
        let width = widest(
            report
                .refused_tokens
                .iter()
                .map(|token| token.what.as_str()),
        );
        for token in &report.refused_tokens {
            writeln!(
                out,
                "  {NO}no{NO:#}   {:width$}  {} {DIM}({}){DIM:#}",
                token.what, token.message, token.code
            )?;
        }
    }
    Ok(())
}

fn print_caller(caller: &Caller, out: &mut String) -> Result {
    writeln!(out, "{HEAD}{}{HEAD:#}", Printable::new(&caller.name))?;
    let token = &caller.token;
    writeln!(
        out,
        "  token     {}{DIM}… {} characters, valid until {}{DIM:#}",
        token.begins, token.length, token.expires_at
    )?;
    if let Some(identity) = &caller.identity {
        writeln!(out, "  identity  {}", Printable::new(&identity.arn))?;
    }
    if let Some(user) = &caller.user {
        writeln!(out, "  user      {}", Printable::new(&user.username))?;
        writeln!(out, "  groups    {}", join(&user.groups))?;
    }
    if let Some(refused) = &caller.refused {
        let (message, code) = (Printable::new(&refused.message), &refused.code);
        writeln!(out, "  {NO}refused{NO:#}   {message} {DIM}({code}){DIM:#}")?;
    }
    let width = widest(caller.checks.iter().map(|check| check.question.as_str()));
    for check in &caller.checks {
        print_check(check, width, out)?;
    }
    writeln!(out)
}

fn print_check(check: &Check, width: usize, out: &mut String) -> Result {
    let (question, reason) = (
        Printable::new(&check.question).to_string(),
        Printable::new(&check.reason),
    );
    match check.allowed {
        true => writeln!(out, "  {YES}yes{YES:#}  {question:width$}  {reason}")?,
        false => writeln!(out, "  {NO}no{NO:#}   {question:width$}  {reason}")?,
    }
    for warning in &check.warnings {
        writeln!(
            out,
            "       {:width$}  {WARN}warning{WARN:#}: {}",
            "",
            Printable::new(warning)
        )?;
    }
    Ok(())
}

fn widest<'a>(texts: impl Iterator<Item = &'a str>) -> usize {
    texts
        .map(|text| text.chars().count())
        .max()
        .unwrap_or_default()
}

fn join(texts: &[String]) -> String {
    let texts: Vec<String> = texts
        .iter()
        .map(|text| Printable::new(text).to_string())
        .collect();
    texts.join(", ")
}
