use std::time::Duration;

use eks_auth_ec2::Resolver;
use testkit::Divergences;
use tokio::task::JoinSet;

use crate::support::{Answer, Table, id, named, resolver, settings, throttled};

/// Looks up a number of instances at once. Returns the codes of the outcomes, without repetition, and the
/// sizes of the calls.
async fn look_up(answer: Answer, count: usize) -> (Vec<&'static str>, Vec<usize>) {
    let table = Table::open(answer);
    let resolver = resolver(&table);
    let mut callers = JoinSet::new();
    for number in 0..count {
        let resolver = resolver.clone();
        callers.spawn(async move { resolver.look_up(&id(number)).await.map(drop) });
    }
    let mut codes: Vec<&str> = callers
        .join_all()
        .await
        .into_iter()
        .map(|outcome| outcome.map_or_else(|error| error.code(), |()| "found"))
        .collect();
    codes.sort_unstable();
    codes.dedup();
    (codes, table.sizes())
}

/// The behavior of upstream was read from its source.
#[tokio::test]
async fn every_divergence_is_listed_and_real() {
    let rows = Divergences::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/testdata/divergences.toml"
    ));
    #[cfg(feature = "sdk")]
    crate::sdk::compare_roles(&rows).await;
    #[cfg(not(feature = "sdk"))]
    let rows = rows.without(&["role-arn", "role-session", "source-arn"]);
    let (codes, _) = look_up(throttled, 20).await;
    rows.compare("call-fails", &vec!["failed to find node"], &codes);
    let (codes, _) = look_up(
        |id| match id.ends_with("13") {
            true => Ok(None),
            false => named(id),
        },
        20,
    )
    .await;
    let upstream = vec!["InvalidInstanceID.NotFound", "found"];
    rows.compare("instance-missing-in-a-batch", &upstream, &codes);
    let table = Table::open(|_| Ok(Some(String::new())));
    let resolver = resolver(&table);
    let mut codes = Vec::new();
    for _ in 0..2 {
        let outcome = resolver.look_up(&id(7)).await;
        codes.push(outcome.map_or_else(|error| error.code(), |_| "an empty name"));
    }
    let upstream = vec!["failed to find node", "an empty name"];
    rows.compare("instance-without-name", &upstream, &codes);
    let table = Table::open(|_| Ok(None));
    let long = settings().with_missing_for(Duration::from_secs(3_600));
    let resolver = Resolver::new(table.clone(), long);
    for _ in 0..2 {
        let _ = resolver.look_up(&id(7)).await;
    }
    rows.compare("missing-instance-asked-again", &2, &table.sizes().len());
    let (_, sizes) = look_up(named, 250).await;
    rows.compare("waiting-callers", &Some(&101), &sizes.iter().max());
    rows.finish();
}
