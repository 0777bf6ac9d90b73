//! The sessions of a role whose names make a user or a group.

use std::collections::BTreeSet;
use std::fmt::{self, Display, Formatter};

use aws_auth_map::{Placeholder, Resolution, Template};
use iam_principal::{Identity, Kind, Principal};
use k8s_rbac::SubjectName;
use printable_text::Printable;

use super::Effective;
use crate::cluster::Cluster;
use crate::who::CallerArn;

/// A session of a role whose name makes a subject of the policy.
pub(crate) struct NamedSession {
    pub(crate) caller: CallerArn,
    pub(crate) principal: String,
    session: String,
}

impl Display for NamedSession {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let session = Printable::new(&self.session);
        write!(f, "{} with a session named {session}", self.principal)
    }
}

impl Cluster {
    /// Returns the sessions whose names make one of these subjects, each with a readable name. The users of other
    /// sessions of the same role differ only in name.
    pub(crate) fn named_sessions(&self, subjects: &BTreeSet<SubjectName>) -> Vec<NamedSession> {
        let effective = self.effective_rules();
        effective
            .iter()
            .flat_map(|one| {
                one.by_session(subjects)
                    .into_iter()
                    .filter_map(move |subject| {
                        let session = self.session_for(one, subject)??;
                        Some(NamedSession {
                            caller: one.with_session(&session)?,
                            principal: one.principal.clone(),
                            session,
                        })
                    })
            })
            .collect()
    }

    /// Returns whether a session makes the same user if its name has an `@` in place of each `-`.
    pub(super) fn is_at_sign_same(&self, of: &Effective<'_>, session: &str) -> bool {
        let user = |session: &str| {
            let (_, _, caller) = self.resolve(&of.with_session(session)?).ok()?;
            let user = caller?.user().clone();
            Some((user.username().to_owned(), user.groups().to_vec()))
        };
        let other = session.replace('-', "@");
        other != session && user(session).is_some_and(|own| user(&other) == Some(own))
    }

    /// Returns whether a rule can make a user or a group: `None` if it cannot, `Some(None)` if every
    /// session does, and the session name if only that session does.
    #[expect(
        clippy::option_option,
        reason = "no caller, any session, or a certain one"
    )]
    pub(crate) fn session_for(
        &self,
        of: &Effective<'_>,
        subject: &SubjectName,
    ) -> Option<Option<String>> {
        let Some(rule) = of.rule else {
            // The principals of an account are users named by their ARNs.
            let (SubjectName::User(name) | SubjectName::Group(name)) = subject;
            let is_of_account = Principal::parse(name).is_ok_and(|principal| {
                let account = of.authenticated.identity().account();
                principal.account() == account && principal.kind() != Kind::AssumedRole
            });
            let is_user = matches!(subject, SubjectName::User(_));
            return (is_user && is_of_account).then_some(None);
        };
        let mapped = of.authenticated.user();
        let username = mapped.username().to_owned();
        let (name, templates, made) = match subject {
            SubjectName::User(name) => (
                name,
                std::slice::from_ref(rule.username()),
                std::slice::from_ref(&username),
            ),
            SubjectName::Group(name) => (name, rule.groups(), mapped.groups()),
        };
        let is_made =
            |(template, text): (&Template, &String)| text == name && !depends_on_session(template);
        if templates.iter().zip(made).any(is_made) {
            return Some(None);
        }
        templates
            .iter()
            .filter(|template| depends_on_session(template))
            .find_map(|template| self.solve(of, template, subject))
            .map(Some)
    }

    /// Finds the session name for which a template renders as the name of a subject.
    fn solve(
        &self,
        of: &Effective<'_>,
        template: &Template,
        subject: &SubjectName,
    ) -> Option<String> {
        let (SubjectName::User(name) | SubjectName::Group(name)) = subject;
        let named = SessionTemplate::of(template, of.authenticated.identity())?;
        let session = named.session(name)?;
        // The map decides in the end: it renders the names, and may have another rule for the
        // session.
        let caller = of.with_session(session)?;
        let (_, resolution, _) = self.resolve(&caller).ok()?;
        let Resolution::Mapped(mapped) = resolution else {
            return None;
        };
        let user = mapped.user();
        let is_made = match subject {
            SubjectName::User(name) => user.username() == name,
            SubjectName::Group(name) => user.groups().contains(name),
        };
        (is_made && mapped.rule() == of.at).then(|| session.to_owned())
    }
}

