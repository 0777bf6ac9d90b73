//! The URL that spans are sent to, by the flag or by the variables of OpenTelemetry.

use http::Uri;
use printable_text::Printable;

/// The path of traces below the endpoint for all signals (OTLP specification, "OTLP/HTTP Request").
const PATH: &str = "/v1/traces";

/// The only protocol of this program, and the default of the specification.
const PROTOCOL: &str = "http/protobuf";

/// Returns the URL that spans are sent to. `None` if no spans are wanted.
///
/// # Errors
///
/// The variables name an exporter or a protocol that this program does not have, or an endpoint is not a URL.
pub(super) fn endpoint(
    flag: Option<&Uri>,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<Uri>, String> {
    let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
    if variable("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return Ok(None);
    }
    match variable("OTEL_TRACES_EXPORTER").as_deref() {
        None | Some("otlp") => {}
        Some("none") => return Ok(None),
        Some(other) => {
            return Err(format!(
                "no traces are exported: OTEL_TRACES_EXPORTER is {}, and this program has otlp and none",
                Printable::new(other)
            ));
        }
    }
    let (name, url) = if let Some(url) = flag {
        ("--traces-endpoint", url.to_string())
    } else if let Some(url) = variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") {
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", url)
    } else if let Some(url) = variable("OTEL_EXPORTER_OTLP_ENDPOINT") {
        let url = format!("{}{PATH}", url.trim_end_matches('/'));
        ("OTEL_EXPORTER_OTLP_ENDPOINT", url)
    } else {
        return Ok(None);
    };
    let protocol = variable("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")
        .or_else(|| variable("OTEL_EXPORTER_OTLP_PROTOCOL"))
        .unwrap_or_else(|| PROTOCOL.to_owned());
    if protocol != PROTOCOL {
        return Err(format!(
            "no traces are exported: OTEL_EXPORTER_OTLP_PROTOCOL is {}, and this program has {PROTOCOL}, usually on \
             port 4318",
            Printable::new(&protocol)
        ));
    }
    let parsed: Option<Uri> = url.parse().ok();
    let is_http = |url: &Uri| matches!(url.scheme_str(), Some("http" | "https"));
    match parsed.filter(is_http) {
        Some(url) => Ok(Some(url)),
        // The text may have a password.
        None => Err(format!(
            "no traces are exported: {name} is not a URL that begins with http:// or https://"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::endpoint;

    fn with(variables: &[(&str, &str)]) -> Result<Option<String>, String> {
        let variable = |name: &str| {
            variables
                .iter()
                .find(|(own, _)| *own == name)
                .map(|(_, value)| (*value).to_owned())
        };
        endpoint(None, variable).map(|url| url.map(|url| url.to_string()))
    }

    #[test]
    fn the_endpoint_is_that_of_the_specification() {
        const ALL: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
        const TRACES: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
        let some = |url: &str| Ok(Some(url.to_owned()));
        assert_eq!(with(&[]), Ok(None));
        // A path is appended to the endpoint for all signals, and not to the endpoint for traces.
        assert_eq!(
            with(&[(ALL, "http://c:4318")]),
            some("http://c:4318/v1/traces")
        );
        assert_eq!(
            with(&[(ALL, "https://c/x/")]),
            some("https://c/x/v1/traces")
        );
        assert_eq!(
            with(&[(ALL, "http://c:1"), (TRACES, "http://d:2/t")]),
            some("http://d:2/t")
        );
        assert_eq!(
            with(&[(TRACES, ""), (ALL, "http://c:1")]),
            some("http://c:1/v1/traces")
        );
        // Tracing is turned off.
        assert_eq!(
            with(&[(ALL, "http://c:1"), ("OTEL_SDK_DISABLED", "TRUE")]),
            Ok(None)
        );
        assert_eq!(
            with(&[(ALL, "http://c:1"), ("OTEL_TRACES_EXPORTER", "none")]),
            Ok(None)
        );
        assert_eq!(with(&[("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]), Ok(None));
    }

    #[test]
    fn what_cannot_be_exported_is_an_error_that_quotes_no_password() {
        const ALL: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
        for (variables, named) in [
            (
                vec![(ALL, "http://c:1"), ("OTEL_TRACES_EXPORTER", "zipkin")],
                "zipkin",
            ),
            (
                vec![(ALL, "http://c:1"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")],
                "grpc",
            ),
            (vec![(ALL, "c:4317")], ALL),
            (vec![(ALL, "ftp://user:hunter2@c")], ALL),
        ] {
            let why = with(&variables).unwrap_err();
            assert!(why.contains(named), "{why}");
            assert!(!why.contains("hunter2"), "{why}");
        }
    }
}
