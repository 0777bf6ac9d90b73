//! The questions.

use std::path::PathBuf;

use eks_access::{CallerArn, Cluster, NoAnswer, Power, Question, Who};

use crate::args::{self, By, Command, Common, Scope, User};
use crate::print::Answer;
use crate::{check, convert, input, report};

/// Answers a command for one cluster.
pub(crate) fn ask(command: &Command, common: &Common, cluster: &Cluster) -> Answer {
    let answer = match command {
        Command::Check(asked) => {
            return check::check_cluster(asked, common, cluster)
                .unwrap_or_else(|why| Answer::failed("input", why));
        }
        Command::Convert(asked) => return convert::convert(asked, common, cluster),
        Command::Escalate(asked) => escalate(asked, cluster),
        Command::Report(asked) => return report::report(asked, common, cluster),
        Command::Write(asked) => write(asked, common, cluster),
        Command::Completions { .. } | Command::Diff(_) | Command::Edit(_) | Command::Man { .. } => {
            return Answer::failed("command", "not a question about a cluster".to_owned());
        }
        Command::Can(asked) => each(asked, |who, question| {
            let can = cluster.can(who, question)?;
            Ok(Answer::new(can.verdict().exit_status(), &can, cluster))
        }),
        Command::Why(asked) => each(asked, |who, question| {
            let why = cluster.why(who, question)?;
            Ok(Answer::new(why.verdict().exit_status(), &why, cluster))
        }),
        Command::Who { words, scope } => who_can(words, scope, cluster),
        Command::List { who, user, by } => list(who.as_deref(), user, *by, cluster),
        Command::Whoami(asked) => whoami(asked, cluster),
        Command::Callers { name } => cluster
            .callers(name.as_deref())
            .map(|answer| Answer::new(answer.verdict().exit_status(), &answer, cluster)),
        // Answered from logs, before a cluster is read.
        Command::Audit(_) => Ok(Answer::all(Vec::new())),
    };
    answer.unwrap_or_else(|why| Answer::none(&why, cluster))
}

fn who_can(words: &[String], scope: &Scope, cluster: &Cluster) -> Result<Answer, NoAnswer> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let answers = questions(&words, scope)?
        .iter()
        .map(|question| {
            let who = cluster.who(question)?;
            Ok(Answer::new(who.verdict().exit_status(), &who, cluster))
        })
        .collect::<Result<Vec<_>, NoAnswer>>()?;
    Ok(Answer::all(answers))
}

fn list(
    arn: Option<&str>,
    user: &User,
    by: Option<By>,
    cluster: &Cluster,
) -> Result<Answer, NoAnswer> {
    let who = match who(user)? {
        Some(who) => who,
        None => Who::caller(arn.unwrap_or_default())?,
    };
    let listing = cluster.list(&who)?;
    let status = listing.verdict().exit_status();
    Ok(match by {
        None => Answer::new(status, &listing, cluster),
        Some(By::Namespace) => Answer::new(status, &listing.by_namespace(), cluster),
    })
}

fn escalate(asked: &args::Escalate, cluster: &Cluster) -> Result<Answer, NoAnswer> {
    let who = match (who(&asked.user)?, &asked.who) {
        (Some(who), _) => who,
        (None, Some(arn)) => Who::caller(arn)?,
        (None, None) => Who::caller("")?,
    };
    let to = asked.to.as_deref().map(Power::parse).transpose()?;
    let answer = cluster.escalate(&who, to.as_ref())?;
    Ok(Answer::new(answer.exit_status(), &answer, cluster))
}

fn write(asked: &args::Write, common: &Common, cluster: &Cluster) -> Result<Answer, NoAnswer> {
    let words = asked.words.as_slice();
    let (who, paths) = match (who(&asked.user)?, words.split_first()) {
        (Some(who), _) => (who, words),
        (None, Some((arn, paths))) => (Who::caller(arn)?, paths),
        (None, None) => (Who::caller("")?, words),
    };
    let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
    let written = match input::read(common, &paths) {
        Ok(written) => written,
        Err(why) => return Ok(Answer::failed("input", why)),
    };
    if let Some(problem) = written.unreadable().next() {
        return Ok(Answer::failed("input", problem.to_string()));
    }
    let answer = cluster.writes(&who, written.rbac().written())?;
    Ok(Answer::new(answer.exit_status(), &answer, cluster))
}

fn whoami(asked: &args::Whoami, cluster: &Cluster) -> Result<Answer, NoAnswer> {
    let mut caller = CallerArn::parse(&asked.arn)?;
    if let Some(name) = &asked.private_dns_name {
        caller = caller.with_private_dns_name(name);
    }
    let answer = cluster.whoami(&caller)?;
    Ok(Answer::new(
        answer.verdict().exit_status(),
        &answer,
        cluster,
    ))
}

/// Asks about each resource of a question.
fn each(
    asked: &args::Question,
    ask: impl Fn(&Who, &Question) -> Result<Answer, NoAnswer>,
) -> Result<Answer, NoAnswer> {
    let words: Vec<&str> = asked.words.iter().map(String::as_str).collect();
    let (who, rest) = match who(&asked.user)? {
        Some(_) if words.first().is_some_and(|word| word.starts_with("arn:")) => {
            let why = "give the caller's ARN or --as, not both";
            return Ok(Answer::failed("who", why.to_owned()));
        }
        Some(who) => (who, words.as_slice()),
        None => match words.split_first() {
            Some((arn, rest)) => (Who::caller(arn)?, rest),
            None => return questions(&[], &asked.scope).map(|_| Answer::all(Vec::new())),
        },
    };
    let answers = questions(rest, &asked.scope)?
        .iter()
        .map(|question| ask(&who, question))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Answer::all(answers))
}

/// Returns the user that stands in place of a caller, if there is one.
pub(crate) fn who(user: &User) -> Result<Option<Who>, NoAnswer> {
    match &user.name {
        None => Ok(None),
        Some(name) => Ok(Some(Who::user(name, user.groups.iter().cloned())?)),
    }
}

/// Parses `VERB RESOURCE…` into one question for each resource.
pub(crate) fn questions(words: &[&str], scope: &Scope) -> Result<Vec<Question>, NoAnswer> {
    let (verb, resources) = words.split_first().unwrap_or((&"", &[]));
    let mut flags: Vec<&str> = Vec::new();
    if let Some(namespace) = &scope.namespace {
        flags.extend(["-n", namespace]);
    }
    if scope.all_namespaces {
        flags.push("-A");
    }
    if let Some(subresource) = &scope.subresource {
        flags.extend(["--subresource", subresource]);
    }
    if resources.is_empty() {
        return Question::from_words(words.iter().copied()).map(|one| vec![one]);
    }
    resources
        .iter()
        .map(|resource| Question::from_words(flags.iter().copied().chain(["--", verb, resource])))
        .collect()
}
