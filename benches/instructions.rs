//! The operations whose instructions `.ci/instructions` counts under callgrind.
//!
//! `instructions OPERATION TIMES` prepares the input and performs the operation that many times. The difference
//! between two such runs is the cost of the operation alone. Without arguments, it performs each operation once and
//! prints the names.
#![expect(clippy::print_stdout, reason = "the names are the output")]

use std::fmt::Write as _;
use std::hint::black_box;

use aws_auth_map::{Backend, BackendKind, IdentityMap, Reader, Rule, Rules, SsoRole, Template};
use eks_auth_benches::signing::Signing;
use eks_auth_benches::{broken_fixture, tokens};
use iam_principal::{AccountId, Identity, Partition};
use k8s_rbac::{Manifests, Policy, Request, User};
use k8s_rbac_oracle::sized_policy::{Scope, Shared, objects, request, user};
use sts_presign::read_identity;

/// The rules of the mapping, and the bindings of the policy: enough that a linear search would show.
const SIZE: usize = 1_000;

/// The entries of a text that is read.
const ENTRIES: usize = 50;

/// The users that a policy is asked about. The hashes of its tables have a seed, so that one user may take much
/// longer than another; with many users the time is even.
const USERS: usize = 1_000;

/// Performs an operation this many times.
type Operation = fn(usize);

const OPERATIONS: [(&str, Operation); 13] = [
    ("judge a token of a long-term key", |times| {
        judge("long-term", times)
    }),
    ("judge a token with a session token", |times| {
        judge("session-token", times)
    }),
    ("refuse the most expensive tokens", refuse),
    ("mint a URL with a session token", mint),
    ("verify a signature", verify),
    ("read the answer of STS", answer),
    ("map a role 1,000 times", |times| map("role-7", true, times)),
    ("map a permission set 1,000 times", |times| {
        map("AWSReservedSSO_set-7_0123456789abcdef", true, times);
    }),
    ("map an unknown role 1,000 times", |times| {
        map("unmapped", false, times)
    }),
    ("allow 1,000 users a request", |times| {
        decide("list", true, times)
    }),
    ("deny 1,000 users a request", |times| {
        decide("create", false, times)
    }),
    ("read an aws-auth ConfigMap of 50 roles", config_map),
    ("read 50 RoleBindings", manifests),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let chosen = match arguments.as_slice() {
        [name, times] => OPERATIONS
            .iter()
            .find(|(operation, _)| operation == name)
            .zip(times.parse().ok()),
        _ => None,
    };
    if let Some(((_, perform), times)) = chosen {
        perform(times);
        return;
    }
    for (name, perform) in OPERATIONS {
        perform(1);
        println!("{name}");
    }
}

fn judge(kind: &str, times: usize) {
    let verifier = tokens::Verifier::new();
    let accepted = tokens::accepted();
    let Some((_, token)) = accepted.iter().find(|(name, _)| *name == kind) else {
        broken_fixture()
    };
    for _ in 0..times {
        assert!(black_box(verifier.accept(black_box(token))).is_ok());
    }
}

fn refuse(times: usize) {
    let verifier = tokens::Verifier::new();
    let refused = tokens::refused();
    for _ in 0..times {
        for (_, token, error) in &refused {
            assert_eq!(verifier.accept(black_box(token)).err(), Some(*error));
        }
    }
}

fn mint(times: usize) {
    let signing = Signing::new();
    for _ in 0..times {
        black_box(black_box(&signing).sign());
    }
}

fn verify(times: usize) {
    let signing = Signing::new();
    for _ in 0..times {
        black_box(black_box(&signing).verify());
    }
}

const ANSWER: &str = r#"{"GetCallerIdentityResponse":{"GetCallerIdentityResult":{"Account":"111122223333","Arn":"arn:aws:iam::111122223333:user/alice","UserId":"AIDAEXAMPLE"},"ResponseMetadata":{"RequestId":"00000000-0000-0000-0000-000000000000"}}}"#;

fn answer(times: usize) {
    let answer = http::Response::builder()
        .header("content-type", "application/json")
        .body(ANSWER);
    let Ok(answer) = answer else { broken_fixture() };
    for _ in 0..times {
        assert!(black_box(read_identity(black_box(&answer), Partition::Aws)).is_ok());
    }
}

fn map(role: &str, is_mapped: bool, times: usize) {
    let arn = format!("arn:aws:sts::111122223333:assumed-role/{role}/alice@example.com");
    let caller = Identity::new(&arn, "111122223333", "AROAEXAMPLE:alice@example.com");
    let (Ok(caller), Ok(account)) = (caller, AccountId::parse("111122223333")) else {
        broken_fixture()
    };
    let mut rules = Rules::new();
    for number in 0..SIZE {
        let groups = || vec![Template::parse("developers"), Template::parse("readers")];
        let username = Template::parse("dev:{{SessionName}}");
        let arn = format!("arn:aws:iam::111122223333:role/role-{number}");
        rules.push_role(Rule::exact(&arn, username.clone(), groups()));
        let Ok(set) = SsoRole::new(Partition::Aws, account, &format!("set-{number}")) else {
            broken_fixture()
        };
        rules.push_role(Rule::sso(&set, username, groups()));
    }
    let map = IdentityMap::new().with_backend(Backend::new(BackendKind::EksConfigMap, rules));
    for _ in 0..times.saturating_mul(SIZE) {
        let resolution = map.resolve(black_box(&caller));
        assert_eq!(resolution.user().is_some(), is_mapped);
    }
}

fn decide(verb: &str, is_allowed: bool, times: usize) {
    let policy = Policy::new(objects(Scope::Cluster, SIZE, Shared::None));
    let users: Vec<User> = (0..USERS).map(|number| user(number, 3, SIZE)).collect();
    let request: Request<'_> = request(verb);
    for _ in 0..times {
        for user in &users {
            let response = policy.authorize(black_box(user), black_box(&request));
            assert_eq!(response.decision().is_allow(), is_allowed);
        }
    }
}

fn config_map(times: usize) {
    let mut text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: aws-auth\n  namespace: \
                    kube-system\ndata:\n  mapRoles: |\n"
        .to_owned();
    for number in 0..ENTRIES {
        // Writing to a `String` does not fail.
        let _ = write!(
            text,
            "    - rolearn: arn:aws:iam::111122223333:role/role-{number}\n      username: \
             dev:{{{{SessionName}}}}\n      groups:\n      - developers\n      - readers\n"
        );
    }
    let reader = Reader::new();
    for _ in 0..times {
        let (rules, problems) = reader.read_config_map(black_box(&text));
        assert_eq!((rules.len(), problems.len()), (ENTRIES, 0));
    }
}

fn manifests(times: usize) {
    let mut text = String::new();
    for number in 0..ENTRIES {
        let _ = write!(
            text,
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {{name: b{number}, \
             namespace: dev}}\nroleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: r}}\n\
             subjects:\n- kind: User\n  apiGroup: rbac.authorization.k8s.io\n  name: u{number}\n---\n"
        );
    }
    for _ in 0..times {
        let manifests = Manifests::read([("f", black_box(text.as_str()))]);
        assert_eq!(manifests.objects().role_bindings.len(), ENTRIES);
        black_box(manifests);
    }
}
