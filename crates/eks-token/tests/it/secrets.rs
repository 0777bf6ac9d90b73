use eks_token::Token;

#[test]
fn debug_of_a_token_its_url_and_its_document_reveals_nothing() {
    let url = "https://sts.us-east-1.amazonaws.com/?X-Amz-Signature=d052bda1";
    let token = Token::encode(url).unwrap();
    assert_eq!(format!("{token:?}"), "Token([redacted])");
    let parsed = Token::parse(token.expose()).unwrap();
    assert_eq!(format!("{parsed:#?}"), "Token([redacted])");
    assert_eq!(
        format!("{:?}", parsed.decode().unwrap()),
        "UrlText([redacted])"
    );
}

#[test]
fn an_error_says_nothing_of_the_token() {
    // One byte has no room for a secret.
    assert_eq!(size_of::<eks_token::Error>(), 1);
}
