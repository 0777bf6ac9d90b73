//! Steps that a single capability, or two capabilities of one actor, make possible.

use std::collections::BTreeSet;

use k8s_rbac::{PRIVILEGED_GROUP, ServiceAccount, SubjectName};

use crate::escalation_paths::capability_kind::CapabilityKind as Kind;
use crate::escalation_paths::held::Held;
use crate::escalation_paths::state::{State, Turn};
use crate::escalation_paths::stop::Stop;
use crate::escalation_paths::{MappingSource, Scope, Target, Technique};

/// The signer of the client certificates that kube-apiserver trusts, and the pattern for all signers of
/// its domain.
const SIGNERS: [&str; 2] = ["kubernetes.io/kube-apiserver-client", "kubernetes.io/*"];

/// The infix of the name of a Secret that the control plane created for the token of a service account,
/// up to Kubernetes 1.23: the account's name comes before it, a random suffix after it.
const TOKEN_INFIX: &str = "-token-";

/// The namespace and name of the `ConfigMap` in which Amazon EKS maps IAM principals to users.
const AWS_AUTH: (&str, &str) = ("kube-system", "aws-auth");

/// Takes the steps that one new capability makes possible: either the steps that always work, or the
/// steps that need an object to exist.
pub(super) fn by_one<'p>(
    state: &mut State<'p, '_>,
    turn: &Turn<'p>,
    needs_objects: bool,
) -> Result<(), Stop> {
    let first = turn.first.iter();
    for held in first.filter(|held| held.kind().needs_objects() == needs_objects) {
        state.spend(1)?;
        apply(state, turn, held)?;
    }
    Ok(())
}

fn apply<'p>(state: &mut State<'p, '_>, turn: &Turn<'p>, held: &Held<'p>) -> Result<(), Stop> {
    if MappingSource::written_by(held.kind()).is_some_and(|one| state.unread.contains(&one)) {
        return Ok(());
    }
    let (scope, names) = (held.scope, held.capability.names);
    let resource = held.capability.resource;
    let (technique, is_by_name) = match held.kind() {
        Kind::ImpersonateUsers => return impersonate_users(state, turn, held),
        Kind::EditConfigMaps => {
            if scope.contains(AWS_AUTH.0) && held.capability.allows_name(AWS_AUTH.1) {
                let masters = SubjectName::Group(PRIVILEGED_GROUP.to_owned());
                let granted_by = [held.granted_by];
                state.reach(masters, turn.actor, Technique::EditAwsAuth, &granted_by);
            }
            return Ok(());
        }
        Kind::WriteIdentityMappings => {
            let masters = SubjectName::Group(PRIVILEGED_GROUP.to_owned());
            let granted_by = [held.granted_by];
            state.reach(
                masters,
                turn.actor,
                Technique::MapPrincipal(resource),
                &granted_by,
            );
            return Ok(());
        }
        // EKS refuses an entry in the privileged group, but an access policy gives the same
        // permissions.
        Kind::WriteAccessEntries => {
            let granted_by = [held.granted_by];
            state.gain_everything(
                Scope::Cluster,
                turn.actor,
                Technique::MapPrincipal(resource),
                &granted_by,
            );
            return Ok(());
        }
        Kind::ReadSecretsByName => {
            let accounts = names
                .iter()
                .filter_map(|name| Some(name.rsplit_once(TOKEN_INFIX)?.0));
            return reach_named(state, turn, held, accounts, Technique::ReadSecrets);
        }
        Kind::WriteNodes => {
            let granted_by = [held.granted_by];
            state.note(
                Target::PodPlacement,
                turn.actor,
                Technique::WriteNodes(resource),
                &granted_by,
            );
            return Ok(());
        }
        Kind::ImpersonateAccounts => (Technique::Impersonate, true),
        Kind::Token => (Technique::CreateToken, true),
        Kind::EnterNodes => (Technique::EnterPods(resource), false),
        Kind::EnterPods => (Technique::EnterPods(resource), false),
        Kind::ChangePods => (Technique::ChangePods, false),
        Kind::ReadSecrets => (Technique::ReadSecrets, false),
        Kind::RunPods => (Technique::RunPods(resource), false),
        Kind::WriteMutatingWebhooks | Kind::ChangeMutatingPolicies => {
            (Technique::MutatePods(resource), false)
        }
        _ => return Ok(()),
    };
    if is_by_name && !names.is_empty() {
        return reach_named(
            state,
            turn,
            held,
            names.iter().map(String::as_str),
            technique,
        );
    }
    for account in state.unreached.accounts_in(scope) {
        state.spend(1)?;
        state.reach(account, turn.actor, technique, &[held.granted_by]);
    }
    Ok(())
}

