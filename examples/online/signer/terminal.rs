//! Questions to the user, on the terminal: standard output belongs to the document, and standard input may be
//! kubectl's own.

use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
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

/// Asks for the code of an MFA device. `None` if there is no terminal, or if the answer is not
/// digits.
pub(crate) fn mfa_code(terminal: &Path, serial: &str) -> Option<String> {
    let mut screen = OpenOptions::new().append(true).open(terminal).ok()?;
    let keyboard = OpenOptions::new().read(true).open(terminal).ok()?;
    // botocore asks with the same words (`credentials.py`, `AssumeRoleProvider`).
    let question = format!("Enter MFA code for {}: ", Printable::new(serial));
    screen.write_all(question.as_bytes()).ok()?;
    let mut answer = String::new();
    let mut keyboard = BufReader::new(keyboard.take(MAX_ANSWER));
    let read = keyboard.read_line(&mut answer).ok()?;
    if u64::try_from(read).is_ok_and(|read| read >= MAX_ANSWER) {
        // The part of the answer that was read may be digits, so it must not count.
        return None;
    }
    let code = answer.trim();
    let is_code = !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_digit());
    is_code.then(|| code.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks on a file that replaces the terminal. The file already has the text that the user will
    /// type.
    fn answered(name: &str, typed: &str) -> (Option<String>, String) {
        let path = std::env::temp_dir().join(format!("signer-tty-{}-{name}", std::process::id()));
        std::fs::write(&path, typed).unwrap();
        let code = mfa_code(&path, "arn:aws:iam::111122223333:mfa/a\u{1b}[2J");
        let seen = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        (code, seen)
    }

    #[test]
    fn a_code_of_digits_is_taken() {
        for (name, typed, code) in [
            ("code", "123456\n", Some("123456")),
            ("crlf", " 123456 \r\n", Some("123456")),
            ("word", "secret\n", None),
            ("enter", "\n", None),
            ("end", "\u{4}\n", None),
            ("long", &"1".repeat(70), None),
        ] {
            let (read, seen) = answered(name, typed);
            assert_eq!(read.as_deref(), code, "{typed:?}");
            assert!(
                seen.contains("Enter MFA code for arn:aws:iam::111122223333:mfa/a\\u{1b}[2J: ")
            );
        }
        assert_eq!(mfa_code(Path::new("/nonexistent/tty"), "a"), None);
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
