//! Checks the property of each target on its seeds and on its regressions, without a fuzzer.

use std::path::Path;

fn replay(target: &str, property: fn(&[u8])) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut ran = 0_usize;
    for folder in ["seeds", "regressions"] {
        let Ok(files) = std::fs::read_dir(root.join(folder).join(target)) else {
            continue;
        };
        for file in files.flatten() {
            let bytes = std::fs::read(file.path()).unwrap_or_default();
            property(&bytes);
            ran = ran.saturating_add(1);
        }
    }
    assert!(ran > 0, "{target} has no seeds");
}

#[test]
fn map_diff() {
    replay(
        "map_diff",
        eks_auth_fuzz::diff_is_empty_exactly_when_all_resolve_alike,
    );
}

#[test]
fn map_edit() {
    replay(
        "map_edit",
        eks_auth_fuzz::edit_then_read_gives_what_was_written,
    );
}

#[test]
fn map_read() {
    replay("map_read", eks_auth_fuzz::maps_are_read_alike);
}

#[test]
fn map_refusing() {
    replay(
        "map_refusing",
        eks_auth_fuzz::refusing_rules_are_never_passed_over,
    );
}

#[test]
fn map_unrelated() {
    replay(
        "map_unrelated",
        eks_auth_fuzz::unrelated_rules_change_nothing,
    );
}

#[test]
fn rbac_analyses() {
    replay("rbac_analyses", eks_auth_fuzz::analyses_say_what_is_decided);
}

#[test]
fn rbac_engine() {
    replay("rbac_engine", eks_auth_fuzz::engine_is_oracle);
}

#[test]
fn rbac_manifests() {
    replay("rbac_manifests", eks_auth_fuzz::manifests_are_read_alike);
}

#[test]
fn rbac_requests() {
    replay(
        "rbac_requests",
        eks_auth_fuzz::requests_are_read_by_their_path,
    );
}

#[test]
fn rbac_selectors() {
    replay("rbac_selectors", eks_auth_fuzz::selectors_are_read_back);
}

#[test]
fn token_decode() {
    replay("token_decode", eks_auth_fuzz::decode_has_one_spelling);
}

#[test]
fn url_accept() {
    replay("url_accept", eks_auth_fuzz::accepted_reads_alike);
}

#[test]
fn sts_answer() {
    replay("sts_answer", eks_auth_fuzz::an_answer_names_one_caller);
}

#[test]
fn sts_request() {
    replay(
        "sts_request",
        eks_auth_fuzz::only_signed_requests_are_answered,
    );
}

#[test]
fn verify_edit() {
    replay("verify_edit", eks_auth_fuzz::one_change_unproves);
}

#[test]
fn verify_url() {
    replay(
        "verify_url",
        eks_auth_fuzz::what_is_proved_is_what_was_signed,
    );
}

#[test]
fn url_sent() {
    replay("url_sent", eks_auth_fuzz::sent_is_what_was_accepted);
}

#[test]
fn url_doctor() {
    replay("url_doctor", eks_auth_fuzz::doctor_agrees_with_the_judge);
}

#[test]
fn post_accept() {
    replay("post_accept", eks_auth_fuzz::sent_post_is_what_was_accepted);
}

#[test]
fn printed() {
    replay("printed", eks_auth_fuzz::nothing_raw_is_printed);
}

#[test]
fn yaml_read() {
    replay("yaml_read", eks_auth_fuzz::yaml_is_read_alike);
}
