//! A refusing rule is never passed over: sources whose entries can be read, cannot be read, or are for
//! other callers, in every order, beside a model of ten lines.

use aws_auth_map::{Backend, BackendKind, IdentityMap, Problem, Reader, Reason, Resolution, Rules};
use iam_principal::Identity;

/// The formats of sources.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Format {
    AccessEntries,
    ConfigMap,
    DynamicFile,
    IdentityMappingList,
    IdentityMappings,
    MountedFile,
}

const FORMATS: [Format; 6] = [
    Format::AccessEntries,
    Format::ConfigMap,
    Format::DynamicFile,
    Format::IdentityMappingList,
    Format::IdentityMappings,
    Format::MountedFile,
];

impl Format {
    const fn has_patterns(self) -> bool {
        matches!(self, Self::ConfigMap | Self::MountedFile)
    }

    /// Whether there is a section for users beside the section for roles.
    const fn has_sections(self) -> bool {
        !matches!(self, Self::AccessEntries | Self::IdentityMappings)
    }
}

/// The principal of an entry.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Subject {
    Caller,
    CallerInCapitals,
    Other,
    /// A pattern that matches the caller.
    Wide,
}

#[derive(Clone, Debug)]
struct Entry {
    subject: Subject,
    is_in_users: bool,
    /// The reason why the content cannot be read, if it cannot.
    fault: Option<usize>,
    name: String,
}

#[derive(Clone, Debug)]
struct Source {
    format: Format,
    entries: Vec<Entry>,
    has_account: bool,
}

/// Contents that cannot be read: everything but the principal.
const FAULTS: [&str; 9] = [
    "username: u, groups: g",
    "username: u, groups: {g: g}",
    "username: u, groups: [g, ~]",
    "username: u, groups: [[g]]",
    "groups: [system:masters]",
    "username: '', groups: [g]",
    "username: [u]",
    "username: u, username: v",
    "username: u, groups: [g], Groups: [h]",
];

/// The same for access entries, which have other names and rules.
const ENTRY_FAULTS: [&str; 7] = [
    "kubernetesGroups: g",
    "kubernetesGroups: [g, ~]",
    "kubernetesGroups: ['system:masters']",
    "username: 'system:u'",
    "username: '{{SessionName}}'",
    "username: u, username: v",
    "username: u, principalId: [a]",
];

/// The same for dynamic files: types that Go's JSON reader cannot store, for which the file is refused.
const FILE_FAULTS: [&str; 4] = [
    "username: [u]",
    "username: u, groups: g",
    "username: u, groups: [1]",
    "username: 1",
];

const ARN: &str = "arn:aws:iam::111122223333:role/ops";

/// The answer of the model.
#[derive(Debug, PartialEq)]
enum Answer {
    Mapped(String),
    NotMapped,
    Refused,
}

/// Asserts that no later, earlier or wider rule decides about a caller in place of a rule that cannot be
/// read, in every order of the sources.
///
/// The bytes choose the sources and their entries.
///
/// # Panics
///
/// If the property does not hold.
pub fn refusing_rules_are_never_passed_over(bytes: &[u8]) {
    let mut bytes = bytes.iter().copied();
    let mut next = || usize::from(bytes.next().unwrap_or_default());
    let count = (next() % 3).saturating_add(1);
    let sources: Vec<Source> = (0..count).map(|index| source(index, &mut next)).collect();
    for order in orders(&sources) {
        check(&order);
    }
}

fn source(index: usize, next: &mut impl FnMut() -> usize) -> Source {
    let format = next()
        .checked_rem(FORMATS.len())
        .and_then(|at| FORMATS.get(at))
        .copied()
        .unwrap_or(Format::ConfigMap);
    let count = next() % 5;
    let entries = (0..count)
        .map(|number| {
            let subject = match next() % 4 {
                0 => Subject::Caller,
                1 => Subject::CallerInCapitals,
                2 if format.has_patterns() => Subject::Wide,
                _ => Subject::Other,
            };
            let choice = next();
            Entry {
                subject,
                is_in_users: format.has_sections() && choice.is_multiple_of(3),
                fault: (choice >= 128).then_some(choice),
                name: format!("n{index}-{number}"),
            }
        })
        .collect();
    Source {
        format,
        entries,
        has_account: format.has_sections() && next().is_multiple_of(4),
    }
}

