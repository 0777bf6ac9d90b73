use eks_token::exec_credential::ApiVersion;
use eks_token::{Error, Token};
use testkit::Divergences;

/// The upstream column was measured with the software that the file names.
#[test]
fn every_divergence_is_listed_and_real() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/divergences.toml");
    let rows = Divergences::read(path);
    let ours = |token: &str| {
        let url = Token::parse(token).and_then(|token| token.decode());
        url.map(|url| url.expose().to_owned()).map_err(Error::code)
    };
    for (case, token, upstream) in [
        (
            "line-break-at-the-end",
            "k8s-aws-v1.aHR0cHM6Ly94Lw\n",
            "https://x/",
        ),
        (
            "line-break-inside",
            "k8s-aws-v1.aHR0cHM6\r\nLy94Lw",
            "https://x/",
        ),
        ("trailing-bits", "k8s-aws-v1.aHR0cHM6Ly94Lx", "https://x/"),
        (
            "not-ascii",
            "k8s-aws-v1.aHR0cHM6Ly94Lz_Dqw",
            "https://x/?\u{eb}",
        ),
        // If both agree, there is no row.
        ("plain", "k8s-aws-v1.aHR0cHM6Ly94Lw", "https://x/"),
    ] {
        rows.compare(case, &Ok(upstream.to_owned()), &ours(token));
    }
    let answered = ApiVersion::requested(Some("[]")).version();
    rows.compare("exec-info-no-object", &None, &Some(answered));
    rows.finish();
}
