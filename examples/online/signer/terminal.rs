//! Questions to the user, on the terminal: standard output belongs to the document, and standard input may be
//! kubectl's own.

use std::fs::OpenOptions;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;

use printable_text::Printable;
use serde_json::Value;

use crate::settings::Environment;

/// The terminal of the process.
pub(crate) const TERMINAL: &str = "/dev/tty";

/// The longest answer in bytes: our choice, ten times a code.
const MAX_ANSWER: u64 = 64;

/// Returns whether the user may be asked. The Kubernetes client that runs the signer may forbid
/// questions (`spec.interactive` of `KUBERNETES_EXEC_INFO`).
pub(crate) fn is_allowed(environment: &Environment) -> bool {
    let info = environment.get("KUBERNETES_EXEC_INFO").unwrap_or_default();
    let info: Value = serde_json::from_str(info).unwrap_or_default();
    info.pointer("/spec/interactive") != Some(&Value::Bool(false))
}

/// Why there is no code of an MFA device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoCode {
    /// The user cannot be asked.
    NoTerminal,
    /// The user's answer is not a line of digits.
    NotDigits,
}

/// Asks for the code of an MFA device.
///
/// # Errors
///
/// [`NoCode::NoTerminal`] if the terminal cannot be opened, written or read; [`NoCode::NotDigits`].
pub(crate) fn mfa_code(terminal: &Path, serial: &str) -> Result<String, NoCode> {
    let answer = ask(terminal, serial).map_err(|_| NoCode::NoTerminal)?;
    let code = answer.trim();
    // If the answer is longer, the part of it that was read may be digits, and must not count.
    let is_whole = u64::try_from(answer.len()).is_ok_and(|length| length < MAX_ANSWER);
    let is_code = is_whole && !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_digit());
    is_code.then(|| code.to_owned()).ok_or(NoCode::NotDigits)
}

/// Asks for the code of an MFA device, and returns the line that the user typed, up to [`MAX_ANSWER`].
fn ask(terminal: &Path, serial: &str) -> io::Result<String> {
    let mut screen = OpenOptions::new().append(true).open(terminal)?;
    let keyboard = OpenOptions::new().read(true).open(terminal)?;
    // botocore asks with the same words (`credentials.py`, `AssumeRoleProvider`).
    let question = format!("Enter MFA code for {}: ", Printable::new(serial));
    screen.write_all(question.as_bytes())?;
    let mut answer = Vec::new();
    BufReader::new(keyboard.take(MAX_ANSWER)).read_until(b'\n', &mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks on a file that replaces the terminal. The file already has the text that the user will
    /// type.
    fn answered(name: &str, typed: &str) -> (Result<String, NoCode>, String) {
        let path = std::env::temp_dir().join(format!("signer-tty-{}-{name}", std::process::id()));
        std::fs::write(&path, typed).unwrap();
        let code = mfa_code(&path, "arn:aws:iam::111122223333:mfa/a\u{1b}[2J");
        let seen = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        (code, seen)
    }

    #[test]
    fn a_code_of_digits_is_taken() {
        let longest = "1".repeat(62);
        for (name, typed, code) in [
            ("code", "123456\n", Ok("123456")),
            ("crlf", " 123456 \r\n", Ok("123456")),
            ("word", "secret\n", Err(NoCode::NotDigits)),
            ("enter", "\n", Err(NoCode::NotDigits)),
            ("end", "\u{4}\n", Err(NoCode::NotDigits)),
            ("longest", &format!("{longest}\n"), Ok(longest.as_str())),
            ("long", &format!("{longest}1\n"), Err(NoCode::NotDigits)),
        ] {
            let (read, seen) = answered(name, typed);
            assert_eq!(read, code.map(str::to_owned), "{typed:?}");
            assert!(
                seen.contains("Enter MFA code for arn:aws:iam::111122223333:mfa/a\\u{1b}[2J: ")
            );
        }
        assert_eq!(
            mfa_code(Path::new("/nonexistent/tty"), "a"),
            Err(NoCode::NoTerminal)
        );
    }

    #[test]
    fn a_client_can_rule_questions_out() {
        for (info, allowed) in [
            ("", true),
            ("{", true),
            ("{\"spec\": {\"interactive\": true}}", true),
            ("{\"spec\": {\"interactive\": false}}", false),
        ] {
            let environment = Environment::from_iter([("KUBERNETES_EXEC_INFO", info)]);
            assert_eq!(is_allowed(&environment), allowed, "{info}");
        }
    }
}
