//! A list.

use std::sync::Arc;

/// The number of items of a chunk. Our choice, for the same reason as in the other collections.
const CHUNK_LEN: usize = 128;

/// Items by index.
#[derive(Clone, Debug)]
pub(crate) struct Vector<T> {
    /// The last chunk is padded with default values.
    chunks: Arc<Vec<Arc<[T; CHUNK_LEN]>>>,
    len: usize,
}

// Not derived: that would require `T: Default`.
impl<T> Default for Vector<T> {
    fn default() -> Self {
        Self {
            chunks: Arc::default(),
            len: 0,
        }
    }
}

impl<T> Vector<T> {
    #[inline]
    pub(crate) fn get(&self, at: usize) -> Option<&T> {
        if at >= self.len {
            return None;
        }
        self.chunks.get(at / CHUNK_LEN)?.get(at % CHUNK_LEN)
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }
}

impl<T: Clone + Default> Vector<T> {
    pub(crate) fn get_mut(&mut self, at: usize) -> Option<&mut T> {
        let chunks = Arc::make_mut(&mut self.chunks);
        let chunk = chunks.get_mut(at / CHUNK_LEN)?;
        Arc::make_mut(chunk).get_mut(at % CHUNK_LEN)
    }

    pub(crate) fn push(&mut self, item: T) {
        let at = self.len;
        if at.is_multiple_of(CHUNK_LEN) {
            let chunk = std::array::from_fn(|_| T::default());
            Arc::make_mut(&mut self.chunks).push(Arc::new(chunk));
        }
        if let Some(place) = self.get_mut(at) {
            *place = item;
        }
        self.len = at.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_independent() {
        let mut vector = Vector::default();
        (0..1_000).for_each(|number| vector.push(number));
        let copy = vector.clone();
        if let Some(number) = vector.get_mut(500) {
            *number = 5_000;
        }
        vector.push(1_000);
        assert_eq!(
            (copy.len(), copy.get(500), copy.get(1_000)),
            (1_000, Some(&500), None)
        );
        assert_eq!((vector.len(), vector.get(500)), (1_001, Some(&5_000)));
        assert_eq!(vector.get(1_001), None);
    }
}
