//! The faults.

use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime};

use tokio::process::Command;
use tokio::time::sleep;

use super::verifier::{Scheme, Verifier};
use super::{Bench, Seen, judged, replace};
use crate::tokens::{Kind, Tokens};

/// The faults by name.
pub(crate) const NAMES: [&str; 13] = [
    "SIGHUP, ten times a second",
    "SIGTERM under load",
    "certificate replaced, five times",
    "rules replaced, a hundred times a second",
    "rules half written in place, for a second",
    "rules broken, then deleted",
    "clock 10 minutes behind",
    "clock 10 minutes ahead",
    "DNS gone",
    "disk full where state is written",
    "2,000 idle connections, 1,024 files allowed",
    "2,000 half heads, 1,024 files allowed",
    "2,000 slow bodies, 1,024 files allowed",
];

pub(crate) async fn run(name: &str, bench: &Bench) -> Result<String, String> {
    match name.split_once(',').map_or(name, |(first, _)| first) {
        "SIGHUP" => hang_up(bench).await,
        "SIGTERM under load" => terminate(bench).await,
        "certificate replaced" => certificate(bench).await,
        "rules replaced" => rules_replaced(bench).await,
        "rules half written in place" => rules_half_written(bench).await,
        "rules broken" => rules_broken(bench).await,
        "clock 10 minutes behind" => clock(bench, true).await,
        "clock 10 minutes ahead" => clock(bench, false).await,
        "DNS gone" => dns(bench).await,
        "disk full where state is written" => disk_full(bench).await,
        _ if name.contains("idle") => waste(bench, "idle").await,
        _ if name.contains("heads") => waste(bench, "half-head").await,
        _ => waste(bench, "slow-body").await,
    }
}

async fn hang_up(bench: &Bench) -> Result<String, String> {
    let verifier = bench.start().await?;
    let signals = async {
        for _ in 0..30 {
            verifier.signal("-HUP").await?;
            sleep(Duration::from_millis(100)).await;
        }
        Ok::<_, String>(())
    };
    let (seen, sent) = bench
        .load(verifier.address, &["developer"], false, signals)
        .await?;
    sent?;
    Ok(seen.say())
}

async fn terminate(bench: &Bench) -> Result<String, String> {
    let mut verifier = bench.start().await?;
    let address = verifier.address;
    let stop = async {
        sleep(Duration::from_secs(1)).await;
        let start = Instant::now();
        verifier.signal("-TERM").await?;
        let status = verifier.ended().await?;
        Ok::<_, String>((status, start.elapsed()))
    };
    let (seen, ended) = bench.load(address, &["developer"], false, stop).await?;
    let (status, took) = ended?;
    Ok(format!(
        "{}; {} after {} ms",
        seen.say(),
        judged(status == "exit status: 0", &status),
        took.as_millis()
    ))
}

async fn certificate(bench: &Bench) -> Result<String, String> {
    let verifier = bench.start().await?;
    let replaced = async {
        for _ in 0..5 {
            sleep(Duration::from_millis(300)).await;
            bench.renew_certificate()?;
            verifier.signal("-HUP").await?;
        }
        sleep(Duration::from_millis(300)).await;
        Ok::<_, String>(())
    };
    let (seen, replaced) = bench
        .load(verifier.address, &["developer"], true, replaced)
        .await?;
    replaced?;
    let log = verifier.log(bench);
    let reloads = log.matches("the certificate was reloaded").count();
    Ok(format!(
        "{}, each on a new connection; {}",
        seen.say(),
        judged(reloads > 0, &format!("reloaded {reloads} times"))
    ))
}

async fn rules_replaced(bench: &Bench) -> Result<String, String> {
    let verifier = bench.start().await?;
    let seen = replace_rules(bench, &verifier, 300, Duration::from_millis(10)).await?;
    let applied = verifier.log(bench).matches("rules applied").count();
    Ok(format!(
        "{}, none by a mix of two versions; {}",
        seen.say(),
        judged(applied > 2, &format!("{applied} versions applied"))
    ))
}

/// Replaces the rules again and again under load.
async fn replace_rules(
    bench: &Bench,
    verifier: &Verifier,
    times: u32,
    pause: Duration,
) -> Result<Seen, String> {
    let replaced = async {
        for number in 0..times {
            bench.write_rules(if number % 2 == 0 { "one" } else { "two" })?;
            sleep(pause).await;
        }
        Ok::<_, String>(())
    };
    let names = ["developer", "one", "two"];
    let (seen, replaced) = bench
        .load(verifier.address, &names, false, replaced)
        .await?;
    replaced?;
    bench.write_rules("developer")?;
    Ok(seen)
}

/// Rules whose first half is a good file without the caller's rule, written in place by a writer that pauses between
/// the halves.
async fn rules_half_written(bench: &Bench) -> Result<String, String> {
    let path = bench.path("aws-auth.yaml");
    let caller = std::fs::read_to_string(&path).map_err(|why| why.to_string())?;
    let rule = caller.strip_prefix("mapUsers: |\n").unwrap_or_default();
    let half = format!(
        "mapUsers: |\n{}",
        rule.replace("user/developer", "user/other")
    );
    let whole = format!("{half}{rule}");
    replace(&path, &whole)?;
    let verifier = bench.start().await?;
    let failed = |why: std::io::Error| why.to_string();
    let written = async {
        for _ in 0..3 {
            std::fs::write(&path, &half).map_err(failed)?;
            sleep(Duration::from_secs(1)).await;
            std::fs::write(&path, &whole).map_err(failed)?;
            sleep(Duration::from_millis(500)).await;
        }
        Ok::<_, String>(())
    };
    let (seen, written) = bench
        .load(verifier.address, &["developer"], false, written)
        .await?;
    written?;
    bench.write_rules("developer")?;
    let log = verifier.log(bench);
    let held_back = log.matches("rules not applied yet").count();
    let held_back = judged(held_back > 0, &format!("held back {held_back} times"));
    Ok(format!("{}; {held_back}", seen.say()))
}

