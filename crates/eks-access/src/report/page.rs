//! The report as one HTML file.

mod template;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use minijinja::value::Serde;
use minijinja::{Error, Value};
use serde::Serialize;

use super::AccessReport;
use super::access::{AccessCell, PrincipalAccess, rank};
use super::flow::{Flow, title};
use super::level::AccessLevel;
use super::names::{Named, short};
use crate::Severity;
use crate::listing::ListedRule;
use crate::verdict::Step;
use crate::why::NearMiss;

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The largest number of rules of a principal that are listed. Our choice: more than a person reads.
const MAX_RULES: usize = 60;

/// The largest number of namespaces in a printed matrix. Our choice: a sheet of paper has room for them.
const MAX_PRINTED_NAMESPACES: usize = 24;

/// Everything that the template reads.
#[derive(Serialize)]
struct Page<'r> {
    policy: String,
    style: Value,
    script: Value,
    title: &'r str,
    report: &'r AccessReport,
    levels: Vec<LevelRow>,
    severities: Vec<SeverityRow>,
    /// The number of findings of the lowest severity, which are folded.
    infos: usize,
    is_wide: bool,
    flow: Flow,
    matrix: Vec<Group>,
    principals: Vec<PrincipalRow<'r>>,
    bindings: Vec<usize>,
    order: Order,
    identity_levels: Vec<LevelRow>,
    role_levels: Vec<LevelRow>,
    /// By the name of the level.
    rule_levels: BTreeMap<&'static str, LevelRow>,
}

/// The order of the lists: the greatest risk first, then as collected. By index.
#[derive(Serialize)]
struct Order {
    identities: Vec<usize>,
    bindings: Vec<usize>,
    roles: Vec<usize>,
}

#[derive(Clone, Copy, Serialize)]
struct LevelRow {
    letter: &'static str,
    class: &'static str,
    title: &'static str,
    meaning: &'static str,
}

#[derive(Serialize)]
struct SeverityRow {
    name: &'static str,
    count: usize,
}

impl LevelRow {
    const fn of(level: AccessLevel) -> Self {
        Self {
            letter: level.letter(),
            class: level.class(),
            title: level.title(),
            meaning: level.meaning(),
        }
    }
}

/// The principals of one level and scope.
#[derive(Serialize)]
struct Group {
    rank: u8,
    class: &'static str,
    letter: &'static str,
    title: String,
    rows: Vec<MatrixRow>,
}

#[derive(Serialize)]
struct MatrixRow {
    number: usize,
    short: String,
    account: String,
    session: Option<String>,
    /// The number of steps to full access. Zero without a chain.
    steps: usize,
    /// The whole cluster, then each namespace.
    cells: Vec<Option<MatrixCell>>,
}

#[derive(Serialize)]
struct MatrixCell {
    class: &'static str,
    letter: &'static str,
    verbs: String,
    /// The cell of the principal that explains it.
    at: usize,
    is_inherited: bool,
    is_uncertain: bool,
}

#[derive(Serialize)]
struct PrincipalRow<'r> {
    access: &'r PrincipalAccess,
    short: String,
    account: String,
    class: &'static str,
    letter: &'static str,
    title: String,
    mapping: &'r [Step],
    cells: Vec<CellRow<'r>>,
    elsewhere: &'static str,
    rules: Vec<String>,
    rules_left_out: usize,
    near_misses: &'r [NearMiss],
    bindings: BTreeSet<usize>,
}

#[derive(Serialize)]
struct CellRow<'r> {
    cell: &'r AccessCell,
    class: &'static str,
    letter: &'static str,
    title: &'static str,
    /// What is not known of the permissions, as sentences.
    unknown: Vec<String>,
}

/// Renders a report.
pub(super) fn render(report: &AccessReport) -> Result<String, Error> {
    let environment = template::environment()?;
    let template = environment.template_from_str(TEMPLATE)?;
    template.render(Serde(page(report)))
}

