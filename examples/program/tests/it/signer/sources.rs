//! The source of the credentials by setting: the requests, their hosts and the results.

use super::world::World;
use crate::stub::{Answer, Received, Stub};

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
    // The same as the default profile; and without a profile, the pod's role.
    world.config(
        "[default]\nrole_arn = arn:aws:iam::444455556666:role/cross\nsource_profile = irsa\n\
         [profile irsa]\nrole_arn = arn:aws:iam::111122223333:role/irsa\n\
         web_identity_token_file = HOME/token\n",
    );
    assert_eq!(world.key("", &POD), "ASIACROSS");
    world.config("");
    assert_eq!(world.key("", &POD), "ASIAIRSA");
}

/// The endpoint of every request that a source makes, for each setting of the endpoint.
#[test]
fn every_source_asks_the_endpoint_of_the_settings() {
    let fips = ("AWS_USE_FIPS_ENDPOINT", "true");
    let dual = ("AWS_USE_DUALSTACK_ENDPOINT", "true");
    let sso = "[default]\nsso_session = my\nsso_account_id = 111122223333\nsso_role_name = A\n\
               [sso-session my]\nsso_region = us-east-1\nsso_start_url = https://my.awsapps.com/start\n";
    let role = format!(
        "{BASE}[default]\nrole_arn = arn:aws:iam::111122223333:role/profile\nsource_profile = base\n"
    );
    for (settings, sts, portal) in [
        (
            &[][..],
            "sts.us-east-1.amazonaws.com",
            "portal.sso.us-east-1.amazonaws.com",
        ),
        (
            &[fips],
            "sts-fips.us-east-1.amazonaws.com",
            "portal.sso-fips.us-east-1.amazonaws.com",
        ),
        (
            &[dual],
            "sts.us-east-1.api.aws",
            "portal.sso.us-east-1.api.aws",
        ),
        (
            &[fips, dual],
            "sts-fips.us-east-1.api.aws",
            "portal.sso-fips.us-east-1.api.aws",
        ),
    ] {
        for (source, config, line, variables, key, host) in [
            ("role of a flag", "", ROLE, &KEYS[..], "ASIAFLAG", sts),
            ("web identity", "", "", &POD, "ASIAIRSA", sts),
            (
                "role of a profile",
                role.as_str(),
                "",
                &[],
                "ASIAPROFILE",
                sts,
            ),
            ("sso", sso, "", &[], "ASIASSO", portal),
        ] {
            let world = World::new();
            world.config(config).login("my", "2036-11-23T09:00:00Z");
            let variables: Vec<_> = variables.iter().chain(settings).copied().collect();
            assert_eq!(world.key(line, &variables), key, "{source} {settings:?}");
            let asked = world.requests();
            assert!(
                asked.len() == 1 && asked[0].starts_with(&format!("{host} ")),
                "{source} {settings:?}: {asked:?}"
            );
        }
    }
    // In the profile too.
    let world = World::new();
    world.config("[default]\nuse_fips_endpoint = true\n");
    assert_eq!(world.key(ROLE, &KEYS), "ASIAFLAG");
    assert!(world.requests()[0].starts_with("sts-fips."));
}

