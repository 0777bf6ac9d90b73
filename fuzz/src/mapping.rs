use std::sync::LazyLock;

use aws_auth_map::{
    Backend, BackendKind, Editor, Finding, IdentityMap, Problem, Reader, Resolution, Rule,
    RulePrincipal, RuleRef, Rules, Section, SsoRole, Template, instance_id,
};
use bounded_yaml::Limits;
use iam_principal::{AccountId, ArnPattern, Identity, Partition, Principal};

/// Asserts that reading a configuration is deterministic and bounded.
///
/// Each reader returns the same twice, finds no more rules and problems than the text has bytes for, and
/// gives every problem a line of the text. The decisive rule of an explanation maps the caller.
///
/// # Panics
///
/// If the property does not hold.
pub fn maps_are_read_alike(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let reader = Reader::new();
    type Read = fn(&Reader, &str) -> (Rules, Vec<Problem>);
    let readers: [(BackendKind, Read); 6] = [
        (BackendKind::EksConfigMap, Reader::read_config_map),
        (BackendKind::MountedFile, Reader::read_mounted_file),
        (BackendKind::Crd, Reader::read_identity_mappings),
        (BackendKind::AccessEntries, Reader::read_access_entries),
        (BackendKind::DynamicFile, |reader, text| {
            let read = reader.read_dynamic_file(text);
            read.unwrap_or_else(|problems| (Rules::new(), problems))
        }),
        (BackendKind::DynamicFile, |reader, text| {
            let read = reader.read_dynamic_file_by_user_id(text);
            read.unwrap_or_else(|problems| (Rules::new(), problems))
        }),
    ];
    // Everything that YAML treats as a line break.
    let breaks = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];
    let lines = text.split(breaks).count();
    for (kind, read) in readers {
        let (rules, problems) = read(&reader, text);
        let (again, problems_again) = read(&reader, text);
        assert_eq!(problems, problems_again);
        assert!(rules.iter().eq(again.iter()));
        // The total that aliases may expand to: see `bounded_yaml::Limits`.
        let nodes = Limits::new().budget(text.len()).div_euclid(8);
        assert!(rules.len() <= nodes);
        for problem in &problems {
            let is_in = |line: usize| (1..=lines).contains(&line);
            assert!(
                problem.line().is_none_or(is_in),
                "{problem} of {lines} lines"
            );
        }
        let callers: Vec<Identity> = callers(&rules).take(16).collect();
        let map = IdentityMap::new().with_backend(Backend::new(kind, rules));
        for caller in &callers {
            counts_what_maps(&map, caller);
        }
    }
}

/// Asserts that the decisive rule of an explanation maps the caller.
fn counts_what_maps(map: &IdentityMap, caller: &Identity) {
    let explanation = map.explain(caller);
    let mut counting = explanation
        .steps()
        .iter()
        .filter_map(|step| match step.finding() {
            Finding::Contradicts | Finding::Counts(_) => Some(step.rule()),
            _ => None,
        });
    let rule = match explanation.resolution() {
        Resolution::Mapped(mapped) => Some(mapped.rule()),
        Resolution::NotMapped => None,
        Resolution::Refused(refusal) => refusal.rule(),
    };
    assert_eq!(counting.next(), rule);
    assert_eq!(counting.next(), None);
}

/// Returns a caller for each rule that names an ARN.
pub(crate) fn callers(rules: &Rules) -> impl Iterator<Item = Identity> {
    rules.iter().filter_map(|(_, rule)| {
        let (arn, id) = match rule.principal() {
            RulePrincipal::Arn(arn) => (arn, "X"),
            RulePrincipal::ArnAndUserId(arn, id) | RulePrincipal::UserId(id, Some(arn)) => {
                (arn, id)
            }
            _ => return None,
        };
        caller(&arn.to_ascii_lowercase(), id, "s")
    })
}

