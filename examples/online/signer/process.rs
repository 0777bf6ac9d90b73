//! `credential_process`: a program that prints credentials (AWS SDKs and Tools Reference Guide, "Process
//! credential provider").

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use aws_credential_types::Credentials;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};

use crate::error::one_line;
use crate::{ini, time};

/// The most output in bytes, as in the AWS SDK for Java (`processOutputLimit`).
const MAX_OUTPUT: usize = 64_000;

/// How long the program may run, as in the AWS SDK for Go (`processcreds.DefaultTimeout`). A person may have to
/// type a code.
pub(crate) const TIMEOUT: Duration = Duration::from_mins(1);

/// Runs the program and reads the credentials that it prints. As in botocore (`ProcessProvider`), the command
/// is split into words as in a shell, but no shell runs it.
///
/// # Errors
///
/// A printable sentence. It quotes the standard error of a program that fails, and never its standard output.
pub(crate) async fn credentials(command: &str, timeout: Duration) -> Result<Credentials, String> {
    let words = ini::words(command).ok_or("a quotation mark in it has no end")?;
    let (program, arguments) = words.split_first().ok_or("it is empty")?;
    // It stays in the group of this process: Ctrl-C reaches it, and it may read a code from the terminal, which stops a
    // program of another group. So a program that it has started itself outlives the timeout.
    let child = Command::new(program)
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|why| format!("`{}` cannot be run: {why}", one_line(program)))?;
    let (status, output, errors) = tokio::time::timeout(timeout, end(child))
        .await
        .map_err(|_| format!("it did not end within {} seconds", timeout.as_secs()))?
        .map_err(|why| why.to_string())?;
    if !status.success() {
        let errors = one_line(&String::from_utf8_lossy(&errors));
        return Err(match errors.is_empty() {
            true => format!("it failed with {status}"),
            false => format!("it failed with {status}: {errors}"),
        });
    }
    if output.len() > MAX_OUTPUT {
        return Err(format!("it printed more than {MAX_OUTPUT} bytes"));
    }
    parse(&output)
}

/// Waits for the end of a program, and returns its status, its output and its errors, each up to a bit more
/// than [`MAX_OUTPUT`]. A program with more output fails to write it; more errors are dropped.
async fn end(mut child: Child) -> std::io::Result<(ExitStatus, Vec<u8>, Vec<u8>)> {
    let (mut stdout, mut stderr) = (child.stdout.take(), child.stderr.take());
    let output = async {
        let output = read(&mut stdout).await;
        drop(stdout.take());
        output
    };
    let errors = async {
        let errors = read(&mut stderr).await;
        if let Some(rest) = &mut stderr {
            tokio::io::copy(rest, &mut tokio::io::sink()).await?;
        }
        errors
    };
    let (output, errors) = tokio::try_join!(output, errors)?;
    Ok((child.wait().await?, output, errors))
}

/// Reads a stream up to its bound.
async fn read(stream: &mut Option<impl AsyncRead + Unpin>) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        let bound = u64::try_from(MAX_OUTPUT).unwrap_or(u64::MAX);
        let mut stream = stream.take(bound.saturating_add(1));
        stream.read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

