//! An ordered list.

use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;

/// The maximum number of items of a chunk. Our choice: a change copies one chunk and the list of
/// chunks, and at a hundred thousand items these are about as long.
const CHUNK_LEN: usize = 256;

/// An item that is ordered and identified by a rank.
pub(crate) trait Ranked {
    type Rank: Copy + Debug + Ord;

    fn rank(&self) -> Self::Rank;

    /// Returns how many ranks are between two ranks, including the first. [`Sorted::get`] tries this
    /// place first, in the list and in its chunk, which saves a search if few ranks are unused.
    fn ranks_between(_from: Self::Rank, _to: Self::Rank) -> usize {
        usize::MAX
    }
}

/// Items in ascending order of rank, at most one for each rank.
#[derive(Clone)]
pub(crate) struct Sorted<T: Ranked> {
    // INVARIANT: no chunk is empty, and ranks ascend within and across chunks.
    chunks: Arc<Vec<Chunk<T>>>,
}

#[derive(Clone)]
struct Chunk<T: Ranked> {
    /// A lower bound of the ranks in this chunk, above the ranks of the previous chunk. It is stored
    /// here, so that a search reads only one chunk.
    from: T::Rank,
    items: Arc<Vec<T>>,
}

// Not derived: that would require `T: Default`.
impl<T: Ranked> Default for Sorted<T> {
    fn default() -> Self {
        Self {
            chunks: Arc::default(),
        }
    }
}

impl<T: Debug + Ranked> Debug for Sorted<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<T: Ranked> Sorted<T> {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flat_map(|chunk| chunk.items.iter())
    }

    /// Iterates over the items from a rank on.
    pub(crate) fn iter_from(&self, rank: T::Rank) -> impl Iterator<Item = &T> {
        let at = self.chunk_of(rank);
        let chunks = self.chunks.get(at..).unwrap_or_default();
        let (first, others) = match chunks.split_first() {
            None => (&[][..], chunks),
            Some((chunk, others)) => {
                let before = chunk.items.partition_point(|item| item.rank() < rank);
                (chunk.items.get(before..).unwrap_or_default(), others)
            }
        };
        let others = others.iter().flat_map(|chunk| chunk.items.iter());
        first.iter().chain(others)
    }

    pub(crate) fn get(&self, rank: T::Rank) -> Option<&T> {
        let Chunk { from, items } = self.chunks.get(self.chunk_of(rank))?;
        let likely = items.get(T::ranks_between(*from, rank));
        if let Some(item) = likely.filter(|item| item.rank() == rank) {
            return Some(item);
        }
        let at = items.binary_search_by_key(&rank, Ranked::rank).ok()?;
        items.get(at)
    }

    pub(crate) fn last(&self) -> Option<&T> {
        self.chunks.last()?.items.last()
    }

    /// Returns the index of the chunk that holds a rank, if a chunk does.
    fn chunk_of(&self, rank: T::Rank) -> usize {
        if let Some(likely) = self.likely_chunk_of(rank) {
            return likely;
        }
        let chunks = self.chunks.partition_point(|chunk| chunk.from <= rank);
        chunks.saturating_sub(1)
    }

    /// Returns the chunk that would hold a rank if all ranks were used and added in order. `None`
    /// if it is another chunk.
    fn likely_chunk_of(&self, rank: T::Rank) -> Option<usize> {
        let first = self.chunks.first()?.from;
        let at = T::ranks_between(first, rank) / CHUNK_LEN;
        let is_before = |chunk: &Chunk<T>| rank < chunk.from;
        let is_it = !is_before(self.chunks.get(at)?)
            && (self.chunks.get(at.saturating_add(1))).is_none_or(is_before);
        is_it.then_some(at)
    }
}

impl<T: Clone + Ranked> Sorted<T> {
    /// Adds an item, or replaces the item with its rank.
    pub(crate) fn put(&mut self, item: T) {
        let rank = item.rank();
        let at = self.chunk_of(rank);
        let chunks = Arc::make_mut(&mut self.chunks);
        let is_last = at.saturating_add(1) >= chunks.len();
        let Some(chunk) = chunks.get_mut(at) else {
            return chunks.push(Chunk::new(vec![item], rank));
        };
        let items = Arc::make_mut(&mut chunk.items);
        let place = match items.binary_search_by_key(&rank, Ranked::rank) {
            Ok(place) => {
                if let Some(before) = items.get_mut(place) {
                    *before = item;
                }
                return;
            }
            Err(place) => place,
        };
        if items.len() >= CHUNK_LEN && is_last && place == items.len() {
            // Items added in order fill each chunk completely.
            return chunks.push(Chunk::new(vec![item], rank));
        }
        items.insert(place, item);
        chunk.from = chunk.from.min(rank);
        if items.len() > CHUNK_LEN {
            let upper = items.split_off(CHUNK_LEN / 2);
            if let Some(from) = upper.first().map(Ranked::rank) {
                chunks.insert(at.saturating_add(1), Chunk::new(upper, from));
            }
        }
    }

