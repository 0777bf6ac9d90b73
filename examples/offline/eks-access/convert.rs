//! The command `convert`.

use eks_access::{CallerArn, Cluster, ConvertOptions, Target};

use crate::args::{self, Common, Convert};
use crate::input;
use crate::print::Answer;

/// Converts the mapping of a cluster.
pub(crate) fn convert(asked: &Convert, common: &Common, cluster: &Cluster) -> Answer {
    convert_as(asked, None, common, cluster)
}

/// Converts the mapping of a cluster, whose name is known unless the options give another.
pub(crate) fn convert_as(
    asked: &Convert,
    name: Option<&str>,
    common: &Common,
    cluster: &Cluster,
) -> Answer {
    let target = match asked.to {
        args::Target::CloudFormation => Target::CloudFormation,
        args::Target::ConfigMap => Target::ConfigMap,
        args::Target::Eksctl => Target::Eksctl,
        args::Target::Entries => Target::Entries,
        args::Target::Terraform => Target::Terraform,
    };
    if let Some(why) = asked
        .creator
        .as_deref()
        .and_then(|arn| CallerArn::parse(arn).err())
    {
        return Answer::failed("usage", format!("--creator: {why}"));
    }
    let settings = ConvertOptions {
        cluster_name: asked.cluster.clone().or_else(|| name.map(str::to_owned)),
        region: asked.region.clone(),
        creator: asked.creator.clone(),
        is_managed_included: asked.with_managed,
    };
    match cluster.convert(target, &settings, &input::options(common)) {
        Err(why) => Answer::none(&why, cluster),
        Ok(conversion) => {
            let mut answer = Answer::new(conversion.exit_status(), &conversion, cluster);
            answer.aside.extend(conversion.remarks());
            answer
        }
    }
}
