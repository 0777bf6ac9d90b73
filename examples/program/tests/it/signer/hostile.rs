//! Malformed files, profiles in circles, and hostile variables.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Stdio;

use super::world::World;

const KEYS: [(&str, &str); 2] = [
    ("AWS_ACCESS_KEY_ID", "AKIDENV"),
    ("AWS_SECRET_ACCESS_KEY", "s"),
];
const BASE: &str = "[profile base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = s\n";

#[test]
fn a_chain_of_roles_without_an_end_is_named() {
    let world = World::new();
    for (config, what) in [
        (
            "[default]\nrole_arn = arn:aws:iam::111122223333:role/a\nsource_profile = default\n",
            "leads back",
        ),
        (
            "[default]\nrole_arn = arn:aws:iam::111122223333:role/a\nsource_profile = b\n\
             [profile b]\nrole_arn = arn:aws:iam::111122223333:role/b\nsource_profile = default\n",
            "its source_profile `default` leads back",
        ),
        (
            "[default]\nrole_arn = arn:aws:iam::111122223333:role/a\nsource_profile = gone\n",
            "`gone` does not exist",
        ),
        (
            "[default]\nrole_arn = arn:aws:iam::111122223333:role/a\nsource_profile = b\n[profile b]\n",
            "`b` has no credentials",
        ),
        (
            "[default]\nrole_arn = arn:aws:iam::111122223333:role/a\n",
            "neither a source_profile nor",
        ),
        (
            "[default]\nrole_arn = arn:aws:iam::111122223333:role/a\nsource_profile = b\n\
             credential_source = Environment\n",
            "both source_profile and credential_source",
        ),
        (
            "[default]\nrole_arn = arn:aws:iam::111122223333:role/a\ncredential_source = Ec2\n",
            "its credential_source `Ec2` is none of",
        ),
        (
            "[default]\nrole_arn =\nsource_profile = default\n",
            "its role_arn is empty",
        ),
        (
            "[default]\nweb_identity_token_file = HOME/token\n",
            "AWS_ROLE_ARN",
        ),
        (
            "[default]\nrole_arn = arn:aws:iam::111122223333:role/a\nsource_profile = x\u{1b}[2J\u{202e}\n",
            "x\\u{1b}[2J\\u{202e}",
        ),
    ] {
        let why = world.config(config).refusal("", &[]);
        assert!(why.contains(what), "{config}: {why}");
        assert_eq!(world.requests(), Vec::<String>::new(), "{config}");
    }
    let long: String = (0..200)
        .map(|i| format!("[profile p{i}]\nrole_arn = arn:aws:iam::111122223333:role/r\nsource_profile = p{}\n", i + 1))
        .collect();
    let why = world.config(&long).refusal("--profile p0", &[]);
    assert!(why.contains("`p200` does not exist"), "{why}");
}

#[test]
fn a_profile_may_be_its_own_source_if_it_has_keys() {
    let world = World::new();
    world.config(
        "[profile p]\nrole_arn = arn:aws:iam::111122223333:role/own\nsource_profile = p\n\
         aws_access_key_id = AKIDP\naws_secret_access_key = s\n",
    );
    assert_eq!(world.key("--profile p", &[]), "ASIAOWN");
}

#[test]
fn the_environment_can_be_the_source_of_a_role() {
    let world = World::new();
    world.config(
        "[profile p]\nrole_arn = arn:aws:iam::111122223333:role/own\ncredential_source = Environment\n",
    );
    assert_eq!(world.key("--profile p", &KEYS), "ASIAOWN");
    let why = world.refusal("--profile p", &[]);
    assert!(
        why.starts_with("incomplete credentials in the environment: AWS_ACCESS_KEY_ID is not set"),
        "{why}"
    );
}

