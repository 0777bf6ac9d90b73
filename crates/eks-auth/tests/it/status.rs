use eks_auth::{AuthError, Failed, Refused, TransportErrorKind};
use serde_json::Value;
use sts_presign::AnswerFailure;

#[test]
fn every_error_has_a_status_and_the_kubernetes_body_of_it() {
    let refused = AuthError::from(Refused::Sts(sts_presign::Refusal::AccessDenied));
    for (error, status, reason) in [
        (Refused::NotMapped.into(), 401, "Unauthorized"),
        (refused, 401, "Unauthorized"),
        (
            AuthError::from(Failed::Sts(AnswerFailure::Throttled)),
            429,
            "TooManyRequests",
        ),
        (
            Failed::Sts(AnswerFailure::Redirected).into(),
            500,
            "InternalError",
        ),
        (
            Failed::Transport(TransportErrorKind::Timeout.into()).into(),
            500,
            "InternalError",
        ),
    ] {
        assert_eq!(error.status().as_u16(), status, "{error}");
        let body: Value = serde_json::from_str(error.status_body()).unwrap();
        assert_eq!(body["kind"], "Status");
        assert_eq!(body["apiVersion"], "v1");
        assert_eq!(body["status"], "Failure");
        assert_eq!(body["code"], status);
        assert_eq!(body["reason"], reason);
        // The caller does not learn the reason.
        assert!(!error.status_body().contains(error.code()), "{body}");
        assert!(!error.status_body().contains(&error.to_string()), "{body}");
    }
}
