//! Changes of the text. All other text stays unchanged.

use aws_auth_map::{
    AccessPolicy, AccessScope, ConfigMapName, EditError, Editor, Reader, Rule, RuleRef, Rules,
    Section, SsoRole, Template, read_config_map,
};
use iam_principal::{AccountId, ArnPattern, Partition};
use proptest::prelude::*;
use serde::Deserialize;
use testkit::Report;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    text: String,
    edit: Edit,
    #[serde(default)]
    want: Option<String>,
    #[serde(default)]
    refused: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    r#do: String,
    section: String,
    #[serde(default)]
    at: usize,
    #[serde(default)]
    account: Option<String>,
    #[serde(default)]
    name: String,
    #[serde(default)]
    username: String,
    #[serde(default)]
    groups: Vec<String>,
}

impl Edit {
    fn section(&self) -> Section {
        let mut all = Section::ALL.into_iter();
        all.find(|section| section.key() == self.section)
            .expect("a section")
    }

    fn rule(&self) -> Rule {
        let kind = if self.section() == Section::Users {
            "user"
        } else {
            "role"
        };
        let arn = format!("arn:aws:iam::111122223333:{kind}/{}", self.name);
        let groups = self
            .groups
            .iter()
            .map(|group| Template::parse(group))
            .collect();
        Rule::exact(&arn, Template::parse(&self.username), groups)
    }

    fn make(&self, text: &str) -> Result<String, EditError> {
        let editor = Editor::new();
        let at = RuleRef::new(self.section(), self.at);
        match (self.r#do.as_str(), &self.account) {
            ("add", Some(id)) => {
                editor.add_account(text, AccountId::parse(id).expect("an account"))
            }
            ("add", None) => editor.add(text, self.section(), &self.rule()),
            ("replace", _) => editor.replace(text, at, &self.rule()),
            ("remove", _) => editor.remove(text, at),
            (other, _) => panic!("{other} is no edit"),
        }
    }
}

#[test]
fn an_edit_changes_its_entry_and_nothing_else() {
    let file: File = testkit::toml(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/edit.toml"));
    let mut report = Report::new();
    for case in file.case {
        let want = match (case.want, &case.refused) {
            (Some(want), None) => Ok(want),
            (None, Some(code)) => Err(code.as_str()),
            _ => panic!("{}: want or refused", case.name),
        };
        let got = case.edit.make(&case.text);
        report.check(&case.name, &got.map_err(EditError::code), &want);
    }
    report.finish();
}

#[test]
fn dedupe_keeps_the_first_entry_of_a_pattern_and_the_last_of_an_arn() {
    let pattern = |name: &str| {
        format!("  - rolearnLike: arn:aws:iam::111122223333:role/dev-*\n    username: {name}\n")
    };
    let arn = |name: &str| {
        format!("  - rolearn: arn:aws:iam::111122223333:role/x\n    username: {name}\n")
    };
    let text = format!(
        "mapRoles: |\n{}{}  # The second.\n{}{}",
        pattern("first"),
        arn("first"),
        pattern("second"),
        arn("second")
    );
    let deduped = Editor::new().dedupe(&text).expect("a text");
    assert_eq!(
        deduped,
        format!(
            "mapRoles: |\n{}  # The second.\n{}",
            pattern("first"),
            arn("second")
        )
    );
    assert_eq!(Editor::new().dedupe(&deduped).as_ref(), Ok(&deduped));
}

#[test]
fn an_edit_of_one_config_map_among_several_leaves_the_others_as_they_are() {
    let config_map = |namespace: &str, name: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  namespace: {namespace}\ndata:\n  \
             mapRoles: |\n    - rolearn: arn:aws:iam::111122223333:role/x\n      username: x\n"
        )
    };
    let text = format!(
        "{}---\n{}",
        config_map("dev", "notes"),
        config_map("auth", "roles")
    );
    let wanted: ConfigMapName = "auth/roles".parse().expect("a name");
    let editor = Editor::new().with_reader(Reader::new().with_config_map(wanted));
    let rule = Rule::exact(
        "arn:aws:iam::111122223333:role/ops",
        Template::parse("ops"),
        Vec::new(),
    );
    let edited = editor.add(&text, Section::Roles, &rule).expect("a text");
    let added = "    - rolearn: arn:aws:iam::111122223333:role/ops\n      username: ops\n";
    assert_eq!(edited, format!("{text}{added}"));
    let missing: ConfigMapName = "auth/users".parse().expect("a name");
    let editor = Editor::new().with_reader(Reader::new().with_config_map(missing));
    assert_eq!(
        editor.add(&text, Section::Roles, &rule),
        Err(EditError::Ambiguous)
    );
}

