#![no_main]
//! See the property's own words: `eks_auth_fuzz::doctor_agrees_with_the_judge`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| eks_auth_fuzz::doctor_agrees_with_the_judge(bytes));
