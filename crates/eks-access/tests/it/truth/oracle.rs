//! The real aws-iam-authenticator and the real Kubernetes, which the programs of `fuzz/oracle`
//! contain: one JSON question a line, one answer a line.

use std::io::Write as _;
use std::process::{Command, Stdio};

use k8s_rbac::User;
use serde_json::{Value, json};

use super::world::{ACCOUNT, Asked, Caller, World};

/// Asks a program all questions at once.
fn ask(program: &str, questions: &[Value]) -> Vec<Value> {
    let mut child = Command::new(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|why| panic!("{program}: {why}"));
    let mut input = child.stdin.take().unwrap();
    let lines: String = questions.iter().map(|one| format!("{one}\n")).collect();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let written = writer.join().unwrap();
    // A program that has crashed does not read its input, so its own message comes first.
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{program}: {}: {errors}",
        output.status
    );
    written.unwrap_or_else(|why| panic!("{program} did not read its input: {why}: {errors}"));
    let text = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(answers.len(), questions.len(), "{program}: {errors}");
    answers
}

/// Asks the mapping's oracle who each caller of each world becomes, then the RBAC oracle what each user may do.
/// Returns for each world and each caller the answers to the questions, in their order. An access entry
/// decides before the oracle is asked, since upstream has no access entries.
pub(crate) fn answers(
    (map, rbac): (&str, &str),
    worlds: &[(World, Vec<Asked>)],
) -> Vec<Vec<Vec<bool>>> {
    let callers = Caller::all();
    let questions: Vec<Value> = worlds
        .iter()
        .flat_map(|(world, _)| {
            callers.iter().map(|caller| {
                json!({"op": "map.resolve", "backends": [world.backend()], "identity": {
                    "arn": caller.arn(), "account": ACCOUNT, "user_id": caller.id(), "access_key_id": ""}})
            })
        })
        .collect();
    let mapped = ask(map, &questions);
    let users: Vec<Vec<Option<User>>> = worlds
        .iter()
        .zip(mapped.chunks(callers.len()))
        .map(|((world, _), mapped)| {
            let of_world = callers.iter().zip(mapped);
            of_world
                .map(|(caller, mapped)| user(world, *caller, mapped))
                .collect()
        })
        .collect();
    let questions: Vec<Value> = worlds
        .iter()
        .zip(&users)
        .map(|((world, asked), users)| {
            let users = users.iter().flatten();
            let checks = users.flat_map(|user| asked.iter().map(|one| one.attributes(user)));
            json!({"op": "rbac.authorize", "world": world.rbac(), "checks": checks.collect::<Vec<_>>()})
        })
        .collect();
    let decided = ask(rbac, &questions);
    worlds
        .iter()
        .zip(&users)
        .zip(&decided)
        .map(|(((world, asked), users), decided)| {
            let mut decided = decided["checks"].as_array().unwrap().iter();
            let of_world = callers.iter().zip(users);
            of_world
                .map(|(caller, user)| {
                    let Some(user) = user else {
                        return vec![false; asked.len()];
                    };
                    asked
                        .iter()
                        .map(|one| {
                            let is_allowed = decided.next().unwrap()["decision"] == "Allow";
                            // The API server allows the super user outside RBAC, and so does EKS for
                            // access policies.
                            is_allowed
                                || user.groups.iter().any(|group| group == "system:masters")
                                || by_access_policy(world, *caller, *one)
                        })
                        .collect()
                })
                .collect()
        })
        .collect()
}

fn user(world: &World, caller: Caller, mapped: &Value) -> Option<User> {
    use aws_auth_map::AuthenticationMode::Api;
    assert_ne!(mapped["random"], true, "{world:?}");
    if let Some(entry) = world.entry(caller) {
        let session = match caller {
            Caller::Session(_, session) => session.replace('@', "-"),
            Caller::User(_) => String::new(),
        };
        let name = entry.username.replace("{{SessionName}}", &session);
        return Some(User::new(name, entry.groups.iter().copied()).authenticated());
    }
    let error = mapped["error"]["code"].as_str();
    assert!(
        matches!(error, None | Some("not-mapped")),
        "{mapped}: {world:?}"
    );
    if world.mode == Api || error.is_some() {
        return None;
    }
    let groups = mapped["groups"].as_array().into_iter().flatten();
    let groups = groups.map(|group| group.as_str().unwrap());
    let name = mapped["username"].as_str().unwrap_or_default();
    Some(User::new(name, groups).authenticated())
}

/// Whether the access policy of a caller's entry allows a request, by the EKS user guide: the
/// administrator may do everything in the scope, a viewer may read all but secrets.
fn by_access_policy(world: &World, caller: Caller, asked: Asked) -> bool {
    let Some((policy, scope)) = world.entry(caller).and_then(|entry| entry.policy) else {
        return false;
    };
    let Asked::Resource(verb, resource, namespace) = asked else {
        return policy == "AmazonEKSClusterAdminPolicy" && scope.is_none();
    };
    let is_in_scope = scope.is_none() || scope == namespace;
    is_in_scope
        && match policy {
            "AmazonEKSClusterAdminPolicy" => true,
            _ => resource != "secrets" && verb != "delete",
        }
}
