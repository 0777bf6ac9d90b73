//! What each permission is good for.

use std::collections::{BTreeMap, HashSet};

use k8s_rbac::{Identity, PRIVILEGED_GROUP, User};

use crate::escalation_paths::capability::{CapabilityKind, EXTRAS};
use crate::escalation_paths::search::{
    AWS_AUTH, Held, KeyedRules, RoleKey, Search, Taken, split_account,
};
use crate::escalation_paths::{Scope, Target, Technique};
use crate::permission_set::TooLarge;

/// The signer of the client certificates that kube-apiserver trusts, and what stands for all of its
/// domain.
const SIGNERS: [&str; 2] = ["kubernetes.io/kube-apiserver-client", "kubernetes.io/*"];

/// What stands between the name of a service account and a suffix in the name of a Secret that the
/// control plane made for its token, up to Kubernetes 1.23.
const TOKEN: &str = "-token-";

/// Two permissions with which somebody writes what he likes into roles.
pub(super) struct Rewriter<'p> {
    actor: usize,
    kind: &'static str,
    escalate: Held<'p>,
    update: Held<'p>,
}

impl<'p> Search<'p> {
    /// Lets somebody do all that he can with what he has not looked at.
    pub(super) fn act(&mut self, actor: usize) -> Result<(), TooLarge> {
        let Some(taken) = self.take(actor)? else {
            return Ok(());
        };
        if let Some(held) = taken.everything {
            self.find_everything(actor, &held);
            return Ok(());
        }
        // What works whatever there is comes before what takes a pod or a Secret to be there.
        let is_sure = |held: &&Held<'p>| !held.power.kind.takes_objects();
        for held in taken.new.iter().filter(is_sure) {
            self.act_by_one(actor, held)?;
        }
        for held in taken.new.iter().filter(|held| !is_sure(held)) {
            self.act_by_one(actor, held)?;
        }
        self.impersonate_groups(actor, &taken)?;
        self.note_impersonator(actor, &taken.all);
        self.approve_certificate(actor, &taken.all);
        self.bind(actor, &taken.all)?;
        self.note_rewriters(actor, &taken.all)?;
        Ok(())
    }

