// What is added to the root of a library. `chosen_change` says which change of a function is chosen, 0 for none, and notes
// that the function is reached. COUNT is the number of functions.
#[derive(Clone)]
pub(crate) enum Chosen<A, B> {
    This(A),
    Other(B),
}

impl<A: Iterator, B: Iterator<Item = A::Item>> Iterator for Chosen<A, B> {
    type Item = A::Item;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::This(items) => items.next(),
            Self::Other(items) => items.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self {
            Self::This(items) => items.size_hint(),
            Self::Other(items) => items.size_hint(),
        }
    }
}

impl<A: DoubleEndedIterator, B: DoubleEndedIterator<Item = A::Item>> DoubleEndedIterator for Chosen<A, B> {
    fn next_back(&mut self) -> Option<Self::Item> {
        match self {
            Self::This(items) => items.next_back(),
            Self::Other(items) => items.next_back(),
        }
    }
}

impl<A: ExactSizeIterator, B: ExactSizeIterator<Item = A::Item>> ExactSizeIterator for Chosen<A, B> {}

pub(crate) fn chosen_change(function: usize) -> usize {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
    static REACHED: [AtomicBool; COUNT] = [const { AtomicBool::new(false) }; COUNT];
    static CHOSEN: OnceLock<usize> = OnceLock::new();
    if !REACHED[function].load(Relaxed) && !REACHED[function].swap(true, Relaxed) {
        if let Some(path) = setting("CHANGES_REACHED") {
            use std::io::Write as _;
            let file = std::fs::OpenOptions::new().append(true).create(true).open(path);
            let _ = file.map(|mut file| file.write_all(format!("{function}\n").as_bytes()));
        }
    }
    *CHOSEN.get_or_init(|| setting("CHOSEN_CHANGE").and_then(|text| text.to_str()?.parse().ok()).unwrap_or(0))
}

fn setting(name: &str) -> Option<std::ffi::OsString> {
    use std::os::unix::{ffi::OsStringExt as _, process::parent_id};
    std::env::var_os(name).or_else(|| {
        // A test may have started this program with an environment of its own.
        let environment = std::fs::read(format!("/proc/{}/environ", parent_id())).ok()?;
        let value = environment.split(|byte| *byte == 0).find_map(|pair| pair.strip_prefix(format!("{name}=").as_bytes()))?;
        Some(std::ffi::OsString::from_vec(value.to_vec()))
    })
}
