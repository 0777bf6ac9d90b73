//! A list by number, in pieces.

use std::sync::Arc;

/// How many items a chunk has. Our choice, as for the other collections.
const CHUNK_LEN: usize = 128;

/// Items by number, from zero on.
#[derive(Clone, Debug)]
pub(crate) struct Vector<T> {
    // INVARIANT: all chunks but the last are full.
    chunks: Arc<Vec<Arc<Vec<T>>>>,
}

// Derived, it would ask the same of the items.
impl<T> Default for Vector<T> {
    fn default() -> Self {
        Self {
            chunks: Arc::default(),
        }
    }
}

impl<T> Vector<T> {
    pub(crate) fn get(&self, at: usize) -> Option<&T> {
        self.chunks.get(at / CHUNK_LEN)?.get(at % CHUNK_LEN)
    }

    pub(crate) fn len(&self) -> usize {
        let others = self.chunks.len().saturating_sub(1);
        let last = self.chunks.last().map_or(0, |chunk| chunk.len());
        others.saturating_mul(CHUNK_LEN).saturating_add(last)
    }
}

impl<T: Clone> Vector<T> {
    pub(crate) fn get_mut(&mut self, at: usize) -> Option<&mut T> {
        let chunks = Arc::make_mut(&mut self.chunks);
        let chunk = chunks.get_mut(at / CHUNK_LEN)?;
        Arc::make_mut(chunk).get_mut(at % CHUNK_LEN)
    }

    pub(crate) fn push(&mut self, item: T) {
        let chunks = Arc::make_mut(&mut self.chunks);
        match chunks.last_mut() {
            Some(chunk) if chunk.len() < CHUNK_LEN => Arc::make_mut(chunk).push(item),
            _ => chunks.push(Arc::new(vec![item])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_keeps_what_it_had() {
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
