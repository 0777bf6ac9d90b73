//! Reads files until none of them changes under the reading.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::fault::Fault;
use crate::fingerprint::Fingerprint;
use crate::read::{ReadLimits, Reading, fingerprint};

/// How long a file that just changed must stay the same before its version is applied, by default: 100 ms.
/// Our choice: a file that is written in place, piece by piece, is written within that time, and a user
/// does not notice it.
pub const SETTLE: Duration = Duration::from_millis(100);

/// A file that was made shorter in place must stay the same for this many times as long: by default, for 2 s. Our
/// choice: most programs that write a file in place empty it first. So a shorter file may be the beginning of a version,
/// and the beginning of a list of rules can itself be a list of rules.
pub const SHORTENED_SETTLES: u32 = 20;

/// How often files are read again because one of them changed meanwhile. Our choice: if versions
/// follow each other faster, one is applied although the next already exists.
const MAX_ROUNDS: usize = 4;

/// A path to read, and its state when it was read last.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) path: PathBuf,
    pub(crate) limits: ReadLimits,
    /// The last state that was seen. `None` to read in any case.
    pub(crate) seen: Option<Result<Fingerprint, Fault>>,
    /// The state of the good version in effect. `None` to apply a shortened file at once.
    pub(crate) current: Option<Fingerprint>,
    /// A state that is shorter than the current state, and the time when it was first seen.
    pub(crate) shortened: Option<(Fingerprint, Instant)>,
}

impl Target {
    pub(crate) const fn new(path: PathBuf, limits: ReadLimits) -> Self {
        Self {
            path,
            limits,
            seen: None,
            current: None,
            shortened: None,
        }
    }

    fn look(&self) -> Result<Fingerprint, Fault> {
        fingerprint(&self.path, self.limits)
    }
}

/// The result of reading a target.
pub(crate) struct Newest {
    /// The newest version, or the fault in its place.
    pub(crate) reading: Result<Reading, Fault>,
    /// The state to compare the target with next time. `None` to read it in any case.
    pub(crate) seen: Option<Result<Fingerprint, Fault>>,
    /// The value for [`Target::shortened`].
    pub(crate) shortened: Option<(Fingerprint, Instant)>,
}

/// Reads the targets that changed, by their number.
///
/// Every version is complete: a file that changed recently is read twice, with the settling time in
/// between, and both readings are equal. The versions also belong together: no target changed between the
/// first reading and the last, unless they change faster than they can be read. A file that was made
/// shorter in place is [`Fault::Unsettled`] for longer; the caller reads it again.
pub(crate) fn read_changed(
    targets: &[(usize, Target)],
    settle: Duration,
) -> BTreeMap<usize, Newest> {
    let mut attempts: BTreeMap<usize, Attempt> = BTreeMap::new();
    for _ in 0..MAX_ROUNDS {
        let stale = stale(targets, &attempts);
        if stale.is_empty() {
            break;
        }
        for (number, target) in &stale {
            attempts.insert(*number, Attempt::new(target));
        }
        if attempts.values().all(|attempt| attempt.is_settled) {
            continue;
        }
        thread::sleep(settle);
        for (number, target) in &stale {
            if let Some(attempt) = attempts.get_mut(number) {
                attempt.settle(target);
            }
        }
    }
    let mut newest = BTreeMap::new();
    for (number, target) in targets {
        if let Some(attempt) = attempts.remove(number) {
            newest.insert(*number, attempt.finish().hold_back(target, settle));
        }
    }
    newest
}

/// Returns the targets whose newest version was not read.
fn stale<'t>(
    targets: &'t [(usize, Target)],
    attempts: &BTreeMap<usize, Attempt>,
) -> Vec<&'t (usize, Target)> {
    targets
        .iter()
        .filter(|(number, target)| match attempts.get(number) {
            None => target
                .seen
                .as_ref()
                .is_none_or(|seen| target.look() != *seen),
            Some(attempt) => !attempt.is_newest(target),
        })
        .collect()
}

impl Newest {
    /// Replaces a version by a fault if the file was made shorter in place and has not stayed the same for long.
    fn hold_back(self, target: &Target, settle: Duration) -> Self {
        let (Ok(reading), Some(current)) = (&self.reading, &target.current) else {
            return self;
        };
        if !reading.fingerprint.is_shortened(current) {
            return self;
        }
        let since = match &target.shortened {
            Some((seen, since)) if *seen == reading.fingerprint => *since,
            _ => Instant::now(),
        };
        if since.elapsed() >= settle.saturating_mul(SHORTENED_SETTLES) {
            return self;
        }
        let shortened = Some((reading.fingerprint.clone(), since));
        Self {
            reading: Err(Fault::Unsettled),
            seen: None,
            shortened,
        }
    }
}

struct Attempt {
    /// The state of the target before it was read.
    looked: Result<Fingerprint, Fault>,
    reading: Result<Reading, Fault>,
    /// Whether the reading is known to be complete.
    is_settled: bool,
}