/// Returns the caller with a canonical ARN; `None` if no caller can have it.
fn caller(arn: &str, id: &str, session: &str) -> Option<Identity> {
    let principal = Principal::parse(arn).ok()?;
    let (account, partition) = (principal.account().to_string(), principal.partition());
    let role = format!("{}{}", principal.path(), principal.name());
    let of_role = format!("arn:{partition}:sts::{account}:assumed-role/{role}/{session}");
    let of_name = format!("{account}:{}", principal.name());
    // One of these prefixes belongs to the kind of principal.
    [
        (of_role.as_str(), format!("{id}:{session}")),
        (
            of_role.as_str(),
            format!("{account}:{}:{session}", principal.name()),
        ),
        (arn, id.to_owned()),
        (arn, account.clone()),
        (arn, of_name),
    ]
    .into_iter()
    .find_map(|(arn, id)| Identity::new(arn, &account, &id).ok())
}

/// Asserts that rules for other callers do not affect a caller, wherever they are inserted.
///
/// The first byte chooses where they are inserted; the rest is the text of a ConfigMap.
///
/// # Panics
///
/// If the property does not hold.
pub fn unrelated_rules_change_nothing(bytes: &[u8]) {
    let Some((&every, text)) = bytes.split_first() else {
        return;
    };
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    let every = usize::from(every % 5).saturating_add(1);
    let (rules, _) = Reader::new().read_config_map(text);
    let mut crowded = Rules::new();
    // No caller in these tests belongs to this account.
    let stranger = |number: usize| {
        let arn = format!("arn:aws:iam::000000000000:role/{number}");
        match ArnPattern::parse(&format!("{arn}*")) {
            Ok(pattern) if number.is_multiple_of(2) => {
                Rule::pattern(pattern, Template::parse("stranger"), Vec::new())
            }
            _ => Rule::exact(&arn, Template::parse("stranger"), Vec::new()),
        }
    };
    for (number, (at, rule)) in rules.iter().enumerate() {
        if number.is_multiple_of(every) {
            crowded.push_role(stranger(number));
            crowded.push_user(stranger(number));
        }
        let _ = match at.section() {
            Section::Users => crowded.push_user(rule.clone()),
            _ => crowded.push_role(rule.clone()),
        };
    }
    for (_, account) in rules.accounts() {
        crowded.push_account(account);
    }
    if let Ok(account) = AccountId::parse("000000000000") {
        crowded.push_account(account);
    }
    let callers: Vec<Identity> = callers(&rules)
        .filter(|caller| caller.account().to_string() != "000000000000")
        .take(32)
        .collect();
    let map =
        |rules| IdentityMap::new().with_backend(Backend::new(BackendKind::EksConfigMap, rules));
    let (alone, crowded) = (map(rules), map(crowded));
    for caller in &callers {
        let (alone, crowded) = (alone.resolve(caller), crowded.resolve(caller));
        assert_eq!(alone.user(), crowded.user());
    }
}

/// Asserts that a diff is empty exactly when every identity resolves alike.
///
/// Each change of the diff is true for its witness, and a sampled caller resolves differently only if the
/// diff contains a change.
///
/// The bytes encode two configurations. ARNs, patterns, names and prefixes are drawn from short lists, so
/// that rules often overlap.
///
/// # Panics
///
/// If the property does not hold.
pub fn diff_is_empty_exactly_when_all_resolve_alike(bytes: &[u8]) {
    let mut bytes = Bytes(bytes.iter());
    let old = bytes.config();
    let new = if bytes.next() % 4 == 0 {
        bytes.config()
    } else {
        bytes.edit(old.clone())
    };
    let (old, new) = (map_of(&old), map_of(&new));
    let diff = old.diff(&new);
    for change in diff.changes() {
        let (identity, name) = (change.identity(), change.private_dns_name());
        let before = old.resolve_instance(identity, name);
        let after = new.resolve_instance(identity, name);
        assert!(!before.is_alike(&after), "{change}");
    }
    if diff.is_empty() {
        for identity in EVERY_IDENTITY.iter() {
            let names: &[&str] = match instance_id(identity) {
                Some(_) => &["", "system:x", "ip"],
                None => &[""],
            };
            for name in names {
                let before = old.resolve_instance(identity, name);
                let after = new.resolve_instance(identity, name);
                assert!(before.is_alike(&after), "{identity:?} {before:?} {after:?}");
            }
        }
    }
    assert_eq!(diff.is_empty(), new.diff(&old).is_empty());
}

