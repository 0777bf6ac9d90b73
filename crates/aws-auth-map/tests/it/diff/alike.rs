//! A diff is empty exactly if every caller resolves alike. The tests compare two maps that differ
//! in a few places.

use aws_auth_map::{
    Backend, BackendKind, ChangeKind, Diff, IdentityMap, Rule, Rules, SsoRole, Template,
    instance_id,
};
use iam_principal::{AccountId, ArnPattern, Identity, Partition};
use proptest::prelude::*;

const ACCOUNTS: [&str; 3] = ["111122223333", "444455556666", "111100000000"];
const ARNS: [&str; 13] = [
    "arn:aws:iam::111122223333:role/a",
    "arn:aws:iam::111122223333:role/A",
    "arn:aws:iam::111122223333:role/ab",
    "arn:aws:iam::444455556666:role/a",
    "arn:aws:iam::111122223333:user/a",
    "arn:aws:iam::111122223333:user/p/a",
    "arn:aws:iam::111122223333:root",
    "arn:aws:iam::111122223333:role/p/a",
    "arn:aws:iam::111122223333:role/AWSReservedSSO_S_0123456789abcdef",
    "arn:aws:sts::111122223333:federated-user/a",
    "arn:aws:iam::111122223333:role/aws:ec2-instance",
    "arn:aws:sts::111122223333:assumed-role/a/s",
    "arn:aws-cn:iam::111122223333:role/a",
];
const PATTERNS: [&str; 14] = [
    "arn:aws:iam::111122223333:role/*",
    "arn:aws:iam::111122223333:role/a",
    "arn:aws:iam::111122223333:role/a*",
    "arn:aws:iam::111122223333:role/?",
    "arn:aws:iam::111122223333:role/A?*",
    "arn:aws:iam::111122223333:role/AWSReservedSSO_*",
    "arn:aws:iam::111122223333:role/*0123456789abcdef",
    "arn:aws:iam::111122223333:*",
    "arn:aws:iam::1111*:role/a*",
    "arn:aws:*::*:*/a",
    "arn:*:iam::111122223333:role/a",
    "arn:aws:iam::111122223333:user/*/?",
    "arn:aws:iam::????????????:user/*",
    "arn:aws:iam::111122223333:role/a**b",
];
const USER_IDS: [&str; 5] = ["AROAA", "AIDAA", "111122223333", "111122223333:a", "no id"];
const NAMES: [&str; 16] = [
    "u",
    "v",
    "{{SessionName}}",
    "{{SessionNameRaw}}",
    "<<SessionName>>",
    "x:{{SessionName}}",
    "x:{{SessionNameRaw}}",
    "{{AccountID}}",
    "111122223333",
    "system:{{SessionName}}",
    "{{SessionName}}:a",
    "{{SessionName}}{{AccessKeyID}}",
    "{{EC2PrivateDNSName}}",
    "system:node:{{EC2PrivateDNSName}}",
    "{{SessionName}}{{EC2PrivateDNSName}}",
    "arn:aws:iam::111122223333:role/a",
];
const GROUPS: [&str; 6] = [
    "g",
    "h",
    "{{SessionName}}",
    "system:masters",
    "system:{{SessionName}}",
    "{{AccessKeyID}}",
];
const PREFIXES: [&str; 5] = ["system:", "a-b", "arn:", "u", "q"];

fn one(of: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(of)
}

fn template() -> impl Strategy<Value = Template> {
    one(&NAMES).prop_map(Template::parse)
}

fn groups() -> impl Strategy<Value = Vec<Template>> {
    prop::collection::vec(one(&GROUPS).prop_map(Template::parse), 0..3)
}

fn account() -> impl Strategy<Value = AccountId> {
    one(&ACCOUNTS).prop_map(|id| AccountId::parse(id).expect("an account"))
}