impl Attempt {
    fn new(target: &Target) -> Self {
        let looked = target.look();
        let reading = Reading::of(&target.path, target.limits);
        // A missing file may be between its deletion and its creation.
        let is_settled = reading
            .as_ref()
            .is_ok_and(|reading| !reading.fingerprint.is_young(SystemTime::now()));
        Self {
            looked,
            reading,
            is_settled,
        }
    }

    /// Decides, some time after the reading, whether it is complete.
    fn settle(&mut self, target: &Target) {
        self.is_settled |= match &mut self.reading {
            Ok(reading) => reading.is_unchanged(target.limits),
            Err(fault) => {
                Reading::of(&target.path, target.limits).is_err_and(|again| again == *fault)
            }
        };
    }

    /// Returns whether the path still names the version that was read.
    fn is_newest(&self, target: &Target) -> bool {
        let looked = match &self.reading {
            Ok(reading) => Ok(&reading.fingerprint),
            Err(_) => self.looked.as_ref(),
        };
        self.is_settled && looked == target.look().as_ref()
    }

    fn finish(self) -> Newest {
        let Self {
            looked,
            reading,
            is_settled,
        } = self;
        if !is_settled {
            let reading = reading.and(Err(Fault::Unsettled));
            return Newest {
                reading,
                seen: None,
                shortened: None,
            };
        }
        let seen = match &reading {
            Ok(reading) => Ok(reading.fingerprint.clone()),
            Err(_) => looked,
        };
        Newest {
            reading,
            seen: Some(seen),
            shortened: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Attempt, BTreeMap, Duration, Instant, SETTLE, Target, fingerprint, stale};
    use crate::read::ReadLimits;

    const LIMITS: ReadLimits = ReadLimits {
        max_bytes: 9,
        may_be_directory: false,
    };

    #[test]
    fn a_target_is_stale_until_its_newest_version_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rules");
        let mut targets = [(7, Target::new(path.clone(), LIMITS))];
        let mut attempts = BTreeMap::new();
        assert_eq!(stale(&targets, &attempts).len(), 1, "never seen");
        targets[0].1.seen = Some(targets[0].1.look());
        assert_eq!(stale(&targets, &attempts).len(), 0, "still missing");
        fs::write(&path, "a").unwrap();
        assert_eq!(stale(&targets, &attempts).len(), 1, "it appeared");
        let mut attempt = Attempt::new(&targets[0].1);
        attempt.is_settled = true;
        attempts.insert(7, attempt);
        assert_eq!(stale(&targets, &attempts).len(), 0, "it is read");
        fs::remove_file(&path).unwrap();
        assert_eq!(stale(&targets, &attempts).len(), 1, "it changed meanwhile");
    }

    #[test]
    fn a_file_that_was_shortened_has_to_stay_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rules");
        let state = || fingerprint(&path, LIMITS).unwrap();
        fs::write(&path, "three").unwrap();
        let current = state();
        fs::write(&path, "two").unwrap();
        let long_ago = Instant::now().checked_sub(Duration::from_secs(60)).unwrap();
        for (shortened, is_held) in [
            (None, true),
            (Some((state(), Instant::now())), true),
            (Some((state(), long_ago)), false),
            // The state has changed since long ago.
            (Some((current.clone(), long_ago)), true),
        ] {
            let mut target = Target::new(path.clone(), LIMITS);
            target.current = Some(current.clone());
            target.shortened = shortened;
            let mut attempt = Attempt::new(&target);
            attempt.is_settled = true;
            let newest = attempt.finish().hold_back(&target, SETTLE);
            assert_eq!(newest.reading.is_err(), is_held);
            assert_eq!(
                (newest.seen.is_none(), newest.shortened.is_some()),
                (is_held, is_held)
            );
        }
    }

    #[test]
    fn a_version_is_newest_once_it_is_settled_and_while_its_path_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rules");
        let target = Target::new(path.clone(), LIMITS);
        // A file that is missing.
        let mut attempt = Attempt::new(&target);
        assert!(!attempt.is_newest(&target));
        attempt.settle(&target);
        assert!(attempt.is_newest(&target));
        fs::create_dir(&path).unwrap();
        assert!(!attempt.is_newest(&target));
        // Another fault than the one before.
        fs::remove_dir(&path).unwrap();
        let mut attempt = Attempt::new(&target);
        fs::create_dir(&path).unwrap();
        attempt.settle(&target);
        assert!(!attempt.is_newest(&target));
        fs::remove_dir(&path).unwrap();
        // A file that another one replaces.
        fs::write(&path, "a").unwrap();
        let mut attempt = Attempt::new(&target);
        attempt.is_settled = false;
        assert!(!attempt.is_newest(&target));
        attempt.settle(&target);
        assert!(attempt.is_newest(&target));
        let other = folder.path().join("other");
        fs::write(&other, "a").unwrap();
        fs::rename(other, &path).unwrap();
        assert!(!attempt.is_newest(&target));
    }
}
