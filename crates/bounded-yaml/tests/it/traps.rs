//! One test for each surprise in the underlying parsers.

use bounded_yaml::{Error, Kind, Limits, Node, Position, Scalar, Syntax, documents};

use crate::{error, one};

#[track_caller]
fn scalar(node: &Node, key: &str) -> (Kind, String) {
    let scalar = node.get(key).and_then(Node::as_scalar).expect("a scalar");
    (scalar.kind(), scalar.text().to_owned())
}

#[test]
fn a_scalar_of_any_type_keeps_its_text() {
    let written = [
        ("012345678901", Kind::String),
        ("123456789012", Kind::Int),
        ("1.10", Kind::Float),
        ("1e3", Kind::Float),
        (".inf", Kind::Float),
        ("0x1F", Kind::Int),
        ("0o17", Kind::Int),
        ("+7", Kind::Int),
        ("-0", Kind::Int),
        ("-12", Kind::Int),
        ("340282366920938463463374607431768211455", Kind::Int),
        ("true", Kind::Bool),
        ("True", Kind::Bool),
        ("FALSE", Kind::Bool),
        ("yes", Kind::String),
        ("1_000", Kind::String),
    ];
    for (text, kind) in written {
        // The key stands alone, where the value determines the text, and beside a value that does
        // not.
        for other in ["x", "1.10", "0x1F", "TRUE"] {
            let node = one(&format!("k: {text}\nother: {other}\n"));
            assert_eq!(
                scalar(&node, "k"),
                (kind, text.to_owned()),
                "beside {other}"
            );
        }
        let quoted = one(&format!("k: '{text}'\nother: 1.0\n"));
        assert_eq!(scalar(&quoted, "k"), (Kind::String, text.to_owned()));
    }
}

/// A comment ends where `libyaml` sees a line break, and not at the next newline.
#[test]
fn a_number_after_a_comment_keeps_its_text() {
    for line_break in ["\n", "\r", "\r\n", "\u{85}", "\u{2028}", "\u{2029}"] {
        let node = one(&format!("[a, # b{line_break}0x1F, 's'\n, 31]"));
        let items = node.as_sequence().expect("a list");
        let texts: Vec<_> = items.iter().filter_map(Node::as_text).collect();
        assert_eq!(texts, ["a", "0x1F", "s", "31"], "{line_break:?}");
    }
}

#[test]
fn keys_keep_their_text_as_well() {
    let node = one("1.10: a\n0x1F: b\ntrue: c\n");
    let keys: Vec<&str> = node
        .as_mapping()
        .expect("a mapping")
        .entries()
        .iter()
        .map(|(k, _)| k.text())
        .collect();
    assert_eq!(keys, ["1.10", "0x1F", "true"]);
}

#[test]
fn the_second_pass_finds_its_document_among_many() {
    let text = "a: x\n---\n---\n# nothing\n---\nb: 1.10\n---\nc: 2\n---\nd: 3.30\n";
    let found: Vec<String> = documents(text, &Limits::new())
        .map(|node| {
            let node = node.expect("readable");
            let (_, value) = node.as_mapping().expect("a mapping").entries()[0].clone();
            value.as_text().expect("a scalar").to_owned()
        })
        .collect();
    assert_eq!(found, ["x", "1.10", "2", "3.30"]);
}

#[test]
fn an_empty_text_has_no_documents() {
    for text in [
        "",
        "\n",
        "# nothing\n",
        "---\n---\n",
        "null\n",
        "~",
        "\u{feff}",
        "---\n...\n",
    ] {
        assert_eq!(documents(text, &Limits::new()).count(), 0, "{text:?}");
    }
}

#[test]
fn duplicate_keys_are_kept_and_reported() {
    let node = one("a: 1\nb: 2\na: 3\n");
    let mapping = node.as_mapping().expect("a mapping");
    assert_eq!(mapping.len(), 3);
    let duplicates: Vec<&str> = mapping.duplicates().iter().map(|key| key.text()).collect();
    assert_eq!(duplicates, ["a"]);
    assert_eq!(mapping.get("a").and_then(Node::as_text), Some("3"));
    let many: String = (0..20).map(|n| format!("k{}: x\n", n % 19)).collect();
    assert_eq!(
        one(&many)
            .as_mapping()
            .expect("a mapping")
            .duplicates()
            .len(),
        1
    );
}

#[test]
fn a_syntax_error_is_reported_once() {
    let results: Vec<_> = documents("a: 1\n---\nb: @\n---\nc: 2\n", &Limits::new()).collect();
    assert_eq!(results.len(), 2);
    let at = Some(Position::new(3, 4));
    assert_eq!(
        results[1],
        Err(Error::Syntax {
            reason: Syntax::Character,
            at
        })
    );
}