#[test]
fn rules_that_a_config_map_cannot_contain_are_refused() {
    let text = "mapRoles: |\n  - rolearn: arn:aws:iam::111122223333:role/a\n    username: a\n";
    let editor = Editor::new();
    let name = Template::parse("x");
    let by_id = Rule::user_id("AROAX", name.clone(), Vec::new());
    assert_eq!(
        editor.add(text, Section::Roles, &by_id),
        Err(EditError::Rule)
    );
    let rule = Rule::exact("arn:aws:iam::111122223333:role/x", name, Vec::new());
    assert_eq!(
        editor.add(text, Section::Accounts, &rule),
        Err(EditError::Rule)
    );
    assert_eq!(
        editor.add(text, Section::Entries, &rule),
        Err(EditError::Rule)
    );
    let account = AccountId::parse("111122223333").expect("an account");
    let set = SsoRole::new(Partition::Aws, account, "Admin").expect("a permission set");
    let by_set = Rule::sso(&set, Template::parse("x"), Vec::new());
    assert_eq!(
        editor.add("mapUsers: []", Section::Users, &by_set),
        Err(EditError::Rule)
    );
    let policy = AccessPolicy::new("AmazonEKSViewPolicy", AccessScope::Cluster);
    let with_policy = rule.with_access_policies(vec![policy]);
    let refusing = read_config_map("mapRoles: [{rolearn: 'arn:aws:iam::111122223333:role/a'}]").0;
    let refusing = refusing.iter().map(|(_, rule)| rule.clone());
    for rule in std::iter::once(with_policy).chain(refusing) {
        assert_eq!(
            editor.add(text, Section::Roles, &rule),
            Err(EditError::Rule),
            "{rule:?}"
        );
    }
}

#[test]
fn a_pattern_of_users_has_a_key_of_its_own() {
    let pattern = ArnPattern::parse("arn:aws:iam::111122223333:user/dev-*").expect("a pattern");
    let rule = Rule::pattern(pattern, Template::parse("dev"), Vec::new());
    let edited = Editor::new().add("mapUsers: []\n", Section::Users, &rule);
    let want =
        "mapUsers: |\n  - userarnLike: arn:aws:iam::111122223333:user/dev-*\n    username: dev\n";
    assert_eq!(edited.as_deref(), Ok(want));
}

#[test]
fn rules_are_written_as_a_config_map() {
    let text = "mapRoles: [{rolearn: 'arn:aws:iam::111122223333:role/a', username: '{{SessionName}}', groups: [g]}, {sso: {permissionSetName: A, accountID: '111122223333', partition: aws-cn}, username: b}]\nmapAccounts: ['012345678901']\n";
    let (rules, _) = read_config_map(text);
    let written = Editor::new().write(&rules).expect("a text");
    let want = "apiVersion: v1
data:
  mapRoles: |
    - rolearn: arn:aws:iam::111122223333:role/a
      username: \"{{SessionName}}\"
      groups:
        - g
    - sso:
        permissionSetName: A
        accountID: \"111122223333\"
        partition: aws-cn
      username: b
  mapAccounts: |
    - \"012345678901\"
kind: ConfigMap
metadata:
  name: aws-auth
  namespace: kube-system
";
    assert_eq!(written, want);
    let mut entries = Rules::new();
    let rule = Rule::exact(
        "arn:aws:iam::111122223333:role/a",
        Template::parse("a"),
        Vec::new(),
    );
    entries.push_entry(rule);
    assert_eq!(Editor::new().write(&entries), Err(EditError::Rule));
    let mut unreadable = Rules::new();
    unreadable.push_role(Rule::exact("no ARN", Template::parse("a"), Vec::new()));
    assert_eq!(Editor::new().write(&unreadable), Err(EditError::Entangled));
}

/// Names that YAML would not read as strings without quotes, or that would end a string.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "yes",
            "No",
            "~",
            "null",
            "0123",
            "1e3",
            ".inf",
            "*",
            "&a",
            "!x",
            "- a",
            "a: b",
            "a #b",
            "{{SessionName}}",
            "<<SessionName>>",
            "x:{{SessionName}}",
            "a:",
            "'",
            "\"",
            "\\",
            "|",
            ">",
            "%a",
            "@a",
            "`",
            "[a]",
            "{a}",
            ",",
            "?",
            "? a",
            " a",
            "a ",
            "---",
            "...",
            "\u{85}",
            "\u{feff}",
            "a\nb",
            "a\tb",
            "ü",
            "\u{1f600}",
            "=",
            "<<",
            "dev-*",
        ])
        .prop_map(str::to_owned),
        "[ -~]{1,12}",
    ]
}

fn rule() -> impl Strategy<Value = Rule> {
    (
        "[a-zA-Z]{1,3}",
        name(),
        prop::collection::vec(name(), 0..3),
        any::<bool>(),
    )
        .prop_map(|(role, username, groups, is_pattern)| {
            let username = Template::parse(&username);
            let groups = groups.iter().map(|group| Template::parse(group)).collect();
            if is_pattern {
                let pattern = format!("arn:aws:iam::111122223333:role/{role}-*");
                let pattern = ArnPattern::parse(&pattern).expect("a pattern");
                Rule::pattern(pattern, username, groups)
            } else {
                let arn = format!("arn:aws:iam::111122223333:role/{role}");
                Rule::exact(&arn, username, groups)
            }
        })
}

