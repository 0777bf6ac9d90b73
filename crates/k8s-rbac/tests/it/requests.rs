//! Requests as they come over HTTP: as recorded, and as theorems.

use k8s_rbac::{FieldRequirement, LabelRequirement, RequestInfo};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};
use testkit::Report;

#[test]
fn method_and_url_are_read_as_upstream_reads_them() {
    let mut report = Report::new();
    for case in testkit::json_lines::<Value>("testdata/requestinfo.jsonl") {
        let text = |field: &str| case[field].as_str().unwrap().to_owned();
        let (method, url) = (text("method"), text("url"));
        let got = match RequestInfo::read(&method, &url) {
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
        report.check(&case.selector, &fields.map_err(|e| e.to_string()), &want);
        let labels = LabelRequirement::parse(&case.selector).map(|requirements| {
            let value = |one: LabelRequirement| {
                json!({ "key": one.key, "op": one.operator.as_str(), "values": one.values })
            };
            requirements.into_iter().map(value).collect::<Vec<_>>()
        });
        let want = case
            .label_error
            .map_or_else(|| Ok(case.label.unwrap_or_default()), Err);
        report.check(&case.selector, &labels.map_err(|e| e.to_string()), &want);
    }
    report.finish();
}

#[test]
fn what_no_http_server_hands_on_is_refused() {
    for url in [
        "api",
        "http://h/api",
        "/a\nb",
        "/%",
        "/%zz",
        "/%ff",
        "/\u{7f}",
    ] {
        assert!(RequestInfo::read("GET", url).is_err(), "{url:?}");
    }
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
    fn a_label_selector_that_is_read_is_read_again_from_what_it_says(
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

    #[test]
    fn a_path_that_is_escaped_asks_for_the_same(
        path in "/apis?(/(apps|v1|namespaces|watch|proxy|status|pods|dev|)){0,7}/?",
        method in "GET|POST|DELETE|HEAD",
    ) {
        let escaped: String = path.chars()
            .map(|c| if c == 's' { "%73".to_owned() } else { c.to_string() })
            .collect();
        match (RequestInfo::read(&method, &path), RequestInfo::read(&method, &escaped)) {
            (Ok(plain), Ok(escaped)) => prop_assert_eq!(plain, escaped),
            (Err(_), Err(_)) => {}
            (plain, escaped) => prop_assert!(false, "{:?} and {:?}", plain, escaped),
        }
    }
}
