//! The table of `kubectl auth can-i --list`.

use std::fmt::{self, Display, Formatter};

use k8s_rbac::{Permission, PolicyRule, SubjectRulesReviewStatus};

/// The column headers.
const HEADER: [&str; 4] = ["Resources", "Non-Resource URLs", "Resource Names", "Verbs"];

/// The padding between columns, and the least width of a column including it.
///
/// As upstream: cli-runtime, pkg/printers/tabwriter.go.
const PADDING: usize = 3;
const MIN_WIDTH: usize = 6;

/// Rules as `kubectl auth can-i --list` prints them: broken down into permissions, merged by resource
/// and name, and sorted, one a line. Prints as the table, line ends included.
///
/// ```
/// use k8s_rbac::PolicyRule;
/// use k8s_rbac_analysis::can_i::RuleTable;
///
/// let rule = PolicyRule {
///     verbs: vec!["get".into(), "list".into()],
///     api_groups: vec!["apps".into()],
///     resources: vec!["deployments".into()],
///     ..PolicyRule::default()
/// };
/// assert_eq!(
///     RuleTable::new([&rule]).to_string(),
///     "Resources          Non-Resource URLs   Resource Names   Verbs\n\
///      deployments.apps   []                  []               [get list]\n",
/// );
/// ```
///
/// As upstream: kubectl, `pkg/cmd/auth/cani.go`, `RunAccessList`. A tab or a line break in a name
/// is printed unchanged and breaks the layout.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RuleTable {
    rows: Vec<[String; 4]>,
    has_header: bool,
}

impl RuleTable {
    /// Builds the table of some rules.
    pub fn new<'r>(rules: impl IntoIterator<Item = &'r PolicyRule>) -> Self {
        let permissions = rules.into_iter().flat_map(PolicyRule::permissions);
        let mut rules = Permission::merge(permissions);
        for rule in &mut rules {
            let mut seen = std::collections::HashSet::new();
            rule.verbs.retain(|verb| seen.insert(verb.clone()));
        }
        // Equal texts print equal lines, so the order among them does not matter.
        rules.sort_by_cached_key(sort_key);
        Self {
            rows: rules.iter().map(row).collect(),
            has_header: true,
        }
    }

    /// Omits the column headers, as `--no-headers` does.
    #[must_use]
    pub fn without_header(mut self) -> Self {
        self.has_header = false;
        self
    }

    /// Returns the lines, each with its four cells: resource, path, name and verbs.
    #[must_use]
    pub fn rows(&self) -> &[[String; 4]] {
        &self.rows
    }
}

impl From<&SubjectRulesReviewStatus> for RuleTable {
    /// Builds the table of a review's status.
    fn from(status: &SubjectRulesReviewStatus) -> Self {
        Self::new(&status.rules())
    }
}

impl Display for RuleTable {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let header = HEADER.map(str::to_owned);
        let header = self.has_header.then_some(&header);
        let rows = || header.into_iter().chain(&self.rows);
        let mut widths = [MIN_WIDTH; 4];
        for row in rows() {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count().saturating_add(PADDING));
            }
        }
        for [resource, path, name, verbs] in rows() {
            let [first, second, third, _] = widths;
            writeln!(f, "{resource:first$}{path:second$}{name:third$}{verbs}")?;
        }
        Ok(())
    }
}

// As upstream: the text of the generated protobuf type, rule.String().
fn sort_key(rule: &PolicyRule) -> String {
    format!(
        "&PolicyRule{{Verbs:{},APIGroups:{},Resources:{},ResourceNames:{},NonResourceURLs:{},}}",
        plain(&rule.verbs),
        plain(&rule.api_groups),
        plain(&rule.resources),
        plain(&rule.resource_names),
        plain(&rule.non_resource_urls),
    )
}

// A rule that was broken down has one resource and one group, or neither.
fn row(rule: &PolicyRule) -> [String; 4] {
    let written = rule.resources.first().map_or("", String::as_str);
    let (resource, subresource) = match written.split_once('/') {
        None => (written, None),
        Some((resource, subresource)) => (resource, Some(subresource)),
    };
    let mut cell = resource.to_owned();
    if let Some(group) = rule.api_groups.first().filter(|group| !group.is_empty()) {
        cell.push('.');
        cell.push_str(group);
    }
    if let Some(subresource) = subresource {
        cell.push('/');
        cell.push_str(subresource);
    }
    let lists = [&rule.non_resource_urls, &rule.resource_names, &rule.verbs];
    let [path, name, verbs] = lists.map(|list| plain(list));
    [cell, path, name, verbs]
}

/// Writes a list as Go's `%v` does.
fn plain(list: &[String]) -> String {
    format!("[{}]", list.join(" "))
}
