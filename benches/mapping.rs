//! `map/*`: from an identity to its user, and from the ConfigMap to its rules.
//!
//! A lookup should cost the same with ten rules and with a hundred thousand. The peer of reading is
//! `serde_yaml` alone, which reads the same text into structs. It does not bound its cost, check ARNs, or
//! parse templates.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hint::black_box;

use aws_auth_map::{
    Backend, BackendKind, IdentityMap, Problem, Reader, Resolution, Rule, Rules, SsoRole, Template,
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use iam_principal::{AccountId, Identity, Partition};
use serde::Deserialize;

fn session(role: &str) -> Option<Identity> {
    let arn = format!("arn:aws:sts::111122223333:assumed-role/{role}/alice@example.com");
    let identity = Identity::new(&arn, "111122223333", "AROAEXAMPLE:alice@example.com").ok()?;
    Some(identity.with_access_key_id("ASIAEXAMPLE"))
}

fn map(rules: usize) -> IdentityMap {
    let mut all = Rules::new();
    for number in 0..rules {
        let arn = format!("arn:aws:iam::111122223333:role/role-{number}");
        let groups = vec![Template::parse("developers"), Template::parse("readers")];
        all.push_role(Rule::exact(&arn, Template::parse("developer"), groups));
    }
    let arn = "arn:aws:iam::111122223333:role/templates";
    let groups = vec![
        Template::parse("team:{{AccountID}}"),
        Template::parse("<<SessionName>>"),
    ];
    let username = Template::parse("dev:{{SessionName}}:{{AccessKeyID}}");
    all.push_role(Rule::exact(arn, username, groups));
    IdentityMap::new().with_backend(Backend::new(BackendKind::EksConfigMap, all))
}

/// A map in which every rule is a permission set.
fn permission_sets(rules: usize) -> Option<IdentityMap> {
    let account = AccountId::parse("111122223333").ok()?;
    let mut all = Rules::new();
    for number in 0..rules {
        let role = SsoRole::new(Partition::Aws, account, &format!("set-{number}")).ok()?;
        let groups = vec![Template::parse("developers"), Template::parse("readers")];
        all.push_role(Rule::sso(&role, Template::parse("developer"), groups));
    }
    Some(IdentityMap::new().with_backend(Backend::new(BackendKind::EksConfigMap, all)))
}

fn username(resolution: &Resolution) -> Option<&str> {
    resolution.user().map(aws_auth_map::UserInfo::username)
}

fn resolving(c: &mut Criterion) {
    let mut group = c.benchmark_group("map/resolve");
    let cases = [
        ("hit", "role-7", Some("developer")),
        ("miss", "unmapped", None),
        (
            "template",
            "templates",
            Some("dev:alice-example.com:ASIAEXAMPLE"),
        ),
    ];
    let sets = [
        (
            "sso",
            "AWSReservedSSO_set-7_0123456789abcdef",
            Some("developer"),
        ),
        ("sso-miss", "AWSReservedSSO_other_0123456789abcdef", None),
        ("sso-other", "unmapped", None),
    ];
    // Upstream's lookup is timed at 10,000 rules (see README.md).
    for rules in [10, 1_000, 10_000, 100_000] {
        let maps = [
            (Some(map(rules)), cases.as_slice()),
            (permission_sets(rules), sets.as_slice()),
        ];
        for (map, cases) in maps {
            let Some(map) = map else { continue };
            for (name, role, want) in cases {
                let Some(identity) = session(role) else {
                    continue;
                };
                group.bench_function(format!("{rules}-rules-{name}"), |b| {
                    b.iter(|| {
                        let resolution = map.resolve(black_box(&identity));
                        assert_eq!(username(&resolution), *want);
                    });
                });
            }
        }
    }
    group.finish();
}

/// A ConfigMap as `kubectl get -o yaml` prints it.
fn config_map(roles: usize) -> String {
    let mut text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: aws-auth\n  namespace: \
                    kube-system\ndata:\n  mapRoles: |\n"
        .to_owned();
    for number in 0..roles {
        // Writing to a `String` does not fail.
        let _ = write!(
            text,
            "    - rolearn: arn:aws:iam::111122223333:role/role-{number}\n      username: \
             dev:{{{{SessionName}}}}\n      groups:\n      - developers\n      - readers\n"
        );
    }
    text
}

/// The structs that `serde_yaml` alone reads.
#[derive(Deserialize)]
struct ConfigMap {
    data: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Role {
    rolearn: String,
    username: String,
    groups: Vec<String>,
}

fn by_serde_yaml(text: &str) -> Option<usize> {
    let config_map: ConfigMap = serde_yaml::from_str(text).ok()?;
    let roles: Vec<Role> = serde_yaml::from_str(config_map.data.get("mapRoles")?).ok()?;
    let is_whole = |role: &&Role| !role.rolearn.is_empty() && !role.username.is_empty();
    Some(
        roles
            .iter()
            .filter(is_whole)
            .filter(|role| role.groups.len() == 2)
            .count(),
    )
}

fn bytes(text: &str) -> Throughput {
    Throughput::Bytes(text.len().try_into().unwrap_or(u64::MAX))
}

fn reading(c: &mut Criterion) {
    let reader = Reader::new().with_max_bytes(16 * 1024 * 1024);
    let mut group = c.benchmark_group("map/read");
    group.sample_size(10);
    for roles in [1_000, 20_000] {
        let text = config_map(roles);
        group.throughput(bytes(&text));
        group.bench_function(format!("{roles}-roles"), |b| {
            b.iter(|| {
                let (rules, problems) = reader.read_config_map(black_box(&text));
                assert_eq!((rules.len(), problems.len()), (roles, 0));
            });
        });
        group.bench_function(format!("{roles}-roles-by-serde_yaml-alone"), |b| {
            b.iter(|| assert_eq!(by_serde_yaml(black_box(&text)), Some(roles)));
        });
    }
    group.finish();
}

/// The most expensive refusals: each reads a megabyte to its end.
fn refusing(c: &mut Criterion) {
    const SIZE: usize = 1024 * 1024;
    let mut group = c.benchmark_group("map/refuse");
    group.sample_size(10);
    let large = "x,".repeat(SIZE / 4);
    let aliases = "*a,".repeat(SIZE / 8);
    let cases = [
        ("brackets", "[".repeat(SIZE), "too-large"),
        // No bracket is closed, so the scan has to follow them to the end of the text.
        (
            "brackets-below-the-limit",
            ["[".repeat(100), " x".repeat(SIZE / 3)].concat(),
            "unclosed",
        ),
        (
            "aliases",
            format!("a: &a [{large}]\nb: [{aliases}]\n"),
            "too-large",
        ),
        (
            "problems",
            format!("mapRoles:\n{}", "- x\n".repeat(SIZE / 5)),
            "entry-not-a-mapping",
        ),
    ];
    let reader = Reader::new();
    for (name, text, want) in &cases {
        group.throughput(bytes(text));
        group.bench_function(*name, |b| {
            b.iter(|| {
                let (rules, problems) = reader.read_config_map(black_box(text));
                assert_eq!(problems.first().map(Problem::code), Some(*want));
                assert!(rules.is_empty());
            });
        });
    }
    group.finish();
}

criterion_group!(benches, resolving, reading, refusing);
criterion_main!(benches);
