//! The program without the feature `live`: it reads files only.

use super::{Extent, Live};
use crate::args::Common;

/// Refuses `--live`.
pub(crate) fn read(_: &Common, _: Extent) -> Result<Live, String> {
    Err(
        "--live needs a program that was built with the feature `live`: cargo build --example eks-access --features \
         live"
            .to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::args::Args;

    #[test]
    fn the_flag_is_refused_by_the_name_of_its_feature() {
        let line = ["eks-access", "can", "--as", "dev", "get", "pods", "--live"];
        let answer = crate::run(&Args::try_parse_from(line).unwrap());
        assert_eq!(answer.status, 2);
        let is_named = |line: &String| line.contains("--features live");
        assert!(answer.aside.iter().all(is_named), "{:?}", answer.aside);
    }
}
