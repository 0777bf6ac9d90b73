//! Usernames and group names with placeholders.

use std::fmt;

use printable_text::Printable;

use crate::dialect::Dialect;

/// A placeholder.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "upstream has exactly these five")]
pub enum Placeholder {
    /// The access key id that signed the request.
    AccessKeyId,
    /// The twelve digits of the account.
    AccountId,
    /// The private DNS name of the EC2 instance that the session name identifies.
    Ec2PrivateDnsName,
    /// The session name, each `@` replaced by `-`.
    SessionName,
    /// The session name unchanged.
    SessionNameRaw,
}

impl Placeholder {
    /// Every placeholder.
    pub const ALL: [Self; 5] = [
        Self::AccessKeyId,
        Self::AccountId,
        Self::Ec2PrivateDnsName,
        Self::SessionName,
        Self::SessionNameRaw,
    ];

    /// Returns the name between the braces.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccessKeyId => "AccessKeyID",
            Self::AccountId => "AccountID",
            Self::Ec2PrivateDnsName => "EC2PrivateDNSName",
            Self::SessionName => "SessionName",
            Self::SessionNameRaw => "SessionNameRaw",
        }
    }
}

/// The spelling of a placeholder.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "there are exactly two")]
pub enum Spelling {
    /// `<<SessionName>>`, which needs no quotes in YAML. Upstream treats it as literal text.
    Angles,
    /// `{{SessionName}}`, upstream's.
    Braces,
}

impl Spelling {
    const fn open(self) -> &'static str {
        match self {
            Self::Angles => "<<",
            Self::Braces => "{{",
        }
    }

    const fn close(self) -> &'static str {
        match self {
            Self::Angles => ">>",
            Self::Braces => "}}",
        }
    }
}

/// A name with placeholders, parsed once.
///
/// Every text is a template. Text that is not a placeholder is literal, including a placeholder with
/// an unknown name or with spaces. If placeholders overlap, the leftmost wins. So
/// `x{{{SessionName}}}` is `x{`, the session name, and `}`.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Template {
    segments: Vec<Segment>,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum Segment {
    Text(String),
    Placeholder(Placeholder, Spelling),
}

impl Segment {
    fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Placeholder(..) => None,
        }
    }
}

impl Template {
    /// Parses a text. Both spellings are placeholders.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self::parse_spelled(text, &[Spelling::Braces, Spelling::Angles])
    }

    /// Parses a text as the authenticator of a dialect does; see
    /// [`Dialect::has_angle_placeholders`].
    #[must_use]
    pub fn parse_in(text: &str, dialect: Dialect) -> Self {
        if dialect.has_angle_placeholders() {
            Self::parse(text)
        } else {
            Self::parse_spelled(text, &[Spelling::Braces])
        }
    }

    fn parse_spelled(text: &str, spellings: &[Spelling]) -> Self {
        let mut segments = Vec::new();
        let mut rest = text;
        let mut literal = String::new();
        while let Some(at) = rest.find(['{', '<']) {
            let (before, tail) = rest.split_at_checked(at).unwrap_or((rest, ""));
            literal.push_str(before);
            if let Some((placeholder, spelling, after)) = placeholder_at(tail, spellings) {
                if !literal.is_empty() {
                    segments.push(Segment::Text(std::mem::take(&mut literal)));
                }
                segments.push(Segment::Placeholder(placeholder, spelling));
                rest = after;
            } else {
                // Both brackets are one byte.
                let (bracket, after) = tail.split_at_checked(1).unwrap_or((tail, ""));
                literal.push_str(bracket);
                rest = after;
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            segments.push(Segment::Text(literal));
        }
        Self { segments }
    }

    /// Returns the text that the template was parsed from.
    #[must_use]
    pub fn source(&self) -> String {
        self.segments
            .iter()
            .map(|segment| match segment {
                Segment::Text(text) => text.clone(),
                Segment::Placeholder(placeholder, spelling) => written(*placeholder, *spelling),
            })
            .collect()
    }

    /// Returns the placeholders in order.
    pub fn placeholders(&self) -> impl Iterator<Item = (Placeholder, Spelling)> + '_ {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Text(_) => None,
            Segment::Placeholder(placeholder, spelling) => Some((*placeholder, *spelling)),
        })
    }

    /// Returns the literal texts between the placeholders.
    #[cfg(feature = "yaml")]
    pub(crate) fn literals(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(Segment::as_text)
    }

    /// Returns the literal text before the first of the selected placeholders, and after the last.
    #[cfg(feature = "yaml")]
    pub(crate) fn text_around(&self, is_one: impl Fn(Placeholder) -> bool) -> (String, String) {
        let is_text =
            |segment: &&Segment| !matches!(segment, Segment::Placeholder(name, _) if is_one(*name));
        let before = self.segments.iter().take_while(is_text);
        let before = before.filter_map(Segment::as_text).collect();
        let after = self.segments.iter().rev().take_while(is_text);
        let mut after: Vec<&str> = after.filter_map(Segment::as_text).collect();
        after.reverse();
        (before, after.concat())
    }

    /// Replaces the placeholders with their values in one pass. A value is literal, even if it
    /// contains a placeholder.
    ///
    /// # Errors
    ///
    /// The error that `value` returns for the first placeholder without a value.
    // DIFFERENCE: upstream replaces one placeholder after another in the whole text, so a value can
    // complete a later placeholder (pkg/server/server.go, renderTemplate).
    pub(crate) fn render<'v, E>(
        &self,
        is_upstream_only: bool,
        value: impl Fn(Placeholder) -> Result<std::borrow::Cow<'v, str>, E>,
    ) -> Result<String, E> {
        let literal = self.segments.iter().filter_map(Segment::as_text);
        let mut rendered = String::with_capacity(literal.map(str::len).sum());
        for segment in &self.segments {
            match segment {
                Segment::Text(text) => rendered.push_str(text),
                Segment::Placeholder(placeholder, Spelling::Angles) if is_upstream_only => {
                    rendered.push_str(&written(*placeholder, Spelling::Angles));
                }
                Segment::Placeholder(placeholder, _) => rendered.push_str(&value(*placeholder)?),
            }
        }
        Ok(rendered)
    }
}

