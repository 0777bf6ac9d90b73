//! The limits, as they print.

use std::num::NonZeroU32;
use std::time::Duration;

use eks_auth_ec2::{Resolver, Settings};

use crate::support::{Table, named};

fn limits(printed: &str) -> &str {
    let (limits, _) = printed.split_once(", traces").unwrap();
    limits
}

#[test]
fn every_limit_is_kept() {
    let many = |number| NonZeroU32::new(number).unwrap();
    let own = Settings::new()
        .with_max_batch(1)
        .with_rate(many(2), many(3))
        .with_batch_delay(Duration::from_secs(4))
        .with_deadline(Duration::from_secs(5))
        .with_max_waiting(6)
        .with_max_names(7)
        .with_missing_for(Duration::from_secs(8));
    let expected = "max_batch: 1, batch_delay: 4s, calls_per_second: 2, max_burst: 3, deadline: 5s, max_waiting: 6, \
        max_names: 7, missing_for: 8s";
    assert_eq!(
        limits(&format!("{own:?}")),
        format!("Settings {{ {expected}")
    );
    let resolver = Resolver::new(Table::open(named), own.clone());
    assert!(format!("{resolver:?}").contains(expected));
    // A call asks for one instance at least, and for as many as upstream's at most.
    for (asked, kept) in [(0, 1), (100, 100), (101, 100)] {
        let printed = format!("{:?}", own.clone().with_max_batch(asked));
        assert!(
            printed.contains(&format!("max_batch: {kept},")),
            "{printed}"
        );
    }
}

#[test]
fn the_limits_are_those_of_upstream() {
    for settings in [Settings::new(), Settings::default()] {
        assert_eq!(
            limits(&format!("{settings:?}")),
            "Settings { max_batch: 100, batch_delay: 200ms, calls_per_second: 15, max_burst: 5, deadline: 5s, \
             max_waiting: 8000, max_names: 16000, missing_for: 2s"
        );
    }
}

#[cfg(feature = "otel")]
#[test]
fn spans_are_made_where_a_tracer_is_set() {
    use opentelemetry::global;
    let none = Settings::new();
    assert!(format!("{none:?}").contains("traces: Traces(false)"));
    let some = none.with_tracer(global::tracer("test")).with_max_waiting(6);
    assert!(format!("{some:?}").contains("traces: Traces(true)"));
}
