//! The types of k8s-openapi. A value that is converted there and back is the same, also as JSON. So
//! our types are plain data with the API's own field names.

#![cfg(feature = "k8s-openapi")]

use std::fmt::Debug;

use k8s_openapi::api::authentication::v1::UserInfo;
use k8s_openapi::api::authorization::v1 as authorization;
use k8s_openapi::api::rbac::v1 as rbac;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_rbac::review::{
    AccessReview, AccessReviewSpec, AccessReviewStatus, FieldSelectorAttributes,
    LabelSelectorAttributes, NonResourceAttributes, ResourceAttributes, ReviewKind, ReviewMetadata,
    ReviewVersion, RulesReview,
};
use k8s_rbac::{
    AggregationRule, ClusterRole, LabelSelector, LabelSelectorRequirement, Metadata, Objects,
    Policy, RoleRef, RuleListing, User,
};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestCaseError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, from_value, json, to_value};

use crate::props::{rule, world};

fn text() -> impl Strategy<Value = String> {
    select(&["", "", "a", "b/c", "*", "ä"][..]).prop_map(str::to_owned)
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    vec(text(), 0..3)
}

#[test]
fn the_group_of_a_reference_is_kept() {
    for api_group in ["", "rbac.authorization.k8s.io", "x"] {
        let role_ref = RoleRef {
            api_group: api_group.to_owned(),
            kind: "ClusterRole".to_owned(),
            name: "r".to_owned(),
        };
        let theirs = rbac::RoleRef::from(role_ref.clone());
        assert_eq!(RoleRef::from(theirs), role_ref);
    }
}

fn requirements() -> impl Strategy<Value = Vec<LabelSelectorRequirement>> {
    let requirement =
        (text(), text(), texts()).prop_map(|(key, operator, values)| LabelSelectorRequirement {
            key,
            operator,
            values,
        });
    vec(requirement, 0..3)
}

fn cluster_role() -> impl Strategy<Value = ClusterRole> {
    let labels = || btree_map(text(), text(), 0..3);
    let selector =
        (labels(), requirements()).prop_map(|(match_labels, match_expressions)| LabelSelector {
            match_labels,
            match_expressions,
        });
    let selectors = option::of(vec(selector, 0..3));
    (text(), labels(), vec(rule(), 0..3), selectors).prop_map(|(name, labels, rules, selectors)| {
        ClusterRole {
            metadata: Metadata {
                name,
                namespace: String::new(),
                labels,
            },
            rules,
            aggregation_rule: selectors.map(|cluster_role_selectors| AggregationRule {
                cluster_role_selectors,
            }),
        }
    })
}

fn metadata() -> impl Strategy<Value = ReviewMetadata> {
    let labels = || btree_map(text(), text(), 0..3);
    (text(), text(), text(), labels(), labels()).prop_map(
        |(name, generate_name, namespace, labels, annotations)| ReviewMetadata {
            name,
            generate_name,
            namespace,
            labels,
            annotations,
        },
    )
}

fn resource_attributes() -> impl Strategy<Value = ResourceAttributes> {
    let texts: [_; 7] = std::array::from_fn(|_| text());
    let selector = || option::of((text(), requirements()));
    (texts, selector(), selector()).prop_map(|(texts, fields, labels)| {
        let [namespace, verb, group, version, resource, subresource, name] = texts;
        ResourceAttributes {
            namespace,
            verb,
            group,
            version,
            resource,
            subresource,
            name,
            field_selector: fields.map(|(raw_selector, requirements)| FieldSelectorAttributes {
                raw_selector,
                requirements,
            }),
            label_selector: labels.map(|(raw_selector, requirements)| LabelSelectorAttributes {
                raw_selector,
                requirements,
            }),
        }
    })
}

fn review() -> impl Strategy<Value = AccessReview> {
    let kind = select(&[
        ReviewKind::LocalSubjectAccessReview,
        ReviewKind::SelfSubjectAccessReview,
        ReviewKind::SubjectAccessReview,
    ]);
    let path = (text(), text()).prop_map(|(path, verb)| NonResourceAttributes { path, verb });
    let status = (any::<bool>(), any::<bool>(), text(), text()).prop_map(
        |(allowed, denied, reason, evaluation_error)| AccessReviewStatus {
            allowed,
            denied,
            reason,
            evaluation_error,
        },
    );
    let asked = (option::of(resource_attributes()), option::of(path));
    let user = (text(), texts(), btree_map(text(), texts(), 0..3), text());
    (kind, metadata(), asked, user, status).prop_map(|(kind, metadata, asked, user, status)| {
        let (resource_attributes, non_resource_attributes) = asked;
        let mut spec = AccessReviewSpec {
            resource_attributes,
            non_resource_attributes,
            ..AccessReviewSpec::default()
        };
        if kind != ReviewKind::SelfSubjectAccessReview {
            (spec.user, spec.groups, spec.extra, spec.uid) = user;
        }
        AccessReview {
            kind,
            version: ReviewVersion::V1,
            metadata,
            spec,
            status,
        }
    })
}

