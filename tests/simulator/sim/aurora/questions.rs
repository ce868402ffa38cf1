//! What a test asks a simulation of clusters.

use super::super::kube::Key;
use super::{Auroras, Clu, Mem};

impl Auroras {
    /// The cluster of an object.
    pub fn clu(&self, key: &Key) -> Option<Clu> {
        let name = self.name_in_aws(key);
        self.aws(|aws| aws.clusters.get(&name).cloned())
    }

    /// The cluster, which must be there.
    pub fn the_clu(&self, key: &Key) -> Clu {
        self.clu(key).unwrap_or_else(|| panic!("there is no cluster\n{}", self.report()))
    }

    /// A member by its number, which must be there.
    pub fn the_mem(&self, key: &Key, number: usize) -> Mem {
        let name = format!("{}-{number}", self.name_in_aws(key));
        let found = self.the_clu(key).members.remove(&name);
        found.unwrap_or_else(|| panic!("there is no member {name}\n{}", self.report()))
    }

    /// Changes the cluster behind the operator's back.
    pub fn with_clu<T>(&self, name: &str, change: impl FnOnce(&mut Clu) -> T) -> T {
        self.aws(|aws| change(aws.clusters.get_mut(name).expect("the cluster exists")))
    }

    /// Names of the members, and which of them writes.
    pub fn members(&self, key: &Key) -> Vec<String> {
        self.the_clu(key).members.keys().cloned().collect()
    }

    /// Whether what workloads mount opens the cluster: the right hosts and the password in force.
    pub fn opens_cluster(&self, key: &Key) -> Result<(), String> {
        let secret = self.secret(&key.0, &format!("{}-connection", key.1)).ok_or("there is no connection Secret")?;
        let clu = self.clu(key).ok_or("there is no cluster")?;
        let is =
            |field: &str, value: Option<&String>| secret.get(field).map(|it| it.expose()) == value.map(String::as_str);
        let port = clu.shown.settings.port.map(|port| port.to_string());
        match () {
            () if clu.shown.endpoint.is_none() => Err("there is no endpoint".into()),
            () if !is("host", clu.shown.endpoint.as_ref()) || !is("port", port.as_ref()) => {
                Err("the Secret names another host".into())
            }
            () if !is("reader-host", clu.shown.reader_endpoint.as_ref()) => Err("the Secret has another reader".into()),
            () if !is("password", Some(&clu.password)) => {
                Err("the Secret has another password than the cluster".into())
            }
            () => Ok(()),
        }
    }

    /// Fails with everything that is known unless the Secret opens the cluster.
    pub fn must_open_cluster(&self, key: &Key) {
        if let Err(why) = self.opens_cluster(key) {
            panic!("{why}\n{}", self.report());
        }
    }

    /// Settled, opened by its Secret, and AWS has nothing left to do.
    pub fn rests(&self, key: &Key) -> bool {
        self.is_settled(key) && self.opens_cluster(key).is_ok() && !self.the_clu(key).is_busy()
    }
}

impl Clu {
    /// How many roles are in force.
    pub fn roles_active(&self) -> usize {
        self.shown.roles.values().filter(|(_, status)| status == "ACTIVE").count()
    }
}
