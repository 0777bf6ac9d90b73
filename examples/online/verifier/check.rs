//! `verifier check`

use std::process::ExitCode;

use eks_auth_sources::Report;
use program::output;

use crate::args::ServeArgs;
use crate::settings::{self, Merged, Settings};
use crate::{PROGRAM, REFUSED, certificate, cluster, regions, rules, serve, setup, state_dir, tls};

pub(crate) async fn run(args: ServeArgs) -> Result<ExitCode, String> {
    let mut merged = settings::merge(
        args.settings,
        args.settings_file.as_deref(),
        args.config.as_deref(),
    )?;
    let watch = cluster::Watch::connect(&merged.settings).await?;
    // A check writes nothing, and reports on the files as they are, not on their last good versions.
    let state_dir = merged.settings.state_dir.take();
    let sources = rules::sources(&merged)?;
    let sources = sources.start().map_err(|why| why.to_string())?;
    merged.settings.state_dir = state_dir;
    watch.list(&sources).await;
    let mut lines = problems(&merged, &sources.report())?;
    if rules::are_absent(&sources) {
        lines.push(format!("{}\n", rules::NO_RULES));
    }
    let (status, text) = match lines.is_empty() {
        true => (0, "no problems\n".to_owned()),
        false => (REFUSED, lines.concat()),
    };
    Ok(output::finish(PROGRAM, status, &text))
}

fn problems(merged: &Merged, report: &Report) -> Result<Vec<String>, String> {
    let notes = merged.settings.without_effect()?;
    let regions = merged.settings.region.iter().flatten();
    let unknown = regions::unknown(regions);
    let mut lines: Vec<String> = notes
        .into_iter()
        .chain(unknown)
        .map(|note| format!("{note}\n"))
        .collect();
    let (_, proxies) = serve::proxies(&merged.settings);
    lines.extend(proxies.iter().map(|why| format!("{why}\n")));
    lines.extend(unusable(&merged.settings));
    let address = merged.settings.webhook_address();
    let is_made = merged.settings.generate_kubeconfig.is_some();
    // If the certificate is missing by mistake, that is already reported as a problem.
    match tls::files(&merged.settings) {
        Ok(None) if !is_made && !address.ip().is_loopback() => lines.push(format!(
            "{address} is not a loopback address, and there is no --tls-cert\n"
        )),
        // The user may serve without TLS on purpose.
        Ok(None) if !is_made => output::note(PROGRAM, &tls::WITHOUT_TLS),
        _ => {}
    }
    for source in &report.sources {
        if let Some(fault) = &source.fault {
            lines.push(format!("{}: {fault}\n", source.name));
        }
        for problem in source.problems.iter() {
            let problem = setup::escape(problem);
            let line = format!("{}: {problem}\n", source.name);
            // A problem may repeat a fault.
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        match source.problems.left_out() {
            0 => {}
            more => lines.push(format!("{}: and {more} further problems\n", source.name)),
        }
    }
    Ok(lines)
}

/// Builds from the settings everything that `serve` would build, and returns the errors.
fn unusable(settings: &Settings) -> Vec<String> {
    let policy = serve::common(settings).and_then(|common| {
        setup::authenticator(&common)?;
        serve::transport(settings, &common).map(drop)
    });
    let (certificate, faults) = match certificate(settings) {
        Ok(faults) => (Ok(()), faults),
        Err(why) => (Err(why), Vec::new()),
    };
    let version = serve::version(settings).map(drop);
    #[cfg(feature = "ec2")]
    let role = crate::ec2::role(settings).map(drop);
    #[cfg(not(feature = "ec2"))]
    let role = Ok(());
    let state_dir = settings.state_dir.as_deref();
    // An empty path is already reported as impossible.
    let state_dir = state_dir.filter(|path| !path.as_os_str().is_empty());
    let state_dir = state_dir.map_or(Ok(()), state_dir::check);
    let kubeconfig = kubeconfig(settings);
    let outcomes = [policy, certificate, version, role, state_dir, kubeconfig];
    let whys = settings.impossible().into_iter().chain(faults);
    whys.chain(outcomes.into_iter().filter_map(Result::err))
        .map(|why| format!("{why}\n"))
        .collect()
}

/// Loads the certificate, and returns its faults. A certificate that `serve` would make has no
/// faults.
fn certificate(settings: &Settings) -> Result<Vec<String>, String> {
    let is_made = settings.generate_kubeconfig.is_some() && settings.tls_cert.is_none();
    if let Some(directory) = settings.certificate_dir().filter(|_| is_made) {
        certificate::check_pair(&directory)?;
        if !tls::exists(&directory.join("cert.pem"))? {
            return Ok(Vec::new());
        }
    }
    match tls::files(settings)? {
        Some(files) => Ok(tls::faults(&files, &tls::load(&files)?)),
        None => Ok(Vec::new()),
    }
}

/// Checks that the webhook kubeconfig could be written.
fn kubeconfig(settings: &Settings) -> Result<(), String> {
    let Some(path) = &settings.generate_kubeconfig else {
        return Ok(());
    };
    certificate::check_hostname(settings.hostname())?;
    if let Ok(Some(other_name)) = tls::other_name(settings) {
        return Err(other_name);
    }
    match path.is_dir() {
        true => Err(format!(
            "--generate-kubeconfig: {}: it is a directory",
            path.display()
        )),
        false => Ok(()),
    }
}
