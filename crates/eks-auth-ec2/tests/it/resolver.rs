//! The resolver over a table.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use eks_auth_ec2::{Call, LookUpError, Observer, Resolver};
use tokio::task::{JoinSet, yield_now};

use crate::support::{Table, id, named, resolver, settings, throttled};

#[tokio::test]
async fn a_name_is_looked_up_once() {
    let table = Table::open(named);
    let resolver = resolver(&table);
    for _ in 0..3 {
        let name = resolver.look_up(&id(7)).await.unwrap();
        assert_eq!(*name, *"i-00000000000000007.ec2.internal");
    }
    assert_eq!(table.sizes(), [1]);
}

#[tokio::test]
async fn callers_of_one_instance_share_a_look_up() {
    let table = Table::closed(named);
    let resolver = resolver(&table);
    let mut callers = JoinSet::new();
    for _ in 0..1_000 {
        let resolver = resolver.clone();
        callers.spawn(async move { resolver.look_up(&id(7)).await.map(drop) });
    }
    while table.sizes().is_empty() {
        yield_now().await;
    }
    table.gate.add_permits(1);
    while let Some(outcome) = callers.join_next().await {
        assert_eq!(outcome.unwrap(), Ok(()));
    }
    assert_eq!(table.sizes(), [1]);
}

#[tokio::test]
async fn many_instances_are_asked_for_together() {
    let table = Table::closed(named);
    let resolver = resolver(&table);
    let mut callers = JoinSet::new();
    for number in 0..250 {
        let resolver = resolver.clone();
        callers.spawn(async move { resolver.look_up(&id(number)).await.map(drop) });
    }
    table.gate.add_permits(100);
    while let Some(outcome) = callers.join_next().await {
        assert_eq!(outcome.unwrap(), Ok(()));
    }
    // As in upstream, five calls are made at once, and then calls for a hundred each.
    assert_eq!(table.sizes(), [1, 1, 1, 1, 1, 100, 100, 45]);
    let calls = table.calls.lock().unwrap();
    let ids: BTreeSet<&String> = calls.iter().flatten().collect();
    assert_eq!(ids.len(), 250);
}

#[tokio::test]
async fn a_failure_is_of_the_call_and_is_not_kept() {
    let table = Table::open(throttled);
    let resolver = resolver(&table);
    for _ in 0..2 {
        let error = resolver.look_up(&id(7)).await.unwrap_err();
        assert_eq!(error.code(), "ec2-throttled");
        assert_eq!(
            error.to_string(),
            "EC2 gave no answer: RequestLimitExceeded"
        );
    }
    assert_eq!(table.sizes(), [1, 1]);
}

#[tokio::test]
async fn an_instance_that_does_not_exist_does_not_harm_others() {
    let table = Table::open(|id| match id.ends_with('0') {
        true => Ok(None),
        false => named(id),
    });
    let resolver = Resolver::new(
        table.clone(),
        settings().with_missing_for(Duration::from_secs(3_600)),
    );
    let mut callers = JoinSet::new();
    for number in 0..64 {
        let resolver = resolver.clone();
        callers.spawn(async move { (number, resolver.look_up(&id(number)).await.map(drop)) });
    }
    while let Some(outcome) = callers.join_next().await {
        let (number, outcome) = outcome.unwrap();
        let expected = match number % 16 {
            0 => Err(LookUpError::NotFound),
            _ => Ok(()),
        };
        assert_eq!(outcome, expected, "{number}");
    }
    let before = table.sizes().len();
    assert_eq!(resolver.look_up(&id(16)).await, Err(LookUpError::NotFound));
    assert_eq!(table.sizes().len(), before);
}