fn page(report: &AccessReport) -> Page<'_> {
    let principals: Vec<PrincipalRow<'_>> = report
        .principals
        .iter()
        .map(|principal| principal_row(report, principal))
        .collect();
    let count = |severity| {
        let findings = report.findings.iter();
        findings
            .filter(|row| row.finding.severity == severity)
            .count()
    };
    let severities = Severity::ALL.into_iter().rev().map(|severity| SeverityRow {
        name: severity.as_str(),
        count: count(severity),
    });
    Page {
        policy: template::policy(),
        style: Value::from_safe_string(STYLE.to_owned()),
        script: Value::from_safe_string(SCRIPT.to_owned()),
        title: report.title.as_deref().unwrap_or("Access to the cluster"),
        levels: AccessLevel::ALL
            .into_iter()
            .rev()
            .map(LevelRow::of)
            .collect(),
        order: Order::of(report),
        identity_levels: levels(report.subjects.identities.iter().map(|one| one.level)),
        role_levels: levels(report.subjects.roles.iter().map(|one| one.level)),
        rule_levels: AccessLevel::ALL
            .into_iter()
            .map(|level| (level.as_str(), LevelRow::of(level)))
            .collect(),
        infos: count(Severity::Info),
        severities: severities.collect(),
        is_wide: report.namespaces.len() > MAX_PRINTED_NAMESPACES,
        flow: Flow::of(&report.principals),
        matrix: matrix(report),
        bindings: principals_of_bindings(report),
        principals,
        report,
    }
}

impl Order {
    fn of(report: &AccessReport) -> Self {
        let subjects = &report.subjects;
        let of_identity = |at: &usize| {
            let row = subjects.identities.get(*at);
            row.map(|row| Reverse((row.level, row.principals.len(), row.bindings.len())))
        };
        let of_binding = |at: &usize| {
            let row = subjects.bindings.get(*at);
            row.map(|row| Reverse(rank(row.level, row.namespace.is_none())))
        };
        let of_role = |at: &usize| {
            let row = subjects.roles.get(*at);
            row.map(|row| Reverse((row.level, row.bindings.len())))
        };
        let mut order = Self {
            identities: (0..subjects.identities.len()).collect(),
            bindings: (0..subjects.bindings.len()).collect(),
            roles: (0..subjects.roles.len()).collect(),
        };
        order.identities.sort_by_key(of_identity);
        order.bindings.sort_by_key(of_binding);
        order.roles.sort_by_key(of_role);
        order
    }
}

fn levels(levels: impl Iterator<Item = AccessLevel>) -> Vec<LevelRow> {
    levels.map(LevelRow::of).collect()
}

/// Counts the principals that each binding reaches.
fn principals_of_bindings(report: &AccessReport) -> Vec<usize> {
    let identities = &report.subjects.identities;
    let bindings = report.subjects.bindings.iter();
    bindings
        .map(|binding| {
            let named = binding.identities.iter();
            let named = named.filter_map(|at| identities.get(*at));
            let reached: BTreeSet<usize> = named
                .flat_map(|identity| identity.principals.iter().copied())
                .collect();
            reached.len()
        })
        .collect()
}

fn principal_row<'r>(report: &'r AccessReport, principal: &'r PrincipalAccess) -> PrincipalRow<'r> {
    let Named { account, short, .. } = short(principal.caller.principal());
    let cells = principal.cells.iter().map(|cell| CellRow {
        cell,
        class: cell.level.class(),
        letter: cell.level.letter(),
        title: cell.level.title(),
        unknown: cell
            .unknown_policies
            .iter()
            .map(ToString::to_string)
            .collect(),
    });
    PrincipalRow {
        access: principal,
        short,
        account,
        class: principal.level.class(),
        letter: principal.level.letter(),
        title: title(principal.level, principal.is_cluster_wide),
        mapping: &principal.mapping,
        cells: cells.collect(),
        elsewhere: match principal.level_elsewhere {
            AccessLevel::None => "",
            level => level.title(),
        },
        rules: principal
            .rules
            .iter()
            .take(MAX_RULES)
            .map(ListedRule::to_string)
            .collect(),
        rules_left_out: principal.rules.len().saturating_sub(MAX_RULES),
        near_misses: &principal.near_misses,
        bindings: bindings_of(report, principal),
    }
}