/// A template that contains the name of the session, with the account filled in.
struct SessionTemplate {
    /// The text before the first occurrence of the session name.
    before: String,
    /// The length of the text without the session names.
    literal: usize,
    /// How often the session name occurs.
    times: usize,
}

impl SessionTemplate {
    /// Takes a template apart. `None` if it does not contain the name of the session.
    fn of(template: &Template, identity: &Identity) -> Option<Self> {
        let account = identity.account().to_string();
        let source = template
            .source()
            .replace("{{AccountID}}", &account)
            .replace("<<AccountID>>", &account);
        let first = SESSION_NAMES
            .into_iter()
            .filter_map(|one| source.find(one))
            .min()?;
        let times = SESSION_NAMES
            .iter()
            .map(|one| source.matches(one).count())
            .sum();
        let without = |text: String, one: &&str| text.replace(*one, "");
        Some(Self {
            before: source.get(..first)?.to_owned(),
            literal: SESSION_NAMES.iter().fold(source.clone(), without).len(),
            times,
        })
    }

    /// Returns the name of the session for which the template may render as a name.
    fn session<'n>(&self, name: &'n str) -> Option<&'n str> {
        let length = name
            .len()
            .checked_sub(self.literal)?
            .checked_div(self.times)?;
        let session = name.strip_prefix(&self.before)?.get(..length)?;
        let is_name = !session.is_empty() && session.chars().all(is_of_session_name);
        is_name.then_some(session)
    }
}

impl Effective<'_> {
    /// Returns the subjects that a session of the rule may be, in their order: their names begin like the user
    /// or a group of the rule before the session name.
    pub(crate) fn by_session<'s>(
        &self,
        subjects: &'s BTreeSet<SubjectName>,
    ) -> BTreeSet<&'s SubjectName> {
        let Some(rule) = self.rule else {
            return BTreeSet::new();
        };
        let identity = self.authenticated.identity();
        let groups = rule.groups().iter().map(|one| (false, one));
        let templates = std::iter::once((true, rule.username())).chain(groups);
        templates
            .filter(|(_, template)| depends_on_session(template))
            .filter_map(|(is_user, template)| {
                Some((is_user, SessionTemplate::of(template, identity)?))
            })
            .flat_map(|(is_user, template)| {
                let first = match is_user {
                    true => SubjectName::User(template.before.clone()),
                    false => SubjectName::Group(template.before.clone()),
                };
                let rest = subjects.range(first..);
                let is_near = move |subject: &&SubjectName| match subject {
                    SubjectName::User(name) => is_user && name.starts_with(&template.before),
                    SubjectName::Group(name) => !is_user && name.starts_with(&template.before),
                };
                rest.take_while(is_near)
            })
            .collect()
    }
}

/// The placeholders of a session name.
const SESSION_NAMES: [&str; 4] = [
    "{{SessionName}}",
    "{{SessionNameRaw}}",
    "<<SessionName>>",
    "<<SessionNameRaw>>",
];

/// Whether a template renders differently for the sessions of one role.
fn depends_on_session(template: &Template) -> bool {
    template
        .placeholders()
        .any(|(name, _)| matches!(name, Placeholder::SessionName | Placeholder::SessionNameRaw))
}

/// Whether STS accepts a character in a session name (`AssumeRole`, `RoleSessionName`).
const fn is_of_session_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '=' | ',' | '.' | '@' | '-')
}
