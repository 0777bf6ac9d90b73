//! Properties of every public type: it can be printed, sent and shared, and values can be compared and
//! hashed.

use std::error::Error;
use std::fmt::Debug;
use std::hash::Hash;

use k8s_rbac::review::{
    AccessReview, AccessReviewSpec, AccessReviewStatus, FieldSelectorAttributes,
    LabelSelectorAttributes, NonResourceAttributes, ResourceAttributes, ReviewError, ReviewKind,
    ReviewMetadata, ReviewVersion, RulesReview,
};
use k8s_rbac::{
    AggregatedRole, AggregatedRoles, Aggregation, AggregationError, AggregationRule, Ambiguity,
    BindingGrant, BindingName, BindingView, ClusterRole, ClusterRoleBinding, Coverage, Decision,
    Escalation, FieldError, FieldErrorReason, FieldErrors, FieldOperator, FieldRequirement,
    FieldSelectorError, Forbidden, ForbiddenDetails, Grant, KubernetesVersion,
    KubernetesVersionError, LabelRequirement, LabelSelector, LabelSelectorError,
    LabelSelectorRequirement, Metadata, Missing, NonResourceRule, Objects, Operator, PathRequest,
    Permission, Permit, Policy, PolicyRule, Quoted, QuotedTexts, Request, RequestInfo,
    RequestInfoError, ResourceRequest, ResourceRule, Response, Role, RoleBinding, RoleRef,
    RoleView, RuleListing, Selector, SelectorError, ServiceAccount, Subject, SubjectName,
    SubjectRulesReviewStatus, Unresolved, User, UserView, Write, WriteRefusal, api_resources,
};

const fn is_shared<T: Send + Sync + Debug>() {}

const fn is_value<T: Send + Sync + Debug + Clone + Eq + Hash>() {}

const fn is_error<T: Send + Sync + Error>() {}

macro_rules! each {
    ($check:ident: $($type:ty),* $(,)?) => {
        $($check::<$type>();)*
    };
}

/// The test does no work at run time: if a property does not hold, the test does not compile.
#[test]
fn types_are_what_a_reader_expects() {
    each!(is_shared:
        AggregatedRole<'_>, AggregatedRoles<'_>, BindingGrant<'_>, BindingView<'_>, Coverage<'_>,
        Decision<'_>, Escalation<'_>, Forbidden<'_>, Grant<'_>, Policy, Response<'_>,
        RoleView<'_>, RuleListing<'_>, Selector<'_>, Unresolved<'_>, UserView<'_>, Write<'_, Role>,
    );
    each!(is_value:
        AccessReview, AccessReviewSpec, AccessReviewStatus, Aggregation, AggregationError<'_>, AggregationRule, Ambiguity,
        BindingName<'_>, ClusterRole, ClusterRoleBinding, FieldError, FieldErrorReason, FieldErrors,
        FieldOperator, FieldRequirement, FieldSelectorAttributes, FieldSelectorError<'_>,
        ForbiddenDetails<'_>, KubernetesVersion, KubernetesVersionError, LabelRequirement,
        LabelSelector, LabelSelectorAttributes, LabelSelectorError<'_>, LabelSelectorRequirement,
        Metadata, Missing<'_>, NonResourceAttributes, NonResourceRule, Objects, Operator,
        PathRequest<'_>, Permission<'_>, Permit, PolicyRule, Quoted<'_>, QuotedTexts<'_>,
        Request<'_>, RequestInfo, RequestInfoError, ResourceAttributes, ResourceRequest<'_>,
        ResourceRule, ReviewError, ReviewKind, ReviewMetadata, ReviewVersion, Role, RoleBinding,
        RoleRef, RulesReview, SelectorError<'_>, ServiceAccount<'_>, Subject, SubjectName,
        SubjectRulesReviewStatus, User, api_resources::ApiResource,
    );
    each!(is_error:
        AggregationError<'_>, FieldSelectorError<'_>, KubernetesVersionError, LabelSelectorError<'_>, RequestInfoError,
        ReviewError, SelectorError<'_>, WriteRefusal<'_>,
    );
    #[cfg(feature = "store")]
    is_shared::<k8s_rbac::PolicyStore>();
    #[cfg(feature = "yaml")]
    {
        is_shared::<k8s_rbac::Fault>();
        is_shared::<k8s_rbac::ManifestReader>();
        is_shared::<k8s_rbac::Manifests>();
        each!(is_value: k8s_rbac::CommandOutput, k8s_rbac::Place, k8s_rbac::Placeholder);
        is_error::<k8s_rbac::ManifestProblem>();
    }
}
