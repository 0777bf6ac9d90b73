//! From the text of a version to its rules.

use eks_auth::aws_auth_map::{
    BackendModes, PolicyTable, Problem, ProblemKind, Reader, ReservedPrefixes, Rules, Severity,
};
use eks_auth::iam_principal::AccountId;
use k8s_rbac::{Manifests, NOT_AN_API_OBJECT, Objects};

use crate::backend_mode_file::{Header, read_modes};
use crate::fault::Fault;
use crate::problems::Problems;
use crate::read::NamedText;
use crate::source::SourceKind;

/// The content of one version.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    Modes(BackendModes),
    Mounted {
        rules: Rules,
        scrubbed_accounts: Vec<AccountId>,
        reserved_prefixes: ReservedPrefixes,
    },
    Objects(Objects),
    Policies(PolicyTable),
    Rules(Rules),
}

impl Content {
    /// Returns whether no caller can be mapped by it.
    pub(crate) fn is_without_rules(&self) -> bool {
        match self {
            Self::Mounted { rules, .. } | Self::Rules(rules) => rules.is_empty(),
            Self::Modes(_) | Self::Objects(_) | Self::Policies(_) => false,
        }
    }
}

/// A version that was parsed.
#[derive(Clone, Debug)]
pub(crate) struct Parsed {
    /// `None` if no part of the text could be read.
    pub(crate) content: Option<Content>,
    /// Why the version must not replace a good version. `None` if it is good.
    pub(crate) fault: Option<Fault>,
    pub(crate) problems: Problems,
    pub(crate) last_updated: Option<u64>,
}

impl Parsed {
    const fn good(content: Content, problems: Problems) -> Self {
        Self {
            content: Some(content),
            fault: None,
            problems,
            last_updated: None,
        }
    }

    pub(crate) fn rejected(code: &'static str, message: String) -> Self {
        Self {
            content: None,
            fault: Some(Fault::Rejected { code, message }),
            problems: Problems::NONE,
            last_updated: None,
        }
    }

    /// RBAC objects that a program holds already.
    pub(crate) const fn objects(objects: Objects) -> Self {
        Self::good(Content::Objects(objects), Problems::NONE)
    }
}

/// Parses the texts of a version: a single text, or all texts of a directory of RBAC objects.
///
/// A version of mapping rules is good if the text and each of its sections can be read. An entry that
/// cannot be read refuses the callers that it matches, or is left out, and is a problem. Otherwise one
/// entry that was always wrong would keep every later version from taking effect. A version of RBAC
/// objects is good if each object can be read.
pub(crate) fn parse(kind: SourceKind, texts: &[NamedText], reader: &Reader) -> Parsed {
    // The file was truncated: a blank text is never a version that its author intended.
    if let Some(blank) = texts.iter().find(|named| named.text.trim().is_empty()) {
        let what = match kind {
            SourceKind::Rbac => blank.name.as_str(),
            // The name of the source already contains its only file.
            _ => "it",
        };
        return Parsed::rejected("empty", format!("{what} is empty"));
    }
    let Some(text) = texts.first().map(|named| named.text.as_str()) else {
        return Parsed::good(without_rules(kind), Problems::NONE);
    };
    match kind {
        SourceKind::AccessEntries => rules(reader.read_access_entries(text)),
        SourceKind::ConfigMap => rules(reader.read_config_map(text)),
        SourceKind::IdentityMappings => rules(reader.read_identity_mappings(text)),
        SourceKind::DynamicFile => dynamic(text, reader.read_dynamic_file(text)),
        SourceKind::DynamicFileByUserId => dynamic(text, reader.read_dynamic_file_by_user_id(text)),
        SourceKind::MountedFile => {
            let (config, problems) = reader.read_server_config(text);
            let content = Content::Mounted {
                scrubbed_accounts: config.scrubbed_accounts().to_vec(),
                reserved_prefixes: config.reserved_prefixes().clone(),
                rules: config.rules().clone(),
            };
            whole(config.rules(), content, &problems)
        }
        SourceKind::BackendModes => match read_modes(text) {
            Ok((modes, header)) => Parsed {
                last_updated: header.last_updated(),
                ..Parsed::good(Content::Modes(modes), Problems::NONE)
            },
            Err(why) => Parsed::rejected(why.code(), why.to_string()),
        },
        SourceKind::AccessPolicies => match PolicyTable::read(text) {
            Ok(table) => Parsed::good(Content::Policies(table), Problems::NONE),
            Err(why) => Parsed::rejected("not-a-policy-table", why.to_string()),
        },
        SourceKind::Rbac => manifests(texts),
    }
}