#[test]
fn the_proxy_is_used_unless_the_host_is_excluded() {
    for proxy in ["HTTPS_PROXY", "https_proxy"] {
        let world = World::new();
        let url = format!("http://{}", world.proxy.address);
        let mut command = world.command(&format!("-i dev --region us-east-1 {ROLE}"), &KEYS);
        command.env_remove("HTTPS_PROXY").env(proxy, &url);
        assert!(crate::run::run(command, "").status.success(), "{proxy}");
        assert_eq!(world.requests().len(), 1, "{proxy}");
    }
    // Without a scheme, as some write it.
    let world = World::new();
    let bare = world.proxy.address.to_string();
    let variables = [KEYS[0], KEYS[1], ("HTTPS_PROXY", bare.as_str())];
    assert_eq!(world.key(ROLE, &variables), "ASIAFLAG");
    // An excluded host is asked directly. This one refuses connections; AWS is not to be asked by a test.
    let local = ("AWS_ENDPOINT_URL_STS", "https://localhost");
    let variables = [KEYS[0], KEYS[1], local];
    assert_eq!(World::new().key(ROLE, &variables), "ASIAFLAG");
    for none in ["localhost", ".localhost", "*"] {
        let world = World::new();
        let variables = [KEYS[0], KEYS[1], local, ("NO_PROXY", none)];
        world.refusal(ROLE, &variables);
        assert_eq!(world.requests(), Vec::<String>::new(), "{none}");
    }
    let world = World::new();
    let variables = [KEYS[0], KEYS[1], ("NO_PROXY", "example.com")];
    assert_eq!(world.key(ROLE, &variables), "ASIAFLAG");
    // The variable of other programs is none of the AWS CLI.
    let world = World::new();
    let variables = [KEYS[0], KEYS[1], ("ALL_PROXY", "socks5://127.0.0.1:1")];
    assert_eq!(world.key(ROLE, &variables), "ASIAFLAG");
    // A malformed one may have a password.
    let wrong = [KEYS[0], KEYS[1], ("HTTPS_PROXY", "http://u:SECRETOFSTUB@[")];
    let why = World::new().refusal(ROLE, &wrong);
    assert!(why.starts_with("HTTPS_PROXY is not the URL"), "{why}");
}

#[test]
fn the_ca_bundle_is_that_of_the_flag_the_environment_or_the_profile() {
    let world = World::new();
    let other = crate::stub::Authority::new(&["localhost"]);
    world.write("other.pem", &other.pem);
    world
        .write("empty.pem", "")
        .write("text.pem", "no certificate");
    let cut = other.pem.replace("-----END CERTIFICATE-----", "");
    let odd = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    world
        .write("cut.pem", &cut)
        .write("odd.pem", &format!("{}{odd}", other.pem));

    let good = ["HOME/authority.pem", "HOME/other.pem"];
    let flag = format!("--ca-bundle {}", world.path("authority.pem"));
    let bundle = |path| [KEYS[0], KEYS[1], ("AWS_CA_BUNDLE", path)];
    world.config("[default]\nca_bundle = HOME/authority.pem\n");
    assert_eq!(world.key(ROLE, &bundle(good[0])), "ASIAFLAG");
    assert_eq!(world.key(ROLE, &bundle("")), "ASIAFLAG");
    assert_eq!(
        world.key(&format!("{ROLE} {flag}"), &bundle(good[1])),
        "ASIAFLAG"
    );
    let why = world.refusal(ROLE, &bundle(good[1]));
    assert!(why.contains("invalid peer certificate"), "{why}");
    for (path, what) in [
        ("HOME/none.pem", "No such file"),
        ("HOME", "directory"),
        ("HOME/empty.pem", "no certificate in PEM"),
        ("HOME/text.pem", "no certificate in PEM"),
        ("HOME/cut.pem", "certificate 1 in it is malformed"),
        ("HOME/odd.pem", "certificate 2 in it is malformed"),
        ("/dev/zero", "longer than"),
    ] {
        let why = world.refusal(ROLE, &bundle(path));
        assert!(
            why.starts_with("the CA bundle ") && why.contains(what),
            "{path}: {why}"
        );
    }
    // A key at hand needs no authority.
    assert_eq!(world.key("", &bundle("HOME/none.pem")), "AKIDENV");
}

/// As botocore: the CA bundle of Python's requests, if none of AWS is set.
#[test]
fn the_ca_bundle_of_requests_is_the_last_choice() {
    let world = World::new();
    let other = crate::stub::Authority::new(&["localhost"]);
    world.write("other.pem", &other.pem);
    let run = |bundles: &[(&str, &str)]| {
        let variables: Vec<_> = KEYS.iter().chain(bundles).copied().collect();
        let mut command = world.command(&format!("-i dev --region us-east-1 {ROLE}"), &variables);
        if bundles.len() == 1 {
            command.env_remove("AWS_CA_BUNDLE");
        }
        crate::run::run(command, "").status.success()
    };
    let (good, bad) = ("HOME/authority.pem", "HOME/other.pem");
    assert!(run(&[("REQUESTS_CA_BUNDLE", good)]));
    assert!(!run(&[("REQUESTS_CA_BUNDLE", bad)]));
    assert!(run(&[("REQUESTS_CA_BUNDLE", bad), ("AWS_CA_BUNDLE", good)]));
    assert!(!run(&[
        ("REQUESTS_CA_BUNDLE", good),
        ("AWS_CA_BUNDLE", bad)
    ]));
    assert!(run(&[("REQUESTS_CA_BUNDLE", good), ("AWS_CA_BUNDLE", "")]));
}

