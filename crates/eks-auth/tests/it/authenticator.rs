use aws_auth_map::IdentityMap;
use eks_auth::{AuthError, Authenticated, Failed, Refused, TransportErrorKind};
use sts_presign::{AnswerFailure, Refusal};

use crate::support::{
    ALICE, Always, NODES, authenticator, config_map, node, node_identity, now, ready, token,
};

fn rules() -> IdentityMap {
    let text =
        "mapUsers: |\n  - userarn: arn:aws:iam::111122223333:user/alice\n    username: alice\n";
    config_map(text)
}

fn authenticate(
    answer: Result<(u16, &'static str), TransportErrorKind>,
) -> Result<String, AuthError> {
    let authenticator = authenticator("test-cluster", "aws");
    ready(authenticator.authenticate(&token(), now(), &Always(answer), &rules()))
        .map(|authenticated| authenticated.user().username().to_owned())
}

#[test]
fn a_good_token_names_its_user() {
    assert_eq!(authenticate(Ok((200, ALICE))).as_deref(), Ok("alice"));
}

#[test]
fn the_identity_carries_the_access_key_id() {
    let identity = ready(authenticator("test-cluster", "aws").identify(
        &token(),
        now(),
        &Always(Ok((200, ALICE))),
    ));
    assert_eq!(identity.unwrap().access_key_id(), Some("AKIDEXAMPLE"));
}

#[test]
fn an_answer_about_the_caller_is_a_refusal() {
    let refused = r#"{"Error":{"Code":"SignatureDoesNotMatch"}}"#;
    let got = authenticate(Ok((403, refused)));
    assert_eq!(
        got,
        Err(Refused::Sts(Refusal::SignatureDoesNotMatch).into())
    );
    let got = authenticator("test-cluster", "aws").begin("k8s-aws-v1.", now());
    assert!(matches!(got, Err(Refused::Token(_))));
    let got = authenticator("test-cluster", "aws-cn").begin(&token(), now());
    assert_eq!(
        got.err(),
        Some(Refused::Url(sts_presign::Error::HostPartition))
    );
    let no_rules = config_map("mapUsers: ''");
    let authenticator = authenticator("test-cluster", "aws");
    let answer = Always(Ok((200, ALICE)));
    let got = ready(authenticator.authenticate(&token(), now(), &answer, &no_rules));
    assert!(matches!(got, Err(AuthError::Refused(Refused::NotMapped))));
}

#[test]
fn an_answer_about_anything_else_is_a_failure() {
    for (answer, failed) in [
        (
            Err(TransportErrorKind::Timeout),
            Failed::Transport(TransportErrorKind::Timeout.into()),
        ),
        (
            Ok((503, "")),
            Failed::Sts(AnswerFailure::Unavailable {
                status: 503,
                fault: None,
            }),
        ),
        (Ok((429, "")), Failed::Sts(AnswerFailure::Throttled)),
        (
            Ok((403, "<html>")),
            Failed::Sts(AnswerFailure::UnexpectedStatus {
                status: 403,
                fault: None,
            }),
        ),
        (Ok((302, "")), Failed::Sts(AnswerFailure::Redirected)),
        (Ok((200, "{}")), Failed::Sts(AnswerFailure::Malformed)),
    ] {
        assert_eq!(authenticate(answer), Err(failed.into()), "{answer:?}");
    }
}

#[test]
fn the_maximum_length_of_a_token_can_be_set() {
    let short = authenticator("test-cluster", "aws").with_max_token_len(400);
    assert_eq!(short.begin(&token(), now()).unwrap_err().code(), "too-long");
    let long = authenticator("test-cluster", "aws").with_max_token_len(8192);
    assert!(long.begin(&token(), now()).is_ok());
}

#[test]
fn an_accepted_token_is_checked_again_for_its_time() {
    let authenticator = authenticator("test-cluster", "aws");
    let call = authenticator.begin(&token(), now()).unwrap();
    for at in [now(), now().earlier(100_000), now().later(100_000)] {
        let begun = authenticator.begin(&token(), at).map(drop);
        assert_eq!(authenticator.check_time(&call, at), begun);
    }
}

#[test]
fn rules_that_cannot_be_read_are_a_failure_and_no_refusal() {
    let (rules, _) = IdentityMap::from_config_map("mapRoles: [");
    let failed = node(&rules).unwrap_err();
    assert!(matches!(
        failed,
        AuthError::Failed(Failed::RulesUnreadable(_))
    ));
    assert_eq!(failed.code(), "unreadable-source");
    assert_eq!(failed.status().as_u16(), 500);
    // An entry that cannot be read gives an answer about the callers in it.
    let role = match node_identity().arn().split('/').nth(1) {
        Some(role) => format!("arn:aws:iam::{}:role/{role}", node_identity().account()),
        None => panic!("no role"),
    };
    let (rules, _) = IdentityMap::from_config_map(&format!("mapRoles: [{{rolearn: '{role}'}}]"));
    let refused = node(&rules).unwrap_err();
    assert!(
        matches!(refused, AuthError::Refused(Refused::Mapping(_))),
        "{refused:?}"
    );
}

#[test]
fn a_node_whose_dns_name_was_not_looked_up_is_a_failure_and_no_refusal() {
    let rules = config_map(NODES);
    let failed = node(&rules).unwrap_err();
    assert!(matches!(
        failed,
        AuthError::Failed(Failed::PrivateDnsNameUnknown(_))
    ));
    assert_eq!(failed.code(), "private-dns-name-unknown");
    assert_eq!(failed.status().as_u16(), 500);
    let name = "ip-10-0-0-1.ec2.internal";
    let known = Authenticated::resolve_instance(node_identity(), &rules, name).unwrap();
    assert_eq!(known.user().username(), format!("system:node:{name}"));
}

#[test]
fn nothing_secret_is_printed() {
    let call = authenticator("test-cluster", "aws")
        .begin(&token(), now())
        .unwrap();
    let printed = format!("{call:?}");
    assert!(
        printed.contains("AKIDEXAMPLE") && !printed.contains("d052bda1"),
        "{printed}"
    );
}