/// The last section for the default profile counts, whatever its spelling. A byte order mark and carriage
/// returns are not part of the text.
#[test]
fn spellings_of_the_files_that_editors_leave_are_read() {
    let world = World::new();
    let keys = |id: &str| format!("aws_access_key_id = {id}\naws_secret_access_key = s\n");
    for (config, key) in [
        (
            format!(
                "[default]\n{}[profile default]\n{}",
                keys("AKIDA"),
                keys("AKIDB")
            ),
            "AKIDB",
        ),
        (
            format!(
                "[profile default]\n{}[default]\n{}",
                keys("AKIDB"),
                keys("AKIDA")
            ),
            "AKIDA",
        ),
        (format!("\u{feff}[default]\n{}", keys("AKIDA")), "AKIDA"),
        (
            format!("\u{feff}[default]\n{}", keys("AKIDA")).replace('\n', "\r\n"),
            "AKIDA",
        ),
        (format!("[DEFAULT]\n{}[default]\n", keys("AKIDA")), "AKIDA"),
        (
            format!(
                "[default]\nregion = eu-west-1\ns3 =\n  max_queue_size = 1\n{}",
                keys("AKIDA")
            ),
            "AKIDA",
        ),
    ] {
        assert_eq!(world.config(&config).key("", &[]), key, "{config:?}");
    }
    for (config, what) in [
        (
            "[default]\n[default]\n".to_owned(),
            "line 2: a section of that name",
        ),
        (
            format!("[default]\n{}{}", keys("A"), keys("B")),
            "line 4: a setting of that name",
        ),
        ("region = x\n".to_owned(), "line 1: a setting before"),
        ("[default\n".to_owned(), "line 1: a setting before"),
    ] {
        let why = world.config(&config).refusal("", &KEYS);
        assert!(
            why.starts_with("cannot read ") && why.contains(what),
            "{config:?}: {why}"
        );
    }
}

