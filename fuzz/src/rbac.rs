use k8s_rbac::{
    FieldRequirement, KubernetesVersion, LabelRequirement, Manifests, Policy, PolicyRule,
    RequestInfo, User,
};

use k8s_rbac_oracle::worlds::{Tally, bytes_of, check_changed_policy};

/// Asserts that the engine decides as `k8s_rbac::reference` does.
///
/// A policy that was changed object by object decides like the reference and like a policy built from the
/// same objects at once. Later changes do not affect a copy made on the way.
///
/// # Panics
///
/// If the property does not hold.
pub fn engine_is_oracle(bytes: &[u8]) {
    check_changed_policy(bytes, &mut Tally::default());
}

/// Checks [`engine_is_oracle`] for at least this many questions, and returns their counts.
///
/// # Panics
///
/// If the property does not hold, or if too few questions were allowed or met a missing role.
#[must_use]
pub fn questions_about_worlds(least: u64) -> String {
    let mut tally = Tally::default();
    let mut seeds = 0_u64..;
    while tally.questions < least {
        let bytes = bytes_of(seeds.next().unwrap_or_default());
        check_changed_policy(&bytes, &mut tally);
    }
    assert!(tally.is_meaningful(), "{tally:?}");
    format!("{tally:?}")
}

/// Asserts that manifests are read deterministically and aggregation is idempotent.
///
/// In addition, granting permissions that a user holds is never an escalation.
///
/// # Panics
///
/// If the property does not hold.
pub fn manifests_are_read_alike(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let manifests = Manifests::read([("fuzz", text)]);
    let again = Manifests::read([("fuzz", text)]);
    assert_eq!(manifests.objects(), again.objects());
    assert_eq!(manifests.problems(), again.problems());
    let mut objects = manifests.into_objects();
    objects.aggregate();
    assert!(objects.aggregate().changed.is_empty());
    let bindings = objects.cluster_role_bindings.clone();
    let policy = Policy::new(objects);
    for subject in bindings.into_iter().flat_map(|binding| binding.subjects) {
        // A user may grant each single permission of the rules they hold.
        let user = User::new(&subject.name, [&subject.name]);
        let listing = policy.rules_for(&user, "");
        let permissions = listing.rules().flat_map(PolicyRule::permissions);
        let paths_with_names = |rule: &PolicyRule| {
            !rule.resource_names.is_empty() && !rule.non_resource_urls.is_empty()
        };
        if !listing.rules().any(paths_with_names) {
            let rules: Vec<_> = permissions.take(64).map(|one| one.to_rule()).collect();
            assert!(policy.escalation(&user, "", &rules).is_none());
        }
    }
}

/// Asserts that a path with every byte percent-encoded is read as the same request.
///
/// # Panics
///
/// If the property does not hold.
pub fn requests_are_read_by_their_path(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let (method, url) = text.split_once(' ').unwrap_or(("GET", text));
    let Ok(info) = RequestInfo::parse_like_apiserver(KubernetesVersion::NEWEST, method, url) else {
        return;
    };
    assert_eq!(info.is_resource_request, !info.parts.is_empty());
    let Some(tail) = info.path.strip_prefix('/') else {
        return;
    };
    let query = url.split_once('?').map(|(_, query)| format!("?{query}"));
    let escaped: String = tail.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let escaped = format!("/{escaped}{}", query.unwrap_or_default());
    assert_eq!(
        RequestInfo::parse_like_apiserver(KubernetesVersion::NEWEST, method, &escaped).as_ref(),
        Ok(&info)
    );
}

/// Asserts that printing a parsed selector and parsing it again returns the same.
///
/// # Panics
///
/// If the property does not hold.
pub fn selectors_are_read_back(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(requirements) = FieldRequirement::parse(text) {
        let terms = requirements.iter().map(|one| {
            let value = one.value.replace('\\', "\\\\");
            let value = value.replace(',', "\\,").replace('=', "\\=");
            format!("{}{}{value}", one.field, one.operator.as_str())
        });
        let terms: Vec<String> = terms.collect();
        let written = terms.join(",");
        let sorted = |requirements: Vec<FieldRequirement>| {
            let mut texts: Vec<String> = requirements.iter().map(|r| format!("{r:?}")).collect();
            texts.sort();
            texts
        };
        let again = FieldRequirement::parse(&written).map(sorted);
        assert_eq!(again, Ok(sorted(requirements)));
    }
    if let Ok(requirements) = LabelRequirement::parse(text) {
        let terms = requirements.iter().map(|one| {
            let (key, values) = (&one.key, one.values.join(","));
            match one.operator.as_str() {
                "exists" => key.clone(),
                "!" => format!("!{key}"),
                "gt" => format!("{key}>{values}"),
                "lt" => format!("{key}<{values}"),
                word @ ("in" | "notin") => format!("{key} {word} ({values})"),
                symbol => format!("{key}{symbol}{values}"),
            }
        });
        let terms: Vec<String> = terms.collect();
        let written = terms.join(",");
        assert_eq!(LabelRequirement::parse(&written), Ok(requirements));
    }
}