/// Impersonates users, except service accounts: the API server authorizes the impersonation of a
/// service account separately.
fn impersonate_users<'p>(
    state: &mut State<'p, '_>,
    turn: &Turn<'p>,
    held: &Held<'p>,
) -> Result<(), Stop> {
    let users = match held.capability.names {
        [] => state.unreached.users(),
        names => {
            let is_user = |name: &&String| ServiceAccount::parse(name).is_none();
            names.iter().filter(is_user).cloned().collect()
        }
    };
    state.spend(users.len())?;
    for user in users {
        let granted_by = [held.granted_by];
        state.reach(
            SubjectName::User(user),
            turn.actor,
            Technique::Impersonate,
            &granted_by,
        );
    }
    Ok(())
}

fn reach_named<'p, 'n>(
    state: &mut State<'p, '_>,
    turn: &Turn<'p>,
    held: &Held<'p>,
    names: impl Iterator<Item = &'n str>,
    technique: Technique,
) -> Result<(), Stop> {
    for name in names {
        let accounts = state.unreached.accounts_named(name, held.scope);
        state.spend(accounts.len().saturating_add(1))?;
        for account in accounts {
            state.reach(account, turn.actor, technique, &[held.granted_by]);
        }
    }
    Ok(())
}

/// Creates a Secret of the type `kubernetes.io/service-account-token` under a name that the actor may
/// read. The control plane puts a token of the service account that its annotation names into it.
pub(super) fn mint_token<'p>(state: &mut State<'p, '_>, turn: &Turn<'p>) -> Result<(), Stop> {
    if !turn.has_any(&[Kind::CreateSecrets, Kind::ReadSecretsByName]) {
        return Ok(());
    }
    for scope in meeting(state, turn, [Kind::CreateSecrets, Kind::ReadSecretsByName]) {
        state.spend(1)?;
        let create = state.covering(turn.actor, Kind::CreateSecrets, scope);
        let read = state.covering(turn.actor, Kind::ReadSecretsByName, scope);
        let (Some(create), Some(read)) = (create, read) else {
            continue;
        };
        let granted_by = [create.granted_by, read.granted_by];
        for account in state.unreached.accounts_in(scope) {
            state.spend(1)?;
            state.reach(account, turn.actor, Technique::MintToken, &granted_by);
        }
    }
    Ok(())
}

/// Lists the scopes in which an actor may hold both of two kinds of capability now: the scopes of the new
/// capabilities, or all scopes if one of these is for every namespace.
fn meeting<'p>(state: &State<'p, '_>, turn: &Turn<'p>, kinds: [Kind; 2]) -> BTreeSet<Scope<'p>> {
    let fresh = kinds.iter().flat_map(|kind| turn.fresh(*kind));
    let fresh: BTreeSet<Scope<'p>> = fresh.map(|held| held.scope).collect();
    if fresh
        .iter()
        .all(|scope| matches!(scope, Scope::Namespace(_)))
    {
        return fresh;
    }
    let all = kinds.iter().map(|kind| state.scopes(turn.actor, *kind));
    all.flatten().collect()
}

