use iam_principal::Partition;
use sts_presign::{ClusterId, Policy, PresignedUrl};

/// An accepted URL is read alike by `url`, and what would be sent is what was accepted.
///
/// # Panics
///
/// If the property does not hold.
pub fn accepted_reads_alike(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Ok(parsed) = PresignedUrl::parse(text) else {
        return;
    };
    let Ok(cluster_id) = ClusterId::parse("fuzz") else {
        return;
    };
    // At the second of signing, so that the fuzzer need not find the time.
    for partition in Partition::ALL {
        let policy = Policy::new(cluster_id.clone(), partition);
        let Ok(accepted) = policy.accept(parsed.clone(), parsed.signed_at()) else {
            continue;
        };
        let sent = accepted.to_http().uri().to_string();
        let (theirs, ours) = (url::Url::parse(text), url::Url::parse(&sent));
        let (Ok(theirs), Ok(ours)) = (theirs, ours) else {
            fail("url reads only one of them")
        };
        assert_eq!(theirs.host_str(), Some(accepted.endpoint().host()));
        assert_eq!(theirs.host_str(), ours.host_str());
        assert_eq!(pairs(&theirs), pairs(&ours));
        // What is sent is accepted in its turn, and sent as it is.
        let now = parsed.signed_at();
        let again = PresignedUrl::parse(&sent).and_then(|url| policy.accept(url, now));
        assert_eq!(again.map(|a| a.to_http().uri().to_string()), Ok(sent));
    }
}

fn pairs(url: &url::Url) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    pairs.sort();
    pairs
}

#[expect(clippy::panic, reason = "this is how a property fails")]
fn fail(why: &str) -> ! {
    panic!("{why}")
}