/// As botocore (`os.path.expandvars`, then `os.path.expanduser`).
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
    // A variable that is not set, and a user that does not exist, stay.
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

/// A web identity is exchanged at the endpoint that the token will be for, a custom one too.
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

const SSO: &str = "[profile p]\nsso_session=my\nsso_start_url=https://my.awsapps.com/start\n\
                   sso_region=us-east-1\nsso_account_id=111122223333\nsso_role_name=Admin\n\
                   region=us-west-2\n[sso-session my]\nsso_region=us-east-1\n\
                   sso_start_url=https://my.awsapps.com/start\n\
                   sso_registration_scopes=sso:account:access\n";
const LEGACY: &str = "[profile p]\nsso_start_url = https://my.awsapps.com/start\nsso_region = us-east-1\n\
                      sso_account_id = 111122223333\nsso_role_name = Admin\n";

#[test]
fn a_login_of_sso_is_exchanged_for_credentials() {
    for (config, key) in [(SSO, "my"), (LEGACY, "https://my.awsapps.com/start")] {
        for time in [
            "2036-11-23T09:00:00Z",
            "2036-11-23T09:00:00UTC",
            "2036-11-23T10:00:00+01:00",
        ] {
            let world = World::new();
            world.config(config).login(key, time);
            assert_eq!(world.key("--profile p", &[]), "ASIASSO", "{time}");
            let [asked] = world.requests().try_into().unwrap();
            assert!(asked.contains("account_id=111122223333") && asked.contains("role_name=Admin"));
        }
    }
}

#[test]
fn the_advice_to_log_in_is_given_only_if_it_helps() {
    let world = World::new();
    world.config(SSO);
    let hint = "; log in with `aws sso login --profile p`";
    let why = world.refusal("--profile p", &[]);
    assert!(
        why.contains("there is no login") && why.ends_with(hint),
        "{why}"
    );
    world.login("my", "2016-11-23T09:00:00UTC");
    let why = world.refusal("--profile p", &[]);
    assert!(why.contains("has expired") && why.ends_with(hint), "{why}");
    for text in [
        "",
        "{",
        "[]",
        "{\"accessToken\": 1}",
        "{\"accessToken\": \"a\", \"expiresAt\": \"soon\"}",
    ] {
        world.write(
            ".aws/sso/cache/3ece1471f44f63177cbc35ba0b904e0c096b6783.json",
            text,
        );
        let why = world.refusal("--profile p", &[]);
        assert!(
            why.contains("cannot be read") && why.ends_with(hint),
            "{text}: {why}"
        );
    }
    // The portal does not know the token.
    world.write(
        ".aws/sso/cache/3ece1471f44f63177cbc35ba0b904e0c096b6783.json",
        "{\"accessToken\": \"old\", \"expiresAt\": \"2036-11-23T09:00:00Z\"}",
    );
    let why = world.refusal("--profile p", &[]);
    assert!(
        why.contains("UnauthorizedException") && why.ends_with(hint),
        "{why}"
    );
    for (config, what) in [
        (
            SSO.replace("[sso-session my]", "[sso-session other]"),
            "its sso_session `my` does not exist",
        ),
        (
            SSO.replacen("sso_region=us-east-1", "sso_region=eu-west-1", 1),
            "`sso_region` contradicts",
        ),
        (
            LEGACY.replace("sso_role_name = Admin\n", ""),
            "`sso_role_name` is missing",
        ),
        (
            LEGACY.replace("sso_region = us-east-1\n", ""),
            "`sso_region` is missing",
        ),
    ] {
        world.config(&config);
        let why = world.refusal("--profile p", &[]);
        assert!(why.contains(what) && !why.contains("log in with"), "{why}");
    }
}

