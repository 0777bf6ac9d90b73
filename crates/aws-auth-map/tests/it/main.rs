//! The tests of `aws-auth-map`.

#[cfg(test)]
mod check;
#[cfg(test)]
mod config_maps;
#[cfg(test)]
mod convert;
#[cfg(test)]
mod diff;
#[cfg(test)]
mod divergences;
#[cfg(test)]
mod dynamic_file;
#[cfg(test)]
mod edit;
#[cfg(test)]
mod eksctl;
#[cfg(test)]
mod explain;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod patterns;
#[cfg(test)]
mod printed;
#[cfg(test)]
mod problems;
#[cfg(test)]
mod props;
#[cfg(test)]
#[path = "../../../../fuzz/src/refusing.rs"]
#[expect(unreachable_pub, reason = "the fuzz crate exports it")]
mod refusing;
#[cfg(test)]
mod resolve;
#[cfg(test)]
mod server_config;
#[cfg(test)]
mod sources;
#[cfg(test)]
mod store;
#[cfg(test)]
mod unreadable;
#[cfg(test)]
mod values;
#[cfg(test)]
mod vectors;
#[cfg(test)]
mod which_config_map;

#[cfg(test)]
use aws_auth_map::{Backend, BackendKind, IdentityMap, Resolution, Rules, read_config_map};
#[cfg(test)]
use iam_principal::Identity;

/// The rules of a ConfigMap's bare data, which must be without problems.
#[cfg(test)]
#[track_caller]
fn rules(text: &str) -> Rules {
    let (rules, problems) = read_config_map(text);
    assert_eq!(problems, [], "{text}");
    rules
}

#[cfg(test)]
fn map(rules: Rules) -> IdentityMap {
    IdentityMap::new().with_backend(Backend::new(BackendKind::EksConfigMap, rules))
}

/// The session of a role, in account 111122223333.
#[cfg(test)]
fn session(role: &str, name: &str) -> Identity {
    let arn = format!("arn:aws:sts::111122223333:assumed-role/{role}/{name}");
    Identity::new(&arn, "111122223333", &format!("AROAEXAMPLE:{name}"))
        .expect("an identity")
        .with_access_key_id("ASIAEXAMPLE")
}

/// A user of account 111122223333.
#[cfg(test)]
fn user(name: &str) -> Identity {
    let arn = format!("arn:aws:iam::111122223333:user/{name}");
    Identity::new(&arn, "111122223333", "AIDAEXAMPLE")
        .expect("an identity")
        .with_access_key_id("AKIAEXAMPLE")
}

/// The username that an identity gets, or the reason why it has no username.
#[cfg(test)]
fn outcome(resolution: &Resolution) -> String {
    match resolution {
        Resolution::Mapped(mapped) => mapped.user().username().to_owned(),
        Resolution::NotMapped => "not-mapped".to_owned(),
        Resolution::Refused(refusal) => refusal.reason().code().to_owned(),
    }
}