#[tokio::test]
async fn what_is_no_instance_or_has_no_name_fails() {
    let cases: [(crate::support::Answer, &str); 4] = [
        (|_| Ok(None), "instance-not-found"),
        (|_| Ok(Some(String::new())), "instance-without-name"),
        (|_| Ok(Some("a b".to_owned())), "malformed-private-dns-name"),
        (|_| Ok(Some("a".repeat(254))), "malformed-private-dns-name"),
    ];
    for (answer, code) in cases {
        let table = Table::open(answer);
        let error = resolver(&table).look_up(&id(7)).await.unwrap_err();
        assert_eq!(error.code(), code);
    }
    let table = Table::open(named);
    let resolver = resolver(&table);
    for text in [
        "",
        "i-",
        "i-1234567",
        "i-123456789",
        "x-12345678",
        "i-1234567*",
        "i-1234567?",
    ] {
        let error = resolver.look_up(text).await.unwrap_err();
        assert_eq!(error, LookUpError::NotAnInstanceId, "{text}");
    }
    assert!(table.sizes().is_empty());
    assert!(resolver.look_up("i-12345678").await.is_ok());
}

#[tokio::test]
async fn a_caller_gives_up_and_the_call_goes_on() {
    let table = Table::closed(named);
    let resolver = Resolver::new(
        table.clone(),
        settings().with_deadline(Duration::from_millis(200)),
    );
    let impatient = tokio::spawn({
        let resolver = resolver.clone();
        async move { resolver.look_up(&id(7)).await }
    });
    while table.sizes().is_empty() {
        yield_now().await;
    }
    impatient.abort();
    table.gate.add_permits(1);
    assert!(resolver.look_up(&id(7)).await.is_ok());
    assert_eq!(table.sizes(), [1]);
    // EC2 does not answer.
    assert_eq!(resolver.look_up(&id(8)).await, Err(LookUpError::TimedOut));
    table.gate.add_permits(10);
    assert!(resolver.look_up(&id(9)).await.is_ok());
}

#[tokio::test]
async fn waiting_has_a_limit() {
    let table = Table::closed(named);
    let resolver = Resolver::new(table.clone(), settings().with_max_waiting(2));
    let mut callers = JoinSet::new();
    for number in 0..2 {
        let resolver = resolver.clone();
        callers.spawn(async move { resolver.look_up(&id(number)).await.map(drop) });
    }
    while table.sizes().len() < 2 {
        yield_now().await;
    }
    assert_eq!(resolver.look_up(&id(3)).await, Err(LookUpError::Overloaded));
    table.gate.add_permits(3);
    while let Some(outcome) = callers.join_next().await {
        assert_eq!(outcome.unwrap(), Ok(()));
    }
    assert!(resolver.look_up(&id(3)).await.is_ok());
}

#[tokio::test]
async fn calls_are_limited_in_rate() {
    let table = Table::open(named);
    let one = NonZeroU32::MIN;
    // One call a second is allowed, and the deadline comes before the second call.
    let settings = settings()
        .with_rate(one, one)
        .with_deadline(Duration::from_millis(50));
    let resolver = Resolver::new(table.clone(), settings);
    assert!(resolver.look_up(&id(1)).await.is_ok());
    assert_eq!(resolver.look_up(&id(2)).await, Err(LookUpError::TimedOut));
    assert_eq!(table.sizes(), [1]);
}

#[derive(Default)]
struct Seen(Mutex<Vec<(usize, Option<u16>)>>);

impl Observer for Seen {
    fn observe(&self, call: &Call<'_>) {
        let status = call.error.and_then(|error| error.status);
        self.0.lock().unwrap().push((call.instances, status));
    }
}

#[tokio::test]
async fn calls_are_reported() {
    let seen = Arc::new(Seen::default());
    let answers: [crate::support::Answer; 2] = [named, throttled];
    for answer in answers {
        let settings = settings().with_observer(seen.clone());
        let resolver = Resolver::new(Table::open(answer), settings);
        let _ = resolver.look_up(&id(7)).await;
    }
    assert_eq!(*seen.0.lock().unwrap(), [(1, None), (1, Some(503))]);
}