/// Creates a `MutatingAdmissionPolicy` and its binding, which together change every pod that is created.
pub(super) fn create_mutating_policy<'p>(
    state: &mut State<'p, '_>,
    turn: &Turn<'p>,
) -> Result<(), Stop> {
    let kinds = [
        Kind::CreateMutatingPolicies,
        Kind::WriteMutatingPolicyBindings,
    ];
    if !turn.has_any(&kinds) {
        return Ok(());
    }
    let [create, bind] = kinds.map(|kind| state.first_in(turn.actor, kind, Scope::Cluster));
    let (Some(create), Some(bind)) = (create, bind) else {
        return Ok(());
    };
    let granted_by = [create.granted_by, bind.granted_by];
    for account in state.unreached.accounts_in(Scope::Cluster) {
        state.spend(1)?;
        let technique = Technique::MutatePods(create.capability.resource);
        state.reach(account, turn.actor, technique, &granted_by);
    }
    Ok(())
}

/// Deletes the `ConfigMap` `aws-auth` and creates it with another mapping. To create it is enough if the cluster has none,
/// but a policy does not say so.
pub(super) fn replace_aws_auth<'p>(state: &mut State<'p, '_>, turn: &Turn<'p>) -> Result<(), Stop> {
    if state.unread.contains(&MappingSource::AwsAuth)
        || !turn.has_any(&[Kind::CreateConfigMaps, Kind::DeleteConfigMaps])
    {
        return Ok(());
    }
    state.spend(1)?;
    let scope = Scope::Namespace(AWS_AUTH.0);
    let create = state.covering(turn.actor, Kind::CreateConfigMaps, scope);
    let is_of_mapping = |held: &&Held<'p>| held.capability.allows_name(AWS_AUTH.1);
    let delete = scope.wider().find_map(|wider| {
        let mut held = state.held_in(turn.actor, Kind::DeleteConfigMaps, wider);
        held.find(is_of_mapping).copied()
    });
    if let (Some(create), Some(delete)) = (create, delete) {
        let masters = SubjectName::Group(PRIVILEGED_GROUP.to_owned());
        let granted_by = [create.granted_by, delete.granted_by];
        state.reach(masters, turn.actor, Technique::ReplaceAwsAuth, &granted_by);
    }
    Ok(())
}

/// Requests a client certificate of any name and groups, and approves it.
pub(super) fn approve_certificate<'p>(
    state: &mut State<'p, '_>,
    turn: &Turn<'p>,
) -> Result<(), Stop> {
    let kinds = [
        Kind::CreateCertificate,
        Kind::ApproveCertificate,
        Kind::ApproveSigner,
    ];
    if !turn.has_any(&kinds) {
        return Ok(());
    }
    let find = |kind| state.held_in(turn.actor, kind, Scope::Cluster);
    let is_client_signer = |held: &&Held<'p>| {
        SIGNERS
            .iter()
            .any(|signer| held.capability.allows_name(signer))
    };
    let create = find(Kind::CreateCertificate).next();
    let approve = find(Kind::ApproveCertificate).next();
    let signer = find(Kind::ApproveSigner).find(is_client_signer);
    let (Some(create), Some(approve), Some(signer)) = (create, approve, signer) else {
        return Ok(());
    };
    let granted_by = [create.granted_by, approve.granted_by, signer.granted_by];
    // As upstream: the admission plugin CertificateSubjectRestriction.
    let groups = state
        .unreached
        .groups()
        .into_iter()
        .filter(|group| group != PRIVILEGED_GROUP);
    let users = state.unreached.users().into_iter().map(SubjectName::User);
    let accounts = state.unreached.accounts_in(Scope::Cluster);
    let all: Vec<SubjectName> = groups
        .map(SubjectName::Group)
        .chain(users)
        .chain(accounts)
        .collect();
    state.spend(all.len())?;
    for identity in all {
        state.reach(
            identity,
            turn.actor,
            Technique::ApproveCertificate,
            &granted_by,
        );
    }
    Ok(())
}
