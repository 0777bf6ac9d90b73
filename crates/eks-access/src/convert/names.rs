//! Names of resources, made from the names of principals.

use std::collections::BTreeSet;

use aws_auth_map::AccessEntry;
use iam_principal::Principal;

/// Makes names that differ from each other.
#[derive(Default)]
pub(super) struct Names {
    taken: BTreeSet<String>,
}

impl Names {
    /// Returns a name that was not returned before: the given name, or the given name with a number
    /// after it.
    pub(super) fn unique(&mut self, name: &str, separator: &str) -> String {
        let mut unique = name.to_owned();
        let mut number = 2_usize;
        // Ends, because finitely many names are taken.
        while !self.taken.insert(unique.clone()) {
            unique = format!("{name}{separator}{number}");
            number = number.saturating_add(1);
        }
        unique
    }
}

/// Returns the name of an entry's principal, without its path.
fn name_of(entry: &AccessEntry) -> String {
    let principal = Principal::parse(entry.principal_arn());
    principal.map_or_else(|_| String::new(), |principal| principal.name().to_owned())
}

/// Returns the words of a text: runs of ASCII letters and digits.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
}

/// Returns the name of a Terraform resource: lower case, begun with a letter.
pub(super) fn terraform(text: &str) -> String {
    let words: Vec<String> = words(text).map(str::to_ascii_lowercase).collect();
    let name = words.join("_");
    match name.chars().next() {
        Some(first) if first.is_ascii_alphabetic() => name,
        _ => format!("entry_{name}"),
    }
}

pub(super) fn terraform_of(entry: &AccessEntry) -> String {
    terraform(&name_of(entry))
}

/// Returns a logical id of CloudFormation, which has only letters and digits.
pub(super) fn logical_id(entry: &AccessEntry) -> String {
    let name = name_of(entry);
    let words = words(&name).map(|word| {
        let mut chars = word.chars();
        let first = chars.next().map(|c| c.to_ascii_uppercase());
        first.into_iter().chain(chars).collect::<String>()
    });
    format!("AccessEntry{}", words.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::terraform;

    /// As the language requires of an identifier.
    #[test]
    fn a_name_begins_with_a_letter() {
        for (text, name) in [
            ("Dev Team", "dev_team"),
            ("1-Dev/x", "entry_1_dev_x"),
            ("é", "entry_"),
        ] {
            assert_eq!(terraform(text), name);
        }
    }
}