/// Returns every order of at most three sources.
fn orders(sources: &[Source]) -> Vec<Vec<Source>> {
    let Some((first, rest)) = sources.split_first() else {
        return vec![Vec::new()];
    };
    let mut all = Vec::new();
    for order in orders(rest) {
        for at in 0..=order.len() {
            let mut order = order.clone();
            order.insert(at, first.clone());
            all.push(order);
        }
    }
    all
}

fn check(sources: &[Source]) {
    let caller = Identity::new(
        "arn:aws:sts::111122223333:assumed-role/ops/s",
        "111122223333",
        "AROAEXAMPLE:s",
    );
    let Ok(caller) = caller else {
        return;
    };
    let mut map = IdentityMap::new();
    for source in sources {
        let text = text(source);
        let (rules, problems) = read(source.format, &text);
        let has_fault = source.entries.iter().any(|entry| entry.fault.is_some());
        assert!(!has_fault || !problems.is_empty(), "{text}");
        // The kind makes no difference without an authentication mode.
        map = map.with_backend(Backend::new(BackendKind::EksConfigMap, rules));
    }
    let answer = match map.resolve(&caller) {
        Resolution::Mapped(mapped) => Answer::Mapped(mapped.user().username().to_owned()),
        Resolution::NotMapped => Answer::NotMapped,
        Resolution::Refused(refusal) => {
            let reason = refusal.reason();
            assert!(matches!(
                reason,
                Reason::UnreadableRule | Reason::UnreadableSource
            ));
            Answer::Refused
        }
    };
    let texts: Vec<String> = sources.iter().map(text).collect();
    assert_eq!(answer, model(sources), "{}", texts.join("\n---\n"));
}

/// The decision as the documentation words it.
fn model(sources: &[Source]) -> Answer {
    for source in sources {
        let is_file_refused = source.format == Format::DynamicFile
            && source.entries.iter().any(|e| e.fault.is_some());
        if is_file_refused {
            return Answer::Refused;
        }
        for is_in_users in [false, true] {
            let section = source
                .entries
                .iter()
                .filter(|entry| entry.is_in_users == is_in_users);
            let exact = section
                .clone()
                .rfind(|e| matches!(e.subject, Subject::Caller | Subject::CallerInCapitals));
            let wide = section.clone().find(|e| e.subject == Subject::Wide);
            if let Some(entry) = exact.or(wide) {
                return match entry.fault {
                    Some(_) => Answer::Refused,
                    None => Answer::Mapped(entry.name.clone()),
                };
            }
        }
        if source.has_account {
            return Answer::Mapped(ARN.to_owned());
        }
    }
    Answer::NotMapped
}

fn read(format: Format, text: &str) -> (Rules, Vec<Problem>) {
    let reader = Reader::new();
    match format {
        Format::AccessEntries => reader.read_access_entries(text),
        Format::ConfigMap => reader.read_config_map(text),
        Format::DynamicFile => reader
            .read_dynamic_file(text)
            .unwrap_or_else(|problems| (Rules::unreadable_source(), problems)),
        Format::IdentityMappingList => reader.read_identity_mapping_list(text),
        Format::IdentityMappings => reader.read_identity_mappings(text),
        Format::MountedFile => reader.read_mounted_file(text),
    }
}

