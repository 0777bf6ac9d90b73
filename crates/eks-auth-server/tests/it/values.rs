//! The small values: states of sources, errors, and what is printed of the rest.

use std::error::Error as _;
use std::sync::Arc;
use std::time::SystemTime;

use aws_auth_map::{Backend, BackendKind, IdentityMap, Rules};
use eks_auth_server::prometheus_client::metrics::counter::Counter;
use eks_auth_server::{
    Identities, Metrics, PrivateDnsNameError, ServerTls, Snapshot, SourceStatus, TlsError,
};

use crate::support::{Counting, Files, Notes, authenticator, identities, webhooks};

#[test]
fn a_source_is_healthy_if_its_last_attempt_succeeded() {
    let new = SourceStatus::new("file");
    let good = new.clone().succeeded(SystemTime::UNIX_EPOCH);
    let bad = good.clone().failed("line 3");
    let again = bad.clone().succeeded(SystemTime::UNIX_EPOCH);
    let never = new.clone().failed("no such file");
    let epoch = Some(SystemTime::UNIX_EPOCH);
    for (status, last_good, last_error, is_ready, is_healthy) in [
        (new, None, None, false, false),
        (good, epoch, None, true, true),
        (bad, epoch, Some("line 3"), true, false),
        (again, epoch, None, true, true),
        (never, None, Some("no such file"), false, false),
    ] {
        assert_eq!(status.name(), "file");
        assert_eq!(status.last_good(), last_good, "{status:?}");
        assert_eq!(status.last_error(), last_error, "{status:?}");
        let states = (status.is_ready(), status.is_healthy());
        assert_eq!(states, (is_ready, is_healthy), "{status:?}");
        let text = Metrics::new().encode(&Snapshot::new(IdentityMap::new()).with_source(status));
        let healthy = format!(
            "eks_auth_source_healthy{{source=\"file\"}} {}\n",
            u8::from(is_healthy)
        );
        assert!(text.contains(&healthy), "{text}");
    }
}

#[test]
fn the_metrics_name_the_use_of_a_dynamic_file() {
    let map = |kinds: &[BackendKind]| {
        kinds.iter().fold(IdentityMap::new(), |map, kind| {
            map.with_backend(Backend::new(*kind, Rules::default()))
        })
    };
    let (file, config_map) = (BackendKind::DynamicFile, BackendKind::EksConfigMap);
    for (kinds, is_only, is_enabled) in [
        (&[][..], 0, 0),
        (&[config_map], 0, 0),
        (&[file], 1, 0),
        (&[file, config_map], 0, 1),
    ] {
        let text = Metrics::new().encode(&Snapshot::new(map(kinds)));
        for (name, value) in [("only", is_only), ("enabled", is_enabled)] {
            let line = format!("aws_iam_authenticator_dynamic_file_{name} {value}\n");
            assert!(text.contains(&line), "{kinds:?} {line}{text}");
        }
    }
}

#[test]
fn a_program_registers_metrics_of_its_own() {
    let metrics = Metrics::new();
    let own: Counter = Counter::default();
    own.inc();
    metrics.register(|registry| registry.register("own", "An own metric", own));
    let text = metrics.encode(&Snapshot::new(IdentityMap::new()));
    assert!(text.contains("own_total 1\n"), "{text}");
}

#[test]
fn the_error_of_a_look_up_keeps_its_cause() {
    let bare = PrivateDnsNameError::new("ec2-throttled");
    assert_eq!(bare.code(), "ec2-throttled");
    assert!(bare.source().is_none());
    let caused = bare.with_source(std::io::Error::other("slow down"));
    assert_eq!(caused.source().unwrap().to_string(), "slow down");
    assert_eq!(
        caused.to_string(),
        "no private DNS name for the instance (ec2-throttled)"
    );
}

#[test]
fn a_file_without_a_certificate_is_named() {
    let files = Files::new("values");
    std::fs::write(files.directory.join("tls.crt"), "not PEM").unwrap();
    let error = ServerTls::load(files.tls_files()).unwrap_err();
    assert!(matches!(error, TlsError::Pem { .. }), "{error}");
    let printed = error.to_string();
    assert!(
        printed.contains("tls.crt: there is no PEM block"),
        "{printed}"
    );
    std::fs::write(
        files.directory.join("tls.crt"),
        "-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    let printed = ServerTls::load(files.tls_files()).unwrap_err().to_string();
    let (_, why) = printed.split_once("tls.crt: ").unwrap();
    assert!(
        !why.is_empty() && !why.contains("no PEM block"),
        "{printed}"
    );
}

#[test]
fn everything_prints_without_its_secrets() {
    let files = Files::new("printed");
    let tls = ServerTls::load(files.tls_files()).unwrap();
    let sts = || Counting::answering(&[]);
    let no_cache = Identities::new(authenticator(), sts(), Arc::default()).without_cache();
    for (printed, part) in [
        (format!("{tls:?}"), "ServerTls { files: TlsFiles"),
        (format!("{:?}", Metrics::new()), "Metrics"),
        (
            format!("{:?}", identities(sts())),
            "cache: Some(CacheSettings",
        ),
        (format!("{no_cache:?}"), "cache: None"),
        (
            format!("{:?}", webhooks(sts(), &Arc::new(Notes::default()))),
            "Webhooks { identities",
        ),
    ] {
        assert!(printed.contains(part), "{printed}");
        assert!(!printed.contains("PRIVATE KEY"), "{printed}");
    }
}