fn rule() -> impl Strategy<Value = Rule> {
    let set = ("[ST]", account()).prop_map(|(set, account)| {
        SsoRole::new(Partition::Aws, account, &set).expect("a permission set")
    });
    prop_oneof![
        4 => (one(&ARNS), template(), groups()).prop_map(|(arn, u, g)| Rule::exact(arn, u, g)),
        1 => (one(&ARNS), one(&USER_IDS), template(), groups())
            .prop_map(|(arn, id, u, g)| Rule::exact_with_user_id(arn, id, u, g)),
        4 => (one(&PATTERNS), template(), groups()).prop_map(|(pattern, u, g)| {
            Rule::pattern(ArnPattern::parse(pattern).expect("a pattern"), u, g)
        }),
        2 => (set, template(), groups()).prop_map(|(set, u, g)| Rule::sso(&set, u, g)),
        1 => (one(&USER_IDS), template(), groups()).prop_map(|(id, u, g)| Rule::user_id(id, u, g)),
        1 => (one(&USER_IDS), one(&ARNS), template(), groups())
            .prop_map(|(id, arn, u, g)| Rule::user_id_and_arn(id, arn, u, g)),
    ]
}

/// A rule and its section, or an account.
#[derive(Clone, Debug)]
enum Line {
    Role(Rule),
    User(Rule),
    Account(AccountId),
}

fn line() -> impl Strategy<Value = Line> {
    prop_oneof![
        6 => rule().prop_map(Line::Role),
        2 => rule().prop_map(Line::User),
        1 => account().prop_map(Line::Account),
    ]
}

#[derive(Clone, Debug)]
struct Source {
    lines: Vec<Line>,
    prefixes: Vec<&'static str>,
    group_prefixes: Vec<&'static str>,
}

fn source() -> impl Strategy<Value = Source> {
    let prefixes =
        || prop_oneof![3 => Just(Vec::new()), 1 => prop::collection::vec(one(&PREFIXES), 1..3)];
    (prop::collection::vec(line(), 0..5), prefixes(), prefixes()).prop_map(
        |(lines, prefixes, group_prefixes)| Source {
            lines,
            prefixes,
            group_prefixes,
        },
    )
}

#[derive(Clone, Debug)]
struct Config {
    sources: Vec<Source>,
    is_strict: bool,
    is_upstream_only: bool,
    scrubbed: Vec<AccountId>,
}

fn config() -> impl Strategy<Value = Config> {
    let rare = || prop::bool::weighted(0.1);
    let scrubbed = prop_oneof![4 => Just(Vec::new()), 1 => account().prop_map(|id| vec![id])];
    (
        prop::collection::vec(source(), 1..3),
        rare(),
        rare(),
        scrubbed,
    )
        .prop_map(|(sources, is_strict, is_upstream_only, scrubbed)| Config {
            sources,
            is_strict,
            is_upstream_only,
            scrubbed,
        })
}

impl Config {
    fn map(&self) -> IdentityMap {
        let mut map = IdentityMap::new().with_scrubbed_accounts(self.scrubbed.iter().copied());
        if self.is_strict {
            map = map.with_strict_session_names();
        }
        if self.is_upstream_only {
            map = map.with_upstream_spelling_only();
        }
        for source in &self.sources {
            let mut rules = Rules::new();
            for line in source.lines.iter().cloned() {
                let _ = match line {
                    Line::Role(rule) => rules.push_role(rule),
                    Line::User(rule) => rules.push_user(rule),
                    Line::Account(account) => rules.push_account(account),
                };
            }
            let backend = Backend::new(BackendKind::EksConfigMap, rules)
                .with_reserved_prefixes(source.prefixes.iter().copied())
                .with_reserved_group_prefixes(source.group_prefixes.iter().copied());
            map = map.with_backend(backend);
        }
        map
    }

