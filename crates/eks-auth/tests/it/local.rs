use eks_auth::{LocalKeys, LocalKeysError, LocalProfile, LocalTransport, ProfileError};
use sts_presign::{LocalSts, UnixTime};

use crate::support::{authenticator, now, ready, token};

const FILE: &str = r"
# the example key
[alice]
aws_access_key_id = AKIDEXAMPLE
aws_secret_access_key = wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY
arn = arn:aws:iam::111122223333:user/alice
user_id = AIDAEXAMPLE

[session]
aws_access_key_id=ASIAEXAMPLE
aws_secret_access_key=back\slash'quote#hash
aws_session_token=TOKEN==
arn=arn:aws:sts::111122223333:assumed-role/dev/s
user_id=AROAEXAMPLE:s
region=us-west-2
";

#[test]
fn profiles_are_read_as_they_are_written() {
    let keys = LocalKeys::read(FILE).unwrap();
    let names: Vec<&str> = keys.profiles().iter().map(LocalProfile::name).collect();
    assert_eq!(names, ["alice", "session"]);
    let session = keys.profile("session").unwrap();
    assert_eq!(session.access_key_id(), "ASIAEXAMPLE");
    assert_eq!(session.key().secret().expose(), r"back\slash'quote#hash");
    assert_eq!(session.key().session_token().unwrap().expose(), "TOKEN==");
    assert_eq!(session.key().identity().session_name(), Some("s"));
    assert!(keys.profile("bob").is_none());
    assert!(!format!("{keys:?}").contains("wJalr"));
}

#[test]
fn a_key_ends_at_its_expiration() {
    let text = FILE.replace(
        "AROAEXAMPLE:s",
        "AROAEXAMPLE:s\nexpiration = 2026-11-23T09:14:00Z",
    );
    let keys = LocalKeys::read(&text).unwrap();
    let end = |name| keys.profile(name).unwrap().key().expires_at();
    let time = end("session").map(UnixTime::to_rfc3339);
    assert_eq!(time.as_deref(), Some("2026-11-23T09:14:00Z"));
    assert_eq!(end("alice"), None);
}

/// A setting that is skipped would make a key valid for longer, or without its session token.
#[test]
fn a_setting_that_cannot_be_read_refuses_the_file() {
    let error = |from: &str, to: &str| match LocalKeys::read(&FILE.replacen(from, to, 1)) {
        Err(LocalKeysError::Profile { profile, source }) => {
            assert_eq!(profile, "session");
            source
        }
        other => panic!("{from} as {to}: {other:?}"),
    };
    let token = "aws_session_token";
    assert_eq!(error("TOKEN==", ""), ProfileError::Empty(token));
    assert_eq!(
        error("aws_session_token=TOKEN==\n", ""),
        ProfileError::Missing(token)
    );
    assert_eq!(
        error("region=us-west-2", "AWS_SECURITY_TOKEN=other"),
        ProfileError::Duplicate(token)
    );
    assert_eq!(
        error("region=us-west-2", "expiration ="),
        ProfileError::Empty("expiration")
    );
    assert_eq!(
        error(
            "region=us-west-2",
            "arn=arn:aws:iam::111122223333:user/admin"
        ),
        ProfileError::Duplicate("arn")
    );
    let late = "expiration=2026-11-23T09:14:00Z\nexpiration=2036-11-23T09:14:00Z";
    assert_eq!(
        error("region=us-west-2", late),
        ProfileError::Duplicate("expiration")
    );
    let again = LocalKeys::read(&FILE.replacen("[session]", "[alice]", 1)).unwrap_err();
    let profile = "alice".to_owned();
    assert_eq!(again, LocalKeysError::DuplicateProfile { profile });
}

#[test]
fn names_of_settings_have_no_case_and_the_session_token_has_an_older_name() {
    let text = FILE.replacen("aws_session_token", "aws_security_token", 1);
    let text = text.replacen("region=us-west-2", "Expiration = 2026-11-23T09:14:00Z", 1);
    let keys = LocalKeys::read(&text).unwrap();
    let key = keys.profile("session").unwrap().key();
    assert_eq!(key.session_token().unwrap().expose(), "TOKEN==");
    assert!(key.expires_at().is_some());
}

#[test]
fn names_of_profiles_are_printed_without_control_characters() {
    let error = LocalKeys::read("[a\u{1b}[2Jb]\n").unwrap_err().to_string();
    assert!(!error.contains('\u{1b}'), "{error}");
}

#[test]
fn the_embedded_sts_is_a_transport() {
    let keys = LocalKeys::read(FILE).unwrap().keys();
    let transport = LocalTransport::new(LocalSts::new(keys), now);
    let authenticator = authenticator("test-cluster", "aws");
    let identity = ready(authenticator.identify(&token(), now(), &transport)).unwrap();
    assert_eq!(identity.arn(), "arn:aws:iam::111122223333:user/alice");
    let no_keys = LocalTransport::new(LocalSts::new(sts_presign::Keys::new()), now);
    let refused = ready(authenticator.identify(&token(), now(), &no_keys)).unwrap_err();
    assert_eq!(refused.code(), "invalid-client-token-id");
}

#[test]
fn errors_name_the_profile_or_the_line() {
    let profile = |source| LocalKeysError::Profile {
        profile: "alice".to_owned(),
        source,
    };
    let without = |setting: &str| {
        let kept: Vec<&str> = FILE
            .lines()
            .filter(|line| !line.starts_with(setting))
            .collect();
        LocalKeys::read(&kept.join("\n")).unwrap_err()
    };
    for setting in [
        "aws_access_key_id ",
        "aws_secret_access_key ",
        "arn ",
        "user_id ",
    ] {
        let missing = match without(setting) {
            LocalKeysError::Profile {
                profile,
                source: ProfileError::Missing(missing),
            } => {
                assert_eq!(profile, "alice");
                missing
            }
            other => panic!("{setting}: {other}"),
        };
        assert_eq!(missing, setting.trim());
    }
    let read = |from: &str, to: &str| LocalKeys::read(&FILE.replacen(from, to, 1)).unwrap_err();
    let mismatch = iam_principal::Error::UserId;
    assert_eq!(
        read("AIDAEXAMPLE", "AIDA:x"),
        profile(ProfileError::Identity(mismatch))
    );
    assert_eq!(
        read("AKIDEXAMPLE", "AKID/EXAMPLE"),
        profile(ProfileError::AccessKeyId)
    );
    let ends = |time: &str| {
        read(
            "user_id = AIDAEXAMPLE",
            &format!("user_id = AIDAEXAMPLE\nexpiration = {time}"),
        )
    };
    for time in ["tomorrow", "2026-11-23", "2026-11-23T09:14:00+01:00"] {
        assert_eq!(ends(time), profile(ProfileError::Expiration));
    }
    let twice = LocalKeysError::DuplicateKey {
        profile: "session".to_owned(),
    };
    assert_eq!(read("ASIAEXAMPLE", "AKIDEXAMPLE"), twice);
    assert_eq!(LocalKeys::read("").unwrap_err(), LocalKeysError::Empty);
    assert_eq!(
        LocalKeys::read("# nothing\n").unwrap_err(),
        LocalKeysError::Empty
    );
    let no_profile = LocalKeysError::NoProfile { line: 2 };
    assert_eq!(LocalKeys::read("\na = b\n").unwrap_err(), no_profile);
    assert_eq!(
        LocalKeys::read("# keys\n[a]\nnonsense\n").unwrap_err(),
        LocalKeysError::Syntax { line: 3 }
    );
}
