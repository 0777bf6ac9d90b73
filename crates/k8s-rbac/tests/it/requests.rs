//! Requests over HTTP: recorded cases, and theorems.

use k8s_rbac::{
    Ambiguity, FieldRequirement, KubernetesVersion, LabelRequirement, LabelSelector,
    LabelSelectorRequirement, Request, RequestInfo, RequestInfoError, ResourceRequest,
};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};
use testkit::Report;

const V1_34: KubernetesVersion = KubernetesVersion::V1_34;

#[test]
fn method_and_url_are_read_as_upstream_reads_them() {
    let mut report = Report::new();
    for case in testkit::json_lines::<Value>("testdata/requestinfo.jsonl") {
        let text = |field: &str| case[field].as_str().unwrap().to_owned();
        let (method, url) = (text("method"), text("url"));
        let got = match RequestInfo::parse_like_apiserver(V1_34, &method, &url) {
            Ok(info) => serde_json::to_value(info).unwrap(),
            Err(error) => json!(error.to_string()),
        };
        let mut want = case.get("error").cloned().unwrap_or_else(|| case.clone());
        if let Value::Object(fields) = &mut want {
            fields.remove("method");
            fields.remove("url");
            if fields["parts"].is_null() {
                fields.insert("parts".to_owned(), json!([]));
            }
        }
        report.check(&format!("{method} {url}"), &got, &want);
    }
    report.finish();
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    selector: String,
    field: Option<Vec<Value>>,
    field_error: Option<String>,
    label: Option<Vec<Value>>,
    label_error: Option<String>,
}

#[test]
fn errors_of_selectors_print_no_control_character() {
    let hostile = "a\u{1b}[2J\u{202e}b\nc";
    let fields = FieldRequirement::parse(hostile).unwrap_err();
    assert_eq!(
        fields.to_string(),
        r"invalid selector: 'a\x1b[2J\u202eb\nc'; can't understand 'a\x1b[2J\u202eb\nc'",
    );
    assert!(fields.message().contains(hostile));
    let labels = LabelRequirement::parse("a b\u{1b}\u{202e}").unwrap_err();
    assert_eq!(
        labels.to_string(),
        r"unable to parse requirement: found 'b\x1b\u202e', expected: in, notin, =, ==, !=, gt, lt",
    );
    let selector = LabelSelector {
        match_labels: [(hostile.to_owned(), hostile.to_owned())].into(),
        ..LabelSelector::default()
    };
    let error = selector.compile().unwrap_err().to_string();
    assert!(error.contains(r"values[0][a\x1b[2J\u202eb\nc]"), "{error}");
    assert!(!error.contains(char::is_control), "{error}");
}

#[test]
fn errors_of_selectors_have_their_codes() {
    for (selector, code) in [
        ("a b", "unexpected-token"),
        ("a in b", "unexpected-token"),
        ("-a", "invalid-label"),
        ("a=-b", "invalid-requirement"),
    ] {
        let error = LabelRequirement::parse(selector).unwrap_err();
        assert_eq!(error.code(), code, "{selector}");
    }
    for (selector, code) in [
        ("a", "invalid-term"),
        (r"a=\b", "invalid-escape"),
        ("a=b=c", "unescaped-character"),
    ] {
        let error = FieldRequirement::parse(selector).unwrap_err();
        assert_eq!(error.code(), code, "{selector}");
    }
    let selector = |operator: &str, key: &str| LabelSelector {
        match_expressions: vec![LabelSelectorRequirement {
            key: key.to_owned(),
            operator: operator.to_owned(),
            values: Vec::new(),
        }],
        ..LabelSelector::default()
    };
    for (selector, code) in [
        (selector("Gt", "a"), "unknown-operator"),
        (selector("In", "a"), "invalid-requirement"),
        (selector("Exists", "-"), "invalid-requirement"),
    ] {
        let error = selector.compile().unwrap_err();
        assert_eq!(error.code(), code, "{selector:?}");
    }
}

#[test]
fn labels_are_as_long_as_their_limits() {
    for (prefix, name, value, is_read) in [
        (253, 63, 63, true),
        (254, 63, 63, false),
        (253, 64, 63, false),
        (253, 63, 64, false),
    ] {
        let text = |len| "a".repeat(len);
        // The parts of a prefix have no limit of their own.
        let selector = format!("{}/{}={}", text(prefix), text(name), text(value));
        let is_ok = LabelRequirement::parse(&selector).is_ok();
        assert_eq!(is_ok, is_read, "{prefix} {name} {value}");
    }
}

