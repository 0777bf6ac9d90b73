//! The bodies of the fuzz targets.
//!
//! Each is a function from bytes that asserts a property. Ordinary tests call the same functions, so they
//! replay seeds and regressions without a fuzzer.

mod analyses;
mod answer;
mod mapping;
mod post;
mod printed;
mod rbac;
mod reader;
mod refusing;
mod request;
mod token;
mod url;
mod verify;
mod yaml;

pub use analyses::analyses_say_what_is_decided;
pub use answer::an_answer_names_one_caller;
pub use mapping::{
    diff_is_empty_exactly_when_all_resolve_alike, edit_then_read_gives_what_was_written,
    maps_are_read_alike, unrelated_rules_change_nothing,
};
pub use post::sent_post_is_what_was_accepted;
pub use printed::nothing_raw_is_printed;
pub use rbac::{
    engine_is_oracle, manifests_are_read_alike, questions_about_worlds,
    requests_are_read_by_their_path, selectors_are_read_back,
};
pub use refusing::refusing_rules_are_never_passed_over;
pub use request::only_signed_requests_are_answered;
pub use token::decode_has_one_spelling;
pub use url::{accepted_reads_alike, doctor_agrees_with_the_judge, sent_is_what_was_accepted};
pub use verify::{one_change_unproves, what_is_proved_is_what_was_signed};
pub use yaml::yaml_is_read_alike;
