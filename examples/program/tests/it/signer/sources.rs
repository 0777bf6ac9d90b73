//! The source of the credentials by setting: the requests, their hosts and the results.

mod metadata;
mod network;
mod sso;

use super::world::World;

const BASE: &str = "[profile base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = s\n";
const KEYS: [(&str, &str); 2] = [
    ("AWS_ACCESS_KEY_ID", "AKIDENV"),
    ("AWS_SECRET_ACCESS_KEY", "s"),
];
const POD: [(&str, &str); 2] = [
    ("AWS_WEB_IDENTITY_TOKEN_FILE", "HOME/token"),
    ("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/irsa"),
];
const ROLE: &str = "--role-arn arn:aws:iam::111122223333:role/flag";

/// In a pod with a web identity, the profile names a role of another account.
#[test]
fn the_role_of_a_profile_goes_before_the_web_identity_of_the_pod() {
    let world = World::new();
    world.config(
        "[profile irsa]\nrole_arn = arn:aws:iam::111122223333:role/irsa\n\
         web_identity_token_file = HOME/token\n[profile cross]\n\
         role_arn = arn:aws:iam::444455556666:role/cross\nsource_profile = irsa\n",
    );
    let profile = [POD[0], POD[1], ("AWS_PROFILE", "cross")];
    assert_eq!(world.key("", &profile), "ASIACROSS");
    let [first, second] = world.requests().try_into().unwrap();
    assert!(first.contains("AssumeRoleWithWebIdentity") && first.contains("role%2Firsa"));
    assert!(second.contains("444455556666%3Arole%2Fcross"), "{second}");
    // The result is the same for the default profile. Without a profile, it is the pod's role.
    world.config(
        "[default]\nrole_arn = arn:aws:iam::444455556666:role/cross\nsource_profile = irsa\n\
         [profile irsa]\nrole_arn = arn:aws:iam::111122223333:role/irsa\n\
         web_identity_token_file = HOME/token\n",
    );
    assert_eq!(world.key("", &POD), "ASIACROSS");
    world.config("");
    assert_eq!(world.key("", &POD), "ASIAIRSA");
}

/// As in botocore (`os.path.expandvars`, then `os.path.expanduser`).
#[test]
fn the_path_of_a_file_may_have_variables_and_a_user() {
    let world = World::new();
    world.write(
        "other",
        "[default]\naws_access_key_id = AKIDOTHER\naws_secret_access_key = s\n",
    );
    for path in [
        "~/other",
        "$HERE/other",
        "${HERE}/other",
        "$TILDE/other",
        "${HERE}/$NAME",
    ] {
        let variables = [
            ("AWS_SHARED_CREDENTIALS_FILE", path),
            ("TILDE", "~"),
            ("NAME", "other"),
        ];
        let mut command = world.command("-i dev --region us-east-1 --debug", &variables);
        command
            .env("AWS_SHARED_CREDENTIALS_FILE", path)
            .env("HERE", &world.home);
        let ended = crate::run::run(command, "");
        assert!(ended.status.success(), "{path}: {ended:?}");
    }
    // A variable that is not set stays in the path. So does a user who does not exist.
    for (path, shown) in [
        ("/$NOTSET/x", "/$NOTSET/x (does not exist)"),
        ("/${NOTSET}/x$", "/${NOTSET}/x$ (does not exist)"),
        ("/${NOTSET", "/${NOTSET (does not exist)"),
        ("~nosuchuser/x", "~nosuchuser/x (does not exist)"),
        ("~root/no/such/file", "/no/such/file (does not exist)"),
    ] {
        let why = world.refusal("", &[("AWS_CONFIG_FILE", path)]);
        assert!(why.contains(shown), "{path}: {why}");
        assert!(!why.contains("~root"), "{why}");
    }
}

/// A web identity is exchanged at the endpoint that the token will be for, even at a custom
/// endpoint.
#[test]
fn a_web_identity_is_exchanged_at_the_custom_endpoint() {
    let world = World::new();
    let url = "https://vpce-1.sts.us-east-1.vpce.amazonaws.com";
    let variables = [POD[0], POD[1], ("AWS_ENDPOINT_URL_STS", url)];
    let ended = world.run("--token-only --debug", &variables);
    assert!(ended.status.success(), "{ended:?}");
    let signed = "signing for vpce-1.sts.us-east-1.vpce.amazonaws.com in us-east-1";
    assert!(ended.stderr.contains(signed), "{ended:?}");
    let [asked] = world.requests().try_into().unwrap();
    assert!(
        asked.starts_with("vpce-1.sts.us-east-1.vpce.amazonaws.com "),
        "{asked}"
    );
}

