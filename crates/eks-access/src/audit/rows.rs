//! The rows of a result of Logs Insights, which may be fewer than the log events that the query matched.

/// The column of a query of Logs Insights that has the text of the log event.
pub(super) const MESSAGE: &str = "@message";

/// The column that the API adds to each row of a query without `stats` (API of `CloudWatch` Logs, `GetQueryResults`).
const POINTER: &str = "@ptr";

/// The rows of a result so far.
#[derive(Default)]
pub(super) struct Rows {
    count: u64,
    /// Whether a row before the last is one log event.
    is_any_event: bool,
    last: Columns,
}

/// The columns of a row.
#[derive(Default)]
struct Columns {
    has_message: bool,
    has_pointer: bool,
    /// Whether there is a column that the service does not fill in, such as `count(*)`.
    has_computed: bool,
}

impl Columns {
    /// Returns whether the row is one log event. A row of `stats … by @message` is made of many.
    const fn is_event(&self) -> bool {
        self.has_message && (self.has_pointer || !self.has_computed)
    }
}

impl Rows {
    /// Begins a row.
    pub(super) fn begin(&mut self) {
        self.count = self.count.saturating_add(1);
        let last = std::mem::take(&mut self.last);
        self.is_any_event |= last.is_event();
    }

    /// Adds a column to the row.
    pub(super) fn column(&mut self, name: &str) {
        match name {
            MESSAGE => self.last.has_message = true,
            POINTER => self.last.has_pointer = true,
            name => self.last.has_computed |= !name.starts_with('@'),
        }
    }

    /// Returns whether the rows are log events, and fewer than the query matched: its limit cut them off.
    pub(super) const fn is_cut(&self, matched: u64) -> bool {
        (self.is_any_event || self.last.is_event()) && self.count < matched
    }
}
