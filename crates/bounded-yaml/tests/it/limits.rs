//! Inputs built to cost far more than their size. No test measures time: without the limits, each
//! would run for hours or exhaust the memory.

use bounded_yaml::documents;
use bounded_yaml::{
    DEFAULT_MAX_BYTES, DEFAULT_PIECE_BYTES, EXPANSION_FLOOR, Error, Limits, MAX_DEPTH, Node,
    Position,
};

use crate::{error, one};

#[test]
fn the_size_is_checked_first() {
    let limits = Limits::new().with_max_bytes(4);
    let error = documents("[[[[[", &limits.with_max_depth(1)).next();
    assert_eq!(error, Some(Err(Error::TooLong { size: 5, limit: 4 })));
    assert!(documents("a: b", &limits).all(|node| node.is_ok()));
}

#[test]
fn brackets_nest_up_to_the_limit() {
    for (open, close) in [("[", "]"), ("{a: ", "}"), ("[{a: ", "}]")] {
        let width = open.matches(['[', '{']).count();
        let nested = |levels: usize| {
            let levels = levels / width;
            format!("{}x{}", open.repeat(levels), close.repeat(levels))
        };
        assert_eq!(depth(&one(&nested(MAX_DEPTH))), MAX_DEPTH);
        let deeper = nested(MAX_DEPTH + width);
        assert!(
            matches!(
                error(&deeper),
                Error::TooDeep {
                    limit: MAX_DEPTH,
                    ..
                }
            ),
            "{open}"
        );
        // The result is the same for a text that cannot be JSON.
        let inside = format!("k: {deeper}");
        assert!(
            matches!(
                error(&inside),
                Error::TooDeep {
                    limit: MAX_DEPTH,
                    ..
                }
            ),
            "{open}"
        );
    }
    let few = Limits::new().with_max_depth(2);
    assert!(documents("[[1]]", &few).all(|node| node.is_ok()));
    assert!(documents("[[[1]]]", &few).all(|node| node.is_err()));
    assert!(documents("a:\n  b:\n    c: 1\n", &few).all(|node| node.is_err()));
}

fn depth(node: &Node) -> usize {
    match node {
        Node::Null | Node::Scalar(_) => 0,
        Node::Sequence(items) => items.iter().map(depth).max().unwrap_or(0).saturating_add(1),
        Node::Mapping(map) => map
            .entries()
            .iter()
            .map(|(_, v)| depth(v))
            .max()
            .unwrap_or(0)
            .saturating_add(1),
    }
}

#[test]
fn nested_brackets_are_found_in_every_context() {
    let disguises = [
        "[",
        "{",
        "[[]:",
        "{?",
        "[? ",
        "[\n",
        "[ # ]\n",
        "[ # ]\u{2028}",
        "[ # ]\u{85}",
        "[ \"]\", ",
        "[ ']', ",
        "[ ''']', ",
        "[ \"\\\"]\", ",
        "[ a\"]\" , [",
        "[ &a \"]\", ",
        "[ !t \"]\", ",
        "[ !!str ']', ",
        "[ !<]> x, ",
        "[ a:\u{85}\"]\", ",
        "[ a: \u{85}\"]\", ",
        "[ x #]\n , ",
        "[ *a , \"]\", ",
        "[ a: ']', ",
        "[?'] ', ",
        "[:']', ",
        "[ \"a\":']', ",
    ];
    for disguise in disguises {
        for begin in ["", "k: ", "- ", "k: |\n  [\nl: ", "# [\nk: ", "\"[\": "] {
            let bomb = format!("{begin}{}", disguise.repeat(3_000));
            let found = documents(&bomb, &Limits::new()).find_map(Result::err);
            // The text was refused before parsing, or the parser itself stopped early.
            assert!(
                matches!(found, Some(Error::TooDeep { .. } | Error::Syntax { .. })),
                "{begin:?} {disguise:?}: {found:?}"
            );
        }
    }
}

#[test]
fn block_collections_nest_up_to_the_limit() {
    assert!(matches!(error(&"- ".repeat(10_000)), Error::TooDeep { .. }));
    assert!(matches!(
        error(&"? ".repeat(10_000)),
        Error::TooDeep { .. } | Error::Key(_)
    ));
}