#[test]
fn syntax_errors_have_a_reason_and_a_position() {
    let cases = [
        ("a:\n\tb: 1\n", Syntax::Tab, 2),
        ("a: @x\n", Syntax::Character, 1),
        ("a: b: c\n", Syntax::MappingValue, 1),
        ("a: [1, 2\nb: 3\n", Syntax::Unclosed, 2),
        ("a: 'x\n", Syntax::Unclosed, 2),
        ("a: {\"x\": 1\n", Syntax::Unclosed, 2),
        ("a: 1\n  b: 2\n", Syntax::MappingValue, 2),
        ("a: 1\nb\n", Syntax::Colon, 3),
        ("a: \u{1}\n", Syntax::Control, 1),
        ("- a\nb: 1\n", Syntax::Indentation, 2),
    ];
    for (text, reason, line) in cases {
        match error(text) {
            Error::Syntax { reason: found, at } => {
                assert_eq!(
                    (found, at.map(Position::line)),
                    (reason, Some(line)),
                    "{text:?}"
                );
            }
            other => panic!("{text:?}: {other:?}"),
        }
    }
}

/// If each key looked back to the start of its line, these would take minutes.
#[test]
fn many_merge_keys_stand_on_one_line() {
    let node = one(&format!("[{}]", "{a: b,<<: {c: d}},".repeat(50_000)));
    let items = node.as_sequence().expect("a list");
    assert_eq!(items.len(), 50_000);
    assert!(items.iter().all(|item| item.get("c").is_some()));
}

/// The results are the results of Go's reader (`yaml.read` of `fuzz/oracle`).
#[test]
fn a_merge_key_has_no_quotes_and_no_other_tag() {
    for (key, is_merged) in [
        ("<<", true),
        ("&k <<", true),
        ("!!merge <<", true),
        ("&k !!merge <<", true),
        ("'<<'", false),
        ("\"<<\"", false),
        ("\"\\x3c<\"", false),
        ("&k '<<'", false),
        ("!!str <<", false),
        ("!!str &k <<", false),
        ("!<tag:yaml.org,2002:merge> <<", true),
        ("!<tag:yaml.org,2002:str> <<", false),
    ] {
        for text in [
            format!("a: &a {{b: c}}\n# !!str\nd:\n  {key}: *a\n  e: f\n"),
            format!("a: &a {{b: c}}\nd: {{e: f,{key}: *a}}\n"),
            format!("a: &a {{b: c}}\nd: {{{key}: *a,e: f}}\n"),
            // The tag and the anchor of the mapping do not belong to its key.
            format!("a: &a {{b: c}}\nd: !!map {{{key}: *a}}\n"),
            format!("a: &a {{b: c}}\nd: !!map &d {{{key}: *a}}\n"),
        ] {
            let node = one(&text);
            let merged = node.get("d").and_then(|d| d.get("b"));
            assert_eq!(merged.is_some(), is_merged, "{text}");
        }
        let text = format!("a: &a {{b: c}}\nd: {{e: f, ?{key}: *a}}\n");
        let merged = one(&text).get("d").and_then(|d| d.get("b")).is_some();
        assert_eq!(merged, is_merged, "{text}");
    }
}

#[test]
fn merge_keys_are_applied_and_explicit_keys_win() {
    let text = "base: &base {a: 1, b: 1}\nmore: &more {b: 2, c: 2}\nuse:\n  a: 3\n  <<: [*base, *more]\n  d: 3\n";
    let node = one(text);
    let mapping = node
        .get("use")
        .and_then(Node::as_mapping)
        .expect("a mapping");
    let entries: Vec<(&str, &str)> = mapping
        .entries()
        .iter()
        .map(|(key, value)| (key.text(), value.as_text().expect("a scalar")))
        .collect();
    assert_eq!(entries, [("a", "3"), ("d", "3"), ("b", "1"), ("c", "2")]);
    assert_eq!(mapping.duplicates(), Vec::<&Scalar>::new());
    assert_eq!(error("a:\n  <<: text\n"), Error::Merge(None));
    assert_eq!(error("a:\n  <<: [text]\n"), Error::Merge(None));
}

