//! Custom endpoints of a cluster.

use std::collections::BTreeSet;

use awsdb::aws::aurora::{Action, CustomEndpoint};

use super::super::desk::REGION;
use super::{Answer, Clusters, Effect, refused};

/// Custom endpoints of a cluster, at most.
const QUOTA: usize = 5;

impl Clusters {
    pub(super) fn endpoint_call(&mut self, cluster: &str, action: &Action) -> Answer {
        let done = self.after(self.timing.aside);
        match action {
            Action::CreateEndpoint { name, endpoint_type, static_members, excluded_members, .. } => {
                if self.clusters.values().any(|clu| clu.endpoints.contains_key(name)) {
                    return refused("DBClusterEndpointAlreadyExistsFault", format!("{name} already exists"));
                }
                self.check_members(cluster, static_members, excluded_members)?;
                let arn = format!("arn:aws:rds:{REGION}:{}:cluster-endpoint:{name}", self.account);
                let clu = self.available(cluster)?;
                if clu.endpoints.len() >= QUOTA {
                    return refused(
                        "DBClusterEndpointQuotaExceededFault",
                        "The cluster has too many custom endpoints.",
                    );
                }
                let endpoint = CustomEndpoint {
                    arn,
                    address: Some(format!("{name}.cluster-custom-c1.us-east-1.rds.amazonaws.com")),
                    status: "creating".into(),
                    endpoint_type: *endpoint_type,
                    static_members: static_members.clone(),
                    excluded_members: excluded_members.clone(),
                };
                clu.endpoints.insert(name.clone(), endpoint);
                clu.plan(done, Effect::EndpointStatus(name.clone(), "available"));
            }
            Action::ModifyEndpoint { name, endpoint_type, static_members, excluded_members } => {
                self.check_members(cluster, static_members, excluded_members)?;
                let endpoint = self.settled_endpoint(cluster, name)?;
                endpoint.status = "modifying".into();
                endpoint.endpoint_type = *endpoint_type;
                endpoint.static_members.clone_from(static_members);
                endpoint.excluded_members.clone_from(excluded_members);
                self.clu(cluster)?.plan(done, Effect::EndpointStatus(name.clone(), "available"));
            }
            Action::DeleteEndpoint { name } => {
                self.settled_endpoint(cluster, name)?.status = "deleting".into();
                self.clu(cluster)?.plan(done, Effect::EndpointGone(name.clone()));
            }
            other => unreachable!("{other:?} is no call of an endpoint"),
        }
        Ok(())
    }

    fn settled_endpoint(
        &mut self,
        cluster: &str,
        name: &str,
    ) -> Result<&mut CustomEndpoint, super::super::desk::Refused> {
        let clu = self.available(cluster)?;
        let Some(endpoint) = clu.endpoints.get_mut(name) else {
            return refused("DBClusterEndpointNotFoundFault", format!("{name} not found"));
        };
        if endpoint.status != "available" {
            return refused("InvalidDBClusterEndpointStateFault", format!("{name} is {}", endpoint.status));
        }
        Ok(endpoint)
    }

    fn check_members(&mut self, cluster: &str, listed: &BTreeSet<String>, excluded: &BTreeSet<String>) -> Answer {
        let clu = self.clu(cluster)?;
        if !listed.is_empty() && !excluded.is_empty() {
            return refused("InvalidParameterCombination", "StaticMembers and ExcludedMembers exclude one another.");
        }
        match listed.iter().chain(excluded).find(|name| !clu.living().any(|member| member == *name)) {
            Some(missing) => refused("DBInstanceNotFound", format!("DBInstance {missing} not found.")),
            None => Ok(()),
        }
    }
}
