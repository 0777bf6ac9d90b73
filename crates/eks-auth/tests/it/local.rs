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
