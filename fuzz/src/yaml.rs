use bounded_yaml::{Error, Limits, Mapping, Node, decode, documents, json};

/// The largest input. libFuzzer's inputs are smaller, but a replayed input may be larger.
const MAX_BYTES: usize = 64 * 1024;

/// Asserts that reading YAML is deterministic and bounded, in one piece and in many.
///
/// An error is the last item. With aliases replaced, the nodes cost no more than the budget. The text of a scalar stands
/// at its offset. A text cut wherever it may be cut has the same documents and the same error. Documents read with their
/// tags are the same once the tags are taken off.
///
/// # Panics
///
/// If the property does not hold.
pub fn yaml_is_read_alike(bytes: &[u8]) {
    let limits = Limits::new()
        .with_max_bytes(MAX_BYTES)
        .with_piece_bytes(usize::MAX);
    let decoded = decode(bytes, &limits).ok();
    // A caller may have a text that `decode` refuses, such as one with a NUL byte.
    let Some(text) = decoded
        .as_deref()
        .or_else(|| std::str::from_utf8(bytes).ok())
    else {
        return;
    };
    let whole = read(text, &limits);
    let errors = whole.iter().filter(|document| document.is_err()).count();
    assert!(
        errors == 0 || (errors == 1 && whole.last().is_some_and(Result::is_err)),
        "an error is not the last item"
    );
    let nodes: usize = whole.iter().flatten().map(count).sum();
    assert!(nodes <= limits.budget(text.len()).div_euclid(8));
    for node in whole.iter().flatten() {
        assert_offsets(text, node);
    }
    assert_eq!(
        read(text, &limits.with_piece_bytes(0)),
        whole,
        "pieces differ"
    );
    let with_offsets = read(text, &limits.with_every_offset());
    assert_eq!(with_offsets, whole, "offsets change the documents");
    for node in with_offsets.iter().flatten() {
        assert_offsets(text, node);
    }
    let with_tags = read(text, &limits.with_tags());
    assert_eq!(
        read(text, &limits.with_tags().with_piece_bytes(0)),
        with_tags,
        "pieces with tags differ"
    );
    // A merged value with a tag is not merged but added, together with its tag.
    if !text.contains("<<") {
        // A tag takes a level and some of the budget, and a tag of a key is refused.
        let tagged = with_tags.into_iter().map_while(Result::ok);
        // A document that is null does not count.
        let tagged = tagged.map(without_tags).filter(|node| !node.is_null());
        let plain = whole.into_iter().map(|document| document.map(without_tags));
        let plain = plain.filter(|document| !document.as_ref().is_ok_and(Node::is_null));
        for (tagged, plain) in tagged.zip(plain) {
            assert_eq!(plain, Ok(tagged), "tags change a document");
        }
    }
    if let Ok(node) = json(text, &limits) {
        assert!(count(&node) <= text.len());
    }
}

fn read(text: &str, limits: &Limits) -> Vec<Result<Node, Error>> {
    documents(text, limits).collect()
}

/// Takes off tags, and keys that look like one.
fn without_tags(node: Node) -> Node {
    match node {
        Node::Sequence(items) => Node::Sequence(items.into_iter().map(without_tags).collect()),
        Node::Mapping(map) => match map.entries() {
            [(key, value)] if key.text().starts_with('!') => without_tags(value.clone()),
            entries => Node::Mapping(Mapping::from_entries(
                entries
                    .iter()
                    .map(|(key, value)| (key.clone(), without_tags(value.clone())))
                    .collect(),
            )),
        },
        node => node,
    }
}

fn count(node: &Node) -> usize {
    let below: usize = match node {
        Node::Null | Node::Scalar(_) => 0,
        Node::Sequence(items) => items.iter().map(count).sum(),
        Node::Mapping(map) => {
            let values = map.entries().iter();
            values
                .map(|(_, value)| count(value).saturating_add(1))
                .sum()
        }
    };
    below.saturating_add(1)
}

fn assert_offsets(text: &str, node: &Node) {
    match node {
        Node::Null => {}
        Node::Scalar(scalar) => {
            if let Some(at) = scalar.offset() {
                let rest = text.get(at..).unwrap_or_default();
                assert!(rest.starts_with(scalar.text()), "no scalar at {at}");
            }
        }
        Node::Sequence(items) => items.iter().for_each(|item| assert_offsets(text, item)),
        Node::Mapping(map) => {
            for (_, value) in map.entries() {
                assert_offsets(text, value);
            }
        }
    }
}
