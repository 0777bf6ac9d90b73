//! Conversions from and to the types of `k8s-openapi`, which `kube` uses. Absent fields are empty
//! here.
//!
//! A conversion from `k8s-openapi` drops fields that RBAC ignores: all metadata except name,
//! namespace and labels. A conversion to `k8s-openapi` and back yields the same value.
//!
//! The program chooses the Kubernetes version of those types by a feature of `k8s-openapi`; a
//! library must not. The fields used here exist in every version.

mod rbac;
mod review;

pub use review::OtherReviewKind;

/// A field that is a string in some versions and an optional string in others.
trait TextField {
    fn of(text: String) -> Self;

    fn text(self) -> String;
}

impl TextField for String {
    fn of(text: String) -> Self {
        text
    }

    fn text(self) -> String {
        self
    }
}

impl TextField for Option<String> {
    fn of(text: String) -> Self {
        some(text)
    }

    fn text(self) -> String {
        self.unwrap_or_default()
    }
}

/// Returns `None` if the value is empty.
fn some<T: Default + PartialEq>(value: T) -> Option<T> {
    (value != T::default()).then_some(value)
}

/// Converts the items of a list.
fn each<A, B: From<A>>(items: Vec<A>) -> Vec<B> {
    items.into_iter().map(B::from).collect()
}

/// Converts the items of a list. `None` if it is empty.
fn some_of_each<A, B: From<A>>(items: Vec<A>) -> Option<Vec<B>> {
    (!items.is_empty()).then(|| each(items))
}

/// Converts the items of a list that may be absent.
fn each_of<A, B: From<A>>(items: Option<Vec<A>>) -> Vec<B> {
    each(items.unwrap_or_default())
}
