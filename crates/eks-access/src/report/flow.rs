//! The flow from AWS identities to levels, as the geometry of a picture and as a table.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::Serialize;

use super::access::{PrincipalAccess, rank};
use super::level::AccessLevel;
use super::names::{Named, short};

/// The number of names in a column of the flow, except the column of levels. The other names are joined to
/// one. Our choice: as many as are read at a glance.
const MAX_NAMES: usize = 12;

/// The number of lines of the table of the flow. Our choice.
const MAX_LINES: usize = 200;

/// The number of characters of a label. Our choice: as many as fit beside a column.
const MAX_LABEL: usize = 31;

const WIDTH: f64 = 1160.0;
const COLUMN: f64 = 292.0;
const NODE: f64 = 10.0;
/// The least height of a node, and the space between two: together a line of text.
const LEAST: f64 = 4.0;
const LINE: f64 = 24.0;
/// The height of all principals together.
const TOTAL: f64 = 300.0;
const TOP: f64 = 30.0;

/// The flow from AWS identities to levels. Each principal is in it once, by its greatest level and the first
/// way to it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Flow {
    width: String,
    height: String,
    headings: Vec<Heading>,
    nodes: Vec<Node>,
    ribbons: Vec<Ribbon>,
    lines: Vec<Line>,
    lines_left_out: usize,
}

#[derive(Clone, Debug, Serialize)]
struct Heading {
    text: &'static str,
    x: String,
}

#[derive(Clone, Debug, Serialize)]
struct Node {
    /// The class of the greatest level of the principals of the node.
    class: &'static str,
    name: String,
    label: String,
    count: usize,
    /// For the last column, the rank of the node's level.
    target: Option<u8>,
    x: String,
    y: String,
    height: String,
    label_x: String,
    label_y: String,
}

#[derive(Clone, Debug, Serialize)]
struct Ribbon {
    class: &'static str,
    title: String,
    path: String,
}

/// A line of the table: how many principals go this way.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
struct Line {
    #[serde(skip)]
    order: Reverse<u8>,
    from: String,
    subject: String,
    role: String,
    class: &'static str,
    letter: &'static str,
    title: String,
    count: usize,
}

/// A way of principals: a name for each column, and the rank of the level.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Way {
    names: [String; 4],
    rank: u8,
    level: AccessLevel,
}

/// Returns the words for a level and its scope.
pub(super) fn title(level: AccessLevel, is_cluster_wide: bool) -> String {
    match (level, is_cluster_wide) {
        (AccessLevel::None | AccessLevel::Unknown, _) => level.title().to_owned(),
        (_, true) => format!("{}, whole cluster", level.title()),
        (_, false) => format!("{}, in namespaces", level.title()),
    }
}

impl Way {
    fn of(principal: &PrincipalAccess) -> Self {
        let Named { account, kind, .. } = short(principal.caller.principal());
        let from = match account.as_str() {
            "" => kind.plural().to_owned(),
            account => format!("{} of {account}", kind.plural()),
        };
        let rank = rank(principal.level, principal.is_cluster_wide);
        let cell = principal.cells.iter().find(|cell| {
            cell.level == principal.level && cell.namespace.is_none() == principal.is_cluster_wide
        });
        let (subject, role) = cell.map_or_else(
            || ("no binding".to_owned(), "none".to_owned()),
            |cell| (cell.door.subject.clone(), cell.door.role.clone()),
        );
        Self {
            names: [
                from,
                subject,
                role,
                title(principal.level, principal.is_cluster_wide),
            ],
            rank,
            level: principal.level,
        }
    }
}

/// A column before it is drawn: each name with its count and greatest rank.
type Column = Vec<(String, usize, u8, AccessLevel)>;

