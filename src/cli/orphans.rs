//! `awsdb orphans`: what carries the tags of an installation in AWS and has no object, for the platform team. It reads
//! Kubernetes with the caller's kubeconfig and AWS with the SDK's own credentials, and changes nothing in either.

mod objects;
mod report;

use std::collections::BTreeSet;
use std::time::Duration;

use clap::Args;

use super::{Failure, aws_says, connect_to_aws, on_threads};
use crate::aws::{Aws, CloudError};
use crate::controller::connect::{Clients, cluster_uid};
use crate::orphans::{Household, Verdict, confirm, judge, regions, survey};
use objects::Read;
use report::{Report, Style};

/// Flags of `awsdb orphans`.
#[derive(Debug, Args)]
pub struct OrphanFlags {
    /// Name of the installation, as its operator has it
    #[arg(long, env = "AWSDB_INSTALLATION", value_parser = crate::config::installation)]
    installation: String,
    /// Only what belonged to this namespace; without it all
    #[arg(short, long, value_name = "NAMESPACE", value_parser = crate::config::namespace)]
    namespace: Option<String>,
    /// AWS region to look in, once for each; without it AWS_REGION or that of the AWS profile, and those of the objects
    #[arg(long, value_name = "REGION", value_parser = crate::config::region)]
    region: Vec<String>,
    /// How the list is written
    #[arg(short, long, value_enum, default_value = "table")]
    output: Style,
}

/// Lists the orphans; there being some is no failure.
///
/// # Errors
/// When it was asked wrongly, or Kubernetes or AWS did not answer.
pub fn run(flags: &OrphanFlags) -> Result<(), Failure> {
    on_threads(async {
        let report = flags.report().await?;
        report.print(flags.output)
    })
}

impl OrphanFlags {
    async fn report(&self) -> Result<Report, Failure> {
        let aws = connect_to_aws(self.region.first().cloned()).await?;
        let clients = Clients::new(Default::default()).await.map_err(Failure::Failed)?;
        let cluster = cluster_uid(&clients.calls, Duration::ZERO).await.map_err(Failure::Failed)?;
        let account = aws.account().await.map_err(|error| Failure::Failed(aws_says(&error, "")))?;
        let Read { holders, mut notes } = objects::read(&clients.calls, self.namespace.as_deref()).await;
        let regions = self.regions(regions(&holders), aws.default_region());
        let things = survey(&aws, &regions).await.map_err(|error| Failure::Failed(said(error)))?;
        let namespaces: Vec<String> = self.namespace.iter().cloned().collect();
        let home = Household { installation: &self.installation, cluster: &cluster, namespaces: &namespaces };
        let verdict = judge(home, things, &holders);
        notes.extend(unsaid(&verdict));
        let mut orphans = verdict.orphans;
        notes.extend(looked(&aws, &mut orphans).await);
        Ok(Report { installation: self.installation.clone(), cluster, account, regions, orphans, notes })
    }

    fn regions(&self, of_objects: impl Iterator<Item = String>, default: &str) -> BTreeSet<String> {
        match self.region.as_slice() {
            [] => std::iter::once(default.to_string()).chain(of_objects).collect(),
            named => named.iter().cloned().collect(),
        }
    }
}

fn said((region, error): (String, CloudError)) -> String {
    aws_says(&error, &format!(" ({region})"))
}

/// What of the tagged things could not be judged.
fn unsaid(verdict: &Verdict) -> impl Iterator<Item = String> {
    let unjudged = verdict.unjudged.iter().map(|(kind, number)| {
        format!("{number} tagged things of kind {kind} are not judged: its objects are not known here")
    });
    let misshapen = verdict.misshapen.iter().map(|(arn, text)| {
        format!("{arn} is not judged: awsdb.dev/owner = {text} is not <installation>/<kind>/<namespace>/<name>")
    });
    unjudged.chain(misshapen)
}

async fn looked(aws: &Aws, orphans: &mut Vec<crate::orphans::Orphan>) -> Option<String> {
    match confirm(aws, orphans).await {
        Ok(0) => None,
        Ok(gone) => Some(format!("{gone} more are still shown by the tagging API, which lags, and are gone already")),
        Err(error) => Some(format!("what is listed was not looked at directly: {}", said(error))),
    }
}

#[cfg(test)]
mod tests;
