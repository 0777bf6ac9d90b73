//! Rules that are watched in the cluster: the backends `EKSConfigMap` and `CRD`, and RBAC objects.

#[cfg(not(feature = "kube"))]
mod absent;
#[cfg(test)]
#[cfg(feature = "kube")]
mod tests;
#[cfg(feature = "kube")]
mod watch;

use aws_auth_map::BackendKind;
use eks_auth_sources::{SourceKind, SourcesBuilder};

use crate::rules;
use crate::settings::Settings;

#[cfg(not(feature = "kube"))]
pub(crate) use absent::Watch;
#[cfg(feature = "kube")]
pub(crate) use watch::Watch;

/// Returns the kinds of sources that are watched: each backend of `--backend-mode` that has no file, and RBAC
/// objects with `--watch-rbac`.
pub(crate) fn kinds(settings: &Settings) -> Result<Vec<SourceKind>, String> {
    let modes = rules::backend_modes(settings)?;
    let is_named = |kind| {
        modes
            .as_ref()
            .is_some_and(|modes| modes.kinds().contains(&kind))
    };
    let mut kinds = Vec::new();
    if settings.aws_auth.is_none() && is_named(BackendKind::EksConfigMap) {
        kinds.push(SourceKind::ConfigMap);
    }
    if settings.identity_mappings.is_none() && is_named(BackendKind::Crd) {
        kinds.push(SourceKind::IdentityMappings);
    }
    if settings.watch_rbac == Some(true) {
        kinds.push(SourceKind::Rbac);
    }
    Ok(kinds)
}

/// Adds a feed for each kind that is watched.
pub(crate) fn add_feeds(
    mut builder: SourcesBuilder,
    settings: &Settings,
) -> Result<SourcesBuilder, String> {
    for kind in kinds(settings)? {
        // The name is a part of the file's name in the state directory.
        let name = match kind {
            SourceKind::ConfigMap => settings.config_map.clone().unwrap_or_default().to_string(),
            SourceKind::IdentityMappings => "iamidentitymappings".to_owned(),
            _ => "cluster".to_owned(),
        };
        builder = builder.with_feed(kind, &name);
    }
    Ok(builder)
}

/// Explains why `--kubeconfig` and `--master` have no effect. `None` if they have an effect, or are
/// not set.
pub(crate) fn without_effect(settings: &Settings) -> Result<Option<&'static str>, String> {
    let is_set = settings.kubeconfig.is_some() || settings.master.is_some();
    let is_unused = is_set && kinds(settings)?.is_empty();
    Ok(is_unused.then_some(
        "--kubeconfig and --master have no effect: no rules are watched in the cluster (--backend-mode, --watch-rbac)",
    ))
}