    pub(crate) fn remove(&mut self, rank: T::Rank) -> Option<T> {
        self.get(rank)?;
        let at = self.chunk_of(rank);
        let chunks = Arc::make_mut(&mut self.chunks);
        let items = Arc::make_mut(&mut chunks.get_mut(at)?.items);
        let place = items.binary_search_by_key(&rank, Ranked::rank).ok()?;
        let removed = items.remove(place);
        if items.is_empty() {
            chunks.remove(at);
            return Some(removed);
        }
        // Short neighbors are joined, so that the number of chunks stays proportional to the items.
        for at in [Some(at), at.checked_sub(1)].into_iter().flatten() {
            join_if_short(chunks, at);
        }
        Some(removed)
    }
}

fn join_if_short<T: Clone + Ranked>(chunks: &mut Vec<Chunk<T>>, at: usize) {
    let next = at.saturating_add(1);
    let (Some(chunk), Some(upper)) = (chunks.get(at), chunks.get(next)) else {
        return;
    };
    if chunk.items.len().saturating_add(upper.items.len()) <= CHUNK_LEN / 2 {
        let upper = chunks.remove(next);
        if let Some(chunk) = chunks.get_mut(at) {
            Arc::make_mut(&mut chunk.items).extend(upper.items.iter().cloned());
        }
    }
}

impl<T: Ranked> Chunk<T> {
    fn new(items: Vec<T>, from: T::Rank) -> Self {
        Self {
            from,
            items: Arc::new(items),
        }
    }
}

impl Ranked for u32 {
    type Rank = Self;

    fn rank(&self) -> Self {
        *self
    }

    fn ranks_between(from: Self, to: Self) -> usize {
        usize::try_from(to.saturating_sub(from)).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn it_behaves_as_a_set_and_copies_are_independent() {
        let (mut sorted, mut set) = (Sorted::default(), BTreeSet::new());
        let mut copies = Vec::new();
        // A linear congruential generator, so that the items come in no particular order.
        let mut number: u32 = 1;
        for step in 0..20_000 {
            number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (item, is_removed) = ((number >> 16) % 4_096, step > 10_000 && step % 4 != 0);
            if is_removed {
                assert_eq!(sorted.remove(item).is_some(), set.remove(&item));
            } else {
                sorted.put(item);
                set.insert(item);
            }
            if step % 2_500 == 0 {
                copies.push((sorted.clone(), set.clone()));
            }
        }
        assert_eq!(
            format!("{sorted:?}"),
            format!("{:?}", sorted.iter().collect::<Vec<_>>())
        );
        copies.push((sorted, set));
        for (sorted, set) in &copies {
            assert!(sorted.iter().eq(set));
            assert_eq!(sorted.last(), set.last());
            for from in (0..4_100).step_by(7) {
                assert!(sorted.iter_from(from).eq(set.range(from..)));
                assert_eq!(sorted.get(from), set.get(&from));
            }
        }
    }

    #[test]
    fn short_chunks_are_joined() {
        let mut sorted = Sorted::default();
        (0..100_000_u32).for_each(|number| sorted.put(number));
        for number in (0..100_000).filter(|number| number % 1_000 != 0) {
            sorted.remove(number);
        }
        assert_eq!(sorted.iter().count(), 100);
        assert!(sorted.chunks.len() <= 3, "{} chunks", sorted.chunks.len());
        // A change copies a chunk, so joining must not make chunks longer than inserting does.
        let mut sorted = Sorted::default();
        (0..10_000_u32).for_each(|number| sorted.put(number));
        for number in (0..10_000).filter(|number| number % 3 == 0) {
            sorted.remove(number);
        }
        let longest = sorted.chunks.iter().map(|chunk| chunk.items.len()).max();
        assert!(longest <= Some(CHUNK_LEN), "{longest:?} items");
    }
}
