//! Its responses: documents, refusals, throttling.

use http::{HeaderValue, StatusCode};
use iam_principal::Partition;
use sts_presign::{
    AnswerError, Key, Keys, LocalSts, Refusal, SecretAccessKey, StsError, read_identity,
};

use super::{ALICE, SECRET, ToSign, put, sts, text, user};
use crate::support::{NOW, at};

#[test]
fn the_response_is_xml_unless_json_is_requested() {
    let request = ToSign::post().sign();
    for (accept, content_type) in [
        (None, "text/xml"),
        (Some("*/*"), "text/xml"),
        (Some("text/xml"), "text/xml"),
        (Some("application/json"), "application/json"),
        (Some("application/json; q=1"), "application/json"),
        (Some("text/html, Application/JSON"), "application/json"),
        (Some("application/jsonp"), "text/xml"),
    ] {
        let mut request = request.clone();
        if let Some(accept) = accept {
            put(&mut request, "accept", accept);
        }
        for now in [NOW, "2030-01-01T00:00:00Z"] {
            let answer = sts().answer(&request, at(now));
            assert_eq!(answer.headers()["content-type"], content_type, "{accept:?}");
            assert_eq!(answer.headers()["x-amzn-requestid"].len(), 36);
            let read = read_identity(&answer, Partition::Aws).map(|it| it.arn().to_owned());
            let mismatch = AnswerError::Refused(Refusal::SignatureDoesNotMatch);
            let want = if now == NOW {
                Ok(ALICE.to_owned())
            } else {
                Err(mismatch)
            };
            assert_eq!(read, want, "{accept:?}");
        }
    }
}

#[test]
fn the_documents_are_stss() {
    let mut request = ToSign::post().sign();
    let id = "00000000-0000-0000-0000-000000000000";
    let xml = format!(
        r#"<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <GetCallerIdentityResult>
    <Arn>{ALICE}</Arn>
    <UserId>AIDAEXAMPLE</UserId>
    <Account>111122223333</Account>
  </GetCallerIdentityResult>
  <ResponseMetadata>
    <RequestId>{id}</RequestId>
  </ResponseMetadata>
</GetCallerIdentityResponse>
"#
    );
    assert_eq!(text(sts().answer(&request, at(NOW))), xml);
    let refused = text(LocalSts::new(Keys::new()).answer(&request, at(NOW)));
    let xml = format!(
        r#"<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <Error>
    <Type>Sender</Type>
    <Code>InvalidClientTokenId</Code>
    <Message>The security token included in the request is invalid.</Message>
  </Error>
  <RequestId>{id}</RequestId>
</ErrorResponse>
"#
    );
    assert_eq!(refused, xml);
    put(&mut request, "accept", "application/json");
    let json = format!(
        r#"{{"GetCallerIdentityResponse":{{"GetCallerIdentityResult":{{"Account":"111122223333","Arn":"{ALICE}","UserId":"AIDAEXAMPLE"}},"ResponseMetadata":{{"RequestId":"{id}"}}}}}}"#
    );
    assert_eq!(text(sts().answer(&request, at(NOW))), json);
    let refused = text(LocalSts::new(Keys::new()).answer(&request, at(NOW)));
    let json = format!(
        r#"{{"Error":{{"Code":"InvalidClientTokenId","Message":"The security token included in the request is invalid.","Type":"Sender"}},"RequestId":"{id}"}}"#
    );
    assert_eq!(refused, json);
}

#[test]
fn markup_in_a_name_is_text() {
    let arn = "arn:aws:iam::111122223333:user/<r>&d/alice";
    let key = Key::long_term(SecretAccessKey::new(SECRET), user(arn));
    let sts = LocalSts::new(Keys::new().with("AKIDEXAMPLE", key));
    let answer = sts.answer(&ToSign::post().sign(), at(NOW));
    let read = read_identity(&answer, Partition::Aws).unwrap();
    assert_eq!(read.arn(), arn);
}

#[test]
fn it_throttles_on_request() {
    let request = ToSign::post().sign();
    let answer = sts().throttle(&request);
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert!(text(answer).contains("<Code>Throttling</Code>"));
    let mut request = request.map(|_| ());
    request
        .headers_mut()
        .insert("accept", HeaderValue::from_static("application/json"));
    let answer = sts().throttle(&request);
    let read = read_identity(&answer, Partition::Aws).unwrap_err();
    assert_eq!(read.code(), "throttled");
}

#[test]
fn every_refusal_has_stss_word_status_and_sentence() {
    let signed_at = at("2023-04-28T00:00:00Z");
    let time = |now| (signed_at, at(now));
    let (_, late) = time("2023-04-28T00:15:01Z");
    let (_, early) = time("2023-04-27T23:54:59Z");
    for (error, word, status, sentence) in [
        (StsError::Action, "InvalidAction", 400, "GetCallerIdentity"),
        (StsError::Path, "InvalidAction", 400, "the path /"),
        (
            StsError::ExpiredToken,
            "ExpiredToken",
            403,
            "token included in the request is expired",
        ),
        (
            StsError::IncompleteSignature,
            "IncompleteSignature",
            400,
            "one AWS4-HMAC-SHA256",
        ),
        (
            StsError::InvalidClientTokenId,
            "InvalidClientTokenId",
            403,
            "in the request is invalid.",
        ),
        (
            StsError::MalformedQuery,
            "MalformedQueryString",
            404,
            "malformed",
        ),
        (
            StsError::MissingAuthenticationToken,
            "MissingAuthenticationToken",
            403,
            "Request is missing Authentication Token",
        ),
        (
            StsError::NotYetCurrent {
                signed_at,
                now: early,
            },
            "SignatureDoesNotMatch",
            403,
            "Signature not yet current: 20230428T000000Z is still later than 20230427T235959Z \
             (20230427T235459Z + 5 min.)",
        ),
        (
            StsError::SignatureExpired {
                signed_at,
                now: late,
            },
            "SignatureDoesNotMatch",
            403,
            "Signature expired: 20230428T000000Z is now earlier than 20230428T000001Z \
             (20230428T001501Z - 15 min.)",
        ),
        (
            StsError::Scope,
            "SignatureDoesNotMatch",
            403,
            "Credential should be scoped",
        ),
        (
            StsError::SignatureDoesNotMatch,
            "SignatureDoesNotMatch",
            403,
            "we calculated",
        ),
        (
            StsError::UnsignedHeader,
            "SignatureDoesNotMatch",
            403,
            "'Host'",
        ),
        (StsError::Throttling, "Throttling", 400, "Rate exceeded"),
        (StsError::TooLong, "RequestEntityTooLarge", 413, "too long"),
    ] {
        assert_eq!((error.word(), error.status().as_u16()), (word, status));
        assert!(error.to_string().contains(sentence), "{error}");
    }
}
