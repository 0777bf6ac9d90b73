//! Verbs and subresources that are probably typing errors.

use std::fmt::{self, Display, Formatter};

use k8s_rbac::api_resources::SUBRESOURCES;
use k8s_rbac::{Policy, PolicyRule, Quoted};

use crate::can_i::unknown_resource::distance;

/// A word of a question that neither Kubernetes nor a rule of the policy has, although Kubernetes has a
/// similar word. An answer would be about a typing error.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Mistyped {
    what: &'static str,
    word: String,
    nearest: &'static str,
}

impl Mistyped {
    /// Returns the word.
    #[must_use]
    pub fn word(&self) -> &str {
        &self.word
    }

    /// Returns the word of Kubernetes that was probably meant.
    #[must_use]
    pub const fn nearest(&self) -> &'static str {
        self.nearest
    }

    pub(super) fn verb(word: &str, known: &[&'static str], policy: &Policy) -> Option<Self> {
        let has_verb = |rule: &PolicyRule| rule.verbs.iter().any(|verb| verb == word);
        let is_in_policy = rules(policy).any(has_verb);
        Self::find("verb", word, known).filter(|_| !is_in_policy)
    }

    pub(super) fn subresource(word: &str, policy: &Policy) -> Option<Self> {
        let is_subresource =
            |entry: &String| entry.split_once('/').is_some_and(|(_, one)| one == word);
        let is_in_policy = rules(policy).any(|rule| rule.resources.iter().any(is_subresource));
        Self::find("subresource", word, &SUBRESOURCES).filter(|_| !is_in_policy)
    }

    fn find(what: &'static str, word: &str, known: &[&'static str]) -> Option<Self> {
        if word.is_empty() || known.contains(&word) {
            return None;
        }
        // Two errors leave little of a short word.
        let most = if word.len() < 6 { 1 } else { 2 };
        let folded = word.to_ascii_lowercase();
        let near = known.iter().map(|one| (distance(&folded, one), *one));
        let (_, nearest) = near.filter(|(distance, _)| *distance <= most).min()?;
        Some(Self {
            what,
            word: word.to_owned(),
            nearest,
        })
    }
}

fn rules(policy: &Policy) -> impl Iterator<Item = &PolicyRule> {
    let cluster = policy.cluster_roles().flat_map(|role| role.rules());
    cluster.chain(policy.roles().flat_map(|role| role.rules()))
}

impl Display for Mistyped {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "neither Kubernetes nor a rule has a {} {}; did you mean {}?",
            self.what,
            Quoted::new(&self.word),
            Quoted::new(self.nearest)
        )
    }
}
