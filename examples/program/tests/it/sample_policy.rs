use k8s_rbac::{KubernetesVersion, Manifests, Objects};

use crate::run::{RBAC, ROOT};

/// A user may apply the sample to a cluster. It must not replace an object of the default policy there.
#[test]
fn the_sample_policy_replaces_no_object_of_the_default_policy() {
    let text = std::fs::read_to_string(format!("{ROOT}{RBAC}")).unwrap();
    let sample = Manifests::read([("rbac.yaml", text.as_str())]).into_objects();
    let default = Objects::bootstrap(KubernetesVersion::default());
    let names = |objects: &Objects| -> Vec<String> {
        let roles = objects.roles.iter().map(|it| &it.metadata);
        let cluster_roles = objects.cluster_roles.iter().map(|it| &it.metadata);
        let bindings = objects.role_bindings.iter().map(|it| &it.metadata);
        let cluster_bindings = objects.cluster_role_bindings.iter().map(|it| &it.metadata);
        roles
            .chain(cluster_roles)
            .chain(bindings)
            .chain(cluster_bindings)
            .map(|metadata| metadata.name.clone())
            .collect()
    };
    let default = names(&default);
    for name in names(&sample) {
        assert!(!default.contains(&name), "{name}");
        assert!(!name.starts_with("system:"), "{name}");
    }
}