/// An expired login of a session is renewed, and the renewed one stays in the file.
#[test]
fn an_expired_login_is_renewed_if_it_can_be() {
    let name = ".aws/sso/cache/3ece1471f44f63177cbc35ba0b904e0c096b6783.json";
    let expired = |refresh: &str| {
        format!(
            "{{\"accessToken\": \"OLD\", \"expiresAt\": \"2016-11-23T09:00:00Z\", \"region\": \
             \"us-east-1\", \"startUrl\": \"https://my.awsapps.com/start\", \"clientId\": \"c\", \
             \"clientSecret\": \"s\", \"registrationExpiresAt\": \"2036-11-23T09:00:00Z\", \
             \"refreshToken\": \"{refresh}\"}}"
        )
    };
    for (settings, host) in [
        (&[][..], "oidc.us-east-1.amazonaws.com"),
        (
            &[("AWS_USE_FIPS_ENDPOINT", "true")],
            "oidc-fips.us-east-1.amazonaws.com",
        ),
    ] {
        let world = World::new();
        world.config(SSO).write(name, &expired("REFRESH"));
        assert_eq!(world.key("--profile p", settings), "ASIASSO");
        let [renewal, exchange] = world.requests().try_into().unwrap();
        assert!(
            renewal.starts_with(&format!("{host} POST /token")),
            "{renewal}"
        );
        assert!(renewal.contains("refresh_token"), "{renewal}");
        assert!(exchange.contains("/federation/credentials"), "{exchange}");
        // The next run needs no renewal.
        assert_eq!(world.key("--profile p", settings), "ASIASSO");
        assert_eq!(world.requests().len(), 3);
    }
    let world = World::new();
    world.config(SSO).write(name, &expired("WRONG"));
    let why = world.refusal("--profile p", &[]);
    assert!(
        why.ends_with("; log in with `aws sso login --profile p`"),
        "{why}"
    );
}

