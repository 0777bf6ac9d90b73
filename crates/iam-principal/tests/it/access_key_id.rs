use iam_principal::{AccessKeyId, Error};

#[test]
fn an_access_key_id_is_1_to_128_word_characters() {
    for id in ["_", "AKIDEXAMPLE", "a9", &"a".repeat(128)] {
        let parsed = AccessKeyId::parse(id).unwrap();
        assert_eq!((parsed.as_str(), &*parsed.to_string()), (id, id));
        assert_eq!(AccessKeyId::try_from(id), Ok(parsed));
    }
    let too_long = "a".repeat(129);
    for id in [
        "", "AK-ID", "AK.ID", "AK~ID", "AK ID", "AK/ID", "é", &too_long,
    ] {
        assert_eq!(AccessKeyId::parse(id), Err(Error::AccessKeyId), "{id}");
    }
}

#[test]
fn temporary_keys_have_their_prefix() {
    let is_temporary = |id| AccessKeyId::parse(id).unwrap().is_temporary();
    assert!(is_temporary("ASIAEXAMPLE"));
    assert!(!is_temporary("AKIAEXAMPLE"));
    assert!(!is_temporary("asiaEXAMPLE"));
}