/// Reads the document, version 1.
fn parse(output: &[u8]) -> Result<Credentials, String> {
    // The message of the parser may quote a secret.
    let document: Value =
        serde_json::from_slice(output).map_err(|_| "its output is not a JSON document")?;
    if document.get("Version").and_then(Value::as_u64) != Some(1) {
        return Err("the `Version` of its output is not 1".to_owned());
    }
    let get = |key: &str| {
        let value = document.get(key).and_then(Value::as_str);
        value.filter(|value| !value.is_empty())
    };
    let required = |key| get(key).ok_or_else(|| format!("its output has no `{key}`"));
    let (id, secret) = (required("AccessKeyId")?, required("SecretAccessKey")?);
    let end = match document.get("Expiration") {
        None | Some(Value::Null) => None,
        Some(end) => {
            let end = end.as_str().and_then(time::parse);
            Some(end.ok_or("the `Expiration` of its output is not a time in RFC 3339")?)
        }
    };
    let token = get("SessionToken").map(str::to_owned);
    Ok(Credentials::new(id, secret, token, end, "process"))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn run(command: &str) -> Result<String, String> {
        let keys = credentials(command, TIMEOUT).await?;
        Ok(keys.access_key_id().to_owned())
    }

    #[tokio::test]
    async fn the_command_is_split_into_words_and_no_shell_runs_it() {
        let document =
            r#"{\"Version\": 1, \"AccessKeyId\": \"A$HOME;*\", \"SecretAccessKey\": \"s\"}"#;
        let found = run(&format!("printf '%s' \"{document}\"")).await;
        assert_eq!(found.as_deref(), Ok("A$HOME;*"));
        let shell = r#"sh -c 'echo "{\"Version\": 1, \"AccessKeyId\": \"A$((1+1))\", \"SecretAccessKey\": \"s\"}"'"#;
        assert_eq!(run(shell).await.as_deref(), Ok("A2"));
        let why = run("echo 'open").await.unwrap_err();
        assert!(why.contains("quotation mark"), "{why}");
        let why = run("/nonexistent/tool --x").await.unwrap_err();
        assert!(
            why.starts_with("`/nonexistent/tool` cannot be run"),
            "{why}"
        );
    }

    #[tokio::test]
    async fn output_without_an_end_is_refused() {
        for (command, what) in [
            ("cat /dev/zero", "it failed with signal"),
            ("sh -c 'head -c 64001 /dev/zero'", "more than 64000 bytes"),
        ] {
            let why = run(command).await.unwrap_err();
            assert!(why.contains(what), "{command}: {why}");
        }
    }

    /// botocore reads all of it too (`communicate`).
    #[tokio::test]
    async fn any_number_of_errors_is_no_failure() {
        let shell = r#"sh -c 'head -c 1000000 /dev/zero >&2 && echo "{\"Version\": 1, \"AccessKeyId\": \"A\", \"SecretAccessKey\": \"s\"}"'"#;
        assert_eq!(run(shell).await.as_deref(), Ok("A"));
    }

    #[tokio::test]
    async fn a_program_without_an_end_is_stopped() {
        for command in ["sleep 600", "sh -c 'cat /dev/zero >&2'"] {
            let why = credentials(command, Duration::from_millis(50)).await;
            assert!(why.unwrap_err().contains("did not end within"), "{command}");
        }
    }

    #[test]
    fn the_document_is_read_as_botocore_reads_it() {
        let keys = r#""Version": 1, "AccessKeyId": "A", "SecretAccessKey": "s""#;
        let good = format!(
            "{{{keys}, \"SessionToken\": \"T\", \"Expiration\": \"2026-11-23T09:00:00Z\", \"AccountId\": \"1\"}}"
        );
        let read = parse(good.as_bytes()).unwrap();
        assert_eq!(read.session_token(), Some("T"));
        assert!(read.expiry().is_some());
        for (text, what) in [
            ("", "not a JSON document"),
            ("{\"Version\": 2}", "`Version`"),
            ("{}", "`Version`"),
            ("[1]", "`Version`"),
            ("{\"Version\": 1}", "`AccessKeyId`"),
            (
                "{\"Version\": 1, \"AccessKeyId\": \"A\"}",
                "`SecretAccessKey`",
            ),
            ("{\"Version\": 1, \"AccessKeyId\": \"\"}", "`AccessKeyId`"),
        ] {
            let why = parse(text.as_bytes()).unwrap_err();
            assert!(why.contains(what), "{text}: {why}");
        }
        let late = format!("{{{keys}, \"Expiration\": \"tomorrow\"}}");
        assert!(parse(late.as_bytes()).is_err());
    }
}