impl Flow {
    /// Builds the flow of the principals of AWS.
    pub(super) fn of(principals: &[PrincipalAccess]) -> Self {
        let mut ways: BTreeMap<Way, usize> = BTreeMap::new();
        for principal in principals.iter().filter(|one| one.is_of_aws) {
            let count = ways.entry(Way::of(principal)).or_default();
            *count = count.saturating_add(1);
        }
        let mut lines: Vec<Line> = ways
            .iter()
            .map(|(way, count)| {
                let [from, subject, role, title] = way.names.clone();
                Line {
                    order: Reverse(way.rank),
                    from,
                    subject,
                    role,
                    class: way.level.class(),
                    letter: way.level.letter(),
                    title,
                    count: *count,
                }
            })
            .collect();
        lines.sort();
        let lines_left_out = lines.len().saturating_sub(MAX_LINES);
        lines.truncate(MAX_LINES);
        let ways = fold(ways);
        let columns: [Column; 4] = std::array::from_fn(|at| column(&ways, at));
        draw(&ways, &columns, lines, lines_left_out)
    }
}

/// The end of the name that stands for the other names of a column.
const OTHERS: &str = " others";

/// Joins the names of a column beyond the most important ones.
fn fold(ways: BTreeMap<Way, usize>) -> BTreeMap<Way, usize> {
    let mut ways = ways;
    for at in 0..3 {
        let names = column(&ways, at);
        if names.len() <= MAX_NAMES {
            continue;
        }
        let kept = MAX_NAMES.saturating_sub(1);
        let others = names.len().saturating_sub(kept);
        let kept: Vec<String> = names.into_iter().take(kept).map(|one| one.0).collect();
        let mut folded: BTreeMap<Way, usize> = BTreeMap::new();
        for (mut way, count) in ways {
            if let Some(name) = way.names.get_mut(at)
                && !kept.contains(name)
            {
                *name = format!("{others}{OTHERS}");
            }
            let sum = folded.entry(way).or_default();
            *sum = sum.saturating_add(count);
        }
        ways = folded;
    }
    ways
}

/// Lists the names of a column by risk, the greatest first, and then by the number of principals. The name
/// that stands for other names is last.
fn column(ways: &BTreeMap<Way, usize>, at: usize) -> Column {
    let mut names: BTreeMap<&str, (usize, u8, AccessLevel)> = BTreeMap::new();
    for (way, count) in ways {
        let Some(name) = way.names.get(at) else {
            continue;
        };
        let entry = names.entry(name).or_insert((0, 0, way.level));
        entry.0 = entry.0.saturating_add(*count);
        if way.rank >= entry.1 {
            (entry.1, entry.2) = (way.rank, way.level);
        }
    }
    let mut names: Column = names
        .into_iter()
        .map(|(name, (count, rank, level))| (name.to_owned(), count, rank, level))
        .collect();
    names.sort_by_key(|(name, count, rank, _)| {
        let is_joined = name.ends_with(OTHERS);
        (is_joined, Reverse(*rank), Reverse(*count), name.clone())
    });
    names
}

