//! Prints the results of reading sources of identity mappings.

use aws_auth_map::{
    Backend, BackendKind, BackendModes, ConfigMapName, Dialect, Editor, IdentityMap, PolicyTable,
    Problem, Reader, Resolution, Rule, RuleRef, Rules, Section, SourceFormat, SsoRole, Store,
    Template, UpdateOutcome,
};
use iam_principal::{AccountId, Partition};

use super::{error, line, report};
use crate::mapping::callers;

const DIALECTS: [Dialect; 3] = [
    Dialect::Eks,
    Dialect::Authenticator {
        sso_role_match: true,
    },
    Dialect::Ours,
];

pub(super) fn print(text: &str) {
    for dialect in DIALECTS {
        let reader = Reader::new().with_dialect(dialect);
        let dynamic = |read: Result<(Rules, Vec<Problem>), Vec<Problem>>| {
            read.unwrap_or_else(|problems| (Rules::unreadable_source(), problems))
        };
        for (kind, (rules, problems)) in [
            (BackendKind::EksConfigMap, reader.read_config_map(text)),
            (BackendKind::MountedFile, reader.read_mounted_file(text)),
            (BackendKind::Crd, reader.read_identity_mappings(text)),
            (BackendKind::AccessEntries, reader.read_access_entries(text)),
            (
                BackendKind::DynamicFile,
                dynamic(reader.read_dynamic_file(text)),
            ),
            (
                BackendKind::DynamicFile,
                dynamic(reader.read_dynamic_file_by_user_id(text)),
            ),
        ] {
            print_rules(kind, &rules, &problems);
        }
        reader.read_server_config(text).1.iter().for_each(line);
    }
    print_edits(text);
    print_names(text);
}

fn print_rules(kind: BackendKind, rules: &Rules, problems: &[Problem]) {
    problems.iter().for_each(line);
    for (at, rule) in rules.iter() {
        line(at);
        line(rule.username());
        rule.groups().iter().for_each(line);
        rule.access_policies().iter().for_each(line);
    }
    rules.to_access_entries().1.iter().for_each(line);
    rules.to_config_map().1.iter().for_each(line);
    let map = IdentityMap::new().with_backend(Backend::new(kind, rules.clone()));
    map.check().iter().for_each(line);
    PolicyTable::eks().check(&map).iter().for_each(line);
    for caller in callers(rules).take(4) {
        let explanation = map.explain(&caller);
        explanation.steps().iter().for_each(line);
        if let Resolution::Refused(refusal) = explanation.resolution() {
            line(refusal);
        }
        print_diffs(&map, &caller);
    }
}

fn print_diffs(map: &IdentityMap, caller: &iam_principal::Identity) {
    for diff in [
        map.diff_for(&IdentityMap::new(), caller),
        IdentityMap::new().diff_for(map, caller),
    ] {
        diff.lockouts().iter().for_each(line);
        for change in diff.changes() {
            line(change);
            line(change.affected());
            line(change.before());
            line(change.after());
        }
        let notes = usize::from(!diff.is_exhaustive());
        let lines = diff.lockouts().len().saturating_add(diff.changes().len());
        report(&diff, lines.saturating_add(notes));
    }
}

fn print_edits(text: &str) {
    let editor = Editor::new();
    let rule = Rule::exact(
        "arn:aws:iam::111122223333:role/new",
        Template::parse(text),
        vec![Template::parse(text)],
    );
    let at = RuleRef::new(Section::Roles, 0);
    error(editor.add(text, Section::Roles, &rule));
    error(editor.replace(text, at, &rule));
    error(editor.remove(text, at));
    let backend = Backend::new(BackendKind::EksConfigMap, Rules::new());
    let mut store = Store::new(Reader::new(), IdentityMap::new()).with_source(
        "source",
        SourceFormat::ConfigMap,
        backend,
    );
    let outcome = store.update("source", text);
    for retained in outcome.iter().flat_map(UpdateOutcome::retained) {
        line(retained);
    }
}

/// Takes the text as a name of each kind.
fn print_names(text: &str) {
    error(PolicyTable::read(text));
    error(text.parse::<BackendModes>());
    error(text.parse::<BackendKind>());
    error(text.parse::<Dialect>());
    if let Some(name) = error(text.parse::<ConfigMapName>()) {
        line(name);
    }
    if let Ok(account) = AccountId::parse("111122223333") {
        error(SsoRole::new(Partition::Aws, account, text));
    }
}