#[test]
fn a_key_that_stands_twice_in_a_merged_mapping_is_not_lost() {
    for text in [
        "<<: {a: 1, b: 2, a: 3}\n",
        "<<: [{b: 2}, {a: 1, a: 3}, {a: 4}]\n",
        "b: 2\n<<: {<<: {a: 1, a: 3}, b: 4, b: 5}\n",
    ] {
        let node = one(text);
        let mapping = node.as_mapping().expect("a mapping");
        let twice: Vec<&str> = mapping.duplicates().into_iter().map(Scalar::text).collect();
        assert_eq!(twice, ["a"], "{text}");
        assert_eq!(mapping.get("a").and_then(Node::as_text), Some("3"));
        assert_eq!(mapping.get("b").and_then(Node::as_text), Some("2"));
    }
}

#[test]
fn a_template_in_angle_brackets_is_plain_text() {
    let node = one("username: <<SessionName>>\n");
    assert_eq!(
        scalar(&node, "username"),
        (Kind::String, "<<SessionName>>".to_owned())
    );
}

#[test]
fn an_ampersand_in_a_block_scalar_is_not_an_anchor() {
    let text =
        "data:\n  a: |\n    x: &g 1\n    y: *g\n  b: |\n    x: &g 2\n    y: *g\nc: &g 3\nd: *g\n";
    assert_eq!(one(text).get("d").and_then(Node::as_text), Some("3"));
    let text = "a: |\n  &g\nb: &g 1\nc: &g 2\nd: *g\n";
    assert_eq!(error(text), Error::AnchorRedefined(Position::new(4, 4)));
}

#[test]
fn an_anchor_that_is_redefined_and_used_is_refused() {
    let text = "a: &x 1\nb: &x 2\nc: &y 3\nd: *x\n";
    assert_eq!(error(text), Error::AnchorRedefined(Position::new(2, 4)));
    let text = "a: &x 1\nb: \u{85}&x 2\nc: &y 3\nd: *x\n";
    assert_eq!(error(text), Error::AnchorRedefined(Position::new(2, 5)));
    // An anchor that is used in one document does not hide the anchors of the next.
    let text = "a: &x 1\nb: *x\n---\na: &y 1\nb: &y 2\nc: *y\n";
    assert_eq!(error(text), Error::AnchorRedefined(Position::new(5, 4)));
    // `libyaml` ends a line of a block scalar where only it sees a line break.
    for line_break in ["\r", "\u{85}", "\u{2028}", "\u{2029}"] {
        let text = format!("a: &x 1\nb: |\n  t{line_break}&x c: 2\nd: &y 3\ne: *x\n");
        let refused = error(&text);
        assert!(
            matches!(refused, Error::AnchorRedefined(_)),
            "{text:?}: {refused:?}"
        );
    }
    // An unused anchor does no harm.
    let text = "a: &x 1\nb: &x 2\n---\na: &y 1\nb: *y\n";
    assert!(documents(text, &Limits::new()).all(|node| node.is_ok()));
    // The same name in another document is another anchor.
    let text = "a: &x 1\nb: *x\n---\na: &x 2\nb: *x\n";
    let values: Vec<Option<String>> = documents(text, &Limits::new())
        .map(|node| {
            node.expect("readable")
                .get("b")?
                .as_text()
                .map(str::to_owned)
        })
        .collect();
    assert_eq!(values, [Some("1".to_owned()), Some("2".to_owned())]);
    // Anchors whose names share a part are different anchors.
    let two = one("[&a-b x, &a-c y, &a_b z, &a_c z, *a-b, *a-c]");
    let texts: Vec<Option<&str>> = two
        .as_sequence()
        .expect("a list")
        .iter()
        .map(Node::as_text)
        .collect();
    assert_eq!(texts[4..], [Some("x"), Some("y")]);
    // Text that looks like an anchor.
    let query = one("a: &x 1\nb: b?c&x=1&x=2\nd: *x\n");
    assert_eq!(scalar(&query, "d"), (Kind::Int, "1".to_owned()));
    assert_eq!(
        one("a: |\n  &x &x *y\n")
            .as_mapping()
            .map(bounded_yaml::Mapping::len),
        Some(1)
    );
}

#[test]
fn an_alias_without_an_anchor_is_an_error_with_a_position() {
    assert_eq!(
        error("a: *x\n"),
        Error::UnknownAnchor(Some(Position::new(1, 4)))
    );
}

#[test]
fn a_key_that_is_not_a_scalar_is_an_error() {
    assert!(matches!(error("? [a]\n: b\n"), Error::Key(_)));
    assert!(matches!(error("? {a: b}\n: b\n"), Error::Key(_)));
    assert!(matches!(error("~: b\n"), Error::Key(_)));
}