#[test]
fn brackets_in_scalars_and_side_by_side_do_not_count_as_nesting() {
    let lists: String = (0..1000)
        .map(|n| {
            format!("- {{verbs: [\"get\", 'li]st', *], resources: [[a{n}]], x: !t [b]}} # ] [\n")
        })
        .collect();
    // `*` as a plain scalar would be an alias without an anchor.
    let lists = lists.replace(", *]", "]");
    assert_eq!(one(&lists).as_sequence().map(<[Node]>::len), Some(1000));
    let script: String = (0..100)
        .map(|n| format!("    if [ -f {n} ]; then a[{n}]='[x'; fi\n"))
        .collect();
    assert_eq!(
        one(&format!("k:\n  s: |\n{script}"))
            .as_mapping()
            .map(bounded_yaml::Mapping::len),
        Some(1)
    );
    // If the bytes after a bracket cannot begin a value, the bracket does not open a list.
    for byte in ["-", "|", ">", "@", "`", "%"] {
        let lines = format!("  [\n  {byte} x\n").repeat(300);
        let text = format!("k: |\n{lines}");
        assert_eq!(
            one(&text).as_mapping().map(bounded_yaml::Mapping::len),
            Some(1),
            "{byte}"
        );
    }
    let words = "- [a b]\n".repeat(300);
    assert_eq!(one(&words).as_sequence().map(<[Node]>::len), Some(300));
    let aliases: String = (0..1000).map(|_| "- [*a]\n- [*a , b]\n").collect();
    assert_eq!(
        one(&format!("- &a x\n{aliases}"))
            .as_sequence()
            .map(<[Node]>::len),
        Some(2001)
    );
}

#[test]
fn nested_and_wide_alias_bombs_are_refused() {
    // Ten lists of ten references to the list before.
    let nested: String = (1..10)
        .map(|n| {
            format!(
                "a{n}: &a{n} [{}]\n",
                vec![format!("*a{}", n - 1); 10].join(", ")
            )
        })
        .collect();
    let nested = format!("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n{nested}");
    assert!(matches!(error(&nested), Error::TooExpanded { .. }));
    // One large list, thousands of times.
    let wide = format!(
        "a: &a [{}]\nb: [{}]\n",
        vec!["x"; 4000].join(","),
        vec!["*a"; 4000].join(",")
    );
    assert!(matches!(error(&wide), Error::TooExpanded { .. }));
    // One long text, thousands of times.
    let long = format!(
        "a: &a {}\nb: [{}]\n",
        "x".repeat(10_000),
        vec!["*a"; 10_000].join(",")
    );
    assert!(matches!(error(&long), Error::TooExpanded { .. }));
    // Without a limit of ours, the limit of the parser applies.
    let limits = Limits::new().with_expansion(usize::MAX);
    let limit = limits.budget(nested.len());
    let found = documents(&nested, &limits).find_map(Result::err);
    assert_eq!(found, Some(Error::TooExpanded { limit }));
    // A list that contains itself.
    assert!(matches!(error("a: &a [*a]\n"), Error::TooDeep { .. }));
    // All documents share one budget.
    let document = format!(
        "a: &a {}\nb: [{}]\n---\n",
        "x".repeat(1000),
        vec!["*a"; 200].join(",")
    );
    assert!(matches!(
        error(&document.repeat(500)),
        Error::TooExpanded { .. }
    ));
}

#[test]
fn the_budget_is_proportional_to_the_size() {
    let text = format!(
        "a: &a {}\nb: [{}]\n",
        "x".repeat(1000),
        vec!["*a"; 200].join(",")
    );
    assert_eq!(
        one(&text)
            .get("b")
            .and_then(Node::as_sequence)
            .map(<[Node]>::len),
        Some(200)
    );
    let none = Limits::new().with_expansion(0);
    assert_eq!(none.budget(1_000_000), EXPANSION_FLOOR);
    let long = "- x\n".repeat(EXPANSION_FLOOR);
    let found = documents(&long, &none.with_max_bytes(long.len())).next();
    assert_eq!(
        found,
        Some(Err(Error::TooExpanded {
            limit: EXPANSION_FLOOR
        }))
    );
}

