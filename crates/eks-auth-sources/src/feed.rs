//! Sources that another part of the program reads: the objects of a cluster.

use std::sync::mpsc::Sender;

use k8s_rbac::Objects;

use crate::read::NamedText;
use crate::source::SourceName;
use crate::state_dir::Raw;
use crate::worker::Message;

/// Passes on the versions of a source that another part of the program reads, such as a watcher of
/// cluster objects. [`Sources::feed`](crate::Sources::feed) returns it.
///
/// A version is applied like a version of a file: parsed, judged, written to the state directory, and
/// published in one snapshot with the other sources.
#[derive(Clone, Debug)]
pub struct Feed {
    pub(crate) number: usize,
    pub(crate) name: SourceName,
    pub(crate) worker: Sender<Message>,
}

/// A report of a feed.
#[derive(Debug)]
pub(crate) enum Update {
    Cleared,
    Deleted,
    Disconnected(String),
    Version(Raw),
}

impl Feed {
    /// Returns the source.
    #[must_use]
    pub const fn name(&self) -> &SourceName {
        &self.name
    }

    /// Passes on the newest version as text, in the format of a file of this kind.
    pub fn publish(&self, text: String) {
        let named = NamedText {
            name: self.name.origin().to_owned(),
            text,
        };
        self.send(Update::Version(Raw::Texts(vec![named])));
    }

    /// Passes on the newest RBAC objects, all of them. For a source of another kind, this call is a
    /// fault.
    pub fn publish_objects(&self, objects: Objects) {
        self.send(Update::Version(Raw::Objects(objects)));
    }

    /// Reports that the rules were removed on purpose: a version without rules is in effect.
    pub fn clear(&self) {
        self.send(Update::Cleared);
    }

    /// Reports that the object no longer exists. The last good version stays in effect.
    pub fn deleted(&self) {
        self.send(Update::Deleted);
    }

    /// Reports that the objects cannot be read now. The last good version stays in effect until the
    /// next version is published, even if it is equal.
    pub fn disconnected(&self, why: &str) {
        self.send(Update::Disconnected(why.to_owned()));
    }

    fn send(&self, update: Update) {
        // An error means that the sources were dropped, so the version does not matter.
        let _ = self.worker.send(Message::Feed(self.number, update));
    }
}
