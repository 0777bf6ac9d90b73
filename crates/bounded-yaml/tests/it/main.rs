//! The tests of `bounded-yaml`.

#[cfg(test)]
mod decode;
#[cfg(test)]
mod divergences;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod pieces;
#[cfg(test)]
mod props;
#[cfg(test)]
mod traps;
#[cfg(test)]
mod typed;
#[cfg(test)]
mod values;

#[cfg(test)]
use bounded_yaml::{Error, Limits, Node, documents};

/// Reads a text with a single document.
#[cfg(test)]
#[track_caller]
fn one(text: &str) -> Node {
    let mut documents = documents(text, &Limits::new());
    let node = documents.next().expect("a document").expect("readable");
    assert_eq!(documents.next(), None, "one document");
    node
}

/// Returns the error in a text.
#[cfg(test)]
#[track_caller]
fn error(text: &str) -> Error {
    documents(text, &Limits::new())
        .find_map(Result::err)
        .expect("an error")
}
