//! Texts that users paste instead of a token.

use std::collections::BTreeSet;

use eks_token::{Lookalike, Token};

#[test]
fn each_text_is_recognized() {
    let document = r#"{"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1",
        "status": {"token": "k8s-aws-v1.aHR0cHM6"}}"#;
    let yaml = "apiVersion: client.authentication.k8s.io/v1\nkind: ExecCredential\n";
    let jwt = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJl";
    let mut codes = BTreeSet::new();
    for (text, found) in [
        ("", Lookalike::Empty),
        (" \r\n", Lookalike::Empty),
        ("Bearer k8s-aws-v1.aHR0cHM6", Lookalike::BearerHeader),
        ("bearer eyJhbGci", Lookalike::BearerHeader),
        (
            "Authorization: Bearer k8s-aws-v1.aHR0cHM6",
            Lookalike::BearerHeader,
        ),
        ("\"k8s-aws-v1.aHR0cHM6\"", Lookalike::Quoted),
        ("'k8s-aws-v1.aHR0cHM6'\n", Lookalike::Quoted),
        (document, Lookalike::ExecCredential),
        (yaml, Lookalike::ExecCredential),
        ("{\"a\": 1}", Lookalike::Document),
        (
            "apiVersion: v1\nkind: Config\nclusters: []\n",
            Lookalike::Kubeconfig,
        ),
        (
            r#"{"apiVersion": "v1", "kind": "Config"}"#,
            Lookalike::Kubeconfig,
        ),
        ("apiVersion: v1\nkind: ConfigMap\n", Lookalike::Document),
        ("\u{feff}k8s-aws-v1.aHR0cHM6", Lookalike::ByteOrderMark),
        (
            "\u{feff}\u{feff}{\"kind\": \"ExecCredential\"}",
            Lookalike::ExecCredential,
        ),
        ("\u{feff}", Lookalike::Empty),
        ("k8s-aws-v1.aHR0cHM6…", Lookalike::Shortened),
        ("k8s-aws-v1.aHR0cHM6...\n", Lookalike::Shortened),
        (
            "k8s-aws-v1.aHR0cHM6\nk8s-aws-v1.aHR0cHM6",
            Lookalike::Several,
        ),
        (
            "k8s-aws-v1.aHR0cHM6,k8s-aws-v1.aHR0cHM6",
            Lookalike::Several,
        ),
        ("k8s-aws-v1.aHR0cHM6%3D", Lookalike::PercentEncoded),
        (jwt, Lookalike::Jwt),
        ("eyJ-_.e30.c2ln", Lookalike::Jwt),
        ("azhzLWF3cy12MS5hSFIwY0hNNg==", Lookalike::EncodedToken),
        (
            "https://sts.amazonaws.com/?Action=GetCallerIdentity",
            Lookalike::Url,
        ),
        ("https%3A%2F%2Fsts.amazonaws.com", Lookalike::Url),
        (
            "Unable to locate credentials. You can configure credentials by running \"aws login\".",
            Lookalike::ErrorMessage,
        ),
    ] {
        assert_eq!(Lookalike::of(text), Some(found), "{text}");
        assert!(Token::parse(text).and_then(|token| token.decode()).is_err());
        let advice = found.to_string();
        assert!(!advice.ends_with('.') && advice.len() > 20, "{advice}");
        codes.insert(found.code());
    }
    assert_eq!(codes.len(), 14);
}

#[test]
fn tokens_and_unknown_texts_are_not_recognized() {
    for text in [
        "k8s-aws-v1.aHR0cHM6",
        " k8s-aws-v1.aHR0cHM6\n",
        "k8s-aws-v2.aHR0cHM6",
        "abc",
        "\"abc\"",
        "eyJ.a",
        "eyJ.a.b/",
        "eyJ.a.b.c",
        "é",
    ] {
        assert_eq!(Lookalike::of(text), None, "{text}");
    }
}
