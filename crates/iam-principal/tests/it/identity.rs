use iam_principal::{Error, Identity, Kind, Part, Partition};

const ACCOUNT: &str = "111122223333";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/dev/s";
const USER: &str = "arn:aws:iam::111122223333:user/alice";

#[test]
fn each_kind_of_caller_has_its_own_shape_of_user_id() {
    let good = [
        (USER, "AIDAEXAMPLE", Kind::User, "AIDAEXAMPLE", None),
        (
            SESSION,
            "AROAEXAMPLE:s",
            Kind::AssumedRole,
            "AROAEXAMPLE",
            Some("s"),
        ),
        (
            "arn:aws:sts::111122223333:federated-user/carol",
            "111122223333:carol",
            Kind::FederatedUser,
            ACCOUNT,
            Some("carol"),
        ),
        (
            "arn:aws:iam::111122223333:root",
            ACCOUNT,
            Kind::Root,
            ACCOUNT,
            None,
        ),
        (
            "arn:aws:sts::111122223333:assumed-role/aws:ec2-instance/i-0123456789abcdef0",
            "111122223333:aws:ec2-instance:i-0123456789abcdef0",
            Kind::AssumedRole,
            ACCOUNT,
            Some("i-0123456789abcdef0"),
        ),
    ];
    for (arn, raw, kind, id, session) in good {
        let identity = Identity::new(arn, ACCOUNT, raw).unwrap();
        assert_eq!(identity.kind(), kind);
        assert_eq!((identity.user_id(), identity.raw_user_id()), (id, raw));
        assert_eq!(identity.session_name(), session);
        assert_eq!(identity.access_key_id(), None);
        assert_eq!(identity.arn(), arn);
        assert_eq!(identity.account().to_string(), ACCOUNT);
        assert_eq!(identity.partition(), Partition::Aws);
    }
}

#[test]
fn facts_that_disagree_are_refused_with_the_reason() {
    let bad = [
        (USER, "444455556666", "AIDAEXAMPLE", Error::AccountMismatch),
        (USER, "1111", "AIDAEXAMPLE", Error::AccountId),
        (USER, ACCOUNT, "", Error::UserId),
        (USER, ACCOUNT, "AIDAEXAMPLE:s", Error::UserId),
        (
            USER,
            ACCOUNT,
            "AIDA EXAMPLE",
            Error::Character(Part::UserId),
        ),
        (USER, ACCOUNT, "AROAEXAMPLE", Error::UserId),
        (USER, ACCOUNT, "AIDA-EXAMPLE", Error::UserId),
        (SESSION, ACCOUNT, "AIDAEXAMPLE:s", Error::UserId),
        (SESSION, ACCOUNT, "AROA-EXAMPLE:s", Error::UserId),
        (
            SESSION,
            ACCOUNT,
            "111122223333:aws:ec2-instance:s",
            Error::SessionMismatch,
        ),
        (
            "arn:aws:sts::111122223333:assumed-role/aws:ec2-instance/i-0",
            ACCOUNT,
            "AROAEXAMPLE:aws:ec2-instance:i-0",
            Error::UserId,
        ),
        (
            "arn:aws:sts::111122223333:assumed-role/aws:ec2-instance/i-0",
            ACCOUNT,
            "111122223333:aws:ec2-instance:i-1",
            Error::SessionMismatch,
        ),
        (
            "arn:aws:sts::111122223333:assumed-role/aws:ec2-instance/i-0",
            ACCOUNT,
            "111122223333:aws:ec2-instancei-0",
            Error::UserId,
        ),
        (SESSION, ACCOUNT, "AROAEXAMPLE", Error::UserId),
        (SESSION, ACCOUNT, ":s", Error::UserId),
        (SESSION, ACCOUNT, "AROAEXAMPLE:t", Error::SessionMismatch),
        (SESSION, ACCOUNT, "AROAEXAMPLE:s:s", Error::SessionMismatch),
        (
            "arn:aws:iam::111122223333:role/dev",
            ACCOUNT,
            "AROAEXAMPLE",
            Error::NotACaller,
        ),
        (
            "arn:aws:iam::111122223333:root",
            ACCOUNT,
            "444455556666",
            Error::UserId,
        ),
        (
            "arn:aws:sts::111122223333:federated-user/c",
            ACCOUNT,
            "444455556666:c",
            Error::UserId,
        ),
        (
            "arn:aws:sts::111122223333:federated-user/c",
            ACCOUNT,
            "111122223333:d",
            Error::SessionMismatch,
        ),
        (
            "arn:aws:sts::111122223333:assumed-role/aws:ec2-instance/i-0",
            ACCOUNT,
            "111122223333:i-0",
            // Without the role's name in the middle it is the user id of another role.
            Error::UserId,
        ),
    ];
    for (arn, account, user_id, error) in bad {
        assert_eq!(
            Identity::new(arn, account, user_id).unwrap_err(),
            error,
            "{arn} {user_id}"
        );
    }
}

#[test]
fn the_access_key_id_is_added_afterwards() {
    let identity = Identity::new(USER, ACCOUNT, "AIDAEXAMPLE").unwrap();
    assert_eq!(
        identity.with_access_key_id("AKIDEXAMPLE").access_key_id(),
        Some("AKIDEXAMPLE")
    );
}

#[test]
fn the_canonical_arn_is_the_role_of_a_session_or_the_principals_own() {
    let session = Identity::new(SESSION, ACCOUNT, "AROAEXAMPLE:s").unwrap();
    assert_eq!(
        session.canonical_arn(),
        "arn:aws:iam::111122223333:role/dev"
    );
    let user = Identity::new(USER, ACCOUNT, "X1").unwrap();
    assert_eq!((user.canonical_arn(), user.user_id()), (USER, "X1"));
}
