//! The program without the feature `otel`: no span is made.

use eks_auth_server::Webhooks;

use crate::log::Log;
use crate::settings::Settings;

/// Makes no spans.
pub(crate) struct Traces;

impl Traces {
    pub(crate) fn start(_: &Settings, _: Log) -> Result<Self, String> {
        Ok(Self)
    }

    pub(crate) fn follow(&self, webhooks: Webhooks) -> Webhooks {
        webhooks
    }

    #[cfg(feature = "ec2")]
    pub(crate) fn follow_calls(&self, settings: eks_auth_ec2::Settings) -> eks_auth_ec2::Settings {
        settings
    }

    pub(crate) async fn finish(self) {}
}

/// Explains why `--traces-endpoint` has no effect. `None` if it is not set.
pub(crate) fn without_effect(settings: &Settings) -> Option<String> {
    settings.traces_endpoint.as_ref().map(|_| {
        "--traces-endpoint has no effect: this build makes no traces; one with `--features otel` of the package \
         online-examples does"
            .to_owned()
    })
}