#[test]
fn without_aliases_even_the_shortest_nodes_stay_within_the_budget() {
    for text in [
        "-\n".repeat(200_000),
        format!("[{}]", "a,".repeat(200_000)),
        "a:\n".repeat(100_000),
    ] {
        assert!(documents(&text, &Limits::new()).all(|node| node.is_ok()));
    }
}

#[test]
fn no_directive_is_read_except_one_version() {
    let versioned = "%YAML 1.2\n---\na: b\n...\n";
    assert!(documents(&versioned.repeat(100), &Limits::new()).all(|node| node.is_ok()));
    let at = |line| Error::Directive(Position::new(line, 1));
    for (text, want) in [
        ("%TAG ! b:\n---\na: b\n", at(1)),
        ("%YAML 1.2\n%TAG ! b:\n---\na: b\n", at(2)),
        ("%YAML 1.2\n%YAML 1.2\n---\na: b\n", at(2)),
        ("%YAMLX 1.2\n---\na: b\n", at(1)),
        ("%FOO\n---\na: b\n", at(1)),
        ("# a\n\n%FOO\n---\na: b\n", at(3)),
        // The directive follows a document that no marker ends.
        ("---\na: b\n%TAG ! b:\n---\na: b\n", at(3)),
    ] {
        assert_eq!(error(text), want, "{text}");
    }
    // With the other line breaks of YAML 1.1, and a byte order mark inside the text.
    for line_break in ["\r", "\u{85}", "\u{2028}", "\u{2029}", "\n\u{feff}"] {
        let text = format!("%YAML 1.2{line_break}%TAG ! b:{line_break}---{line_break}a: b");
        assert!(
            matches!(error(&text), Error::Directive(_)),
            "{line_break:?}"
        );
    }
    // In a block scalar, `%` is text.
    let crontab = "%d %m\n".repeat(100).replace('%', "  %");
    assert!(documents(&format!("a: |\n{crontab}"), &Limits::new()).all(|node| node.is_ok()));
}

/// For each of these, `libyaml` would write 1 GiB or more when it clears its whitespace buffers.
#[test]
fn many_words_after_a_long_run_of_whitespace_are_refused() {
    let (run, words) = (50_000, 50_000);
    for (gap, word) in [
        (" ", "b "),
        (" ", "b\n"),
        ("\t", "b "),
        ("\t", "b\t"),
        // Marks of documents and items of lists end a scalar only at the start of a line.
        (" ", "--- "),
        (" ", "b\n - "),
        ("\n", "b\n\n"),
        ("\r", "b\r\r"),
        ("\u{85}", "b\u{85}\u{85}"),
        ("\u{2028}", "b\u{2029}\u{2028}"),
    ] {
        let inner = format!("a{}{}", gap.repeat(run), word.repeat(words));
        let block = format!("x: |\n {}", inner.replace('\n', "\n "));
        for text in [
            inner.clone(),
            format!("'{inner}'"),
            format!("\"{inner}\""),
            format!("k: {inner}"),
            block.clone(),
            block.replace('|', ">"),
        ] {
            assert!(
                matches!(error(&text), Error::TooMuchWhitespace(_)),
                "{gap:?} {word:?}"
            );
        }
    }
    // Wide tables and trailing blanks are fine, and so is a long run in another document.
    let table = format!(
        "a: |\n{}",
        format!("  x{}y\n", " ".repeat(300)).repeat(1000)
    );
    assert!(documents(&table, &Limits::new()).all(|node| node.is_ok()));
    let wide = format!("'a{}b'\n---\n{}", " ".repeat(run), "- b c\n".repeat(20_000));
    assert!(documents(&wide, &Limits::new()).all(|node| node.is_ok()));
}

#[test]
fn sizes_are_those_of_the_documentation() {
    let sizes = [DEFAULT_MAX_BYTES, EXPANSION_FLOOR, DEFAULT_PIECE_BYTES];
    assert_eq!(sizes, [1_048_576, 262_144, 262_144]);
}