async fn rules_broken(bench: &Bench) -> Result<String, String> {
    let verifier = bench.start().await?;
    let path = bench.path("aws-auth.yaml");
    let failed = |why: std::io::Error| why.to_string();
    let broken = async {
        replace(&path, "mapUsers: [")?;
        sleep(Duration::from_secs(1)).await;
        std::fs::remove_file(&path).map_err(failed)?;
        sleep(Duration::from_secs(1)).await;
        bench.write_rules("developer")
    };
    let (seen, broken) = bench
        .load(verifier.address, &["developer"], false, broken)
        .await?;
    broken?;
    let kept = verifier.log(bench).matches("rules not applied").count();
    Ok(format!(
        "{}; {}",
        seen.say(),
        judged(
            kept >= 2,
            &format!("the last good version stayed {kept} times")
        )
    ))
}

/// A verifier whose clock is behind sees tokens from the future. A verifier whose clock is ahead sees
/// old tokens.
async fn clock(bench: &Bench, is_behind: bool) -> Result<String, String> {
    let verifier = bench.start().await?;
    let tokens = Tokens::new(Kind::Cold, "demo", "us-west-2")?;
    let (now, off) = (SystemTime::now(), Duration::from_secs(600));
    let at = match is_behind {
        true => now.checked_add(off),
        false => now.checked_sub(off),
    };
    let body = tokens.review_signed_at("AKIDCLOCK", at.unwrap_or(now))?;
    let (status, answer, _) = bench.ask(&verifier, &body).await?;
    // The log is written by a thread of its own, after the answer.
    let mut code = String::new();
    for _ in 0..100 {
        code = last_code(&verifier.log(bench));
        if !code.is_empty() {
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    let is_accepted = answer.contains("\"username\"");
    let verdict = if is_accepted { "accepted" } else { "refused" };
    let expected = if is_behind { "not-yet-valid" } else { "ok" };
    Ok(judged(
        status == 200 && is_accepted != is_behind && code == expected,
        &format!("{status}, {verdict}, code `{code}` in the log"),
    ))
}

/// Returns the code of the last record in a log.
fn last_code(log: &str) -> String {
    let (_, after) = log.rsplit_once(" code=\"").unwrap_or_default();
    after.split('"').next().unwrap_or_default().to_owned()
}

/// A host that no name server knows, without a proxy that would look it up.
async fn dns(bench: &Bench) -> Result<String, String> {
    let verifier = Verifier::start(bench, "exec", Scheme::Https, &["--sts-proxy", "none"]).await?;
    let tokens = Tokens::new(Kind::Cold, "demo", "us-nowhere-1")?;
    let (status, answer, took) = bench.ask(&verifier, &tokens.next()?).await?;
    Ok(format!(
        "{} after {} ms: {}",
        judged(status == 500, &status.to_string()),
        took.as_millis(),
        answer.trim()
    ))
}

/// A file system of 16 KiB that is full, in a mount namespace of its own.
async fn disk_full(bench: &Bench) -> Result<String, String> {
    let state = bench.path("state");
    std::fs::create_dir_all(&state).map_err(|why| why.to_string())?;
    let state = state.display().to_string();
    let shell = format!(
        "exec unshare --map-root-user --mount sh -c 'mount -t tmpfs -o size=16k,mode=700 none \"{state}\" && \
         {{ cat /dev/zero > \"{state}/fill\" 2>/dev/null; exec \"$@\"; }}' sh"
    );
    let verifier = Verifier::start(bench, &shell, Scheme::Https, &["--state-dir", &state]).await?;
    let seen = replace_rules(bench, &verifier, 10, Duration::from_millis(200)).await?;
    let log = verifier.log(bench);
    let said = log.lines().find(|line| line.contains("state directory"));
    let said = said.map_or_else(
        || judged(false, "the log says nothing"),
        |line| {
            let (_, why) = line.split_once("ERROR").unwrap_or(("", line));
            format!("the log: `{}`", why.trim())
        },
    );
    Ok(format!("{}; {said}", seen.say()))
}

async fn waste(bench: &Bench, kind: &str) -> Result<String, String> {
    let shell = "ulimit -n 1024; exec";
    let verifier = Verifier::start(bench, shell, Scheme::Http, &[]).await?;
    let own = std::env::current_exe().map_err(|why| why.to_string())?;
    let mut wasting = Command::new("sh")
        .args(["-c", "ulimit -n 4096; exec \"$@\"", "sh"])
        .arg(own)
        .args([
            "waste",
            "--kind",
            kind,
            "--target",
            &verifier.address.to_string(),
        ])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|why| why.to_string())?;
    let tokens = Tokens::new(Kind::Cold, "demo", "us-west-2")?;
    let (mut worst, mut failed) = (Duration::ZERO, 0_u32);
    for _ in 0..100 {
        match bench.ask(&verifier, &tokens.next()?).await {
            Ok((200, body, took)) if body.contains("\"username\"") => worst = worst.max(took),
            _ => failed = failed.saturating_add(1),
        }
        sleep(Duration::from_millis(20)).await;
    }
    let _ = wasting.kill().await;
    Ok(format!(
        "100 genuine requests on new connections, {}, the slowest {} ms",
        judged(failed == 0, &format!("{failed} without an answer")),
        worst.as_millis()
    ))
}