    /// Changes one thing in a map. The change may make no difference.
    fn edited(mut self, edit: Edit) -> Self {
        let at = |len: usize, index: prop::sample::Index| (len > 0).then(|| index.index(len));
        let source = |index: prop::sample::Index, config: &Self| index.index(config.sources.len());
        match edit {
            Edit::Nothing => {}
            Edit::Swap(s, one, other) => {
                let s = source(s, &self);
                let lines = &mut self.sources[s].lines;
                if let (Some(one), Some(other)) = (at(lines.len(), one), at(lines.len(), other)) {
                    lines.swap(one, other);
                }
            }
            Edit::Remove(s, index) => {
                let s = source(s, &self);
                let lines = &mut self.sources[s].lines;
                if let Some(at) = at(lines.len(), index) {
                    lines.remove(at);
                }
            }
            Edit::Add(s, line) => {
                let s = source(s, &self);
                self.sources[s].lines.push(line);
            }
            Edit::Turn => self.sources.reverse(),
            Edit::Prefixes(s, prefixes) => {
                let s = source(s, &self);
                self.sources[s].prefixes = prefixes;
            }
            Edit::Strict => self.is_strict = !self.is_strict,
            Edit::Scrub(account) => self.scrubbed = vec![account],
        }
        self
    }
}

