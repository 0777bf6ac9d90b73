//! INVARIANT: for every policy, user and request, the engine returns what
//! [`reference::decide`](crate::reference::decide) returns: the same decision, reason and unresolved
//! roles. `tests/it/props.rs` checks this on generated policies. So do the fuzz target
//! `rbac_engine` and the long run `rbac_worlds`, which also change a policy step by step.
//!
//! The engine finds the bindings of a user without walking all of them, and skips most rules
//! without reading them. From the bottom up:
//!
//! - [`persistent`]: collections that are cheap to copy, so that a policy can change while it is read;
//! - [`position`]: the position of a subject in the walk over the bindings of a scope;
//! - [`masks`]: small bit sets that rule out most rules;
//! - [`text`]: texts, in which a word of the API takes no memory;
//! - [`subject`]: a subject of a binding as the engine keeps it;
//! - [`role`]: a role as the engine keeps it, and as its users see it;
//! - [`rule_lists`]: the lists of rules, each stored once;
//! - [`role_keys`]: the roles that could allow a request, found by the request;
//! - [`role_table`]: the roles, numbered, so that a changed role leaves its bindings untouched;
//! - [`large_subject`]: a subject with many bindings, such as `system:authenticated`;
//! - [`subject_index`]: the bindings of each user and group;
//! - [`binding`]: a binding as the engine keeps it, and as its users see it;
//! - [`nearest`]: the entries of the index that a decision reads first;
//! - [`scope`]: the bindings of one namespace or of the cluster;
//! - [`walk`]: the walk over them that decides;
//! - [`policy`]: the whole policy, which decides, changes and returns its objects;
//! - `store`: a policy that changes while other threads read it.

pub(crate) mod binding;
pub(crate) mod large_subject;
pub(crate) mod masks;
pub(crate) mod nearest;
pub(crate) mod persistent;
pub(crate) mod policy;
pub(crate) mod position;
pub(crate) mod role;
pub(crate) mod role_keys;
pub(crate) mod role_table;
pub(crate) mod rule_lists;
pub(crate) mod scope;
#[cfg(feature = "store")]
pub(crate) mod store;
pub(crate) mod subject;
pub(crate) mod subject_index;
pub(crate) mod text;
pub(crate) mod walk;