const ARNS: [&str; 12] = [
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
    "arn:aws-cn:iam::111122223333:role/a",
];
const PATTERNS: [&str; 16] = [
    "arn:aws:iam::111122223333:role/*",
    "arn:aws:iam::111122223333:role/a",
    "arn:aws:iam::111122223333:role/a*",
    "arn:aws:iam::111122223333:role/*b",
    "arn:aws:iam::111122223333:role/?",
    "arn:aws:iam::111122223333:role/A?*",
    "arn:aws:iam::111122223333:role/??",
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
const USER_IDS: [&str; 4] = ["AROAA", "AIDAA", "111122223333", "111122223333:a"];
const NAMES: [&str; 14] = [
    "u",
    "v",
    "{{SessionName}}",
    "{{SessionNameRaw}}",
    "<<SessionName>>",
    "x:{{SessionName}}",
    "{{AccountID}}",
    "111122223333",
    "system:{{SessionName}}",
    "{{SessionName}}:a",
    "{{AccessKeyID}}",
    "{{EC2PrivateDNSName}}",
    "{{SessionName}}{{EC2PrivateDNSName}}",
    "arn:aws:iam::111122223333:role/a",
];
const PREFIXES: [&str; 5] = ["system:", "a-b", "arn:aws:iam::1111222", "s", "u"];
const ACCOUNTS: [&str; 3] = ["111122223333", "444455556666", "111100000000"];
const SESSIONS: [&str; 9] = [
    "s",
    "a@b",
    "a-b",
    "system",
    "system:",
    "sys",
    "i-0123456789abcdef0",
    "u",
    "q",
];

/// Choices, one per byte.
struct Bytes<'b>(std::slice::Iter<'b, u8>);

#[derive(Clone, Default)]
struct Source {
    /// Each rule, and whether it is in `mapRoles`.
    rules: Vec<(bool, Rule)>,
    accounts: Vec<AccountId>,
    prefixes: Vec<&'static str>,
}

#[derive(Clone)]
struct Config {
    sources: Vec<Source>,
    is_strict: bool,
    scrubbed: Vec<AccountId>,
}

