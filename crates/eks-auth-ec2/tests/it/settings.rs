//! Each setting of the resolver, in a case that it decides.

use std::num::NonZeroU32;
use std::time::Duration;

use eks_auth_ec2::{DescribeError, MAX_BATCH, Resolver, Settings};
use tokio::task::JoinSet;

use crate::support::{Table, id, named, settings};

#[test]
fn debug_names_the_limits_of_calls() {
    let settings = Settings::new()
        .with_max_batch(7)
        .with_batch_delay(Duration::from_millis(11))
        .with_rate(NonZeroU32::new(13).unwrap(), NonZeroU32::new(17).unwrap())
        .with_deadline(Duration::from_millis(19));
    let expected = "Settings { max_batch: 7, batch_delay: 11ms, calls_per_second: 13, max_burst: 17, deadline: 19ms, .. }";
    assert_eq!(format!("{settings:?}"), expected);
    let resolver = Resolver::new(Table::open(named), settings);
    let expected = format!("Resolver {{ settings: {expected}, .. }}");
    assert_eq!(format!("{resolver:?}"), expected);
    for (given, kept) in [(0, 1), (MAX_BATCH + 1, MAX_BATCH)] {
        let text = format!("{:?}", Settings::new().with_max_batch(given));
        assert!(text.contains(&format!("max_batch: {kept},")), "{text}");
    }
}

/// Five instances get a call of their own at once, and the others wait for each other.
#[tokio::test]
async fn a_call_has_as_many_instances_as_a_batch() {
    let table = Table::closed(named);
    let resolver = Resolver::new(table.clone(), settings().with_max_batch(3));
    let mut callers = JoinSet::new();
    for number in 0..13 {
        let resolver = resolver.clone();
        callers.spawn(async move { resolver.look_up(&id(number)).await.map(drop) });
    }
    table.gate.add_permits(100);
    while let Some(outcome) = callers.join_next().await {
        assert_eq!(outcome.unwrap(), Ok(()));
    }
    assert_eq!(table.sizes(), [1, 1, 1, 1, 1, 3, 3, 2]);
}

/// Each row: the names that are kept, and the calls if one instance is asked for twice.
#[tokio::test]
async fn names_are_kept_up_to_their_number() {
    for (max_names, calls) in [(0, 2), (1, 1)] {
        let table = Table::open(named);
        let resolver = Resolver::new(table.clone(), settings().with_max_names(max_names));
        for _ in 0..2 {
            resolver.look_up(&id(7)).await.unwrap();
        }
        assert_eq!(table.sizes().len(), calls, "{max_names}");
    }
}

/// Each row: how long a missing instance is remembered, and the calls if it is asked for twice.
#[tokio::test]
async fn a_missing_instance_is_remembered_for_its_time() {
    let missing = |_: &str| -> Result<Option<String>, DescribeError> { Ok(None) };
    for (missing_for, calls) in [(Duration::ZERO, 2), (Duration::from_secs(600), 1)] {
        let table = Table::open(missing);
        let resolver = Resolver::new(table.clone(), settings().with_missing_for(missing_for));
        for _ in 0..2 {
            resolver.look_up(&id(7)).await.unwrap_err();
        }
        assert_eq!(table.sizes().len(), calls, "{missing_for:?}");
    }
}
