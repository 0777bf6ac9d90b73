//! Identities that show whether two rules yield the same users.
//!
//! A template is a word of literal text and placeholders. Two different words render differently once
//! each placeholder has a value that occurs in neither word and cannot overlap with itself or another
//! value. So a single identity with such values decides whether two rules without reserved prefixes
//! differ. With reserved prefixes, parts of the prefixes are tried as values too.

use std::collections::BTreeSet;

use iam_principal::{Identity, Kind, Principal};

use super::arn_space::EC2_INSTANCE_ROLE;
use crate::rules::template::Placeholder;

/// The limit on combinations of values for one ARN and two rules. Our choice: EKS's reserved prefixes
/// with a session name need about four hundred.
pub(super) const MAX_VALUES: usize = 4096;

/// The limit on hyphens in a reserved prefix: each hyphen is also tried as an `@`. Our choice.
const MAX_HYPHENS: usize = 4;

/// Values for the placeholders.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct PlaceholderValues {
    pub(super) session_name: String,
    pub(super) access_key_id: String,
    pub(super) private_dns_name: String,
}

/// The texts and placeholders of two rules, from which values are chosen.
#[derive(Clone, Debug, Default)]
pub(super) struct TemplateVocabulary<'w> {
    /// All texts in the rules and the reserved prefixes.
    pub(super) texts: Vec<String>,
    pub(super) placeholders: Vec<Placeholder>,
    /// Whether one template has placeholders of more than one kind.
    pub(super) is_mixed: bool,
    pub(super) prefixes: BTreeSet<&'w str>,
}

impl TemplateVocabulary<'_> {
    /// Returns values that show a difference if the two rules differ for any values, and whether
    /// the list is complete.
    pub(super) fn values(&self) -> (Vec<PlaceholderValues>, bool) {
        let (letters, has_letters) = self.letters();
        let fresh = self.fresh(letters);
        let uses = |placeholder| self.placeholders.contains(&placeholder);
        // A session name with a colon, and one that is an instance id.
        let odd = format!("{}:", fresh.session_name);
        let instance = self.instance_id("", letters);
        let mut sessions = vec![fresh.session_name.clone(), instance.clone(), odd];
        let mut keys = vec![fresh.access_key_id.clone()];
        let mut names = vec![fresh.private_dns_name.clone()];
        let mut is_all = has_letters;
        if uses(Placeholder::SessionName) || uses(Placeholder::SessionNameRaw) {
            let (parts, is_all_parts) = self.parts(&fresh.session_name);
            is_all &= is_all_parts;
            let begins = parts.iter().filter_map(|part| part.strip_prefix("i-"));
            sessions.extend(begins.map(|digits| self.instance_id(digits, letters)));
            sessions.extend(parts);
        }
        if uses(Placeholder::AccessKeyId) {
            keys.extend(self.parts(&fresh.access_key_id).0);
        }
        if uses(Placeholder::Ec2PrivateDnsName) {
            names.extend(self.parts(&fresh.private_dns_name).0);
        }
        let one = |session: &String, key: &String, name: &String| PlaceholderValues {
            session_name: session.clone(),
            access_key_id: key.clone(),
            private_dns_name: name.clone(),
        };
        if !self.is_mixed {
            // No template has two kinds of placeholder, so each kind is tried alone. A private DNS name
            // needs the session of an instance.
            let [key, name] = [&fresh.access_key_id, &fresh.private_dns_name];
            let by_session = sessions.iter().map(|session| one(session, key, name));
            let by_key = keys.iter().map(|key| one(&fresh.session_name, key, name));
            let by_instance = keys.iter().map(|key| one(&instance, key, name));
            let by_name = names.iter().map(|name| one(&instance, key, name));
            let all = by_session.chain(by_key).chain(by_instance).chain(by_name);
            return (all.collect(), is_all);
        }
        let count = [sessions.len(), keys.len(), names.len()]
            .into_iter()
            .fold(1_usize, usize::saturating_mul);
        let pairs = sessions
            .iter()
            .flat_map(|session| keys.iter().map(move |key| (session, key)));
        let names = &names;
        let all =
            pairs.flat_map(|(session, key)| names.iter().map(move |name| one(session, key, name)));
        (
            all.take(MAX_VALUES).collect(),
            is_all && count <= MAX_VALUES,
        )
    }

    /// Returns values that occur in no text. No value overlaps with itself or another value: each
    /// starts with a letter that occurs nowhere else.
    fn fresh(&self, [session, key, name, _]: [char; 4]) -> PlaceholderValues {
        let mut number = 0_usize;
        loop {
            let values = PlaceholderValues {
                session_name: format!("{session}{number}@{number}"),
                access_key_id: format!("{key}{number}"),
                private_dns_name: format!("{name}{number}.{number}"),
            };
            let all = [
                values.session_name.clone(),
                values.session_name.replace('@', "-"),
                values.access_key_id.clone(),
                values.private_dns_name.clone(),
            ];
            let is_in = |text: &String| all.iter().any(|value| text.contains(value.as_str()));
            // Ends because each text contains finitely many numbers.
            if number == usize::MAX || !self.texts.iter().any(is_in) {
                return values;
            }
            number = number.saturating_add(1);
        }
    }

    /// Returns letters that occur in no reserved prefix, and whether there are enough of them.
    fn letters(&self) -> ([char; 4], bool) {
        let is_free = |letter: &char| !self.prefixes.iter().any(|prefix| prefix.contains(*letter));
        let mut free = ('j'..='z').chain('A'..='Z').filter(is_free);
        match (free.next(), free.next(), free.next(), free.next()) {
            (Some(a), Some(b), Some(c), Some(d)) => ([a, b, c, d], true),
            _ => (['q', 'K', 'd', 'Z'], false),
        }
    }

    /// Returns every part of a reserved prefix, alone and followed by a fresh value, and whether the
    /// list is complete.
    fn parts(&self, fresh: &str) -> (BTreeSet<String>, bool) {
        let mut parts = BTreeSet::new();
        let mut is_all = true;
        for prefix in &self.prefixes {
            let ends = prefix.char_indices().map(|(at, _)| at);
            let ends: Vec<usize> = ends.chain([prefix.len()]).collect();
            for from in &ends {
                for to in &ends {
                    let Some(part) = prefix.get(*from..*to) else {
                        continue;
                    };
                    let (spellings, is_all_spellings) = spellings(part);
                    is_all &= is_all_spellings;
                    for part in spellings {
                        parts.insert(format!("{part}{fresh}"));
                        parts.insert(part);
                    }
                }
            }
        }
        (parts, is_all)
    }

    /// Returns an instance id that occurs in no text and starts with as much of `begin` as an instance
    /// id can.
    fn instance_id(&self, begin: &str, [.., letter]: [char; 4]) -> String {
        let is_word = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
        let begin: String = begin.chars().take_while(is_word).take(16).collect();
        let length = 16_usize.saturating_sub(begin.len());
        let mut number = 0_usize;
        loop {
            let digits: String = format!("{number:0>length$}").chars().take(length).collect();
            let id = format!("i-{begin}{letter}{digits}");
            let is_in = |text: &String| text.contains(&id);
            if number >= self.texts.len() || !self.texts.iter().any(is_in) {
                return id;
            }
            number = number.saturating_add(1);
        }
    }
}