impl fmt::Display for Template {
    /// Prints the text that the template was parsed from, escaped for a terminal or a log. Use
    /// [`source`](Template::source) for the exact text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Printable::new(&self.source()).fmt(f)
    }
}

fn written(placeholder: Placeholder, spelling: Spelling) -> String {
    [spelling.open(), placeholder.name(), spelling.close()].concat()
}

/// Parses a placeholder at the start of a text.
fn placeholder_at<'t>(
    text: &'t str,
    spellings: &[Spelling],
) -> Option<(Placeholder, Spelling, &'t str)> {
    let spelling = spellings
        .iter()
        .copied()
        .find(|spelling| text.starts_with(spelling.open()))?;
    let inner = text.strip_prefix(spelling.open())?;
    Placeholder::ALL.into_iter().find_map(|placeholder| {
        let after = inner
            .strip_prefix(placeholder.name())?
            .strip_prefix(spelling.close())?;
        Some((placeholder, spelling, after))
    })
}

#[cfg(test)]
mod tests {
    use super::{Placeholder, Template};
    use crate::dialect::Dialect;

    fn render(template: &str, is_upstream_only: bool) -> String {
        let value =
            |placeholder: Placeholder| Ok::<_, ()>(placeholder.name().to_lowercase().into());
        Template::parse(template)
            .render(is_upstream_only, value)
            .expect("every value is there")
    }

    #[test]
    fn both_spellings_of_the_five_names_are_placeholders() {
        for placeholder in Placeholder::ALL {
            let name = placeholder.name();
            assert_eq!(render(&format!("a:{{{{{name}}}}}-<<{name}>>"), false), {
                let value = name.to_lowercase();
                format!("a:{value}-{value}")
            });
        }
    }

    #[test]
    fn other_text_is_literal() {
        for text in [
            "",
            "plain",
            "{{ SessionName }}",
            "{{sessionname}}",
            "{{SessionName}",
            "{{SessionNam}}",
            "<<SessionName>",
            "{{SessionName>>",
            "<<SessionName}}",
            "{{Nope}}",
            "{{",
            "}}",
            "ü{{ü}}",
        ] {
            assert_eq!(render(text, false), text);
            assert_eq!(Template::parse(text).source(), text);
        }
    }

    #[test]
    fn the_leftmost_placeholder_wins() {
        assert_eq!(render("x{{{SessionName}}}", false), "x{sessionname}");
        assert_eq!(render("<<<SessionName>>>", false), "<sessionname>");
        assert_eq!(render("{{<<SessionName>>}}", false), "{{sessionname}}");
        assert_eq!(
            render("{{SessionName{{AccountID}}", false),
            "{{SessionNameaccountid"
        );
    }

    #[test]
    fn the_angle_spelling_can_be_literal() {
        assert_eq!(
            render("<<AccountID>>{{AccountID}}", true),
            "<<AccountID>>accountid"
        );
        let template = Template::parse_in("<<AccountID>>{{AccountID}}", Dialect::Eks);
        assert_eq!(template.placeholders().count(), 1);
        assert_eq!(template.source(), "<<AccountID>>{{AccountID}}");
    }
}