/// The portal on loopback, over HTTP and TLS.
#[test]
fn the_portal_of_sso_can_be_set() {
    let world = World::new();
    world.config(SSO).login("my", "2036-11-23T09:00:00Z");
    let plain = Stub::http(super::world::sso);
    let tls = Stub::https(world.authority.server.clone(), super::world::sso);
    let port = tls.address.port();
    for (url, stub) in [
        (format!("http://{}", plain.address), &plain),
        (format!("https://localhost:{port}"), &tls),
    ] {
        let variables = [
            ("AWS_ENDPOINT_URL_SSO", url.as_str()),
            ("NO_PROXY", "localhost"),
        ];
        assert_eq!(world.key("--profile p", &variables), "ASIASSO", "{url}");
        assert_eq!(stub.seen().len(), 1, "{url}");
    }
    world.config(&format!(
        "{}[services s]\nsso =\n  endpoint_url = http://{}\n",
        SSO.replace("[profile p]\n", "[profile p]\nservices = s\n"),
        plain.address
    ));
    assert_eq!(world.key("--profile p", &[]), "ASIASSO");
    assert_eq!(plain.seen().len(), 2);
    assert_eq!(world.requests(), Vec::<String>::new());
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

/// The names of a session token, of which the old one counts first.
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
        // A temporary key without its session token would be a warning.
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

/// `credential_process` goes before keys in the config file, and after those in the credentials file.
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

/// kubectl and its kin run their plugin many times at once.
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
    // Something else in the place of the directory is a note, and no reason to fail.
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
    // Again, it is an update.
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

/// A chain of roles: each is assumed with the one before it.
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

fn metadata(request: &Received) -> Answer {
    let keys = "{\"AccessKeyId\": \"ASIAMACHINE\", \"SecretAccessKey\": \"SECRETOFSTUB\", \"Token\": \
                \"TOKENOFSTUB\", \"Expiration\": \"2036-11-23T09:00:00Z\", \"Code\": \"Success\", \
                \"Type\": \"AWS-HMAC\", \"LastUpdated\": \"2026-11-23T09:00:00Z\"}";
    let plain = |text: &str| (200, "text/plain", text.to_owned());
    match request.line.as_str() {
        "PUT /latest/api/token" => plain("metadatatoken"),
        line if line.ends_with("/security-credentials/") => plain("role"),
        line if line.contains("/security-credentials-extended/") && line.ends_with('/') => {
            plain("role")
        }
        line if line.contains("/security-credentials") => {
            (200, "application/json", keys.to_owned())
        }
        "GET /keys" if request.has("authorization: Basic TOKEN") => {
            (200, "application/json", keys.to_owned())
        }
        "GET /open" => (200, "application/json", keys.to_owned()),
        "GET /broken" => (
            500,
            "application/json",
            "{\"code\": \"x\", \"message\": \"down\"}".to_owned(),
        ),
        _ => (
            401,
            "application/json",
            "{\"code\": \"NoAuth\", \"message\": \"no\\u001b[2J\"}".to_owned(),
        ),
    }
}

#[test]
fn the_metadata_of_a_container_is_asked_with_its_token() {
    let stub = Stub::http(metadata);
    let url = |path: &str| format!("http://{}{path}", stub.address);
    let world = World::new();
    world.write("authorization", "Basic TOKEN");
    let keys = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", url("/keys"));
    let text = ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Basic TOKEN");
    let file = (
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        "HOME/authorization",
    );
    let with = |token: (&'static str, &'static str)| [(keys.0, keys.1.as_str()), token];
    assert_eq!(world.key("", &with(text)), "ASIAMACHINE");
    assert_eq!(world.key("", &with(file)), "ASIAMACHINE");
    let open = url("/open");
    assert_eq!(world.key("", &[(keys.0, &open)]), "ASIAMACHINE");
    // As the source of a role.
    world.config(
        "[profile p]\nrole_arn = arn:aws:iam::111122223333:role/r\ncredential_source = EcsContainer\n",
    );
    assert_eq!(world.key("--profile p", &with(text)), "ASIAR");
    world.config("");
    let broken = url("/broken");
    for (variables, what) in [
        (&[(keys.0, keys.1.as_str())][..], "401"),
        (&with((file.0, "HOME/none")), "No such file"),
        (&with((file.0, "/dev/zero")), "longer than"),
        (&with((text.0, "a\nb")), "container's metadata"),
        (&[(keys.0, broken.as_str())], "500"),
        (
            &[(keys.0, "http://192.0.2.1/keys")],
            "not refer to an allowed IP address",
        ),
        (&[(keys.0, "not a url")], "does not begin with http://"),
        (&[(keys.0, "127.0.0.1:80")], "does not begin with http://"),
        (&[(keys.0, "/keys")], "does not begin with http://"),
        (&[(keys.0, "http://[")], "invalid full URI"),
        (&[(keys.0, "http://")], "invalid full URI"),
        (
            &[("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/a b")],
            "invalid relative URI",
        ),
        (
            &[("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "keys")],
            "begins with `/`",
        ),
        (
            &[("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "*")],
            "begins with `/`",
        ),
    ] {
        let why = world.refusal("", variables);
        assert!(
            why.starts_with("no credentials: ") && why.contains(what),
            "{variables:?}: {why}"
        );
    }
    // Metadata is never behind the proxy.
    assert_eq!(world.requests().len(), 1);
}

#[test]
fn the_metadata_of_an_instance_is_asked_last() {
    let stub = Stub::http(metadata);
    let endpoint = format!("http://{}", stub.address);
    let world = World::new();
    let on = [
        ("AWS_EC2_METADATA_DISABLED", "false"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint.as_str()),
    ];
    assert_eq!(world.key("", &on), "ASIAMACHINE");
    assert_eq!(world.key("", &[on[0], on[1], KEYS[0], KEYS[1]]), "AKIDENV");
    world.config(
        "[profile p]\nrole_arn = arn:aws:iam::111122223333:role/r\n\
         credential_source = Ec2InstanceMetadata\n",
    );
    assert_eq!(world.key("--profile p", &on), "ASIAR");
    let why = world.refusal("", &[]);
    assert!(
        why.starts_with(
            "no credentials: AWS_ACCESS_KEY_ID is not set, there is no profile `default`"
        ),
        "{why}"
    );
}