impl Bytes<'_> {
    fn next(&mut self) -> u8 {
        self.0.next().copied().unwrap_or_default()
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        let at = usize::from(self.next()).checked_rem(of.len())?;
        of.get(at).copied()
    }

    fn text(&mut self, of: &[&'static str]) -> &'static str {
        self.one(of).unwrap_or("")
    }

    fn account(&mut self) -> Option<AccountId> {
        AccountId::parse(self.text(&ACCOUNTS)).ok()
    }

    fn rule(&mut self) -> Option<(bool, Rule)> {
        let choice = self.next();
        let username = Template::parse(self.text(&NAMES));
        let groups = match self.next() % 3 {
            0 => Vec::new(),
            1 => vec![Template::parse(self.text(&NAMES))],
            _ => vec![Template::parse("g"), Template::parse("system:masters")],
        };
        let rule = match choice % 8 {
            0..=2 => Rule::exact(self.text(&ARNS), username, groups),
            3 | 4 => {
                let pattern = ArnPattern::parse(self.text(&PATTERNS)).ok()?;
                Rule::pattern(pattern, username, groups)
            }
            5 => {
                let account = self.account()?;
                let role = SsoRole::new(Partition::Aws, account, self.text(&["S", "T"])).ok()?;
                Rule::sso(&role, username, groups)
            }
            6 => Rule::user_id(self.text(&USER_IDS), username, groups),
            _ => {
                let (arn, id) = (self.text(&ARNS), self.text(&USER_IDS));
                match self.next() % 2 {
                    0 => Rule::exact_with_user_id(arn, id, username, groups),
                    _ => Rule::user_id_and_arn(id, arn, username, groups),
                }
            }
        };
        Some((choice < 192, rule))
    }

    fn config(&mut self) -> Config {
        let mut sources = Vec::new();
        for _ in 0..=self.next() % 2 {
            let rules = (0..self.next() % 5).filter_map(|_| self.rule()).collect();
            let accounts = (0..self.next() % 2)
                .filter_map(|_| self.account())
                .collect();
            let prefixes = (0..(self.next() % 4).saturating_sub(2)).map(|_| self.text(&PREFIXES));
            sources.push(Source {
                rules,
                accounts,
                prefixes: prefixes.collect(),
            });
        }
        Config {
            sources,
            is_strict: self.next() == 7,
            scrubbed: (self.next() == 7)
                .then(|| self.account())
                .flatten()
                .into_iter()
                .collect(),
        }
    }

    fn edit(&mut self, mut config: Config) -> Config {
        for _ in 0..self.next() % 4 {
            let choice = self.next();
            let (rule, account, prefix) = (self.rule(), self.account(), self.text(&PREFIXES));
            let at = usize::from(self.next());
            let sources = config.sources.len();
            let source = at
                .checked_rem(sources)
                .and_then(|at| config.sources.get_mut(at));
            let Some(Source {
                rules,
                accounts,
                prefixes,
            }) = source
            else {
                continue;
            };
            let (one, other) = (
                at.checked_rem(rules.len()),
                at.wrapping_div(7).checked_rem(rules.len()),
            );
            match (choice % 8, one, other) {
                (0, ..) => rules.extend(rule),
                (1, ..) => {
                    if let Some(rule) = rule {
                        rules.insert(0, rule);
                    }
                }
                (2, Some(one), _) => {
                    rules.remove(one);
                }
                (3, Some(one), Some(other)) => rules.swap(one, other),
                (4, ..) => accounts.extend(account),
                (5, ..) => accounts.clear(),
                (6, ..) => *prefixes = vec![prefix],
                _ => config.sources.reverse(),
            }
        }
        config
    }
}

fn map_of(config: &Config) -> IdentityMap {
    let mut map = IdentityMap::new().with_scrubbed_accounts(config.scrubbed.iter().copied());
    if config.is_strict {
        map = map.with_strict_session_names();
    }
    for source in &config.sources {
        let mut rules = Rules::new();
        for (is_role, rule) in source.rules.iter().cloned() {
            let _ = if is_role {
                rules.push_role(rule)
            } else {
                rules.push_user(rule)
            };
        }
        for account in &source.accounts {
            rules.push_account(*account);
        }
        let backend = Backend::new(BackendKind::EksConfigMap, rules);
        map = map.with_backend(backend.with_reserved_prefixes(source.prefixes.iter().copied()));
    }
    map
}

/// Built once, because it takes longer than a run.
static EVERY_IDENTITY: LazyLock<Vec<Identity>> = LazyLock::new(|| every_identity().collect());

/// Every caller that the rules above can match, and some that they cannot.
fn every_identity() -> impl Iterator<Item = Identity> {
    const RESOURCES: [&str; 15] = [
        "role/a",
        "role/A",
        "role/ab",
        "role/Ab",
        "role/b",
        "role/aXb",
        "role/xb",
        "role/p/a",
        "user/a",
        "user/p/a",
        "root",
        "federated-user/a",
        "role/aws:ec2-instance",
        "role/AWSReservedSSO_S_0123456789abcdef",
        "role/AWSReservedSSO_T_ffffffffffffffff",
    ];
    let places = [
        "arn:aws:iam::111122223333",
        "arn:aws:iam::444455556666",
        "arn:aws:iam::111199999999",
        "arn:aws-cn:iam::111122223333",
    ];
    places.into_iter().flat_map(|place| {
        RESOURCES.into_iter().flat_map(move |resource| {
            let place = match resource {
                "federated-user/a" => place.replace(":iam:", ":sts:"),
                _ => place.to_owned(),
            };
            let arn = format!("{place}:{resource}");
            ["AROAA", "OTHER"].into_iter().flat_map(move |id| {
                let arn = arn.clone();
                SESSIONS.into_iter().filter_map(move |session| {
                    Some(caller(&arn, id, session)?.with_access_key_id("K"))
                })
            })
        })
    })
}

/// Asserts that an edit is refused, or changes exactly one entry.
///
/// The other entries stay as they were, and the rest of the text stays the same byte for byte.
///
/// The bytes up to the first line break choose the edit; the rest is the text of a ConfigMap.
///
/// # Panics
///
/// If the property does not hold.
pub fn edit_then_read_gives_what_was_written(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Some((head, text)) = text.split_once('\n') else {
        return;
    };
    // `SAIusername`: section, action, index, and the username.
    let mut choices = head.chars();
    let (section, action, index) = (choices.next(), choices.next(), choices.next());
    let username = choices.as_str();
    let section = if section == Some('u') {
        Section::Users
    } else {
        Section::Roles
    };
    let index = index
        .and_then(|c| c.to_digit(10))
        .and_then(|d| usize::try_from(d).ok());
    let at = RuleRef::new(section, index.unwrap_or_default());
    let (groups, username) = username.split_once(' ').unwrap_or(("", username));
    let groups = groups.split_terminator(',').map(Template::parse).collect();
    let rule = Rule::exact(
        "arn:aws:iam::111122223333:role/new",
        Template::parse(username),
        groups,
    );
    let editor = Editor::new();
    let edited = match action {
        Some('r') => editor.replace(text, at, &rule),
        Some('d') => editor.remove(text, at),
        _ => editor.add(text, section, &rule),
    };
    let Ok(edited) = edited else {
        return;
    };
    let reader = Reader::new();
    let (before, _) = reader.read_config_map(text);
    let (after, _) = reader.read_config_map(&edited);
    // Entries that are not rules count as well, so rules are compared by their index in the section.
    let others = |rules: &Rules| -> Vec<Rule> {
        let others = rules.iter().filter(|(of, _)| of.section() != section);
        others.map(|(_, rule)| rule.clone()).collect()
    };
    assert_eq!(others(&before), others(&after));
    let accounts = |rules: &Rules| rules.accounts().map(|(_, id)| id).collect::<Vec<_>>();
    assert_eq!(accounts(&before), accounts(&after));
    let rules = |rules: &Rules| -> Vec<(usize, Rule)> {
        let here = rules.iter().filter(|(of, _)| of.section() == section);
        here.map(|(of, rule)| (of.index(), rule.clone())).collect()
    };
    let mut want = rules(&before);
    match action {
        Some('r') => {
            want.retain(|(index, _)| *index != at.index());
            want.push((at.index(), rule.clone()));
            want.sort_by_key(|(index, _)| *index);
        }
        Some('d') => {
            want.retain(|(index, _)| *index != at.index());
            for (index, _) in &mut want {
                *index = if *index > at.index() {
                    index.saturating_sub(1)
                } else {
                    *index
                };
            }
        }
        _ => {
            let last = rules(&after).last().map(|(index, _)| *index);
            want.push((last.unwrap_or_default(), rule.clone()));
        }
    }
    assert_eq!(rules(&after), want, "{edited}");
    // Added lines stand between unchanged lines, except in an empty section.
    if !matches!(action, Some('d' | 'r')) {
        let old: Vec<&str> = text.split('\n').collect();
        let new: Vec<&str> = edited.split('\n').collect();
        let same = |(a, b): &(&&str, &&str)| a == b;
        let begin = old.iter().zip(&new).take_while(same).count();
        let end = old
            .iter()
            .rev()
            .zip(new.iter().rev())
            .take_while(same)
            .count();
        let kept = begin.saturating_add(end).saturating_add(1);
        assert!(kept >= old.len(), "{text}\n{edited}");
    }
    // The same edit again changes nothing.
    if action == Some('r') {
        assert_eq!(editor.replace(&edited, at, &rule).as_ref(), Ok(&edited));
    }
}
