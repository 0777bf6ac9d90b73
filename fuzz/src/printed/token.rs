//! Prints the results of reading tokens, URLs, logins, answers of STS, ARNs and files of keys.

use eks_auth::{LocalKeys, Review};
use eks_token::exec_credential::ApiVersion;
use eks_token::{Lookalike, Token};
use http::Response;
use iam_principal::{AccessKeyId, AccountId, Arn, ArnPattern, Identity, Partition, Principal};
use sts_presign::{
    AcceptPolicy, BindingHeader, ClusterId, Endpoint, ForwardedRequest, PresignedUrl, SignedPost,
    UnixTime, read_identity,
};

use super::{error, is_raw, line};

pub(super) fn print(text: &str) {
    print_names(text);
    print_logins(text);
    error(Review::read(text.as_bytes()));
    if let Some(keys) = error(LocalKeys::read(text)) {
        for profile in keys.profiles() {
            assert!(!format!("{profile:?}").contains(is_raw), "{profile:?}");
        }
    }
    for content_type in ["application/json", "text/xml"] {
        for status in [200, 403, 503] {
            let answer = Response::builder()
                .status(status)
                .header("content-type", content_type);
            let Ok(answer) = answer.body(text) else {
                continue;
            };
            if let Some(identity) = error(read_identity(&answer, Partition::Aws)) {
                line(format!("{identity:?}"));
            }
        }
    }
}

/// Takes the text as a name of each kind.
fn print_names(text: &str) {
    if let Some(arn) = error(Arn::parse(text)) {
        line(arn);
    }
    if let Some(principal) = error(Principal::parse(text)) {
        line(principal);
    }
    if let Some(pattern) = error(ArnPattern::parse(text)) {
        line(pattern);
    }
    if let Some(id) = error(AccessKeyId::parse(text)) {
        line(id);
    }
    if let Some(cluster_id) = error(ClusterId::parse(text)) {
        line(cluster_id);
    }
    if let Some(endpoint) = error(Endpoint::from_host(text)) {
        line(endpoint);
    }
    error(AccountId::parse(text));
    error(text.parse::<Partition>());
    error(Identity::new(text, text, text));
    error(Identity::new("arn:aws:iam::111122223333:root", text, text));
    error(BindingHeader::parse(text, text));
    error(BindingHeader::parse("x-server-id", text));
    error(UnixTime::parse_rfc3339(text));
    error(UnixTime::parse_amz_date(text));
    error(Token::encode(text));
    error(Token::parse(text).and_then(|token| token.decode()));
    if let Some(found) = Lookalike::of(text) {
        line(found);
    }
    if let Some(warning) = ApiVersion::requested(Some(text)).warning() {
        line(warning);
    }
}

/// Prints refusals and diagnoses of the text as a URL and as a login with a URL, headers and a form.
fn print_logins(text: &str) {
    let (Ok(cluster_id), Ok(now)) = (
        ClusterId::parse("fuzz"),
        UnixTime::parse_rfc3339("2023-04-28T00:00:00Z"),
    ) else {
        return;
    };
    let policy = AcceptPolicy::new(cluster_id, Partition::Aws);
    error(PresignedUrl::parse(text).and_then(|url| policy.accept(url, now)));
    print_diagnosis(&policy.diagnose(text, now));
    let mut lines = text.split('\n');
    let (method, url) = lines
        .next()
        .and_then(|line| line.split_once(' '))
        .unwrap_or_default();
    let headers: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(": ")).collect();
    let login = ForwardedRequest {
        method,
        url,
        headers: &headers,
        body: text,
    };
    error(SignedPost::parse(&login).and_then(|post| policy.accept_post(&post, now)));
    print_diagnosis(&policy.diagnose_post(&login, now));
}

fn print_diagnosis(diagnosis: &sts_presign::Diagnosis) {
    diagnosis.warnings().iter().for_each(line);
    for finding in diagnosis.findings() {
        line(finding.seen());
    }
    let printed = diagnosis.to_string();
    assert!(!printed.replace('\n', "").contains(is_raw), "{printed:?}");
}
