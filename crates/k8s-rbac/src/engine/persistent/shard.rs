//! A few hundred entries of a hash table. Most are found by reading one cache line.

use std::sync::Arc;

/// The number of entries in a line. Our choice: their tags and hints fill one cache line of 64 bytes.
const WAYS: usize = 8;

/// The maximum average number of entries per line. Our choice: at five of eight, nearly all lines
/// have a free place, and a search ends at the first line that has one.
const FILLING: usize = 5;

/// The average number of entries per line after the number of lines was chosen anew. Our choice: the
/// shard may grow by a quarter before that happens again.
const FILLING_WHEN_NEW: usize = 4;

/// The tag of a free place.
pub(super) const FREE: u32 = 0;

/// An entry with a hint, which is stored beside its tag and can be read without reading the entry.
pub(crate) trait Hinted {
    fn hint(&self) -> u32;
}

/// Entries by tag. Several entries may share a tag.
#[derive(Clone, Debug)]
pub(super) struct Shard<E> {
    lines: Arc<[Line]>,
    /// The entries of each line, in the order of the lines.
    entries: Arc<[Option<E>]>,
    len: usize,
}

/// Tags and hints of up to eight entries. A tag selects a line. An entry is in that line or, if
/// that line was full, in the first later line with a free place.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
struct Line {
    // INVARIANT: free places come last.
    tags: [u32; WAYS],
    hints: [u32; WAYS],
}

/// Iterates over the entries with a tag. The first line is read when the search is made, before the first
/// entry is asked for, so that searches made in a row wait for memory together.
#[derive(Debug)]
pub(crate) struct WithTag<'t, E> {
    shard: &'t Shard<E>,
    tag: u32,
    /// The matches left in the current line, as [`Line::ways_of`] returns them.
    ways: u64,
    /// The current line.
    line: usize,
    /// The maximum number of lines still to read after it.
    left: usize,
}

/// An entry with a matching tag, not yet read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EntryRef<'t, E> {
    pub(crate) hint: u32,
    entries: &'t [Option<E>],
    pub(super) at: usize,
}

impl<E> Shard<E> {
    #[inline]
    pub(super) fn with_tag(&self, tag: u32) -> WithTag<'_, E> {
        let line = first_line(tag, self.lines.len());
        let (ways, is_full) = self.read_line(line, tag);
        WithTag {
            shard: self,
            tag,
            ways,
            line,
            left: if is_full {
                self.lines.len().saturating_sub(1)
            } else {
                0
            },
        }
    }

    /// Returns the [ways](Line::ways_of) of a line, and whether it is full.
    #[inline]
    fn read_line(&self, line: usize, tag: u32) -> (u64, bool) {
        let line = self.lines.get(line);
        line.map_or((0, false), |line| (line.ways_of(tag), line.is_full()))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &E> {
        self.entries.iter().flatten()
    }
}

impl<E: Clone + Hinted> Shard<E> {
    pub(super) fn new(items: Vec<(u32, E)>) -> Self {
        let count = items.len().div_ceil(FILLING_WHEN_NEW).max(1);
        let free = std::iter::repeat_with(|| None);
        let mut shard = Self {
            lines: std::iter::repeat_n(Line::default(), count).collect(),
            entries: free.take(entry_at(count, 0)).collect(),
            len: items.len(),
        };
        let lines = Arc::make_mut(&mut shard.lines);
        let entries = Arc::make_mut(&mut shard.entries);
        for (tag, entry) in items {
            fill(lines, entries, tag, entry);
        }
        shard
    }

    /// Removes and returns all entries, each with its tag.
    pub(super) fn take(&mut self) -> Vec<(u32, E)> {
        let tags = self.lines.iter().flat_map(|line| line.tags);
        tags.zip(Arc::make_mut(&mut self.entries))
            .filter_map(|(tag, entry)| Some((tag, entry.take()?)))
            .collect()
    }

    pub(super) fn insert(&mut self, tag: u32, entry: E) {
        let len = self.len.saturating_add(1);
        if len > self.lines.len().saturating_mul(FILLING) {
            let mut items = self.take();
            items.push((tag, entry));
            *self = Self::new(items);
            return;
        }
        let lines = Arc::make_mut(&mut self.lines);
        fill(lines, Arc::make_mut(&mut self.entries), tag, entry);
        self.len = len;
    }

