//! The conformance driver: a JSON question a line on standard input, a JSON answer a line on
//! standard output, in the same order, until the input ends.
//!
//! Every answer is one call of the libraries' public API; nothing is decided here. Another
//! implementation that speaks the same protocol can be compared with this one question by question.
//!
//! ```text
//! $ echo '{"op":"sts.endpoint","host":"sts.eu-west-1.amazonaws.com"}' |
//!       cargo run --quiet --release --example conformance
//! {"dual_stack":false,"fips":false,"partition":"aws","region":"eu-west-1"}
//! ```

use std::fmt::Display;
use std::io::{BufRead, Write};
use std::process::ExitCode;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

mod mapping;
mod principal;
mod rbac;
#[cfg(test)]
mod recorded;
mod sts;
mod token;

/// The ops of each crate: `None` says that the op is none of them.
type Ops = fn(&str, &Value) -> Option<Result<Value, Refusal>>;

const OPS: [Ops; 5] = [
    mapping::answer,
    principal::answer,
    rbac::answer,
    sts::answer,
    token::answer,
];

/// An answer that is none: a stable code, and the message of the library.
pub(crate) struct Refusal {
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(code: &'static str, message: &impl Display) -> Self {
        Self {
            code,
            message: message.to_string(),
        }
    }

    pub(crate) fn malformed(message: &impl Display) -> Self {
        Self::new("malformed-question", message)
    }
}

/// Reads the fields of a question.
pub(crate) fn read<T: DeserializeOwned>(question: &Value) -> Result<T, Refusal> {
    T::deserialize(question).map_err(|why| Refusal::malformed(&why))
}

impl From<eks_token::Error> for Refusal {
    fn from(error: eks_token::Error) -> Self {
        Self::new(error.code(), &error)
    }
}

impl From<iam_principal::Error> for Refusal {
    fn from(error: iam_principal::Error) -> Self {
        Self::new("principal", &error)
    }
}

impl From<sts_presign::Error> for Refusal {
    fn from(error: sts_presign::Error) -> Self {
        Self::new(error.code(), &error)
    }
}

impl From<sts_presign::AnswerError> for Refusal {
    fn from(error: sts_presign::AnswerError) -> Self {
        Self::new(error.code(), &error)
    }
}

impl From<sts_presign::SignError> for Refusal {
    fn from(error: sts_presign::SignError) -> Self {
        Self::new("not-signed", &error)
    }
}

impl From<sts_presign::TimeError> for Refusal {
    fn from(error: sts_presign::TimeError) -> Self {
        Self::malformed(&error)
    }
}

impl From<sts_presign::VerifyError> for Refusal {
    fn from(error: sts_presign::VerifyError) -> Self {
        Self::new(error.code(), &error)
    }
}

fn main() -> ExitCode {
    if let Some(argument) = std::env::args().nth(1) {
        let help = "Answers JSON questions, one a line, from standard input; takes no arguments.\n";
        let (asked, mut out): (bool, Box<dyn Write>) = match argument.as_str() {
            "-h" | "--help" => (true, Box::new(std::io::stdout())),
            _ => (false, Box::new(std::io::stderr())),
        };
        let _ = out.write_all(help.as_bytes());
        return if asked {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(2)
        };
    }
    match serve(std::io::stdin().lock(), std::io::stdout().lock()) {
        // Whoever asked has gone: there is nobody left to tell.
        Ok(()) | Err(_) => ExitCode::SUCCESS,
    }
}

fn serve(questions: impl BufRead, answers: impl Write) -> std::io::Result<()> {
    let mut answers = std::io::BufWriter::new(answers);
    for line in questions.split(b'\n') {
        let mut answer = answer_line(&line?).to_string();
        answer.push('\n');
        answers.write_all(answer.as_bytes())?;
    }
    answers.flush()
}

fn answer_line(line: &[u8]) -> Value {
    let question: Value = match serde_json::from_slice(line) {
        Ok(question) => question,
        Err(why) => return error(&Refusal::malformed(&why)),
    };
    let op = question
        .get("op")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let known = OPS.iter().find_map(|answer| answer(op, &question));
    let mut answer = match known {
        Some(Ok(answer)) => answer,
        Some(Err(refusal)) => error(&refusal),
        None => error(&Refusal::new("unknown-op", &"no such op")),
    };
    if let (Some(id), Some(fields)) = (question.get("id"), answer.as_object_mut()) {
        fields.insert("id".to_owned(), id.clone());
    }
    answer
}

fn error(refusal: &Refusal) -> Value {
    json!({ "error": { "code": refusal.code, "message": refusal.message } })
}
