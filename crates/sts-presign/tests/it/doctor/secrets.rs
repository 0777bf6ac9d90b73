//! Attack 30: secrets in a diagnosis.

use super::diagnose;
use crate::judge;
use crate::login::{self, Login, Trial};
use crate::support::GOOD;

/// A secret key, a session token, and the signature of the good URL.
const SECRETS: [&str; 3] = [
    "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    "IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLXdlc3QtMiJHMEUCIQDx8xY2Q5l4c0pU3v1BqjZk0sWm9nRtYh7uA6iE==",
    "d052bda10bc2c20801d04704e8da83bc17ce4f0c385f2fc03845cb278d94f1ec",
];

/// Pieces of a secret. No piece may be printed.
const PIECE: usize = 12;

#[track_caller]
fn assert_hidden(text: &str, secret: &str, name: &str) {
    let pieces = secret.as_bytes().windows(PIECE).step_by(PIECE / 2);
    for piece in pieces.map(|piece| std::str::from_utf8(piece).unwrap()) {
        assert!(!text.contains(piece), "{name}: {piece} in\n{text}");
    }
}

fn encoded(secret: &str) -> String {
    let text = secret.replace('/', "%2F").replace('+', "%2B");
    text.replace('=', "%3D")
}

#[test]
fn attack_30_no_diagnosis_quotes_a_secret_of_a_url() {
    for (case, secret) in judge::cases().iter().zip(SECRETS.into_iter().cycle()) {
        let (url, value) = (case.url(), encoded(secret));
        let parameter = format!("X-Amz-Security-Token={value}");
        // The secret stands before or after the URL, is not encoded, has no name, or stands in the
        // path or the host.
        for url in [
            url.replacen("?Action", &format!("?{parameter}&Action"), 1),
            format!("{url}&{parameter}"),
            format!("{url}&X-Amz-Security-Token={secret}"),
            url.replacen("?Action", &format!("?{value}=x&Action"), 1),
            url.replacen("/?", &format!("/{parameter}&"), 1),
            url.replacen("//sts", &format!("//{value}.sts"), 1),
        ] {
            let text = format!("{0} {0:?}", diagnose(&url));
            assert_hidden(&text, secret, &case.name);
        }
    }
}

/// If variables are confused, a secret takes the place of an access key id or a date.
#[test]
fn attack_30_no_diagnosis_quotes_a_secret_in_the_wrong_place() {
    let (base, query) = GOOD.split_once('?').unwrap();
    let pairs: Vec<(&str, &str)> = query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap())
        .collect();
    for secret in SECRETS {
        for (name, value) in &pairs {
            for instead in [
                encoded(secret),
                value.replacen("AKIDEXAMPLE", &encoded(secret), 1),
            ] {
                let changed: Vec<String> = pairs
                    .iter()
                    .map(|(other, value)| match other == name {
                        true => format!("{other}={instead}"),
                        false => format!("{other}={value}"),
                    })
                    .collect();
                let url = format!("{base}?{}", changed.join("&"));
                let text = format!("{0} {0:?}", diagnose(&url));
                assert_hidden(&text, secret, name);
                assert_hidden(&text, SECRETS[2], name);
            }
        }
    }
}

/// Puts a secret into a login, in the right place and in wrong ones.
const PLACES: [fn(&mut Login, &str); 8] = [
    |login, secret| login.set("X-Amz-Security-Token", secret),
    |login, secret| login.set("X-Consul-IAM-ServerID", secret),
    |login, secret| login.set("Content-Type", secret),
    |login, secret| login.set("Host", secret),
    |login, secret| login.set("X-Amz-Date", secret),
    |login, secret| login.set(secret, "x"),
    |login, secret| login.body.push_str(secret),
    |login, secret| {
        login.url.push_str("?X-Amz-Security-Token=");
        login.url.push_str(&encoded(secret));
    },
];

#[test]
fn attack_30_no_diagnosis_quotes_a_secret_of_a_login() {
    let good = Trial::good();
    let (_, signature) = good
        .login
        .headers
        .last()
        .unwrap()
        .1
        .rsplit_once('=')
        .unwrap();
    for (case, secret) in login::cases().iter().zip(SECRETS.into_iter().cycle()) {
        let mut changed = good.clone();
        changed.change(case);
        for put in PLACES {
            let mut trial = changed.clone();
            put(&mut trial.login, secret);
            let text = format!("{0} {0:?}", trial.diagnose());
            assert_hidden(&text, secret, &case.name);
            assert_hidden(&text, signature, &case.name);
        }
    }
}
