//! `ec2.assume_role`: the requests to STS and EC2 for the name of one instance, with the credentials of a role.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_types::SdkConfig;
use aws_types::region::Region;
use eks_auth_ec2::{CrossAccountRole, Ec2, Resolver, RoleError, Settings};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::runtime::Builder;

use crate::Refusal;

/// The headers that name the source of a request.
const SOURCE: [&str; 2] = ["x-amz-source-account", "x-amz-source-arn"];

#[derive(Deserialize)]
pub(super) struct ToAssume {
    role: String,
    /// The resource that the role is assumed for.
    source: Option<String>,
}

pub(super) fn ask(question: ToAssume) -> Result<Value, Refusal> {
    let role = CrossAccountRole::parse(&question.role).map_err(|why| refused(&why))?;
    let role = match question.source {
        Some(source) => role.with_source_arn(&source).map_err(|why| refused(&why))?,
        None => role,
    };
    let runtime = Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(|why| Refusal::new("not-started", &why))?;
    let requests = Arc::default();
    let connector = SharedHttpConnector::new(Aws(Arc::clone(&requests)));
    let own = Credentials::new("AKIAOWN", "s", None, None, "test");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(own))
        .http_client(http_client_fn(move |_, _| connector.clone()))
        .sleep_impl(TokioSleep::new())
        .build();
    let name = runtime.block_on(async {
        let resolver = Resolver::new(Ec2::with_role(&config, role), Settings::new());
        resolver.look_up("i-0c6f21bf1f24f9708").await
    });
    let name = name.map_err(|why| Refusal::new(why.code(), &why))?;
    let requests = requests.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(json!({ "name": &*name, "requests": *requests }))
}

fn refused(why: &RoleError) -> Refusal {
    Refusal::new("refused", why)
}

/// Records each request, and answers as STS and EC2.
#[derive(Clone, Debug)]
struct Aws(Arc<Mutex<Vec<Value>>>);

impl HttpConnector for Aws {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().unwrap_or_default();
        let mut parameters: BTreeMap<String, String> =
            url::form_urlencoded::parse(body).into_owned().collect();
        parameters.remove("Version");
        let action = parameters.remove("Action").unwrap_or_default();
        let answer = match action.as_str() {
            "AssumeRole" => ASSUMED,
            _ => DESCRIBED,
        };
        let authorization = request.headers().get("authorization").unwrap_or_default();
        let after = |name: &str, end: char| {
            let part = authorization.split(name).nth(1).unwrap_or_default();
            part.split(end).next().unwrap_or_default()
        };
        let signed: Vec<&str> = after("SignedHeaders=", ',')
            .split(';')
            .filter(|name| SOURCE.contains(name))
            .collect();
        let headers: BTreeMap<&str, &str> = SOURCE
            .into_iter()
            .filter_map(|name| Some((name, request.headers().get(name)?)))
            .collect();
        let mut requests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        requests.push(json!({
            "action": action,
            "key": after("Credential=", '/'),
            "parameters": parameters,
            "headers": headers,
            "signed": signed,
        }));
        HttpConnectorFuture::ready(Ok(HttpResponse::new(
            http::StatusCode::OK.into(),
            answer.into(),
        )))
    }
}

const ASSUMED: &str = "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>\
    <Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
    <SessionToken>T</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>\
    <AssumedRoleUser><Arn>arn:aws:sts::444455556666:assumed-role/r/s</Arn><AssumedRoleId>AROA:s</AssumedRoleId>\
    </AssumedRoleUser></AssumeRoleResult></AssumeRoleResponse>";

const DESCRIBED: &str = "<DescribeInstancesResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\
    <reservationSet><item><instancesSet><item><instanceId>i-0c6f21bf1f24f9708</instanceId>\
    <privateDnsName>ip-10-0-0-8.ec2.internal</privateDnsName></item></instancesSet></item></reservationSet>\
    </DescribeInstancesResponse>";