/// Writes a source in its format.
fn text(source: &Source) -> String {
    let Source {
        format,
        entries,
        has_account,
    } = source;
    let section = |is_in_users: bool| -> Vec<String> {
        entries
            .iter()
            .filter(|entry| entry.is_in_users == is_in_users)
            .map(|entry| entry_text(*format, entry))
            .collect()
    };
    let (roles, users) = (section(false), section(true));
    let account = if *has_account { "'111122223333'" } else { "" };
    match format {
        Format::AccessEntries => format!("{{accessEntries: [{}]}}\n", roles.join(", ")),
        Format::ConfigMap => format!(
            "mapRoles: [{}]\nmapUsers: [{}]\nmapAccounts: [{account}]\n",
            roles.join(", "),
            users.join(", ")
        ),
        Format::DynamicFile => json(&format!(
            "{{mapRoles: [{}], mapUsers: [{}], mapAccounts: [{account}]}}",
            roles.join(", "),
            users.join(", ")
        )),
        Format::IdentityMappingList => {
            // Without an entry, the text would not be recognized as a list of entries.
            let other =
                ["{rolearn: 'arn:aws:iam::111122223333:role/none', username: n}".to_owned()];
            let account = has_account.then(|| format!("{{account: {account}}}"));
            let all: Vec<String> = roles
                .into_iter()
                .chain(users)
                .chain(account)
                .chain(other)
                .collect();
            format!("[{}]\n", all.join(", "))
        }
        Format::IdentityMappings => {
            let objects: Vec<String> = roles
                .iter()
                .map(|entry| format!("{{kind: IAMIdentityMapping, spec: {entry}}}"))
                .collect();
            format!("{{kind: List, items: [{}]}}\n", objects.join(", "))
        }
        Format::MountedFile => format!(
            "server: {{mapRoles: [{}], mapUsers: [{}], mapAccounts: [{account}]}}\n",
            roles.join(", "),
            users.join(", ")
        ),
    }
}

fn entry_text(format: Format, entry: &Entry) -> String {
    let key = match (format, entry.subject, entry.is_in_users) {
        (Format::AccessEntries, ..) => "principalArn",
        (Format::IdentityMappings, ..) => "arn",
        (_, Subject::Wide, false) => "rolearnLike",
        (_, Subject::Wide, true) => "userarnLike",
        (_, _, false) => "rolearn",
        (_, _, true) => "userarn",
    };
    let arn = match entry.subject {
        Subject::Caller => ARN.to_owned(),
        Subject::CallerInCapitals => ARN.replace("ops", "OPS"),
        Subject::Other => format!("{ARN}-{}", entry.name),
        Subject::Wide => format!("{ARN}*"),
    };
    let faults: &[&str] = match format {
        Format::AccessEntries => &ENTRY_FAULTS,
        Format::DynamicFile => &FILE_FAULTS,
        _ => &FAULTS,
    };
    let fault = entry
        .fault
        .and_then(|choice| faults.get(choice.checked_rem(faults.len())?));
    let content = match fault {
        Some(fault) => (*fault).to_owned(),
        None => format!("username: {}", entry.name),
    };
    // The unreadable part may come before the principal.
    if entry.fault.is_some_and(|choice| choice.is_multiple_of(2)) {
        format!("{{{content}, {key}: '{arn}'}}")
    } else {
        format!("{{{key}: '{arn}', {content}}}")
    }
}

/// Quotes the words of a flow mapping, as JSON needs it.
fn json(flow: &str) -> String {
    let mut json = String::new();
    let mut word = String::new();
    let mut is_quoted = false;
    for c in flow.chars() {
        match c {
            '\'' => {
                json.push('"');
                is_quoted = !is_quoted;
            }
            c if is_quoted => json.push(c),
            c if c.is_ascii_alphanumeric() || c == '-' => word.push(c),
            c => {
                if !word.is_empty() {
                    let is_number = word.bytes().all(|b| b.is_ascii_digit());
                    let quote = if is_number { "" } else { "\"" };
                    json.push_str(&format!("{quote}{word}{quote}"));
                    word.clear();
                }
                json.push(c);
            }
        }
    }
    json
}