#[test]
fn a_url_is_the_request_that_is_decided_on() {
    let pods = || ResourceRequest::new("get", "", "pods").in_namespace("ns");
    for (method, url, want) in [
        ("GET", "/healthz", Request::path("get", "/healthz")),
        ("GET", "/api", Request::path("get", "/api")),
        (
            "GET",
            "/api/v1/namespaces/ns/pods/a/log",
            pods().with_name("a").with_subresource("log").into(),
        ),
        (
            "DELETE",
            "/apis/apps/v1/deployments",
            ResourceRequest::new("deletecollection", "apps", "deployments").into(),
        ),
    ] {
        let info = RequestInfo::parse(method, url).unwrap();
        assert_eq!(info.request(), want, "{method} {url}");
    }
}

#[test]
fn selectors_in_a_url_are_read_as_upstream_reads_them() {
    let mut report = Report::new();
    for case in testkit::json_lines::<Raw>("testdata/raw_selectors.jsonl") {
        let fields = FieldRequirement::parse(&case.selector).map(|requirements| {
            let value = |one: FieldRequirement| {
                json!({ "field": one.field, "op": one.operator.as_str(), "value": one.value })
            };
            requirements.into_iter().map(value).collect::<Vec<_>>()
        });
        let want = case
            .field_error
            .map_or_else(|| Ok(case.field.unwrap_or_default()), Err);
        report.check(&case.selector, &fields.map_err(|e| e.message()), &want);
        let labels = LabelRequirement::parse_in(V1_34, &case.selector).map(|requirements| {
            let value = |one: LabelRequirement| {
                json!({ "key": one.key, "op": one.operator.as_str(), "values": one.values })
            };
            requirements.into_iter().map(value).collect::<Vec<_>>()
        });
        let want = case
            .label_error
            .map_or_else(|| Ok(case.label.unwrap_or_default()), Err);
        report.check(
            &case.selector,
            &labels.map_err(|e| e.message_in(V1_34)),
            &want,
        );
    }
    report.finish();
}

#[test]
fn from_1_35_a_list_of_values_may_end_with_two_commas() {
    for (selector, values) in [
        ("a in (,,)", &[""][..]),
        ("a in (x,,)", &["", "x"]),
        ("a in (,,,x)", &["", "x"]),
    ] {
        for version in KubernetesVersion::ALL {
            let got = LabelRequirement::parse_in(version, selector)
                .map(|mut list| list.swap_remove(0).values);
            if version < KubernetesVersion::V1_35 && selector.ends_with(",,)") {
                let why = got.unwrap_err().message_in(version);
                assert!(
                    why.ends_with("found ')', expected: ',', or identifier"),
                    "{why}"
                );
            } else {
                assert_eq!(got.unwrap(), values, "{version} {selector}");
            }
        }
        assert_eq!(
            LabelRequirement::parse(selector),
            LabelRequirement::parse_in(KubernetesVersion::NEWEST, selector)
        );
    }
    // So the version decides whether the list is limited to one object, except for the strict
    // reader.
    let url = "/api/v1/pods?fieldSelector=metadata.name%3Dweb&labelSelector=a%20in%20(,,)";
    let name = |version| {
        let info = RequestInfo::parse_like_apiserver(version, "GET", url);
        info.unwrap().name
    };
    assert_eq!(name(V1_34), "");
    assert_eq!(name(KubernetesVersion::V1_35), "web");
    assert_eq!(RequestInfo::parse("GET", url).unwrap().name, "");
}

#[test]
fn urls_that_no_http_server_passes_on_are_refused() {
    for url in [
        "api",
        "http://h/api",
        "/a\nb",
        "/%",
        "/%zz",
        "/%ff",
        "/\u{7f}",
    ] {
        assert!(
            RequestInfo::parse_like_apiserver(V1_34, "GET", url).is_err(),
            "{url:?}"
        );
    }
}