/// A file that exists but is unreadable may name other credentials. Keys in the environment take
/// precedence over the file.
#[test]
fn an_unreadable_file_is_not_an_empty_one() {
    let world = World::new();
    let latin = world.home.join(".aws/config");
    fs::write(&latin, b"[default]\nregion = \xf6\n").unwrap();
    let why = world.refusal("", &[]);
    assert!(
        why.starts_with("cannot read ") && why.contains("UTF-8"),
        "{why}"
    );
    assert_eq!(world.key("", &KEYS), "AKIDENV");
    fs::remove_file(&latin).unwrap();
    // Not files: nothing, as to the AWS CLI, and the message says so.
    fs::create_dir(&latin).unwrap();
    let why = world.refusal("", &[]);
    assert!(why.contains(".aws/config (not a file)"), "{why}");
    let zero = [
        ("AWS_CONFIG_FILE", "/dev/zero"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/zero"),
    ];
    let why = world.refusal("", &zero);
    assert!(why.contains("/dev/zero (not a file)"), "{why}");
    let text = "# a comment\n".repeat(500_000);
    fs::write(world.home.join("long"), text).unwrap();
    let why = world.refusal("", &[("AWS_CONFIG_FILE", "HOME/long")]);
    assert!(why.contains("longer than 4194304 bytes"), "{why}");
}

#[test]
fn a_token_file_is_bounded() {
    let world = World::new();
    world.write("long", &"x".repeat(20_001)).write("empty", "");
    for (file, what) in [
        ("/dev/zero", "longer than"),
        ("HOME/long", "longer than"),
        ("HOME/none", "No such file"),
        ("HOME", "directory"),
    ] {
        let variables = [
            ("AWS_WEB_IDENTITY_TOKEN_FILE", file),
            ("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/r"),
        ];
        let why = world.refusal("", &variables);
        assert!(
            why.contains("the web identity token in ") && why.contains(what),
            "{file}: {why}"
        );
    }
    assert_eq!(world.requests(), Vec::<String>::new());
}

/// An empty variable counts as not set.
#[test]
fn empty_variables_say_nothing() {
    let world = World::new();
    world
        .config(BASE)
        .credentials("[default]\naws_access_key_id = AKIDD\naws_secret_access_key = s\n");
    let empty = [
        ("AWS_ACCESS_KEY_ID", ""),
        ("AWS_SECRET_ACCESS_KEY", ""),
        ("AWS_SESSION_TOKEN", ""),
        ("AWS_PROFILE", ""),
        ("AWS_REGION", ""),
        ("AWS_CONFIG_FILE", ""),
        ("AWS_USE_FIPS_ENDPOINT", ""),
        ("AWS_ENDPOINT_URL_STS", ""),
        ("AWS_CA_BUNDLE", ""),
        ("HTTPS_PROXY", ""),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", ""),
        ("AWS_CREDENTIAL_EXPIRATION", ""),
        ("DEFAULT_ROLE", ""),
        ("KUBERNETES_EXEC_INFO", ""),
    ];
    assert_eq!(world.key("", &empty), "AKIDD");
}

/// Escape sequences in every variable and flag that a message may quote.
#[test]
fn hostile_text_is_escaped_wherever_it_is_quoted() {
    let world = World::new();
    let hostile = "\u{1b}[2J\u{202e}x";
    let long = "y".repeat(10_000);
    for value in [hostile, long.as_str()] {
        for name in [
            "AWS_PROFILE",
            "AWS_REGION",
            "AWS_CONFIG_FILE",
            "AWS_USE_FIPS_ENDPOINT",
            "AWS_STS_REGIONAL_ENDPOINTS",
            "AWS_ENDPOINT_URL_STS",
            "AWS_CREDENTIAL_EXPIRATION",
            "AWS_ACCESS_KEY_ID",
            "DEFAULT_ROLE",
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            "HOME",
        ] {
            let mut command = world.command("-i dev", &[(name, value)]);
            if !matches!(
                name,
                "AWS_PROFILE" | "AWS_CONFIG_FILE" | "AWS_WEB_IDENTITY_TOKEN_FILE" | "HOME"
            ) {
                command.env("AWS_SECRET_ACCESS_KEY", "s");
                if name != "AWS_ACCESS_KEY_ID" {
                    command.env("AWS_ACCESS_KEY_ID", "AKIDENV");
                }
            }
            if name != "AWS_REGION" {
                command.env("AWS_DEFAULT_REGION", "us-east-1");
            }
            let ended = crate::run::run(command, "");
            assert_eq!(ended.status.code(), Some(2), "{name}: {ended:?}");
            let text = ended.stderr.trim_end_matches('\n');
            let is_clean = !text.contains(|c: char| c.is_control() || c == '\u{202e}');
            assert!(
                is_clean && text.chars().count() < 4_000,
                "{name}: {ended:?}"
            );
        }
    }
}

/// Without a home directory in the environment, the signer asks the system, and does not fail.
#[test]
fn without_a_home_in_the_environment_keys_still_sign() {
    let world = World::new();
    let mut command = world.command("-i dev --region us-east-1 --token-only", &KEYS);
    command.env_remove("HOME");
    assert!(crate::run::run(command, "").status.success());
    let mut relative = world.command("-i dev --region us-east-1", &[("HOME", "no/such/home")]);
    relative.env_remove("AWS_CA_BUNDLE");
    let ended = crate::run::run(relative, "");
    assert!(
        ended
            .stderr
            .contains("no/such/home/.aws/config (does not exist)"),
        "{ended:?}"
    );
}

/// Replacing the file would work, because that needs a permission on its directory only.
#[test]
fn a_read_only_kubeconfig_stays_as_it_is() {
    let world = World::new();
    let path = |name: &str| world.home.join(name).to_str().unwrap().to_owned();
    let kubeconfig = path("kubeconfig");
    let before = "kind: Config\n";
    fs::write(&kubeconfig, before).unwrap();
    fs::set_permissions(&kubeconfig, Permissions::from_mode(0o400)).unwrap();
    let signer = path("signer");
    fs::copy(crate::run::path("signer"), &signer).unwrap();
    let mut command = std::process::Command::new(signer);
    let line = "kubeconfig --cluster-name dev --endpoint https://example.eks.amazonaws.com --ca";
    command
        .args(line.split(' '))
        .args([&path("authority.pem"), "--kubeconfig", &kubeconfig])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    // Root may write to any file, so another user runs it.
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        for owned in [&world.home, Path::new(&kubeconfig)] {
            chown(owned, Some(65534), Some(65534)).unwrap();
        }
        command.uid(65534).gid(65534);
    }
    let ended = crate::run::run(command, "");
    assert_eq!(ended.status.code(), Some(2), "{ended:?}");
    let why = "the kubeconfig is unchanged: ";
    assert!(
        ended.stderr.contains(why) && ended.stderr.contains("Permission denied"),
        "{ended:?}"
    );
    assert_eq!(fs::read_to_string(&kubeconfig).unwrap(), before);
    assert!(!world.home.join("kubeconfig.lock").exists());
}
