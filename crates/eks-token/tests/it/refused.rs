use std::collections::BTreeSet;

use eks_token::{Error, MAX_TOKEN_LEN, PREFIX, Token};
use serde::Deserialize;
use testkit::Report;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    refused: Vec<Refused>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refused {
    name: String,
    token: String,
    expect: String,
}

fn decode(token: &str) -> Result<String, Error> {
    Ok(Token::parse(token)?.decode()?.expose().to_owned())
}

#[test]
fn each_mistake_is_named() {
    let file: File = testkit::toml(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/tokens.toml"));
    let mut report = Report::new();
    let mut seen = BTreeSet::new();
    for case in &file.refused {
        let got = decode(&case.token).map_err(Error::code);
        report.check(
            &case.name,
            &got.as_ref().map_err(|code| *code),
            &Err(case.expect.as_str()),
        );
        seen.extend(got.err());
    }
    report.finish();
    // Every variant except the variant that needs a long text. A new variant needs a case.
    assert_eq!(seen.len(), 14, "{seen:?}");
}

#[test]
fn attack_24_the_length_is_checked_before_the_prefix() {
    let long = "x".repeat(MAX_TOKEN_LEN);
    assert_eq!(Token::parse(&long).map(drop), Err(Error::NotAToken));
    assert_eq!(
        Token::parse(&format!("{long}x")).map(drop),
        Err(Error::TooLong)
    );
    assert_eq!(
        Token::parse_with_limit("k8s", 2).map(drop),
        Err(Error::TooLong)
    );
}

#[test]
fn attack_24_the_limit_holds_for_the_whole_token() {
    let room = MAX_TOKEN_LEN - PREFIX.len();
    // 4085 characters is a length that base64 never has: 4084 is the longest that decodes.
    assert_eq!(room % 4, 1);
    let longest = format!("{PREFIX}{}", "A".repeat(room - 1));
    assert_eq!(longest.len(), 4095);
    assert!(Token::parse(&longest).unwrap().decode().is_ok());
    let unpaired = format!("{longest}A");
    assert_eq!(decode(&unpaired), Err(Error::Length));
    let over = format!("{unpaired}A");
    assert_eq!(decode(&over), Err(Error::TooLong));
    let token = Token::parse_with_limit(&over, over.len()).unwrap();
    assert!(token.decode().is_ok());
}

/// One URL, one token: every other spelling that a decoder may accept is refused.
#[test]
fn attack_23_no_second_spelling_of_a_token() {
    let good = "k8s-aws-v1.aHR0cHM6Ly94Lw";
    assert_eq!(decode(good).as_deref(), Ok("https://x/"));
    for (token, error) in [
        (format!("{good}=="), Error::Padding),
        (format!("{good}\n"), Error::Whitespace),
        (good.replacen("cHM6", "cHM6\r\n", 1), Error::Whitespace),
        (good.replacen("cHM6", "cHM6 ", 1), Error::Whitespace),
        (good.replacen("94Lw", "94Lx", 1), Error::TrailingBits),
        (good.replacen("94Lw", "94L+", 1), Error::StandardAlphabet),
        (good.replacen("94Lw", "94L/", 1), Error::StandardAlphabet),
        (good.replacen("k8s", "K8s", 1), Error::PrefixCase),
    ] {
        assert_eq!(decode(&token), Err(error), "{token:?}");
    }
    // Every last character except the character that an encoder writes.
    let (head, _) = good.split_at(good.len() - 1);
    let alphabet = ('A'..='Z')
        .chain('a'..='z')
        .chain('0'..='9')
        .chain(['-', '_']);
    let read = alphabet.filter(|last| decode(&format!("{head}{last}")).is_ok());
    // Two of its six bits belong to a byte, so four characters decode, each to another URL.
    assert_eq!(read.collect::<String>(), "AQgw");
}

#[test]
fn the_encoder_refuses_what_would_not_decode() {
    let encode = |url: &str| Token::encode(url).map(drop);
    assert_eq!(encode(""), Err(Error::Empty));
    assert_eq!(encode("https://x/\u{e9}"), Err(Error::NotAscii));
    assert_eq!(encode("HTTPS%3a%2F%2Fx%2F"), Err(Error::PercentEncodedUrl));
    let longest = "u".repeat(3063);
    assert_eq!(Token::encode(&longest).unwrap().expose().len(), 4095);
    assert_eq!(encode(&format!("{longest}u")), Err(Error::TooLong));
    // The length is checked first, so the rest is never read.
    assert_eq!(encode(&"\u{e9}".repeat(2000)), Err(Error::TooLong));
    let raised = Token::encode_with_limit(&format!("{longest}u"), 8192).unwrap();
    assert_eq!(raised.expose().len(), 4097);
}

#[test]
fn codes_are_kebab_case_and_messages_one_sentence() {
    for error in [
        Error::Character,
        Error::DoubledPrefix,
        Error::Empty,
        Error::Length,
        Error::NotAscii,
        Error::NotAToken,
        Error::OtherVersion,
        Error::Padding,
        Error::PercentEncodedUrl,
        Error::PrefixCase,
        Error::StandardAlphabet,
        Error::TooLong,
        Error::TrailingBits,
        Error::Unencoded,
        Error::Whitespace,
    ] {
        let code = error.code();
        assert!(
            code.bytes()
                .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-')),
            "{code}"
        );
        let message = error.to_string();
        assert!(
            message.starts_with(char::is_lowercase) && !message.ends_with('.'),
            "{message}"
        );
    }
}