#[test]
fn the_strict_reader_refuses_what_another_reader_may_read_differently() {
    use Ambiguity::*;
    for (ambiguity, urls) in [
        (
            EscapedSeparator,
            &[
                "/api/v1/namespaces/dev%2Fpods%2Fweb",
                "/api/v1/namespaces/dev%2fpods",
                "/api/v1/namespaces/dev%5Cpods",
                "/api/v1/namespaces/dev%252Fpods",
                "/api/v1/namespaces/dev%3Bx",
                "/api/v1/namespaces/dev%EF%BC%8Fpods",
                "/api/v1/namespaces/dev%E2%88%95pods",
                "/api/v1/namespaces/%EF%BC%8E%EF%BC%8E/pods",
                "/api/v1/namespaces%2F/",
                "/api%2Fv1/pods",
                "/%2Fhealthz",
            ][..],
        ),
        (
            EmptySegment,
            &[
                "//",
                "//api/v1/pods",
                "/api//v1/pods",
                "/api/v1/pods//",
                "//healthz",
            ],
        ),
        (
            DotSegment,
            &[
                "/.",
                "/api/v1/./pods",
                "/api/v1/pods/..",
                "/api/v1/%2e%2E/pods",
                "/a/.%2e/b",
            ],
        ),
        (
            TrailingSlash,
            &["/api/v1/pods/", "/healthz/", "/api/", "/api/?watch=1"],
        ),
        (
            ForbiddenCharacter,
            &[
                "/api/v1/pods;x=1",
                "/api/v1/po ds",
                "/api\\v1/pods",
                "/api/v1/é",
                "/a\"b",
                "/a%00b",
                "/a%0Ab",
                "/a%7Fb",
                "/a<b",
                "/{a}",
                "/a|b",
                "/a^b",
                "/a%C2%85b",
            ],
        ),
        (
            EscapedUnreserved,
            &[
                "/api/v1/%6Eamespaces/dev",
                "/%68ealthz",
                "/api/v1/pods/a%2Db",
                "/api/v1/pods/%7Ea",
            ],
        ),
        (
            LegacyPrefix,
            &[
                "/api/v1/watch/pods",
                "/api/v1/proxy/nodes/a",
                "/apis/apps/v1/watch/deployments",
                "/api/v1/watch",
            ],
        ),
        (
            RepeatedParameter,
            &[
                "/api/v1/pods?watch=0&watch=1",
                "/api/v1/pods?fieldSelector=metadata.name%3Da&%66ieldSelector=",
                "/api/v1/pods?limit=1;limit=x",
                "/api/v1/pods?watch&x=1&watch=%zz",
            ],
        ),
    ] {
        for url in urls {
            let got = RequestInfo::parse("GET", url).unwrap_err();
            assert_eq!(got, RequestInfoError::Ambiguous(ambiguity), "{url}");
        }
    }
    for url in [
        "",
        "*",
        "api/v1",
        "http://h/api",
        "/a#b",
        "/a?b#c",
        "/a\nb",
        "?watch=1",
    ] {
        let got = RequestInfo::parse("GET", url).unwrap_err();
        assert_eq!(got, RequestInfoError::NotAPath, "{url:?}");
    }
    for url in ["/%", "/%zz", "/%ff", "/api/v1/%u002F", "/%c0%af"] {
        let got = RequestInfo::parse("GET", url).unwrap_err();
        assert_eq!(got, RequestInfoError::NotText, "{url:?}");
    }
}

#[test]
fn the_strict_reader_accepts_every_path_of_the_api() {
    for url in [
        "/",
        "/healthz",
        "/api",
        "/api/v1/pods",
        "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode",
        "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:node",
        "/apis/rbac.authorization.k8s.io/v1/clusterroles/r%C3%B6le%20a",
        "/api/v1/namespaces/dev/pods/web/log?follow=true&follow=false",
        "/api/v1/namespaces/dev/services/https:web:443/proxy/a/b",
        "/api/v1/secrets?fieldSelector=metadata.name%3Da&watch=1&limit=5",
        "/.well-known/openid-configuration",
        "/a...b/..a",
    ] {
        let strict = RequestInfo::parse("GET", url);
        assert_eq!(
            strict,
            RequestInfo::parse_like_apiserver(V1_34, "GET", url),
            "{url}"
        );
        assert!(strict.is_ok(), "{url}: {strict:?}");
    }
}

