//! Identities that show whether two rules make the same user of everybody.
//!
//! A name is a word of literal text and placeholders. Two different words come out differently once
//! every placeholder stands for a text that neither word has and that cannot overlap with itself or
//! another one; so one identity with such values decides about two rules without guards. Reserved
//! prefixes are met by names that begin in some way, so values are tried that are part of a prefix.

use std::collections::BTreeSet;

use iam_principal::{Identity, Kind, Principal};

use super::arn_space::EC2_INSTANCE_ROLE;
use crate::rules::template::Placeholder;

/// How many combinations of values are tried for one ARN and two rules. Our choice: EKS's reserved
/// prefixes with a session name need some four hundred.
pub(super) const MAX_VALUES: usize = 4096;

/// Of how many hyphens in a reserved prefix every one is tried as an `@`. Our choice.
const MAX_HYPHENS: usize = 4;

/// What placeholders stand for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Values {
    pub(super) session_name: String,
    pub(super) access_key_id: String,
    pub(super) private_dns_name: String,
}

/// Two rules, as far as values matter.
#[derive(Clone, Debug, Default)]
pub(super) struct Words<'w> {
    /// All texts that rules or prefixes have.
    pub(super) texts: Vec<String>,
    pub(super) placeholders: Vec<Placeholder>,
    /// Whether a name has values of more than one kind.
    pub(super) is_mixed: bool,
    pub(super) prefixes: BTreeSet<&'w str>,
}

impl Words<'_> {
    /// Returns values such that, if two rules with these words differ for some, they do for one of
    /// them; and whether these are all that there should be.
    pub(super) fn values(&self) -> (Vec<Values>, bool) {
        let (letters, has_letters) = self.letters();
        let fresh = self.fresh(letters);
        let uses = |placeholder| self.placeholders.contains(&placeholder);
        // One that could pass for a part of a name, and an instance's.
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
        let one = |session: &String, key: &String, name: &String| Values {
            session_name: session.clone(),
            access_key_id: key.clone(),
            private_dns_name: name.clone(),
        };
        if !self.is_mixed {
            // No name has two of them, so that each can be looked at by itself; but a private DNS
            // name is an instance's.
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

    /// Values that occur in no text, none of which overlaps with itself or another: each begins with
    /// a letter that none has elsewhere.
    fn fresh(&self, [session, key, name, _]: [char; 4]) -> Values {
        let mut number = 0_usize;
        loop {
            let values = Values {
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
            // Each text can contain only so many numbers.
            if number == usize::MAX || !self.texts.iter().any(is_in) {
                return values;
            }
            number = number.saturating_add(1);
        }
    }

    /// Letters that are in no reserved prefix, and whether there are any.
    fn letters(&self) -> ([char; 4], bool) {
        let is_free = |letter: &char| !self.prefixes.iter().any(|prefix| prefix.contains(*letter));
        let mut free = ('j'..='z').chain('A'..='Z').filter(is_free);
        match (free.next(), free.next(), free.next(), free.next()) {
            (Some(a), Some(b), Some(c), Some(d)) => ([a, b, c, d], true),
            _ => (['q', 'K', 'd', 'Z'], false),
        }
    }

    /// Every part of a reserved prefix, alone and with something fresh behind it; and whether these
    /// are all.
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

    /// An instance's id of seventeen characters that begins so, as far as such an id can, and occurs
    /// in no text.
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

/// The session names that a text can come from, since it has `-` for each `@`; and whether these are
/// all.
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

/// Makes the identity with a canonical ARN, if there can be one.
pub(super) fn identity(arn: &str, user_id: &str, values: &Values) -> Option<Identity> {
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

/// Makes an identity with a canonical ARN, whatever else it is.
pub(crate) fn somebody(arn: &str) -> Option<Identity> {
    identity(arn, "EXAMPLE", Words::default().values().0.first()?)
}

/// Returns the user id, as rules compare it, of those whose user id follows from their ARN.
pub(super) fn user_id_of(principal: &Principal<'_>) -> Option<String> {
    let account = principal.account();
    match principal.kind() {
        Kind::Root => Some(account.to_string()),
        Kind::FederatedUser => Some(format!("{account}:{}", principal.name())),
        Kind::Role if principal.name() == EC2_INSTANCE_ROLE => Some(account.to_string()),
        Kind::AssumedRole | Kind::Role | Kind::User => None,
    }
}