    pub(super) fn change<R>(&mut self, at: usize, change: impl FnOnce(&mut E) -> R) -> Option<R> {
        let entry = Arc::make_mut(&mut self.entries).get_mut(at)?.as_mut()?;
        let changed = change(entry);
        let line = Arc::make_mut(&mut self.lines).get_mut(at / WAYS)?;
        *line.hints.get_mut(at % WAYS)? = entry.hint();
        Some(changed)
    }

    pub(super) fn remove(&mut self, at: usize) -> Option<E> {
        let removed = Arc::make_mut(&mut self.entries).get_mut(at)?.take()?;
        // Entries that did not fit into this line may fit now.
        *self = Self::new(self.take());
        Some(removed)
    }
}

/// Puts an entry into the first free place. There must be one.
fn fill<E: Hinted>(lines: &mut [Line], entries: &mut [Option<E>], tag: u32, entry: E) {
    let count = lines.len();
    let mut number = first_line(tag, count);
    for _ in 0..count {
        if let Some(line) = lines.get_mut(number)
            && let Some(way) = line.tags.iter().position(|&tag| tag == FREE)
        {
            line.set(way, tag, entry.hint());
            if let Some(place) = entries.get_mut(entry_at(number, way)) {
                *place = Some(entry);
            }
            return;
        }
        number = next_line(number, count);
    }
}

impl Line {
    /// Returns the places that have a tag: one byte for each place, which is 1 if it has the tag.
    #[inline]
    fn ways_of(&self, tag: u32) -> u64 {
        // All places are compared, so that no branch has to be predicted. Bytes take the compiler fewer
        // instructions than bits.
        u64::from_le_bytes(self.tags.map(|own| u8::from(own == tag)))
    }

    const fn is_full(&self) -> bool {
        let [.., last] = self.tags;
        last != FREE
    }

    fn set(&mut self, way: usize, tag: u32, hint: u32) {
        if let (Some(own_tag), Some(own_hint)) = (self.tags.get_mut(way), self.hints.get_mut(way)) {
            (*own_tag, *own_hint) = (tag, hint);
        }
    }
}

// Written as a state machine rather than with adapters: a decision spends most of its time here.
impl<'t, E> Iterator for WithTag<'t, E> {
    type Item = EntryRef<'t, E>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let shard = self.shard;
        while self.ways == 0 {
            // By INVARIANT, if a line has room, an entry that is not in it is in no later line.
            self.left = self.left.checked_sub(1)?;
            self.line = next_line(self.line, shard.lines.len());
            let (ways, is_full) = shard.read_line(self.line, self.tag);
            self.ways = ways;
            if !is_full {
                self.left = 0;
            }
        }
        let way = usize::try_from(self.ways.trailing_zeros() / u8::BITS).ok()?;
        self.ways &= self.ways.wrapping_sub(1);
        Some(EntryRef {
            hint: *shard.lines.get(self.line)?.hints.get(way)?,
            entries: &shard.entries,
            at: entry_at(self.line, way),
        })
    }
}

impl<'t, E> EntryRef<'t, E> {
    /// Returns the entry. It is never `None`.
    #[inline]
    pub(crate) fn get(&self) -> Option<&'t E> {
        self.entries.get(self.at)?.as_ref()
    }
}

/// Returns the home line of a tag.
fn first_line(tag: u32, lines: usize) -> usize {
    // The lowest eight bits come first, since the table has used the other bits to select the
    // shard.
    let [lowest, _, _, highest] = tag.to_le_bytes();
    let fraction = usize::from(u16::from_be_bytes([lowest, highest]));
    fraction.saturating_mul(lines) >> 16
}

/// Returns the line to probe next when a line is full.
const fn next_line(line: usize, lines: usize) -> usize {
    let next = line.saturating_add(1);
    if next < lines { next } else { 0 }
}

/// Returns the index of the entry with this place in this line.
const fn entry_at(line: usize, way: usize) -> usize {
    line.saturating_mul(WAYS).saturating_add(way)
}