    /// What one permission is good for by itself.
    fn act_by_one(&mut self, actor: usize, held: &Held<'p>) -> Result<(), TooLarge> {
        let (reach, names) = (held.reach, held.power.names());
        let evidence = [held.evidence];
        let means = match held.power.kind {
            CapabilityKind::ImpersonateUsers if reach == Scope::Cluster => {
                let users: Vec<String> = match names {
                    None => self.users.iter().cloned().collect(),
                    // A service account is asked about as one, whatever is said of users.
                    Some(names) => {
                        let names = names.iter().filter(|name| split_account(name).is_none());
                        names.cloned().collect()
                    }
                };
                self.budget.spend(users.len())?;
                for user in users {
                    self.reach(
                        Identity::User(user),
                        actor,
                        Technique::Impersonate,
                        &evidence,
                    );
                }
                return Ok(());
            }
            CapabilityKind::EditConfigMaps => {
                let is_there =
                    names.is_none_or(|names| names.iter().any(|name| name == AWS_AUTH.1));
                if is_there && reach.has(AWS_AUTH.0) {
                    let masters = Identity::Group(PRIVILEGED_GROUP.to_owned());
                    self.reach(masters, actor, Technique::EditAwsAuth, &evidence);
                }
                return Ok(());
            }
            CapabilityKind::ReadSecretsByName => {
                let secrets = names.unwrap_or_default().iter();
                let accounts = secrets.filter_map(|name| Some(name.rsplit_once(TOKEN)?.0));
                let accounts: Vec<&str> = accounts.collect();
                return self.reach_accounts_named(actor, &accounts, held, Technique::ReadSecrets);
            }
            CapabilityKind::ImpersonateAccounts => Technique::Impersonate,
            CapabilityKind::Token => Technique::CreateToken,
            CapabilityKind::EnterNodes if reach == Scope::Cluster => {
                Technique::EnterPods(held.power.resource)
            }
            CapabilityKind::EnterPods => Technique::EnterPods(held.power.resource),
            CapabilityKind::ReadSecrets => Technique::ReadSecrets,
            CapabilityKind::RunPods => Technique::RunPods(held.power.resource),
            _ => return Ok(()),
        };
        let is_by_name = matches!(means, Technique::CreateToken | Technique::Impersonate);
        if let (Some(names), true) = (names, is_by_name) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            return self.reach_accounts_named(actor, &names, held, means);
        }
        for account in self.accounts_in(reach) {
            self.budget.spend(1)?;
            self.reach(account, actor, means, &evidence);
        }
        Ok(())
    }

    /// Reaches service accounts of these names, in one namespace also those that the policy does
    /// not name.
    fn reach_accounts_named(
        &mut self,
        actor: usize,
        names: &[&str],
        held: &Held<'p>,
        means: Technique,
    ) -> Result<(), TooLarge> {
        let namespaces: Vec<String> = match held.reach {
            Scope::Namespace(namespace) => vec![namespace.to_owned()],
            Scope::Cluster | Scope::EveryNamespace => self.accounts.keys().cloned().collect(),
        };
        for namespace in namespaces {
            for &name in names {
                self.budget.spend(1)?;
                let accounts = self.accounts.get(&namespace);
                let is_named = accounts.is_some_and(|names| names.contains(name));
                if is_named || matches!(held.reach, Scope::Namespace(_)) {
                    let user = User::service_account(&namespace, name);
                    if split_account(&user.name).is_some() {
                        self.reach(Identity::User(user.name), actor, means, &[held.evidence]);
                    }
                }
            }
        }
        Ok(())
    }

    /// Groups and extras are impersonated with a user, whoever that is.
    fn impersonate_groups(&mut self, actor: usize, taken: &Taken<'p>) -> Result<(), TooLarge> {
        let mut users = taken.all.iter().filter(|held| match held.power.kind {
            CapabilityKind::ImpersonateUsers => held.reach == Scope::Cluster,
            CapabilityKind::ImpersonateAccounts => true,
            _ => false,
        });
        let user = users.next().map(|held| held.evidence);
        let Some(user) = user.or(taken.impersonate) else {
            return Ok(());
        };
        let cluster = taken.all.iter().filter(|held| held.reach == Scope::Cluster);
        for held in cluster {
            let evidence = [held.evidence, user];
            match held.power.kind {
                CapabilityKind::ImpersonateGroups => {
                    let groups: Vec<String> = match held.power.names() {
                        None => self.groups.iter().cloned().collect(),
                        Some(names) => names.to_vec(),
                    };
                    self.budget.spend(groups.len())?;
                    for group in groups {
                        self.reach(
                            Identity::Group(group),
                            actor,
                            Technique::Impersonate,
                            &evidence,
                        );
                    }
                }
                CapabilityKind::ImpersonateExtra => {
                    let resources = held.power.rule.resources.iter();
                    for key in resources.filter_map(|resource| resource.strip_prefix(EXTRAS)) {
                        self.budget.spend(1)?;
                        if self.extras.insert(key) {
                            self.step(
                                Target::Extra { key },
                                actor,
                                Technique::Impersonate,
                                &evidence,
                            );
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn approve_certificate(&mut self, actor: usize, all: &[Held<'p>]) {
        let cluster = || all.iter().filter(|held| held.reach == Scope::Cluster);
        let find = |kind| cluster().find(|held| held.power.kind == kind);
        let signer = cluster().find(|held| {
            let is_named = |names: &[String]| names.iter().any(|n| SIGNERS.contains(&n.as_str()));
            held.power.kind == CapabilityKind::ApproveSigner
                && held.power.names().is_none_or(is_named)
        });
        let (Some(create), Some(approve), Some(signer)) = (
            find(CapabilityKind::CreateCertificate),
            find(CapabilityKind::ApproveCertificate),
            signer,
        ) else {
            return;
        };
        let evidence = [create.evidence, approve.evidence, signer.evidence];
        // As upstream: the admission plugin CertificateSubjectRestriction.
        let groups = self
            .groups
            .iter()
            .filter(|group| *group != PRIVILEGED_GROUP);
        let groups = groups.cloned().map(Identity::Group);
        let users = self.users.iter().cloned().map(Identity::User);
        let accounts = self.accounts_in(Scope::Cluster);
        let all: Vec<Identity> = groups.chain(users).chain(accounts).collect();
        for identity in all {
            self.reach(identity, actor, Technique::ApproveCertificate, &evidence);
        }
    }

    /// Binds roles to the user, with `bind` and the right to write bindings.
    fn bind(&mut self, actor: usize, all: &[Held<'p>]) -> Result<(), TooLarge> {
        let find = |kind| {
            let mut all = all.iter();
            all.find(move |held: &&Held<'p>| {
                held.power.kind == kind && held.reach == Scope::Cluster
            })
        };
        let everywhere = find(CapabilityKind::WriteClusterRoleBindings);
        // The first of each reach.
        let mut writers: BTreeMap<Scope<'p>, Held<'p>> = BTreeMap::new();
        for held in all
            .iter()
            .filter(|held| held.power.kind == CapabilityKind::WriteRoleBindings)
        {
            writers.entry(held.reach).or_insert(*held);
        }
        for held in all {
            let is_cluster = match held.power.kind {
                CapabilityKind::BindClusterRoles => true,
                CapabilityKind::BindRoles => false,
                _ => continue,
            };
            if let (Some(write), true, Scope::Cluster) = (everywhere, is_cluster, held.reach) {
                self.bind_at(actor, all, held, write, Scope::Cluster)?;
            }
            for (&reach, write) in &writers {
                self.budget.spend(1)?;
                if let Some(reach) = reach.meet(held.reach) {
                    self.bind_at(actor, all, held, write, reach)?;
                }
            }
        }
        Ok(())
    }

    fn bind_at(
        &mut self,
        actor: usize,
        all: &[Held<'p>],
        bind: &Held<'p>,
        write: &Held<'p>,
        reach: Scope<'p>,
    ) -> Result<(), TooLarge> {
        let evidence = [bind.evidence, write.evidence];
        let is_cluster = bind.power.kind == CapabilityKind::BindClusterRoles;
        let mut roles = self.roles_bound_by(bind, reach)?;
        // The widest first, since nothing comes after it.
        roles.sort_by_cached_key(|(_, rules)| !self.powers.are_everything(rules));
        for ((kind, namespace, name), rules) in roles {
            let reach = match kind {
                "Role" => Scope::Namespace(namespace),
                _ => reach,
            };
            self.gain((kind, namespace, name), rules, reach, actor, &evidence);
        }
        // A role of his own making can be bound like any other.
        let (create, escalate) = match is_cluster {
            true => (
                CapabilityKind::CreateClusterRoles,
                CapabilityKind::EscalateClusterRoles,
            ),
            false => (CapabilityKind::CreateRoles, CapabilityKind::EscalateRoles),
        };
        let find = |kind, nameless: bool| {
            let mut all = all.iter();
            all.find(move |held: &&Held<'p>| {
                let is_there = match is_cluster {
                    true => held.reach == Scope::Cluster,
                    false => held.reach.meet(reach) == Some(reach),
                };
                let is_nameless = !nameless || held.power.rule.allows_name(None);
                held.power.kind == kind && is_there && is_nameless
            })
        };
        if let (Some(create), Some(escalate)) = (find(create, true), find(escalate, true)) {
            let evidence = [
                create.evidence,
                escalate.evidence,
                bind.evidence,
                write.evidence,
            ];
            self.gain_everything(reach, actor, Technique::Escalate, &evidence);
        }
        Ok(())
    }

    fn roles_bound_by(
        &mut self,
        bind: &Held<'p>,
        reach: Scope<'p>,
    ) -> Result<Vec<KeyedRules<'p>>, TooLarge> {
        let mut roles = match (bind.power.kind, reach) {
            (CapabilityKind::BindClusterRoles, _) => self.cluster_roles.clone(),
            (_, Scope::Namespace(name)) => self.roles.get(name).cloned().unwrap_or_default(),
            _ => self.roles.values().flatten().copied().collect(),
        };
        self.budget.spend(roles.len())?;
        if let Some(names) = bind.power.names() {
            let names: HashSet<&str> = names.iter().map(String::as_str).collect();
            roles.retain(|((_, _, name), _)| names.contains(name));
        }
        Ok(roles)
    }

    fn note_rewriters(&mut self, actor: usize, all: &[Held<'p>]) -> Result<(), TooLarge> {
        for (kind, escalate, update) in [
            (
                "ClusterRole",
                CapabilityKind::EscalateClusterRoles,
                CapabilityKind::UpdateClusterRoles,
            ),
            (
                "Role",
                CapabilityKind::EscalateRoles,
                CapabilityKind::UpdateRoles,
            ),
        ] {
            let of = |kind| {
                all.iter()
                    .filter(move |held: &&Held<'p>| held.power.kind == kind)
            };
            for escalate in of(escalate) {
                for update in of(update) {
                    self.budget.spend(1)?;
                    self.rewriters.push(Rewriter {
                        actor,
                        kind,
                        escalate: *escalate,
                        update: *update,
                    });
                }
            }
        }
        Ok(())
    }

    /// Finds a role of somebody reached that somebody reached may rewrite. Says whether the user
    /// may do more by it.
    pub(super) fn rewrite(&mut self) -> Result<bool, TooLarge> {
        let rewriters = std::mem::take(&mut self.rewriters);
        let mut held: Vec<(RoleKey<'p>, Scope<'p>)> = Vec::new();
        for (role, reaches) in &self.held {
            held.extend(reaches.iter().map(|&reach| (*role, reach)));
        }
        // The widest first, since nothing comes after it.
        held.sort_unstable_by_key(|(role, reach)| (*reach, *role));
        let mut found = false;
        for rewriter in &rewriters {
            for &((kind, namespace, name), reach) in &held {
                self.budget.spend(1)?;
                let is_named = |held: &Held<'p>| {
                    let names = held.power.names();
                    names.is_none_or(|names| names.iter().any(|own| own == name))
                };
                let is_there = |held: &Held<'p>| match kind {
                    "ClusterRole" => held.reach == Scope::Cluster,
                    _ => held.reach.has(namespace),
                };
                let fits = |held| is_named(held) && is_there(held);
                let (escalate, update) = (&rewriter.escalate, &rewriter.update);
                if kind == rewriter.kind && fits(escalate) && fits(update) {
                    let evidence = [escalate.evidence, update.evidence];
                    found |=
                        self.gain_everything(reach, rewriter.actor, Technique::Escalate, &evidence);
                }
            }
        }
        self.rewriters = rewriters;
        Ok(found)
    }

    fn find_everything(&mut self, actor: usize, held: &Held<'p>) {
        if !std::mem::replace(&mut self.is_everything_found, true) {
            let target = Target::Everything(Scope::Cluster);
            self.step(target, actor, Technique::Hold, &[held.evidence]);
        }
    }
}