#[test]
fn profiles_with_odd_names_are_found() {
    let world = World::new();
    world.config(
        "[profile \"my prof\"]\naws_access_key_id = AKIDX\naws_secret_access_key = s\n\
         [profile 'é']\naws_access_key_id: AKIDZ\naws_secret_access_key: s\n",
    );
    world.credentials(
        "[default]\naws_access_key_id = AKIDD\naws_secret_access_key = s\n[other]\n  \
         aws_access_key_id = AKIDY\n  aws_secret_access_key = s\n",
    );
    for (profile, key) in [
        ("my prof", "AKIDX"),
        ("é", "AKIDZ"),
        ("other", "AKIDY"),
        ("default", "AKIDD"),
    ] {
        assert_eq!(world.key("", &[("AWS_PROFILE", profile)]), key);
    }
    assert_eq!(world.key("", &KEYS), "AKIDENV");
}

#[test]
fn what_needs_a_person_is_named_without_a_request() {
    let world = World::new();
    world.config(&format!(
        "{BASE}[profile mfa]\nrole_arn = arn:aws:iam::111122223333:role/r\nsource_profile = base\n\
         mfa_serial = arn:aws:iam::111122223333:mfa/a\n[profile login]\n\
         login_session = arn:aws:iam::111122223333:user/a\n"
    ));
    let exec_info =
        "{\"apiVersion\": \"client.authentication.k8s.io/v1\", \"spec\": {\"interactive\": false}}";
    let why = world.refusal("--profile mfa", &[("KUBERNETES_EXEC_INFO", exec_info)]);
    assert!(
        why.contains("MFA device arn:aws:iam::111122223333:mfa/a"),
        "{why}"
    );
    assert!(
        why.contains("aws configure export-credentials --profile mfa"),
        "{why}"
    );
    let why = world.refusal("--profile login", &[]);
    assert!(
        why.contains("`aws login`") && why.contains("export-credentials"),
        "{why}"
    );
    assert_eq!(world.requests(), Vec::<String>::new());
}

/// The two names of a session token. The old name takes precedence.
#[test]
fn the_old_name_of_the_session_token_is_read() {
    let world = World::new();
    world.credentials(
        "[old]\naws_access_key_id = ASIAOLD\naws_secret_access_key = s\naws_security_token = OLD\n",
    );
    let old = [("AWS_SECURITY_TOKEN", "OLD"), KEYS[0], KEYS[1]];
    for (line, variables) in [("", &old[..]), ("--profile old", &[])] {
        let ended = world.run(&format!("--token-only {line}"), variables);
        let doctor = ["doctor", "-i", "dev"];
        let seen = crate::run::capture("verifier", &doctor, &ended.stdout).stdout;
        // A temporary key without its session token would give a warning.
        assert!(!seen.contains("warning"), "{seen}");
    }
}

#[test]
fn the_services_section_names_the_endpoint() {
    let world = World::new();
    world.config(&format!(
        "{BASE}[default]\nservices = s\n[services s]\nsts =\n  endpoint_url = https://sts.test\n"
    ));
    let ended = world.run("--token-only --debug", &KEYS);
    assert!(
        ended.stderr.contains("signing for sts.test in us-east-1"),
        "{ended:?}"
    );
}

/// `credential_process` comes before keys in the config file, and after keys in the credentials file.
#[test]
fn a_process_is_asked_in_its_turn() {
    let world = World::new();
    let process = "credential_process = echo '{\"Version\": 1, \"AccessKeyId\": \"AKIDPROCESS\", \
                   \"SecretAccessKey\": \"s\"}'\n";
    world.config(&format!(
        "[profile p]\naws_access_key_id = AKIDCONFIG\naws_secret_access_key = s\n{process}"
    ));
    assert_eq!(world.key("--profile p", &[]), "AKIDPROCESS");
    world.credentials("[p]\naws_access_key_id = AKIDFILE\naws_secret_access_key = s\n");
    assert_eq!(world.key("--profile p", &[]), "AKIDFILE");
    world.credentials("");
    for (command, what) in [
        ("false", "it failed with exit status: 1"),
        ("echo nonsense", "not a JSON document"),
        (
            "echo '{\"Version\": 2}'",
            "`Version` of its output is not 1",
        ),
        (
            "sh -c \"printf 'a\\033[2J\\nb' >&2; exit 3\"",
            "exit status: 3: a\\u{1b}[2J b",
        ),
        ("cat /dev/zero", "it failed with signal"),
        ("", "its credential_process is empty"),
    ] {
        world.config(&format!("[profile p]\ncredential_process = {command}\n"));
        let why = world.refusal("--profile p", &[]);
        assert!(why.contains(what), "{command}: {why}");
    }
}

