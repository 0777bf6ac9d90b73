//! `verifier check`

use std::process::ExitCode;

use eks_auth_sources::Report;
use program::output;

use crate::args::ServeArgs;
use crate::settings::{self, Merged, Settings};
use crate::{PROGRAM, REFUSED, cluster, rules, serve, setup, tls};

pub(crate) async fn run(args: ServeArgs) -> Result<ExitCode, String> {
    let merged = settings::merge(
        args.settings,
        args.settings_file.as_deref(),
        args.config.as_deref(),
    )?;
    let watch = cluster::Watch::connect(&merged.settings).await?;
    let sources = rules::sources(&merged)?;
    let sources = sources.start().map_err(|why| why.to_string())?;
    watch.list(&sources).await;
    let lines = problems(&merged, &sources.report())?;
    let (status, text) = match lines.is_empty() {
        true => (0, "no problems\n".to_owned()),
        false => (REFUSED, lines.concat()),
    };
    Ok(output::finish(PROGRAM, status, &text))
}

fn problems(merged: &Merged, report: &Report) -> Result<Vec<String>, String> {
    let notes = merged.settings.without_effect()?;
    let mut lines: Vec<String> = notes.iter().map(|note| format!("{note}\n")).collect();
    lines.extend(unusable(&merged.settings));
    let address = merged.settings.webhook_address();
    let is_tls =
        merged.settings.tls_cert.is_some() || merged.settings.generate_kubeconfig.is_some();
    if !is_tls && !address.ip().is_loopback() {
        lines.push(format!(
            "{address} is not a loopback address, and there is no --tls-cert\n"
        ));
    }
    for source in &report.sources {
        if let Some(fault) = &source.fault {
            lines.push(format!("{}: {fault}\n", source.name));
        }
        for problem in &source.problems {
            let problem = setup::escape(problem);
            lines.push(format!("{}: {problem}\n", source.name));
        }
    }
    Ok(lines)
}

/// Builds what `serve` would build of the settings, and returns the reasons why it cannot be built.
fn unusable(settings: &Settings) -> Vec<String> {
    let policy = serve::common(settings).and_then(|common| {
        setup::authenticator(&common)?;
        serve::transport(settings, &common).map(drop)
    });
    let certificate = tls::files(settings).and_then(|files| match files {
        Some(files) => tls::load(&files).map(drop),
        None => Ok(()),
    });
    let version = serve::version(settings).map(drop);
    #[cfg(feature = "ec2")]
    let role = crate::ec2::role(settings).map(drop);
    #[cfg(not(feature = "ec2"))]
    let role = Ok(());
    [policy, certificate, version, role]
        .into_iter()
        .filter_map(Result::err)
        .map(|why| format!("{why}\n"))
        .collect()
}