#[derive(Clone, Debug)]
enum Edit {
    Nothing,
    Swap(
        prop::sample::Index,
        prop::sample::Index,
        prop::sample::Index,
    ),
    Remove(prop::sample::Index, prop::sample::Index),
    Add(prop::sample::Index, Line),
    Turn,
    Prefixes(prop::sample::Index, Vec<&'static str>),
    Strict,
    Scrub(AccountId),
}

fn edit() -> impl Strategy<Value = Edit> {
    let index = || any::<prop::sample::Index>();
    prop_oneof![
        1 => Just(Edit::Nothing),
        3 => (index(), index(), index()).prop_map(|(s, a, b)| Edit::Swap(s, a, b)),
        3 => (index(), index()).prop_map(|(s, a)| Edit::Remove(s, a)),
        3 => (index(), line()).prop_map(|(s, line)| Edit::Add(s, line)),
        1 => Just(Edit::Turn),
        1 => (index(), prop::collection::vec(one(&PREFIXES), 0..2))
            .prop_map(|(s, prefixes)| Edit::Prefixes(s, prefixes)),
        1 => Just(Edit::Strict),
        1 => account().prop_map(Edit::Scrub),
    ]
}

const SESSIONS: [&str; 13] = [
    "s",
    "a@b",
    "a-b",
    "a@",
    "system",
    "system:",
    "sys",
    "masters",
    "nodes:x",
    "i-0123456789abcdef0",
    "i-01234567",
    "u",
    "q",
];

/// Identities that the rules above match, and identities that they do not match.
fn identities() -> Vec<Identity> {
    let mut all = Vec::new();
    let names = [
        "a",
        "A",
        "ab",
        "Ab",
        "aB",
        "b",
        "aXb",
        "c",
        "p/a",
        "p/A",
        "AWSReservedSSO_S_0123456789abcdef",
        "AWSReservedSSO_s_0123456789abcdef",
        "AWSReservedSSO_S_0123456789abcdee",
        "AWSReservedSSO_T_ffffffffffffffff",
        "AWSReservedSSO_x0123456789abcdef",
        "x0123456789abcdef",
        "a*",
        "?",
    ];
    for (partition, accounts) in [
        ("aws", ["111122223333", "111199999999"].as_slice()),
        ("aws", &["444455556666", "111100000000", "999999999999"]),
        ("aws-cn", &["111122223333"]),
    ] {
        for account in accounts {
            let mut push = |arn: &str, id: &str| {
                all.extend(Identity::new(arn, account, id).ok());
            };
            for name in names {
                let ids: &[&str] = if *account == "111122223333" {
                    &["AROAA", "AIDAA", "OTHER"]
                } else {
                    &["AROAA"]
                };
                for id in ids {
                    let arn = format!("arn:{partition}:iam::{account}:user/{name}");
                    push(&arn, id);
                    for session in SESSIONS {
                        let arn =
                            format!("arn:{partition}:sts::{account}:assumed-role/{name}/{session}");
                        push(&arn, &format!("{id}:{session}"));
                    }
                }
                let arn = format!("arn:{partition}:sts::{account}:federated-user/{name}");
                push(&arn, &format!("{account}:{name}"));
            }
            push(&format!("arn:{partition}:iam::{account}:root"), account);
            let arn =
                format!("arn:{partition}:sts::{account}:assumed-role/aws:ec2-instance/i-01234567");
            push(&arn, &format!("{account}:aws:ec2-instance:i-01234567"));
        }
    }
    all
}

/// Returns an identity that two maps resolve differently, found by trying each.
fn differs(old: &IdentityMap, new: &IdentityMap, identities: &[Identity]) -> Option<String> {
    identities.iter().find_map(|identity| {
        // Only an instance has and needs a private DNS name.
        let is_instance = instance_id(identity).is_some();
        let names: &[&str] = if is_instance {
            &["", "system:x", "ip-10-0-0-7"]
        } else {
            &["x"]
        };
        names.iter().find_map(|name| {
            ["", "K", "u", "em:"].into_iter().find_map(|key| {
                let identity = identity.clone().with_access_key_id(key);
                let before = old.resolve_instance(&identity, name);
                let after = new.resolve_instance(&identity, name);
                (!before.is_alike(&after))
                    .then(|| format!("{identity:?} {name} {before:?} {after:?}"))
            })
        })
    })
}

/// The properties that every diff must have.
fn check_changes(old: &IdentityMap, new: &IdentityMap, diff: &Diff) {
    for change in diff.changes() {
        let (identity, name) = (change.identity(), change.private_dns_name());
        let before = old.resolve_instance(identity, name);
        let after = new.resolve_instance(identity, name);
        assert!(!before.is_alike(&after), "{change}");
        assert_eq!(
            (&before, &after),
            (change.before().resolution(), change.after().resolution())
        );
        let want = match (before.user(), after.user()) {
            (None, _) => ChangeKind::Gains,
            (_, None) => ChangeKind::Loses,
            _ => ChangeKind::Changes,
        };
        assert_eq!(change.kind(), want);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn diff_is_empty_exactly_when_every_identity_resolves_alike(config in config(), edits in prop::collection::vec(edit(), 0..4), offset in 0..8_usize) {
        let new = edits.into_iter().fold(config.clone(), Config::edited);
        let (old, new) = (config.map(), new.map());
        let diff = old.diff(&new);
        check_changes(&old, &new, &diff);
        // An eighth of the callers: asking all of them takes ten times as long as the diff.
        let callers: Vec<Identity> = identities().into_iter().skip(offset).step_by(8).collect();
        let differs = differs(&old, &new, &callers);
        if diff.is_empty() {
            prop_assert_eq!(differs, None);
        }
        // Compare in the other direction too.
        let back = new.diff(&old);
        prop_assert_eq!(back.is_empty(), diff.is_empty());
        prop_assert!(old.diff(&old.clone()).is_empty());
    }
}

/// An account of an earlier source beats a rule of a later source, so the order makes a difference.
#[test]
fn the_order_of_sources_is_a_difference() {
    let source = |line| Source {
        lines: vec![line],
        prefixes: Vec::new(),
        group_prefixes: Vec::new(),
    };
    let account = AccountId::parse("111122223333").expect("an account");
    let arn = "arn:aws:iam::111122223333:user/a";
    let rule = Rule::exact(arn, Template::parse("u"), Vec::new());
    let config = Config {
        sources: vec![source(Line::Account(account)), source(Line::User(rule))],
        is_strict: false,
        is_upstream_only: false,
        scrubbed: Vec::new(),
    };
    let (old, new) = (config.map(), config.clone().edited(Edit::Turn).map());
    let diff = old.diff(&new);
    check_changes(&old, &new, &diff);
    assert!(!diff.is_empty());
}
