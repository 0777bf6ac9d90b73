//! A few hundred entries, found by reading one line of the processor's cache.

use std::sync::Arc;

/// How many entries a line has room for. Our choice: with their marks they fill 64 bytes, which is
/// what a processor reads at once.
const WAYS: usize = 8;

/// How many entries a shard has for each of its lines at most. Our choice: with five of eight nearly
/// all lines have room left, and where there is room a search ends.
const FILLING: usize = 5;

/// The tag of no entry.
pub(super) const FREE: u32 = 0;

/// What can be said of an entry without reading it.
pub(crate) trait Marked {
    fn mark(&self) -> u32;
}

/// Entries by tag, of which several may have the same.
#[derive(Clone, Debug)]
pub(super) struct Shard<E> {
    // INVARIANT: as many as a power of two.
    lines: Arc<[Line]>,
    /// Those of a line stand together, in the order of the lines.
    entries: Arc<[Option<E>]>,
    len: usize,
}

/// Where entries are sought: an entry is in the line that the lowest bits of its tag say, or, if that
/// one is full, in the first after it that was not.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
struct Line {
    // INVARIANT: the free ones are the last.
    tags: [u32; WAYS],
    marks: [u32; WAYS],
}

/// Walks the entries of a tag.
#[derive(Clone, Debug)]
pub(crate) struct OfTag<'t, E> {
    lines: &'t [Line],
    entries: &'t [Option<E>],
    tag: u32,
    /// Which line is next.
    line: usize,
    /// How many lines may be left.
    left: usize,
    /// What is left of the line before it, a bit for each place.
    ways: u32,
    of: usize,
}

/// An entry that is walked by, not yet read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found<'t, E> {
    pub(crate) mark: u32,
    entries: &'t [Option<E>],
    pub(super) at: usize,
}

impl<E> Shard<E> {
    #[inline]
    pub(super) fn of_tag(&self, tag: u32) -> OfTag<'_, E> {
        OfTag {
            lines: &self.lines,
            entries: &self.entries,
            tag,
            line: first_line(tag, self.lines.len()),
            left: self.lines.len(),
            ..OfTag::default()
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &E> {
        self.entries.iter().flatten()
    }
}

impl<E: Clone + Marked> Shard<E> {
    pub(super) fn of(items: Vec<(u32, E)>) -> Self {
        let count = items.len().div_ceil(FILLING).next_power_of_two();
        let nothing = std::iter::repeat_with(|| None);
        let mut shard = Self {
            lines: std::iter::repeat_n(Line::default(), count).collect(),
            entries: nothing.take(entry_at(count, 0)).collect(),
            len: items.len(),
        };
        let lines = Arc::make_mut(&mut shard.lines);
        let entries = Arc::make_mut(&mut shard.entries);
        for (tag, entry) in items {
            fill(lines, entries, tag, entry);
        }
        shard
    }

    /// Takes all entries out, each with its tag.
    pub(super) fn take(&mut self) -> Vec<(u32, E)> {
        let tags = self.lines.iter().flat_map(|line| line.tags);
        let items = tags.zip(Arc::make_mut(&mut self.entries));
        let items = items.filter_map(|(tag, entry)| Some((tag, entry.take()?)));
        items.collect()
    }

    pub(super) fn insert(&mut self, tag: u32, entry: E) {
        let len = self.len.saturating_add(1);
        if len > self.lines.len().saturating_mul(FILLING) {
            let mut items = self.take();
            items.push((tag, entry));
            *self = Self::of(items);
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
        *line.marks.get_mut(at % WAYS)? = entry.mark();
        Some(changed)
    }

    pub(super) fn remove(&mut self, at: usize) -> Option<E> {
        let removed = Arc::make_mut(&mut self.entries).get_mut(at)?.take()?;
        // What stood behind it may stand nearer now.
        *self = Self::of(self.take());
        Some(removed)
    }
}

/// Puts an entry in the first free place, of which there is one.
fn fill<E: Marked>(lines: &mut [Line], entries: &mut [Option<E>], tag: u32, entry: E) {
    let count = lines.len();
    let mut number = first_line(tag, count);
    for _ in 0..count {
        if let Some(line) = lines.get_mut(number)
            && let Some(way) = line.tags.iter().position(|&tag| tag == FREE)
        {
            line.set(way, tag, entry.mark());
            if let Some(place) = entries.get_mut(entry_at(number, way)) {
                *place = Some(entry);
            }
            return;
        }
        number = next_line(number, count);
    }
}

impl Line {
    /// Returns where in the line a tag is, a bit for each place.
    #[inline]
    fn ways_of(&self, tag: u32) -> u32 {
        // All compared at once, so that nothing has to be guessed.
        let ways = self.tags.iter().rev();
        ways.fold(0, |ways, own| ways << 1 | u32::from(*own == tag))
    }

    const fn is_full(&self) -> bool {
        let [.., last] = self.tags;
        last != FREE
    }

    fn set(&mut self, way: usize, tag: u32, mark: u32) {
        if let (Some(own_tag), Some(own_mark)) = (self.tags.get_mut(way), self.marks.get_mut(way)) {
            (*own_tag, *own_mark) = (tag, mark);
        }
    }
}

// Derived, it would ask the same of the entries.
impl<E> Default for OfTag<'_, E> {
    fn default() -> Self {
        Self {
            lines: &[],
            entries: &[],
            tag: FREE,
            line: 0,
            left: 0,
            ways: 0,
            of: 0,
        }
    }
}

// Written out, as are the tables of other libraries: this is what a decision does most.
impl<'t, E> Iterator for OfTag<'t, E> {
    type Item = Found<'t, E>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        while self.ways == 0 {
            self.left = self.left.checked_sub(1)?;
            let line = self.lines.get(self.line)?;
            self.of = self.line;
            self.ways = line.ways_of(self.tag);
            self.line = next_line(self.line, self.lines.len());
            // By INVARIANT what is not here is nowhere.
            if !line.is_full() {
                self.left = 0;
            }
        }
        let way = usize::try_from(self.ways.trailing_zeros()).ok()?;
        self.ways &= self.ways.wrapping_sub(1);
        Some(Found {
            mark: *self.lines.get(self.of)?.marks.get(way)?,
            entries: self.entries,
            at: entry_at(self.of, way),
        })
    }
}

impl<'t, E> Found<'t, E> {
    /// Returns the entry; it is always there.
    #[inline]
    pub(crate) fn entry(&self) -> Option<&'t E> {
        self.entries.get(self.at)?.as_ref()
    }
}

/// Says in which of so many lines a tag is, if there is room.
fn first_line(tag: u32, lines: usize) -> usize {
    // By INVARIANT this is the rest of a division.
    usize::try_from(tag).unwrap_or(usize::MAX) & lines.saturating_sub(1)
}

/// Says in which it is if there is none.
const fn next_line(line: usize, lines: usize) -> usize {
    line.wrapping_add(1) & lines.saturating_sub(1)
}

/// Says where the entry is that has this place in this line.
const fn entry_at(line: usize, way: usize) -> usize {
    line.saturating_mul(WAYS).saturating_add(way)
}
