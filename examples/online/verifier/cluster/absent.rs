//! The program without the feature `kube`: rules are read from files only.

use eks_auth_server::Metrics;
use eks_auth_sources::{SourceKind, Sources};

use super::kinds;
use crate::log::Log;
use crate::settings::Settings;

/// Watches nothing.
pub(crate) struct Watch;

impl Watch {
    /// Refuses settings that need the feature.
    pub(crate) async fn connect(settings: &Settings) -> Result<Self, String> {
        let what = match kinds(settings)?.first() {
            Some(SourceKind::ConfigMap) => "the backend EKSConfigMap without --aws-auth",
            Some(SourceKind::IdentityMappings) => "the backend CRD without --identity-mappings",
            Some(_) => "--watch-rbac",
            None => return Ok(Self),
        };
        Err(format!(
            "{what} needs a program that was built with the feature `kube`, which watches the cluster: \
             cargo build --example verifier --features kube"
        ))
    }

    /// Starts nothing.
    pub(crate) fn start(self, _: &Sources, _: &Metrics, _: Log) {}

    /// Lists nothing.
    pub(crate) async fn list(self, _: &Sources) {}
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::Watch;
    use crate::args::{Args, Command};

    async fn refusal(flags: &[&str]) -> Option<String> {
        let words = ["verifier", "serve"].iter().chain(flags);
        let Command::Serve(args) = Args::try_parse_from(words).unwrap().command else {
            return None;
        };
        Watch::connect(&args.settings).await.err()
    }

    #[tokio::test]
    async fn settings_that_need_the_feature_are_refused_by_its_name() {
        for (flags, what) in [
            (&["--watch-rbac"][..], "--watch-rbac"),
            (&["--backend-mode", "CRD"], "the backend CRD"),
            (
                &["--backend-mode", "File,EKSConfigMap"],
                "the backend EKSConfigMap",
            ),
        ] {
            let why = refusal(flags).await.unwrap_or_default();
            assert!(
                why.starts_with(what) && why.contains("--features kube"),
                "{why}"
            );
        }
        // A file replaces the cluster.
        let flags = [
            "--backend-mode",
            "CRD",
            "--identity-mappings",
            "mappings.yaml",
        ];
        assert_eq!(refusal(&flags).await, None);
    }
}