/// Shows that a value stays the same if it is converted there and back, if we read their JSON, and
/// if they read our JSON.
fn same<Ours, Theirs>(ours: &Ours, type_meta: Value) -> Result<(), TestCaseError>
where
    Ours: Clone + Debug + DeserializeOwned + From<Theirs> + PartialEq + Serialize,
    Theirs: Clone + DeserializeOwned + Serialize + TryFrom<Ours>,
    Theirs::Error: Debug,
{
    let theirs = Theirs::try_from(ours.clone());
    let theirs = theirs.map_err(|why| TestCaseError::fail(format!("{why:?}")))?;
    prop_assert_eq!(&Ours::from(theirs.clone()), ours);
    let json = |error: serde_json::Error| TestCaseError::fail(error.to_string());
    let read_by_us: Ours = from_value(to_value(&theirs).map_err(json)?).map_err(json)?;
    prop_assert_eq!(&read_by_us, ours);
    let mut written = to_value(ours).map_err(json)?;
    if let (Value::Object(written), Value::Object(type_meta)) = (&mut written, type_meta) {
        written.extend(type_meta);
    }
    let read_by_them: Theirs = from_value(written).map_err(json)?;
    prop_assert_eq!(&Ours::from(read_by_them), ours);
    Ok(())
}

fn of_kind(kind: &str) -> Value {
    json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind})
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn rbac_objects_are_those_of_k8s_openapi(world in world(), aggregated in cluster_role()) {
        for role in world.cluster_roles.iter().chain([&aggregated]) {
            same::<_, rbac::ClusterRole>(role, of_kind("ClusterRole"))?;
        }
        for role in &world.roles {
            same::<_, rbac::Role>(role, of_kind("Role"))?;
        }
        for binding in &world.cluster_role_bindings {
            same::<_, rbac::ClusterRoleBinding>(binding, of_kind("ClusterRoleBinding"))?;
        }
        for binding in &world.role_bindings {
            same::<_, rbac::RoleBinding>(binding, of_kind("RoleBinding"))?;
        }
    }

    #[test]
    fn access_reviews_are_those_of_k8s_openapi(review in review()) {
        use authorization::{
            LocalSubjectAccessReview, SelfSubjectAccessReview, SubjectAccessReview,
        };
        if review.kind == ReviewKind::SelfSubjectAccessReview {
            same::<_, SelfSubjectAccessReview>(&review, Value::Null)?;
        } else {
            let theirs = SelfSubjectAccessReview::try_from(review.clone());
            prop_assert_eq!(theirs.map_err(|error| error.kind), Err(review.kind));
        }
        if review.kind == ReviewKind::LocalSubjectAccessReview {
            same::<_, LocalSubjectAccessReview>(&review, Value::Null)?;
        }
        if review.kind == ReviewKind::SubjectAccessReview {
            same::<_, SubjectAccessReview>(&review, Value::Null)?;
        }
    }

    #[test]
    fn listings_of_rules_are_those_of_k8s_openapi(
        world in world(),
        metadata in metadata(),
        namespace in text(),
    ) {
        let policy = Policy::new(world);
        let listing: RuleListing<'_> = policy.rules_for(&User::new("u", ["g"]), "ns1");
        let review = RulesReview {
            version: ReviewVersion::V1,
            metadata,
            namespace,
            status: listing.status(),
        };
        same::<_, authorization::SelfSubjectRulesReview>(&review, Value::Null)?;
    }
}

#[test]
fn what_rbac_does_not_look_at_is_dropped() {
    let metadata = ObjectMeta {
        name: Some("r".to_owned()),
        annotations: Some([("a".to_owned(), "b".to_owned())].into()),
        uid: Some("u-1".to_owned()),
        ..ObjectMeta::default()
    };
    let role = rbac::Role {
        metadata,
        rules: None,
    };
    let mut objects = Objects::default();
    objects.roles.extend([role.into()]);
    let names: Vec<&str> = objects
        .roles
        .iter()
        .map(|r| r.metadata.name.as_str())
        .collect();
    assert_eq!(names, ["r"]);
    let user = User::from(UserInfo {
        username: Some("alice".to_owned()),
        groups: Some(vec!["devs".to_owned()]),
        uid: Some("1".to_owned()),
        extra: None,
    });
    assert_eq!(user, User::new("alice", ["devs"]));
}
