//! From and into the types of `k8s-openapi`, which `kube` uses: what is absent there is empty here.
//!
//! A conversion from there drops what RBAC does not look at: of the metadata all but name,
//! namespace and labels. Into there and back is the same value.
//!
//! Which version of Kubernetes those types are of is the program's choice, made by a feature of
//! `k8s-openapi`; a library must not make it. The fields used here are in all versions that it has.

mod rbac;
mod review;

pub use review::OtherReviewKind;

/// A field that some versions have as a text and others as an optional one.
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

/// Leaves out what is empty.
fn some<T: Default + PartialEq>(value: T) -> Option<T> {
    (value != T::default()).then_some(value)
}

/// Converts the items of a list.
fn each<A, B: From<A>>(items: Vec<A>) -> Vec<B> {
    items.into_iter().map(B::from).collect()
}

/// Converts the items of a list that is left out if it is empty.
fn some_of_each<A, B: From<A>>(items: Vec<A>) -> Option<Vec<B>> {
    (!items.is_empty()).then(|| each(items))
}

/// Converts the items of a list that may be absent.
fn each_of<A, B: From<A>>(items: Option<Vec<A>>) -> Vec<B> {
    each(items.unwrap_or_default())
}
