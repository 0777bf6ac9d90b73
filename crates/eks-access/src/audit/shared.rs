//! Values that many records have in common.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::fmt::{self, Display, Formatter};
use std::hash::Hash;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A value that many records of a log share. It serializes and prints as the value.
#[derive(Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Shared<T: ?Sized>(Arc<T>);

impl<T> Shared<T> {
    pub(super) fn new(value: T) -> Self {
        Self(Arc::new(value))
    }
}

impl<T: ?Sized> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: ?Sized> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: ?Sized> Borrow<T> for Shared<T> {
    fn borrow(&self) -> &T {
        self
    }
}

impl From<&str> for Shared<str> {
    fn from(text: &str) -> Self {
        Self(Arc::from(text))
    }
}

impl<T: Display + ?Sized> Display for Shared<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: Serialize + ?Sized> Serialize for Shared<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, T: ?Sized> Deserialize<'de> for Shared<T>
where
    Box<T>: Deserialize<'de>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Box::<T>::deserialize(deserializer)?;
        Ok(Self(Arc::from(value)))
    }
}

/// The values that the records of a log share, each once.
#[derive(Debug)]
pub(super) struct Pool<T: ?Sized>(HashSet<Shared<T>>);

impl<T: ?Sized> Clone for Pool<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: ?Sized> Default for Pool<T> {
    fn default() -> Self {
        Self(HashSet::new())
    }
}

impl<T: Eq + Hash + ?Sized> Pool<T> {
    /// Replaces a value with the equal value of the pool. If there is none, adds the value to the pool. Returns
    /// whether it was added.
    pub(super) fn share(&mut self, value: &mut Shared<T>) -> bool {
        if let Some(known) = self.0.get::<T>(value) {
            *value = known.clone();
            return false;
        }
        self.0.insert(value.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::{Pool, Shared};

    #[test]
    fn equal_values_are_kept_once() {
        let mut pool = Pool::default();
        let (mut one, mut same, mut other) = (
            Shared::<str>::from("a"),
            Shared::<str>::from("a"),
            Shared::<str>::from("b"),
        );
        assert!(!std::ptr::eq(&*one, &*same));
        assert!(pool.share(&mut one) && !pool.share(&mut same) && pool.share(&mut other));
        assert!(std::ptr::eq(&*one, &*same));
    }
}
