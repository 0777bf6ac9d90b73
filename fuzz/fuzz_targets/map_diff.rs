#![no_main]
//! The property is documented at `eks_auth_fuzz::diff_is_empty_exactly_when_all_resolve_alike`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    eks_auth_fuzz::diff_is_empty_exactly_when_all_resolve_alike(bytes)
});