/// Returns the bindings that name the user or a group of a principal, by index.
fn bindings_of(report: &AccessReport, principal: &PrincipalAccess) -> BTreeSet<usize> {
    let identities = report.subjects.identities.iter();
    let is_own = |row: &&super::subjects::IdentityRow| {
        principal.identities.iter().any(|identity| match identity {
            k8s_rbac::SubjectName::Group(name) => row.kind == "Group" && row.name == *name,
            k8s_rbac::SubjectName::User(name) => row.kind != "Group" && row.name == *name,
        })
    };
    let own = identities.filter(is_own);
    own.flat_map(|row| row.bindings.iter().copied()).collect()
}

/// Groups the rows of the matrix by level and scope.
fn matrix(report: &AccessReport) -> Vec<Group> {
    let columns: BTreeMap<&str, usize> = report
        .namespaces
        .iter()
        .enumerate()
        .map(|(at, name)| (name.as_str(), at))
        .collect();
    let mut groups: Vec<Group> = Vec::new();
    for (number, principal) in report.principals.iter().enumerate() {
        let rank = principal.rank();
        let row = matrix_row(number, principal, &columns);
        match groups.last_mut().filter(|group| group.rank == rank) {
            Some(group) => group.rows.push(row),
            None => groups.push(Group {
                rank,
                class: principal.level.class(),
                letter: principal.level.letter(),
                title: title(principal.level, principal.is_cluster_wide),
                rows: vec![row],
            }),
        }
    }
    groups
}

fn matrix_row(
    number: usize,
    principal: &PrincipalAccess,
    columns: &BTreeMap<&str, usize>,
) -> MatrixRow {
    let Named { account, short, .. } = short(principal.caller.principal());
    let mut cluster = None;
    let mut cells: Vec<Option<MatrixCell>> = columns.iter().map(|_| None).collect();
    for (at, cell) in principal.cells.iter().enumerate() {
        let filled = matrix_cell(at, cell);
        match &cell.namespace {
            None => cluster = Some(filled),
            Some(name) => {
                let column = columns.get(name.as_str());
                if let Some(cell) = column.and_then(|column| cells.get_mut(*column)) {
                    *cell = Some(filled);
                }
            }
        }
    }
    if principal.level_elsewhere > AccessLevel::None {
        for cell in cells.iter_mut().filter(|cell| cell.is_none()) {
            *cell = Some(MatrixCell {
                class: principal.level_elsewhere.class(),
                letter: principal.level_elsewhere.letter(),
                verbs: String::new(),
                at: 0,
                is_inherited: true,
                is_uncertain: false,
            });
        }
    }
    MatrixRow {
        number,
        short,
        account,
        session: principal.caller.session_name().map(str::to_owned),
        steps: principal.chain.len(),
        cells: std::iter::once(cluster).chain(cells).collect(),
    }
}

fn matrix_cell(at: usize, cell: &AccessCell) -> MatrixCell {
    MatrixCell {
        class: cell.level.class(),
        letter: cell.level.letter(),
        verbs: abbreviated(&cell.verbs),
        at,
        is_inherited: false,
        is_uncertain: !cell.unknown_policies.is_empty() && cell.level != AccessLevel::Unknown,
    }
}

/// Writes verbs as one letter each; `+` stands for verbs without a letter.
fn abbreviated(verbs: &[String]) -> String {
    let letter = |verb: &String| match verb.as_str() {
        "*" => '*',
        "get" => 'g',
        "list" => 'l',
        "watch" => 'w',
        "create" => 'c',
        "update" => 'u',
        "patch" => 'p',
        "delete" => 'd',
        "deletecollection" => 'D',
        _ => '+',
    };
    let mut letters: Vec<char> = verbs.iter().map(letter).collect();
    letters.dedup();
    letters.into_iter().collect()
}