#[test]
fn json_is_read_as_json() {
    let node = one(r#"{"a": "\ud83d\ude00", "b": 1.10, "c": [true, null, 12], "d": 1e2}"#);
    assert_eq!(scalar(&node, "a"), (Kind::String, "😀".to_owned()));
    assert_eq!(scalar(&node, "b"), (Kind::Float, "1.10".to_owned()));
    assert_eq!(scalar(&node, "d"), (Kind::Float, "1e2".to_owned()));
    let escaped = one(r#"{"\u0061": 1.10}"#);
    assert_eq!(scalar(&escaped, "a"), (Kind::Float, "1.10".to_owned()));
    assert_eq!(
        node.get("c").and_then(Node::as_sequence).map(<[Node]>::len),
        Some(3)
    );
    // Several values, and YAML that looks like JSON.
    assert_eq!(
        documents("{\"a\": 1}\n{\"a\": 2}\n", &Limits::new()).count(),
        2
    );
    assert_eq!(scalar(&one("{a: b}"), "a"), (Kind::String, "b".to_owned()));
    assert_eq!(
        one("[111122223333, '012345678901']")
            .as_sequence()
            .map(<[Node]>::len),
        Some(2)
    );
}

#[test]
fn invalid_json_gets_the_error_of_the_reader_that_got_further() {
    let text = "{\"a\": 1,\n \"b\": 2\n \"c\": 3}\n";
    assert_eq!(error(text).position().map(Position::line), Some(3));
    // If neither reader got further, the error of YAML is returned, since it says more.
    assert_eq!(error("{{{}{"), Error::Key(Some(Position::new(1, 2))));
}

#[test]
fn documents_print_how_many_were_read() {
    let mut documents = documents("a\n---\nb\n", &Limits::new());
    assert!(documents.next().is_some());
    assert!(format!("{documents:?}").contains("read: 1"));
}

#[test]
fn application_tags_are_dropped_and_standard_tags_applied() {
    let node = one("a: !x text\nb: !x [1]\nc: !x {d: e, i: !x 1.20}\nf: !!str 12\ng: !x 1.10\n");
    assert_eq!(scalar(&node, "a"), (Kind::String, "text".to_owned()));
    assert_eq!(
        node.get("b").and_then(Node::as_sequence).map(<[Node]>::len),
        Some(1)
    );
    assert_eq!(
        node.get("c")
            .and_then(|c| c.get("d"))
            .and_then(Node::as_text),
        Some("e")
    );
    let inner = node.get("c").expect("a mapping");
    assert_eq!(scalar(inner, "i"), (Kind::Float, "1.20".to_owned()));
    assert_eq!(scalar(&node, "f"), (Kind::String, "12".to_owned()));
    assert_eq!(scalar(&node, "g"), (Kind::Float, "1.10".to_owned()));
    let escaped = one("a: !!float \"1\\x2e50\"\n");
    assert_eq!(scalar(&escaped, "a"), (Kind::Float, "1.50".to_owned()));
}

#[test]
fn application_tags_are_kept_if_they_are_wanted() {
    let limits = Limits::new().with_tags();
    let read = |text: &str| documents(text, &limits).next().unwrap();
    let json = |text: &str| bounded_yaml::json(text, &Limits::new()).unwrap();
    for (text, want) in [
        ("a: !Ref x", r#"{"a": {"!Ref": "x"}}"#),
        ("a: !Sub |-\n  x\n  y", r#"{"a": {"!Sub": "x\ny"}}"#),
        ("a: !Sub \"\\x41\"", r#"{"a": {"!Sub": "A"}}"#),
        (
            "a: !Join ['', [!Ref x, y]]",
            r#"{"a": {"!Join": ["", [{"!Ref": "x"}, "y"]]}}"#,
        ),
        (
            "a: !Transform {Name: x}\nb: c",
            r#"{"a": {"!Transform": {"Name": "x"}}, "b": "c"}"#,
        ),
        ("!x {a: !y b}", r#"{"!x": {"a": {"!y": "b"}}}"#),
        ("a: !x", r#"{"a": {"!x": null}}"#),
        // Numbers have their source text. For this, a document is read a second time.
        (
            "a: !x 1.10\nb: !y {c: !z 1.20, d: {e: 1.30}}",
            r#"{"a": {"!x": 1.10}, "b": {"!y": {"c": {"!z": 1.20}, "d": {"e": 1.30}}}}"#,
        ),
        (
            "! {n: !x 1.10, l: [!y 1.20, ! {a: 1.30}]}",
            r#"{"n": {"!x": 1.10}, "l": [{"!y": 1.20}, {"a": 1.30}]}"#,
        ),
        ("! {a, b: !z 0.10}", r#"{"a": null, "b": {"!z": 0.10}}"#),
        // The text has no tags of an application.
        ("a: !!str 12", r#"{"a": "12"}"#),
        ("a: ! x", r#"{"a": "x"}"#),
        ("a: '!Ref x'", r#"{"a": "!Ref x"}"#),
    ] {
        assert_eq!(read(text), Ok(json(want)), "{text}");
    }
    assert!(matches!(read("!x a: b"), Err(Error::Key(_))));
    // A tag counts as a level, and its text counts.
    let few = limits.with_max_depth(1);
    assert!(documents("!x a", &few).all(|node| node.is_ok()));
    assert!(documents("[!x a]", &few).all(|node| node.is_err()));
}

#[test]
fn a_scalar_has_the_offset_of_its_text() {
    let text = "\u{feff}a: ü\nb: 'quoted'\nc:\n  - \"x\"\n  - |\n    block\n";
    let node = one(text);
    let at = |node: Option<&Node>| {
        node.and_then(Node::offset)
            .map(|offset| Position::of(text, offset))
    };
    assert_eq!(at(node.get("b")), Some(Position::new(2, 5)));
    assert_eq!(at(node.get("c")), Some(Position::new(4, 6)));
    let block = &node.get("c").and_then(Node::as_sequence).expect("a list")[1];
    assert_eq!(block.offset(), None);
}

#[test]
fn numbers_have_offsets_if_the_limits_request_them() {
    let text = "- 12\n- true\n- x\n";
    let offsets = |limits: &Limits| {
        let node = documents(text, limits)
            .next()
            .expect("a document")
            .expect("readable");
        let items = node.as_sequence().expect("a list").to_vec();
        items.iter().map(Node::offset).collect::<Vec<_>>()
    };
    assert_eq!(offsets(&Limits::new()), [None, None, Some(14)]);
    assert_eq!(
        offsets(&Limits::new().with_every_offset()),
        [Some(2), Some(7), Some(14)]
    );
    // An alias takes the reader back to its anchor, which has the same number behind it.
    let text = "- &a x\n- 5\n- *a\n- 5\n";
    let read = documents(text, &Limits::new().with_every_offset()).next();
    let node = read.expect("a document").expect("readable");
    let last = node.as_sequence().and_then(<[Node]>::last);
    assert_eq!(last.and_then(Node::offset), text.rfind('5'));
}

#[test]
fn json_reads_one_value_and_refuses_yaml() {
    let read = |text: &str| bounded_yaml::json(text, &Limits::new());
    assert_eq!(read(" null "), Ok(Node::Null));
    let node = read("{\"a\": \"1\", \"b\": 1}").expect("JSON");
    let kind = |key| node.get(key).and_then(Node::as_scalar).map(Scalar::kind);
    assert_eq!(
        (kind("a"), kind("b")),
        (Some(Kind::String), Some(Kind::Int))
    );
    for text in [
        "",
        "a: b",
        "{a: b}",
        "{} {}",
        "null null",
        "\u{feff}{}",
        "[1,]",
        "{\"a\": ",
    ] {
        assert!(matches!(read(text), Err(Error::Syntax { .. })), "{text:?}");
    }
    let small = Limits::new().with_max_bytes(2);
    assert!(matches!(
        bounded_yaml::json("{ }", &small),
        Err(Error::TooLong { size: 3, limit: 2 })
    ));
}

#[test]
fn a_merge_key_may_be_the_only_key() {
    let node = one("<<: {}");
    assert!(
        node.as_mapping()
            .is_some_and(bounded_yaml::Mapping::is_empty)
    );
    let node = one("a: 1");
    assert!(
        !node
            .as_mapping()
            .is_some_and(bounded_yaml::Mapping::is_empty)
    );
}

#[test]
fn scalars_are_equal_by_their_text_and_kind() {
    assert_eq!(one("a"), one("  a"));
    assert_ne!(one("1"), one("2"));
    assert_ne!(one("1"), one("'1'"));
}

#[test]
fn each_mistake_says_how_to_mend_it() {
    for (reason, words) in [
        (Syntax::Character, "quote the value"),
        (Syntax::Control, "control character"),
        (Syntax::Colon, "colon is missing"),
        (Syntax::Indentation, "indentation"),
        (Syntax::MappingValue, "second colon"),
        (Syntax::Other, "not YAML"),
        (Syntax::Tab, "spaces"),
        (Syntax::Unclosed, "not closed"),
    ] {
        let error = Error::Syntax { reason, at: None };
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn an_error_prints_its_place() {
    let why = error("a: 1\nb: [\n");
    let at = why.position().expect("a place");
    let place = format!(" at line {}, column {}", at.line(), at.column());
    assert!(why.to_string().contains(&place), "{why}");
}
