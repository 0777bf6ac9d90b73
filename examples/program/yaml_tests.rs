//! Texts that YAML 1.1 does not read as strings.

use bounded_yaml::{Limits, documents};

use super::*;

/// Words. Each upper-case spelling of a word counts too.
const WORDS_OF_YAML_1_1: &str = "y n yes no on off true false null ~ .inf +.inf -.inf .nan << =";

/// Numbers and times of <https://yaml.org/type/>, and the forms that Go's readers add.
const NUMBERS: [&str; 53] = [
    // int: binary, octal, decimal, hexadecimal, sexagesimal
    "0",
    "-0",
    "+1",
    "12",
    "0b1010_0111_0100_1010_1110",
    "0b1_1",
    "-0b1",
    "02472256",
    "0_1",
    "0o17",
    "0O17",
    "-0o1_7",
    "685_230",
    "+685_230",
    "1_000",
    "1__0_",
    "0x_0A_74_AE",
    "0X1f",
    "+0xFF",
    "190:20:30",
    "1:20",
    "-1:20",
    "+0_1:59",
    // float: decimal, exponential, sexagesimal
    "685.230_15",
    "685_230.15",
    ".1",
    ".1_0",
    "-.5",
    "+.5_",
    "1.",
    "1_.",
    "1_000.5",
    "6.8523015e+5",
    "685.230_15e+03",
    "1e3",
    "12E03",
    "1E-3",
    ".5e1",
    "190:20:30.15",
    "-1:2.5",
    "0.",
    // timestamp
    "2020-01-01",
    "2001-1-1",
    "2001-12-15T02:59:43.1Z",
    "2001-12-14t21:59:43.10-05:00",
    "2001-12-14 21:59:43.10 -5",
    "2001-12-15 2:59:43.10",
    "2001-1-2T3:4:5+1",
    "2001-12-14T1:2:3 z",
    // These readers read the texts as strings, but other readers do not.
    ".",
    "._1",
    "0x",
    "10.0.0.1",
];

const TEXTS: [&str; 29] = [
    "",
    "dev",
    "default",
    "yesterday",
    "nope",
    "one",
    "none",
    "nil",
    "yes ",
    "-",
    "--region",
    "-c",
    "+",
    "arn:aws:eks:eu-west-1:111122223333:cluster/dev",
    "https://10.0.0.1:6443",
    "kind-1",
    "v1",
    "client.authentication.k8s.io/v1",
    "a: b",
    "a #b",
    "'y'",
    "\"y\"",
    "two\nlines",
    "yes\n",
    "\u{e000}",
    "\u{e001}y\u{e000}",
    "1: 2",
    "12 monkeys",
    "é",
];

/// Returns each spelling of a word: unchanged, with a capital, and in capitals.
fn spellings(word: &str) -> Vec<String> {
    let capital = word.find(|c: char| c.is_ascii_alphabetic());
    let mut capitalized = word.to_owned();
    if let Some(letter) = capital.and_then(|at| capitalized.get_mut(at..=at)) {
        letter.make_ascii_uppercase();
    }
    vec![word.to_owned(), capitalized, word.to_uppercase()]
}

fn ambiguous() -> Vec<String> {
    let words = WORDS_OF_YAML_1_1.split(' ').flat_map(spellings);
    words.chain(NUMBERS.map(str::to_owned)).collect()
}

fn read(text: &str) -> Node {
    let mut documents = documents(text, &Limits::new());
    documents.next().unwrap().unwrap()
}

#[test]
fn each_text_that_yaml_1_1_reads_otherwise_is_in_double_quotes() {
    for text in ambiguous() {
        assert!(is_ambiguous(&text), "{text}");
        let (document, map) = (Value::from(text.as_str()), Mapping::new());
        let written = to_string(document.clone()).unwrap();
        assert_eq!(written, format!("\"{text}\"\n"));
        let map: Mapping = map
            .into_iter()
            .chain([(document.clone(), document)])
            .collect();
        let written = to_string(vec![Value::from(map)].into()).unwrap();
        assert_eq!(written, format!("- \"{text}\": \"{text}\"\n"));
    }
}

#[test]
fn other_texts_are_written_as_by_serde_yaml() {
    for text in TEXTS {
        assert!(!is_ambiguous(text), "{text:?}");
        let document = Value::from(text);
        let theirs = serde_yaml::to_string(&document).unwrap();
        assert_eq!(to_string(document).unwrap(), theirs, "{text:?}");
    }
}

#[test]
fn what_is_written_is_read_again_as_the_same_texts() {
    let mut texts = ambiguous();
    texts.extend(TEXTS.map(str::to_owned));
    // A merge key is not a key to the reader.
    let keys = texts.iter().filter(|text| *text != "<<");
    let entries = keys.map(|text| (Value::from(text.as_str()), Value::from(text.as_str())));
    let map: Mapping = entries.collect();
    let list: Vec<Value> = texts.iter().map(|text| text.as_str().into()).collect();
    let document = Value::from(vec![map.into(), Value::from(list)]);
    let written = to_string(document.clone()).unwrap();
    let again = read(&written);
    assert_eq!(value(&written, &again), document, "{written}");
    assert_eq!(serde_yaml::from_str::<Value>(&written).unwrap(), document);
}

/// kubectl reads `yes` without quotes as true, and may need this value.
#[test]
fn a_scalar_keeps_its_quotes_or_their_absence() {
    for text in ambiguous() {
        // The reader drops the source text of a null, and merges a mapping.
        if ["null", "~", "<<"].contains(&text.to_lowercase().as_str()) {
            continue;
        }
        for before in [
            format!("- a: {text}\n"),
            format!("- a: {text} # b\n"),
            format!("- a: &x {text}\n"),
            format!("- {{a: {text}}}\n"),
        ] {
            let after = to_string(value(&before, &read(&before))).unwrap();
            assert_eq!(after, format!("- a: {text}\n"), "{before}");
        }
        for before in [
            format!("- a: \"{text}\"\n"),
            format!("- a: '{text}'\n"),
            format!("- a: !!str {text}\n"),
            format!("- a: !!str &x {text}\n"),
            format!("- a: |-\n    {text}\n"),
            format!("[{{\"a\":\"{text}\"}}]"),
        ] {
            let after = to_string(value(&before, &read(&before))).unwrap();
            assert_eq!(after, format!("- a: \"{text}\"\n"), "{before}");
        }
    }
    let before = "true: 1\nyes: null\n\"no\": ''\n2: -0x1F\n";
    let after = to_string(value(before, &read(before))).unwrap();
    assert_eq!(after, before);
}

#[test]
fn a_document_with_every_mark_is_refused() {
    let marks = |count| Value::from(PRIVATE_USE.take(count).collect::<String>());
    let all = PRIVATE_USE.count();
    assert!(to_string(marks(all - 2)).is_ok());
    let why = to_string(vec![Value::Null, marks(all - 1)].into()).unwrap_err();
    assert!(why.to_string().contains("private use"), "{why}");
}