#[derive(Clone, Debug)]
enum Step {
    Add(Rule),
    Replace(prop::sample::Index, Rule),
    Remove(prop::sample::Index),
}

fn step() -> impl Strategy<Value = Step> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        2 => rule().prop_map(Step::Add),
        1 => (index(), rule()).prop_map(|(at, rule)| Step::Replace(at, rule)),
        1 => index().prop_map(Step::Remove),
    ]
}

/// Texts with comments and empty lines, in the ways people write them.
const TEXTS: [&str; 7] = [
    "mapRoles: |\n  # a\n  - rolearn: arn:aws:iam::111122223333:role/z\n    username: z\n\n  # b\n",
    "mapRoles:\n- username: z   # c\n  rolearn: arn:aws:iam::111122223333:role/z\n# d\nmapUsers: []\n",
    "data:\n    mapUsers: |\n        []\nkind: ConfigMap\n",
    "{\"kind\": \"ConfigMap\", \"data\": {\"mapRoles\": \"- rolearn: arn:aws:iam::111122223333:role/z\\n  username: z\\n\"}}",
    "mapRoles: \"- rolearn: arn:aws:iam::111122223333:role/z\\n  username: z\"\nmapAccounts: |\n  - '111122223333'\n",
    "apiVersion: v1\nkind: ConfigMap\n---\nkind: Other\n",
    "mapRoles: |-\n    -  groups:\n       - g\n       rolearn: arn:aws:iam::111122223333:role/z\n       username: z",
];

fn written(rules: &Rules) -> Vec<Rule> {
    rules.iter().map(|(_, rule)| rule.clone()).collect()
}

/// How many lines two texts have in common at the beginning and at the end.
fn lines_in_common(before: &str, after: &str) -> usize {
    let same = |(a, b): &(&str, &str)| a == b;
    let (a, b): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let begin = a
        .iter()
        .copied()
        .zip(b.iter().copied())
        .take_while(same)
        .count();
    let end = a[begin..]
        .iter()
        .rev()
        .copied()
        .zip(b[begin..].iter().rev().copied());
    begin.saturating_add(end.take_while(same).count())
}

proptest! {
    #[test]
    fn edit_then_read_yields_the_edit(at in 0..TEXTS.len(), steps in prop::collection::vec(step(), 1..6)) {
        let editor = Editor::new();
        let mut text = TEXTS[at].to_owned();
        for step in steps {
            let before = written(&read_config_map(&text).0);
            let mut want = before.clone();
            let entry = |at: prop::sample::Index| (!before.is_empty()).then(|| at.index(before.len()));
            let (edited, changed) = match &step {
                Step::Add(rule) => {
                    want.push(rule.clone());
                    (editor.add(&text, Section::Roles, rule), 2)
                }
                Step::Replace(at, rule) => {
                    let Some(at) = entry(*at) else { continue };
                    want[at] = rule.clone();
                    (editor.replace(&text, RuleRef::new(Section::Roles, at), rule), 10)
                }
                Step::Remove(at) => {
                    let Some(at) = entry(*at) else { continue };
                    want.remove(at);
                    (editor.remove(&text, RuleRef::new(Section::Roles, at)), 10)
                }
            };
            let edited = edited.map_err(|why| TestCaseError::fail(format!("{why} {step:?}\n{text}")))?;
            prop_assert_eq!(written(&read_config_map(&edited).0), want, "{}", edited);
            // All lines stay in place, except the lines of the entry.
            let kept = lines_in_common(&text, &edited);
            prop_assert!(kept.saturating_add(changed) >= text.lines().count(), "{kept}\n{text}\n{edited}");
            text = edited;
        }
    }

    #[test]
    fn an_edit_of_any_text_is_complete_or_refused(text in "(mapRoles|data|kind: ConfigMap|: |\\||[-:{}\\[\\]'\" \n&*<#]|rolearn: arn:aws:iam::111122223333:role/x|username: x|\n  - |\n- ){0,24}", rule in rule()) {
        let editor = Editor::new();
        let before = read_config_map(&text).0.len();
        if let Ok(edited) = editor.add(&text, Section::Roles, &rule) {
            let (rules, _) = read_config_map(&edited);
            prop_assert_eq!(rules.len(), before.saturating_add(1));
            prop_assert!(rules.iter().any(|(_, written)| *written == rule));
        }
        if let Ok(edited) = editor.remove(&text, RuleRef::new(Section::Roles, 0)) {
            prop_assert!(read_config_map(&edited).0.len() <= before);
        }
    }
}
