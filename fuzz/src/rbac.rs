use k8s_rbac::{
    FieldRequirement, LabelRequirement, Manifests, Policy, PolicyRule, RequestInfo, User,
};

use k8s_rbac_oracle::worlds::{Tally, bytes_of, check_changed_policy};

/// A policy that objects were put into and taken out of decides as the oracle does, and as one that
/// is made of the same objects at once; and a copy made on the way stays as it was.
///
/// # Panics
///
/// If the property does not hold.
pub fn engine_is_oracle(bytes: &[u8]) {
    check_changed_policy(bytes, &mut Tally::default());
}

/// Holds so many questions or more to [`engine_is_oracle`], and says what they were.
///
/// # Panics
///
/// If the property does not hold, or if the questions were not worth asking.
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

/// Manifests are read alike every time, a second aggregation changes nothing, and whoever holds a
/// permission does not escalate by giving it.
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
        // Whoever holds rules does not escalate by them, rule by rule taken apart.
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

/// The path of a request says all about it: escaped to the last byte it is read the same, and a
/// request for a resource is one for nothing else.
///
/// # Panics
///
/// If the property does not hold.
pub fn requests_are_read_by_their_path(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let (method, url) = text.split_once(' ').unwrap_or(("GET", text));
    let Ok(info) = RequestInfo::read(method, url) else {
        return;
    };
    assert_eq!(info.is_resource_request, !info.parts.is_empty());
    let Some(tail) = info.path.strip_prefix('/') else {
        return;
    };
    let query = url.split_once('?').map(|(_, query)| format!("?{query}"));
    let escaped: String = tail.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let escaped = format!("/{escaped}{}", query.unwrap_or_default());
    assert_eq!(RequestInfo::read(method, &escaped).as_ref(), Ok(&info));
}

/// A selector that is read says the same when it is written from what was read.
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
