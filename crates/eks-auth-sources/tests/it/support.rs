//! A folder of source files, and callers.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use eks_auth_sources::eks_auth::Identity;
use eks_auth_sources::eks_auth::aws_auth_map::Resolution;
use eks_auth_sources::{
    Event, Report, Serving, Snapshot, SourceKind, SourceStatus, Sources, SourcesBuilder,
};
use tempfile::TempDir;

/// How long a test waits for an event that must come. This is enough for a slow machine.
const LONGEST: Duration = Duration::from_secs(60);

pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file in place.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Replaces a file by renaming another file.
    pub(crate) fn replace(&self, name: &str, text: &str) {
        replace(&self.path(name), text);
    }

    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }
}

pub(crate) fn replace(path: &Path, text: &str) {
    let new = path.with_extension("new");
    fs::write(&new, text).unwrap();
    fs::rename(new, path).unwrap();
}

/// An aws-auth ConfigMap in which two roles map to users of this version.
pub(crate) fn config_map(version: &str) -> String {
    format!(
        "apiVersion: v1\n\
         kind: ConfigMap\n\
         metadata: {{name: aws-auth, namespace: kube-system}}\n\
         data:\n  \
           mapRoles: |\n    \
             - rolearn: arn:aws:iam::111122223333:role/admin\n      \
               username: admin-{version}\n      \
               groups: [admins]\n  \
           mapUsers: |\n    \
             - userarn: arn:aws:iam::111122223333:user/dev\n      \
               username: dev-{version}\n      \
               groups: [devs]\n"
    )
}

/// RBAC manifests that allow user `dev-VERSION` to get pods.
pub(crate) fn rbac(version: &str) -> String {
    format!(
        "apiVersion: rbac.authorization.k8s.io/v1\n\
         kind: ClusterRole\n\
         metadata: {{name: pods}}\n\
         rules: [{{apiGroups: [''], resources: [pods], verbs: [get]}}]\n\
         ---\n\
         apiVersion: rbac.authorization.k8s.io/v1\n\
         kind: ClusterRoleBinding\n\
         metadata: {{name: devs}}\n\
         roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: pods}}\n\
         subjects: [{{apiGroup: rbac.authorization.k8s.io, kind: User, name: dev-{version}}}]\n"
    )
}

pub(crate) fn admin() -> Identity {
    let arn = "arn:aws:sts::111122223333:assumed-role/admin/session";
    Identity::new(arn, "111122223333", "AROAEXAMPLEEXAMPLEEX:session").unwrap()
}

pub(crate) fn dev() -> Identity {
    let arn = "arn:aws:iam::111122223333:user/dev";
    Identity::new(arn, "111122223333", "AIDAEXAMPLEEXAMPLEEX").unwrap()
}

/// Returns the username, or the reason why there is no user.
pub(crate) fn username(snapshot: &Snapshot, identity: &Identity) -> String {
    match snapshot.identities().resolve(identity) {
        Resolution::Mapped(mapped) => mapped.user().username().to_owned(),
        Resolution::NotMapped => "not mapped".to_owned(),
        Resolution::Refused(refusal) => refusal.reason().code().to_owned(),
    }
}

/// A builder for files that the tests write at once.
pub(crate) fn builder() -> SourcesBuilder {
    Sources::builder().with_settle(Duration::from_millis(5))
}

/// Sources of one ConfigMap file.
pub(crate) fn of_config_map(folder: &Folder) -> SourcesBuilder {
    builder().with_file(SourceKind::ConfigMap, folder.path("aws-auth.yaml"))
}

/// Returns the only source of a report.
pub(crate) fn only(report: &Report) -> &SourceStatus {
    assert_eq!(report.sources.len(), 1);
    &report.sources[0]
}

/// Reads every file now, and returns how the only source is served, its fault, and the user `dev`.
pub(crate) fn reload(sources: &Sources) -> (Serving, &'static str, String) {
    let report = sources.reload_and_wait();
    let status = only(&report);
    let fault = status.fault.as_ref().map_or("", |fault| fault.code());
    (status.serving, fault, username(&sources.snapshot(), &dev()))
}

/// Collects events.
pub(crate) struct Events(Receiver<Event>);

impl Events {
    pub(crate) fn of(builder: SourcesBuilder) -> (SourcesBuilder, Self) {
        let (sender, receiver): (Sender<Event>, Receiver<Event>) = channel();
        let observer = move |event: &Event| {
            let _ = sender.send(event.clone());
        };
        (builder.with_observer(Arc::new(observer)), Self(receiver))
    }

    /// Waits for an event, and drops the events before it.
    #[track_caller]
    pub(crate) fn wait(&self, is_wanted: impl Fn(&Event) -> bool) -> Event {
        loop {
            let event = self.0.recv_timeout(LONGEST).expect("the event comes");
            if is_wanted(&event) {
                return event;
            }
        }
    }

    pub(crate) fn drain(&self) -> Vec<Event> {
        self.0.try_iter().collect()
    }
}

pub(crate) fn is_applied(event: &Event) -> bool {
    matches!(event, Event::Applied { .. })
}