/// A node that is placed, and how much of each side is used by ribbons.
struct Placed {
    y: f64,
    left: f64,
    right: f64,
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

fn text(number: f64) -> String {
    format!("{number:.1}")
}

fn height(count: usize, total: usize) -> f64 {
    (TOTAL * number(count) / number(total.max(1))).max(LEAST)
}

fn x_of(column: usize) -> f64 {
    COLUMN * number(column)
}

fn draw(
    ways: &BTreeMap<Way, usize>,
    columns: &[Column; 4],
    lines: Vec<Line>,
    lines_left_out: usize,
) -> Flow {
    let total: usize = ways.values().sum();
    let mut nodes = Vec::new();
    let mut bottom = TOP;
    let mut placed: Vec<BTreeMap<&str, Placed>> = Vec::new();
    for (at, column) in columns.iter().enumerate() {
        let mut y = TOP;
        let mut of_column = BTreeMap::new();
        for (name, count, rank, level) in column {
            let tall = height(*count, total);
            of_column.insert(
                name.as_str(),
                Placed {
                    y,
                    left: 0.0,
                    right: 0.0,
                },
            );
            nodes.push(Node {
                class: level.class(),
                name: name.clone(),
                label: label(name),
                count: *count,
                target: (at == 3).then_some(*rank),
                x: text(x_of(at)),
                y: text(y),
                height: text(tall),
                label_x: text(x_of(at) + NODE + 8.0),
                label_y: text(y + tall / 2.0 + 4.5),
            });
            y += tall.max(LINE - 8.0) + 8.0;
        }
        bottom = f64::max(bottom, y);
        placed.push(of_column);
    }
    let ribbons = ribbons(ways, &mut placed, total);
    let headings = ["AWS identities", "User or group", "Role", "Level"];
    Flow {
        width: text(WIDTH),
        height: text(bottom + 4.0),
        headings: headings
            .into_iter()
            .enumerate()
            .map(|(at, heading)| Heading {
                text: heading,
                x: text(x_of(at)),
            })
            .collect(),
        nodes,
        ribbons,
        lines,
        lines_left_out,
    }
}

/// Draws a ribbon for each pair of neighbours and level, the greatest risk on top.
fn ribbons(
    ways: &BTreeMap<Way, usize>,
    placed: &mut [BTreeMap<&str, Placed>],
    total: usize,
) -> Vec<Ribbon> {
    let mut ribbons = Vec::new();
    for at in 0..3_usize {
        let next = at.saturating_add(1);
        let mut pairs: BTreeMap<(Reverse<u8>, &str, &str, AccessLevel), usize> = BTreeMap::new();
        for (way, count) in ways {
            if let (Some(from), Some(to)) = (way.names.get(at), way.names.get(next)) {
                let sum = pairs
                    .entry((Reverse(way.rank), from, to, way.level))
                    .or_default();
                *sum = sum.saturating_add(*count);
            }
        }
        for ((_, from, to, level), count) in pairs {
            let tall = TOTAL * number(count) / number(total.max(1));
            let Some(y0) = take(placed.get_mut(at), from, |one| &mut one.right, tall) else {
                continue;
            };
            let Some(y1) = take(placed.get_mut(next), to, |one| &mut one.left, tall) else {
                continue;
            };
            let tall = tall.max(1.5);
            let (x0, x1) = (x_of(at) + NODE, x_of(next));
            let middle = (x0 + x1) / 2.0;
            ribbons.push(Ribbon {
                class: level.class(),
                title: format!("{from} → {to}: {count}"),
                path: format!(
                    "M{x0:.1} {y0:.1}C{middle:.1} {y0:.1} {middle:.1} {y1:.1} {x1:.1} {y1:.1}V{:.1}C{middle:.1} \
                     {:.1} {middle:.1} {:.1} {x0:.1} {:.1}Z",
                    y1 + tall,
                    y1 + tall,
                    y0 + tall,
                    y0 + tall,
                ),
            });
        }
    }
    ribbons
}

/// Takes a part of the side of a node. Returns where the part begins.
fn take(
    column: Option<&mut BTreeMap<&str, Placed>>,
    name: &str,
    side: impl Fn(&mut Placed) -> &mut f64,
    tall: f64,
) -> Option<f64> {
    let node = column?.get_mut(name)?;
    let y = node.y;
    let used = side(node);
    let begin = y + *used;
    *used += tall;
    Some(begin)
}

/// Shortens a name so that it fits beside its column.
fn label(name: &str) -> String {
    match name.chars().count() > MAX_LABEL {
        false => name.to_owned(),
        true => {
            let kept = name.chars().take(MAX_LABEL.saturating_sub(1));
            kept.chain(['…']).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_beyond_the_most_important_are_joined_at_the_end() {
        let way = |name: char| Way {
            names: std::array::from_fn(|at| {
                if at == 0 {
                    name.to_string()
                } else {
                    String::new()
                }
            }),
            rank: 2,
            level: AccessLevel::Read,
        };
        let folded = |last| fold(('a'..=last).map(|name| (way(name), 1)).collect());
        assert_eq!(column(&folded('l'), 0).len(), 12);
        let names = column(&folded('n'), 0);
        let (name, count, ..) = names.last().unwrap();
        assert_eq!((names.len(), name.as_str(), *count), (12, "3 others", 3));
    }
}