#[test]
fn the_default_role_is_that_of_aws_iam_authenticator() {
    let world = World::new();
    let role = ("DEFAULT_ROLE", "arn:aws:iam::111122223333:role/default");
    let variables = [KEYS[0], KEYS[1], role];
    assert_eq!(world.key("token", &variables), "ASIADEFAULT");
    assert_eq!(world.key("eks get-token", &variables), "AKIDENV");
}

/// kubectl and similar programs run their plugin many times at once.
#[test]
fn of_cached_runs_at_once_one_makes_the_requests() {
    let world = World::new();
    let line = "--cache --token-only --cluster-id dev --region us-east-1";
    let runs: Vec<_> = (0..8)
        .map(|_| world.command(line, &POD).spawn().unwrap())
        .collect();
    let mut tokens: Vec<String> = runs
        .into_iter()
        .map(|run| {
            let output = run.wait_with_output().unwrap();
            assert!(output.status.success(), "{output:?}");
            String::from_utf8(output.stdout).unwrap()
        })
        .collect();
    tokens.dedup();
    assert_eq!((tokens.len(), world.requests().len()), (1, 1));
    // A file in the place of the directory gives a note, but no error.
    let cache = world.home.join(".kube/cache/signer");
    std::fs::remove_dir_all(&cache).unwrap();
    std::fs::write(&cache, "").unwrap();
    let ended = world.run("--cache --token-only", &POD);
    assert!(ended.status.success(), "{ended:?}");
    assert!(ended.stderr.starts_with("signer: the cache: "), "{ended:?}");
}

/// The written entry runs the signer with the flags that were given.
#[test]
fn a_kubeconfig_is_written_and_works() {
    let world = World::new();
    let line = format!(
        "kubeconfig --cluster-name dev --endpoint https://example.com --region us-east-1 --ca {} \
         --role-arn arn:aws:iam::111122223333:role/kube",
        world.path("authority.pem")
    );
    let ended = crate::run::run(world.command(&line, &[]), "");
    let path = world.path(".kube/config");
    assert_eq!(ended.stdout, format!("Added new context dev to {path}\n"));
    let written = std::fs::read_to_string(path).unwrap();
    let arguments: Vec<&str> = written
        .split_once("args:\n")
        .unwrap()
        .1
        .lines()
        .map_while(|line| line.trim().strip_prefix("- "))
        .collect();
    assert_eq!(arguments.len(), 6, "{written}");
    let key = world.key(&arguments[4..].join(" "), &KEYS);
    assert_eq!(key, "ASIAKUBE");
    // The second run is an update.
    let again = crate::run::run(world.command(&line, &[]), "");
    assert!(again.stdout.starts_with("Updated context dev"), "{again:?}");
    assert_eq!(
        std::fs::read_to_string(world.path(".kube/config")).unwrap(),
        written
    );
}

#[test]
fn a_denied_role_is_a_sentence() {
    let world = World::new();
    world.config(&format!(
        "{BASE}[profile p]\nrole_arn = arn:aws:iam::111122223333:role/denied\nsource_profile = base\n"
    ));
    let denied = [
        POD[0],
        ("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/denied"),
    ];
    let flag = "--role-arn arn:aws:iam::111122223333:role/denied";
    for (line, variables) in [("--profile p", &[][..]), ("", &denied), (flag, &KEYS)] {
        let why = world.refusal(line, variables);
        assert!(
            why.starts_with(
                "cannot assume arn:aws:iam::111122223333:role/denied: AccessDenied: alice is not"
            ),
            "{why}"
        );
    }
}

/// A chain of roles: each role is assumed with the role before it.
#[test]
fn roles_are_assumed_one_after_the_other() {
    let world = World::new();
    world.config(&format!(
        "{BASE}[profile one]\nrole_arn = arn:aws:iam::111122223333:role/one\nsource_profile = base\n\
         external_id = e1\nduration_seconds = 900\nrole_session_name = first\n\
         [profile two]\nrole_arn = arn:aws:iam::111122223333:role/two\nsource_profile = one\n"
    ));
    assert_eq!(world.key(&format!("--profile two {ROLE}"), &[]), "ASIAFLAG");
    let [one, two, flag] = world.requests().try_into().unwrap();
    for part in [
        "role%2Fone",
        "ExternalId=e1",
        "DurationSeconds=900",
        "RoleSessionName=first",
    ] {
        assert!(one.contains(part), "{part}: {one}");
    }
    assert!(two.contains("role%2Ftwo") && flag.contains("role%2Fflag"));
    let keys: Vec<String> = world
        .proxy
        .seen()
        .iter()
        .map(|request| {
            let authorization = request
                .headers
                .iter()
                .find(|h| h.starts_with("authorization"));
            let id = authorization.unwrap().split("Credential=").nth(1).unwrap();
            id.split('/').next().unwrap().to_owned()
        })
        .collect();
    assert_eq!(keys, ["AKIDBASE", "ASIAONE", "ASIATWO"]);
}