#[cfg(feature = "http")]
#[test]
fn the_head_of_a_request_is_read_strictly() {
    let read = |uri: &str| {
        let request = http::Request::delete(uri).body(()).unwrap();
        RequestInfo::try_from(&request.into_parts().0)
    };
    let info = read("/api/v1/namespaces/dev/pods/web?a=b").unwrap();
    assert_eq!((info.verb.as_str(), info.name.as_str()), ("delete", "web"));
    // An HTTP/2 request has scheme and authority.
    assert_eq!(
        read("https://h/api/v1/namespaces/dev/pods/web?a=b"),
        Ok(info)
    );
    assert!(read("/api/v1/namespaces/dev%2Fpods%2Fweb").is_err());
    assert!(read("https://h//api").is_err());
    assert_eq!(read("*"), Err(RequestInfoError::NotAPath));
}

#[test]
fn numbers_are_compared_only_with_numbers() {
    let selector = |text| LabelRequirement::parse(text);
    assert!(selector("a>1,b<2").is_ok());
    for text in ["a>b", "a<", "a>-1", "a>1.5", "a>99999999999999999999"] {
        assert!(selector(text).is_err(), "{text}");
    }
}

fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace(',', "\\,")
        .replace('=', "\\=")
}

proptest! {
    #[test]
    fn an_escaped_field_value_is_read_back(value in "[a\\\\,= é]{0,8}") {
        let selector = format!("f={}", escaped(&value));
        let requirements = FieldRequirement::parse(&selector).unwrap();
        prop_assert_eq!(&requirements[0].value, &value);
        prop_assert_eq!(requirements.len(), 1);
    }

    #[test]
    fn a_parsed_label_selector_parses_again_from_its_parts(
        text in "([ab!](=|==|!=| in \\(| notin \\(|,|\\)| )?){0,6}",
    ) {
        if let Ok(requirements) = LabelRequirement::parse(&text) {
            let written: Vec<String> = requirements.iter().map(|one| {
                let (key, values) = (&one.key, one.values.join(","));
                match one.operator.as_str() {
                    "exists" => key.clone(),
                    "!" => format!("!{key}"),
                    word @ ("in" | "notin") => format!("{key} {word} ({values})"),
                    symbol => format!("{key}{symbol}{values}"),
                }
            }).collect();
            let written = written.join(",");
            prop_assert_eq!(LabelRequirement::parse(&written), Ok(requirements));
        }
    }

    /// Three readers find the same segments in a path that the strict reader accepts: one splits
    /// before it decodes, one decodes first, and one does both twice.
    #[test]
    fn an_accepted_path_has_one_reading(
        path in "/(api|apis|v1|apps|namespaces|pods|dev|a|%2[fFeE5]|%5C|%252F|[.;/\\\\%:é ]|%C3%A9|%EF%BC%8F|/){0,9}",
    ) {
        if let Ok(info) = RequestInfo::parse("GET", &path) {
            let decode = |text: &str| {
                String::from_utf8(percent_encoding::percent_decode_str(text).collect()).unwrap()
            };
            let split_first: Vec<String> = path.split('/').map(decode).collect();
            let decoded = decode(&path);
            let decode_first: Vec<&str> = decoded.split('/').collect();
            prop_assert_eq!(&split_first, &decode_first);
            let decoded_twice = decode(&decoded);
            prop_assert_eq!(&decoded_twice, &decoded);
            let is_plain = |one: &String| {
                !["", ".", ".."].contains(&one.as_str()) && !one.contains(['\\', ';'])
            };
            prop_assert!(path == "/" || split_first.iter().skip(1).all(is_plain));
            prop_assert_eq!(&Ok(info), &RequestInfo::parse_like_apiserver(V1_34, "GET", &path));
        }
    }

    #[test]
    fn an_escaped_path_has_the_same_attributes(
        path in "/apis?(/(apps|v1|namespaces|watch|proxy|status|pods|dev|)){0,7}/?",
        method in "GET|POST|DELETE|HEAD",
    ) {
        let escaped: String = path.chars()
            .map(|c| if c == 's' { "%73".to_owned() } else { c.to_string() })
            .collect();
        match (RequestInfo::parse_like_apiserver(V1_34, &method, &path), RequestInfo::parse_like_apiserver(V1_34, &method, &escaped)) {
            (Ok(plain), Ok(escaped)) => prop_assert_eq!(plain, escaped),
            (Err(_), Err(_)) => {}
            (plain, escaped) => prop_assert!(false, "{:?} and {:?}", plain, escaped),
        }
    }
}
