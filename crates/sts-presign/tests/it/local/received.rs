//! How a request is parsed: action, parameters, length.

use http::Method;
use sts_presign::{MAX_REQUEST_LEN, StsError};

use super::{ALICE, FORM, ToSign, verified};

#[test]
fn a_request_is_read_from_its_query_or_its_form() {
    let alice = Ok(ALICE.to_owned());
    assert_eq!(ToSign::post().verified(), alice);
    let url = format!("http://127.0.0.1:4566/?{FORM}");
    let get = || ToSign {
        method: "GET",
        body: "",
        headers: Vec::new(),
        ..ToSign::to(&url)
    };
    assert_eq!(get().verified(), alice);
    // The oldest SDKs write it in the query of a POST.
    let post = ToSign {
        method: "POST",
        ..get()
    };
    assert_eq!(post.verified(), alice);
    let session = ToSign {
        key: (
            "ASIAEXAMPLE",
            "back/slash+secret",
            Some("IQoJb3JpZ2luX2VjE/+A=="),
        ),
        ..ToSign::post()
    };
    let arn = "arn:aws:sts::111122223333:assumed-role/dev/s".to_owned();
    assert_eq!(session.verified(), Ok(arn));
    let spaced = ToSign {
        body: "Action=GetCallerIdentity&Version=2011%2d06-15&X=a+b&Y&Z=%c3%a9",
        ..ToSign::post()
    };
    assert_eq!(spaced.verified(), alice);
    let charset = ToSign {
        headers: vec![(
            "content-type",
            "Application/X-WWW-Form-Urlencoded ; charset=utf-8",
        )],
        ..ToSign::post()
    };
    assert_eq!(charset.verified(), alice);
    let path = ToSign::to("http://127.0.0.1:4566");
    assert_eq!(path.verified(), alice);
}

#[test]
fn a_query_is_signed_in_its_canonical_form() {
    // Sorted by name, not by the whole pair, and encoded again.
    for query in [
        format!("{FORM}&a=1&a-b=2&a%2fb=3&B=4&%c3%a9=5"),
        format!("a-b=2&%C3%A9=5&{FORM}&a=1&B=4&a%2Fb=3"),
    ] {
        let url = format!("http://127.0.0.1:4566/?{query}");
        let request = ToSign {
            method: "GET",
            body: "",
            headers: Vec::new(),
            ..ToSign::to(&url)
        };
        assert_eq!(request.verified(), Ok(ALICE.to_owned()), "{query}");
    }
}

#[test]
fn only_get_caller_identity_is_known() {
    for body in [
        "",
        "Action=GetCallerIdentity",
        "Version=2011-06-15",
        "Action=GetCallerIdentity&Version=2011-06-16",
        "Action=GetCallerIdentity&Version=",
        "Action=AssumeRole&Version=2011-06-15",
        "Action=getcalleridentity&Version=2011-06-15",
        "action=GetCallerIdentity&version=2011-06-15",
        "Action=GetCallerIdentity%20&Version=2011-06-15",
    ] {
        let request = ToSign {
            body,
            ..ToSign::post()
        };
        assert_eq!(request.verified(), Err(StsError::Action), "{body}");
    }
    let no_form = ToSign {
        headers: vec![("content-type", "application/json")],
        ..ToSign::post()
    };
    assert_eq!(no_form.verified(), Err(StsError::Action));
    let unnamed = ToSign {
        headers: Vec::new(),
        ..ToSign::post()
    };
    assert_eq!(unnamed.verified(), Err(StsError::Action));
}

#[test]
fn a_parameter_occurs_once_in_query_and_form_together() {
    for (query, body) in [
        (
            "",
            "Action=GetCallerIdentity&Version=2011-06-15&Action=GetCallerIdentity",
        ),
        (
            "",
            "Action=GetCallerIdentity&Version=2011-06-15&%41ction=AssumeRole",
        ),
        ("Action=GetCallerIdentity", FORM),
        ("Action=AssumeRole", FORM),
        ("x=1&x=2", FORM),
        ("a=b+c", FORM),
        ("a=%zz", FORM),
        ("a=%4", FORM),
        ("a=%ff", FORM),
        ("", "Action=GetCallerIdentity&Version=2011-06-15&a=%"),
    ] {
        let url = format!("http://127.0.0.1:4566/?{query}");
        let mut request = ToSign::post().sign();
        *request.uri_mut() = url.parse().unwrap();
        *request.body_mut() = body.as_bytes().to_vec();
        let got = verified(&request);
        assert_eq!(got, Err(StsError::MalformedQuery), "{query} {body}");
    }
    let mut request = ToSign::post().sign();
    *request.body_mut() = b"Action=\xff".to_vec();
    assert_eq!(verified(&request), Err(StsError::MalformedQuery));
}

#[test]
fn length_comes_first() {
    let padded = |len: usize| format!("{FORM}&a={}", "b".repeat(len - FORM.len() - 3));
    let longest = padded(MAX_REQUEST_LEN);
    let request = ToSign {
        body: &longest,
        ..ToSign::post()
    };
    assert_eq!(request.verified(), Ok(ALICE.to_owned()));
    let url = format!("http://127.0.0.1:4566/?{longest}");
    let request = ToSign {
        method: "GET",
        body: "",
        headers: Vec::new(),
        ..ToSign::to(&url)
    };
    assert_eq!(request.verified(), Ok(ALICE.to_owned()));

    let long = padded(MAX_REQUEST_LEN + 1);
    let mut in_body = ToSign::post().sign();
    *in_body.body_mut() = long.clone().into_bytes();
    *in_body.method_mut() = Method::PUT;
    assert_eq!(verified(&in_body), Err(StsError::TooLong));
    let mut in_query = ToSign::post().sign();
    *in_query.uri_mut() = format!("http://127.0.0.1:4566/x?{long}").parse().unwrap();
    assert_eq!(verified(&in_query), Err(StsError::TooLong));
}

#[test]
fn get_and_post_to_the_root_are_served() {
    for (method, path) in [("PUT", "/"), ("HEAD", "/"), ("POST", "/sts"), ("GET", "//")] {
        let mut request = ToSign::post().sign();
        *request.method_mut() = method.parse().unwrap();
        *request.uri_mut() = format!("http://127.0.0.1:4566{path}").parse().unwrap();
        assert_eq!(verified(&request), Err(StsError::Path), "{method} {path}");
    }
}
