use eks_token::Token;
use serde::Deserialize;
use testkit::Report;

#[derive(Deserialize)]
struct Genuine {
    producer: String,
    url: String,
    token: String,
}

/// Tokens of real producers, decoded and encoded again.
#[test]
fn the_tokens_of_real_producers_decode_and_encode_to_themselves() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/genuine.jsonl");
    let mut report = Report::new();
    for case in testkit::json_lines::<Genuine>(path) {
        let url = Token::parse(&case.token)
            .unwrap()
            .decode()
            .map(|url| url.expose().to_owned());
        report.check(&case.producer, &url.as_deref(), &Ok(case.url.as_str()));
        let token = Token::encode(&case.url).map(|token| token.expose().to_owned());
        report.check(&case.producer, &token.as_deref(), &Ok(case.token.as_str()));
    }
    report.finish();
}