/// Returns the session names that render as a text, given that `@` renders as `-`, and whether the
/// list is complete.
fn spellings(text: &str) -> (Vec<String>, bool) {
    let mut spellings = vec![String::new()];
    let is_all = text.matches('-').count() <= MAX_HYPHENS;
    for c in text.chars() {
        let others: Vec<String> = match c {
            '-' if is_all => spellings.iter().map(|text| format!("{text}@")).collect(),
            _ => Vec::new(),
        };
        for text in &mut spellings {
            text.push(c);
        }
        spellings.extend(others);
    }
    (spellings, is_all)
}

/// Builds an identity with a canonical ARN. `None` if no caller can have that ARN.
pub(super) fn identity(arn: &str, user_id: &str, values: &PlaceholderValues) -> Option<Identity> {
    let principal = Principal::parse(arn).ok()?;
    let account = principal.account().to_string();
    let session = &values.session_name;
    let (partition, path, name) = (principal.partition(), principal.path(), principal.name());
    let identity = match principal.kind() {
        Kind::Role => {
            let arn = format!("arn:{partition}:sts::{account}:assumed-role/{path}{name}/{session}");
            let raw = match user_id_of(&principal) {
                Some(id) => format!("{id}:{name}:{session}"),
                None => format!("{user_id}:{session}"),
            };
            Identity::new(&arn, &account, &raw)
        }
        Kind::User => Identity::new(arn, &account, user_id),
        Kind::Root => Identity::new(arn, &account, &account),
        Kind::FederatedUser => Identity::new(arn, &account, &format!("{account}:{name}")),
        Kind::AssumedRole => return None,
    };
    Some(identity.ok()?.with_access_key_id(&values.access_key_id))
}

/// Builds an example of an identity with a canonical ARN.
pub(crate) fn example_identity(arn: &str) -> Option<Identity> {
    identity(
        arn,
        "EXAMPLE",
        TemplateVocabulary::default().values().0.first()?,
    )
}

/// Returns the user id, as rules compare it, if it follows from the ARN.
pub(super) fn user_id_of(principal: &Principal<'_>) -> Option<String> {
    let account = principal.account();
    match principal.kind() {
        Kind::Root => Some(account.to_string()),
        Kind::FederatedUser => Some(format!("{account}:{}", principal.name())),
        Kind::Role if principal.name() == EC2_INSTANCE_ROLE => Some(account.to_string()),
        Kind::AssumedRole | Kind::Role | Kind::User => None,
    }
}
