//! The conformance driver: one JSON question a line on standard input, one JSON answer a line on standard
//! output, in the same order, until the input ends. Each answer is written before the driver waits for the
//! next question.
//!
//! Every answer is one call of the libraries' public API; the driver decides nothing. Another implementation
//! of the same protocol can be compared with this driver, question by question.
//!
//! ```text
//! $ echo '{"op":"sts.endpoint","host":"sts.eu-west-1.amazonaws.com"}' |
//!       cargo run --quiet --release --example conformance
//! {"dual_stack":false,"fips":false,"partition":"aws","region":"eu-west-1"}
//! ```

use std::fmt::Display;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::process::ExitCode;

use program::output;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

mod auth;
#[cfg(feature = "runtime")]
mod ec2;
mod mapping;
mod principal;
mod rbac;
#[cfg(test)]
mod recorded;
#[cfg(feature = "runtime")]
mod sources;
mod sts;
mod token;
#[cfg(feature = "runtime")]
mod webhook;
mod yaml;

/// The ops of a crate. Returns `None` for an op of another crate.
type Ops = fn(&str, &Value) -> Option<Result<Value, Refusal>>;

const OPS: &[Ops] = &[
    auth::answer,
    #[cfg(feature = "runtime")]
    ec2::answer,
    mapping::answer,
    principal::answer,
    rbac::answer,
    #[cfg(feature = "runtime")]
    sources::answer,
    sts::answer,
    token::answer,
    #[cfg(feature = "runtime")]
    webhook::answer,
    yaml::answer,
];

/// A refusal or failure: a stable code and the message of the library.
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

impl From<eks_auth::Refused> for Refusal {
    fn from(refused: eks_auth::Refused) -> Self {
        Self::new(refused.code(), &refused)
    }
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

const PROGRAM: &str = "conformance";

const HELP: &str = "Answers JSON questions, one a line, from standard input; takes no arguments.";

/// The maximum length of a question, in bytes: our choice, four times the manifests that `k8s-rbac` reads by
/// default.
const MAX_QUESTION_LEN: usize = 67_108_864;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        None => {}
        Some("-h" | "--help") => return output::finish(PROGRAM, 0, &format!("{HELP}\n")),
        Some(_) => return output::fail(PROGRAM, &HELP),
    }
    match serve(io::stdin().lock(), io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stopped::Input(why)) => output::fail(PROGRAM, &format_args!("standard input: {why}")),
        Err(Stopped::Output(why)) => output::lost(PROGRAM, 0, &why),
    }
}

/// Why the driver stopped before the end of the input.
#[derive(Debug)]
enum Stopped {
    Input(String),
    Output(io::Error),
}

fn serve(questions: impl Read, answers: impl Write) -> Result<(), Stopped> {
    let mut questions = BufReader::new(questions);
    let mut answers = BufWriter::new(answers);
    let mut question = Vec::new();
    for number in 1_usize.. {
        // The next read may wait for a client that waits for these answers.
        if !questions.buffer().contains(&b'\n') {
            answers.flush().map_err(Stopped::Output)?;
        }
        question.clear();
        let bound = u64::try_from(MAX_QUESTION_LEN).unwrap_or(u64::MAX);
        let mut bounded = questions.by_ref().take(bound);
        let read = bounded
            .read_until(b'\n', &mut question)
            .map_err(|why| Stopped::Input(why.to_string()))?;
        if read == 0 {
            break;
        }
        if question.pop_if(|last| *last == b'\n').is_none() && read == MAX_QUESTION_LEN {
            let why = format!("line {number} is longer than {MAX_QUESTION_LEN} bytes");
            return Err(Stopped::Input(why));
        }
        let mut answer = answer_line(&question);
        name_line(&mut answer, number);
        writeln!(answers, "{answer}").map_err(Stopped::Output)?;
    }
    answers.flush().map_err(Stopped::Output)
}

/// Adds the number of the line to the answer to a question that could not be understood.
fn name_line(answer: &mut Value, number: usize) {
    if let Some(error) = answer.get_mut("error").and_then(Value::as_object_mut)
        && let Some("malformed-question" | "unknown-op") = error.get("code").and_then(Value::as_str)
    {
        error.insert("line".to_owned(), number.into());
    }
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
        None => error(&Refusal::new("unknown-op", &format_args!("no op `{op}`"))),
    };
    if let (Some(id), Some(fields)) = (question.get("id"), answer.as_object_mut()) {
        fields.insert("id".to_owned(), id.clone());
    }
    answer
}

fn error(refusal: &Refusal) -> Value {
    json!({ "error": { "code": refusal.code, "message": refusal.message } })
}

#[cfg(test)]
mod tests {
    use std::io::{self, BufReader, Read, Write};
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_question_that_cannot_be_understood_is_named_by_its_line() {
        let questions = "{\"op\":\"token.encode\",\"url\":\"u\"}\n{\"op\":\"no.op\"}\n{\n";
        let mut answers = Vec::new();
        serve(questions.as_bytes(), &mut answers).unwrap();
        let lines: Vec<Value> = String::from_utf8(answers)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines[0].get("error"), None);
        assert_eq!(lines[1]["error"]["code"], "unknown-op");
        assert_eq!(lines[1]["error"]["line"], 2);
        assert_eq!(lines[2]["error"]["code"], "malformed-question");
        assert_eq!(lines[2]["error"]["line"], 3);
    }

    #[test]
    fn an_answer_is_written_before_the_next_question_is_awaited() {
        let (questions, mut ask) = io::pipe().unwrap();
        let (answers, answering) = io::pipe().unwrap();
        let (done, finished) = mpsc::channel();
        std::thread::spawn(move || done.send(serve(questions, answering).is_ok()));
        let mut answers = BufReader::new(answers);
        for op in ["a", "b"] {
            writeln!(ask, "{{\"op\":\"{op}\"}}").unwrap();
            let mut answer = String::new();
            answers.read_line(&mut answer).unwrap();
            assert!(answer.contains(&format!("no op `{op}`")), "{answer}");
        }
        drop(ask);
        assert_eq!(finished.recv(), Ok(true));
    }

    #[test]
    fn a_line_without_an_end_stops_the_driver() {
        let stopped = serve(io::repeat(b'0'), io::sink()).unwrap_err();
        assert!(matches!(stopped, Stopped::Input(why) if why.contains("67108864")));
        let unfinished = serve(io::repeat(b'0').take(10), io::sink());
        assert!(unfinished.is_ok());
    }
}