/// Returns the content of a source without rules.
fn without_rules(kind: SourceKind) -> Content {
    match kind {
        SourceKind::AccessPolicies => Content::Policies(PolicyTable::new()),
        SourceKind::Rbac => Content::Objects(Objects::default()),
        _ => Content::Rules(Rules::new()),
    }
}

fn rules((rules, problems): (Rules, Vec<Problem>)) -> Parsed {
    let content = Content::Rules(rules.clone());
    whole(&rules, content, &problems)
}

/// Judges rules that were read as far as possible.
fn whole(rules: &Rules, content: Content, problems: &[Problem]) -> Parsed {
    let is_unreadable = rules.unreadable().next().is_some();
    // A text without a section is an empty file, or a file of another kind.
    let absent = problems.iter().find(|problem| {
        matches!(
            problem.kind(),
            ProblemKind::NoAccessEntries | ProblemKind::NoSections
        )
    });
    let first_error = || {
        problems
            .iter()
            .find(|problem| problem.severity() == Severity::Error)
    };
    let why = absent.or_else(first_error);
    let fault = (absent.is_some() || is_unreadable).then(|| Fault::Rejected {
        code: why.map_or("unreadable", Problem::code),
        message: why.map_or_else(|| "a section cannot be read".to_owned(), Problem::to_string),
    });
    let is_wholly_unreadable = rules.unreadable().any(|(section, _)| section.is_none());
    // Without a section, no caller would be refused, and later sources, which may be wider, would decide.
    let has_readable_part = absent.is_none() && !is_wholly_unreadable;
    Parsed {
        content: has_readable_part.then_some(content),
        fault,
        problems: Problems::of(problems),
        last_updated: None,
    }
}

fn dynamic(text: &str, read: Result<(Rules, Vec<Problem>), Vec<Problem>>) -> Parsed {
    match read {
        Ok((rules, problems)) => Parsed {
            last_updated: Header::read(text).and_then(|header| header.last_updated()),
            ..Parsed::good(Content::Rules(rules), Problems::of(&problems))
        },
        Err(problems) => {
            let first = problems.first();
            let fault = Fault::Rejected {
                code: first.map_or("unreadable", Problem::code),
                message: first.map_or_else(String::new, Problem::to_string),
            };
            Parsed {
                content: None,
                fault: Some(fault),
                problems: Problems::of(&problems),
                last_updated: None,
            }
        }
    }
}

fn manifests(texts: &[NamedText]) -> Parsed {
    let files = texts
        .iter()
        .map(|named| (named.name.as_str(), named.text.as_str()));
    let manifests = Manifests::read(files);
    let problems = manifests.problems();
    let lost = problems
        .iter()
        .find(|problem| problem.fault.loses_an_object())
        .map(|problem| Fault::Rejected {
            code: problem.fault.code(),
            message: problem.to_string(),
        });
    // A half-written manifest may end before its kind.
    let skipped = manifests.skipped().get(NOT_AN_API_OBJECT);
    let fault = lost.or_else(|| {
        skipped.map(|count| Fault::Rejected {
            code: "not-an-object",
            message: format!("{NOT_AN_API_OBJECT}: {count}"),
        })
    });
    Parsed {
        fault,
        problems: Problems::of(problems),
        content: Some(Content::Objects(manifests.into_objects())),
        last_updated: None,
    }
}
