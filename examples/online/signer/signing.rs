//! From the arguments to a token.

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use eks_mint::{MintError, Minter};
use program::output;
use sts_presign::{ClusterId, SignError, UnixTime};

use crate::arguments::Arguments;
use crate::cache::{Cache, Kept, Locks};
use crate::endpoint::{self, Target};
use crate::error::Error;
use crate::plan::Plan;
use crate::settings::{Environment, Settings};
use crate::terminal::NoCode;
use crate::{PROGRAM, credentials};

/// The clock, the terminal and the other inputs, apart from files and the environment.
pub(crate) struct Tools<'t> {
    pub(crate) clock: &'t dyn Fn() -> Result<UnixTime, Error>,
    pub(crate) client: &'t dyn Fn(&Settings) -> Result<SharedHttpClient, Error>,
    /// Asks the user for the code of an MFA device, by its serial number.
    pub(crate) prompt: &'t dyn Fn(&str) -> Result<String, NoCode>,
    /// How the cache is locked.
    pub(crate) locks: Locks<'t>,
}

/// Returns a token: a cached token if the arguments allow the cache and it has one, else a new
/// token.
pub(crate) async fn token(
    arguments: &Arguments,
    mut environment: Environment,
    tools: &Tools<'_>,
) -> Result<Kept, Error> {
    // The arguments are parsed first, so that a typing error is reported before a login is
    // requested.
    let cluster_id = ClusterId::parse(&arguments.cluster_name).map_err(|why| Error::Cluster {
        len: arguments.cluster_name.chars().count(),
        why,
    })?;
    let roles = arguments.roles(&environment)?;
    if let Some(bundle) = &arguments.ca_bundle {
        environment.set("AWS_CA_BUNDLE", bundle);
    }
    let settings = Settings::read(environment, arguments.profile.as_deref())?;
    let target = endpoint::choose(&settings, arguments.region.as_deref())?;
    let minter = match &target {
        Target::Aws(endpoint) => Minter::new(endpoint, &cluster_id),
        Target::Custom { host, region } => {
            Minter::for_host(host, region, &cluster_id).map_err(Error::Endpoint)?
        }
    };
    let mut plan = Plan::of(&settings)?;
    plan.roles.extend(roles);
    if !arguments.cache {
        return mint(arguments, &settings, &target, &minter, &plan, tools).await;
    }
    let cache = match Cache::of(&settings, &plan, &target, &cluster_id) {
        Ok(cache) => cache,
        Err(why) => {
            if arguments.debug {
                (tools.locks.note)(&format!("no token is kept: {why}"));
            }
            return mint(arguments, &settings, &target, &minter, &plan, tools).await;
        }
    };
    let unused = |why: &String| (tools.locks.note)(why);
    let lock = cache.lock(tools.locks).inspect_err(unused).ok();
    if let Some(kept) = cache.get((tools.clock)()?) {
        if arguments.debug {
            output::note(PROGRAM, &"a token of the cache");
        }
        return Ok(kept);
    }
    let kept = mint(arguments, &settings, &target, &minter, &plan, tools).await?;
    // Without the lock, another run may be writing.
    if lock.is_some() {
        cache.put(&kept).unwrap_or_else(|why| unused(&why));
    }
    Ok(kept)
}

async fn mint(
    arguments: &Arguments,
    settings: &Settings,
    target: &Target,
    minter: &Minter,
    plan: &Plan,
    tools: &Tools<'_>,
) -> Result<Kept, Error> {
    let client = || (tools.client)(settings);
    let credentials = credentials::resolve(settings, target, plan, client, tools.prompt).await?;
    let from = credentials.from;
    if arguments.debug {
        let (host, region) = (target.host(), target.region());
        let what = format!("credentials from {from}; signing for {host} in {region}");
        output::note(PROGRAM, &what);
    }
    // The clock is read now, because a login in a browser may take minutes, and a token lives
    // fifteen minutes.
    let now = (tools.clock)()?;
    let minted = minter
        .mint(&credentials.keys, now)
        .map_err(|why| match why {
            MintError::Sign(SignError::Expired) => Error::Expired { from },
            MintError::Sign(why) => Error::Sign { from, why },
            why => why.into(),
        })?;
    Ok(Kept {
        token: minted.expose().to_owned(),
        expires_at: minted.expires_at(),
    })
}
