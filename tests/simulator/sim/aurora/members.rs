//! The DB instances of a cluster: CreateDBInstance, ModifyDBInstance, RebootDBInstance and DeleteDBInstance of a member.

use jiff::SignedDuration;
use serde_json::Map;

use awsdb::aws::aurora::{MEMBER_CLASS, Member, MemberSettings, Membership};
use awsdb::aws::owner::Tags;
use awsdb::diff::fields;

use super::super::desk::{REGION, Refused};
use super::super::fields::set;
use super::{Answer, Clu, Clusters, Effect, Mem, MemberEffect, refused};

/// One ModifyDBInstance of a member.
pub(super) struct Change<'a> {
    pub settings: &'a MemberSettings,
    pub tier: Option<i32>,
    pub serverless: bool,
    pub at_once: bool,
}

/// What AWS chooses where the caller says nothing.
fn member_defaults() -> MemberSettings {
    MemberSettings {
        db_parameter_group_name: Some("default.aurora".into()),
        publicly_accessible: Some(true),
        auto_minor_version_upgrade: Some(true),
        monitoring_interval: Some(0),
        monitoring_role_arn: None,
        ca_certificate_identifier: Some("rds-ca-rsa2048-g1".into()),
    }
}

impl Clusters {
    pub(super) fn create_member(
        &mut self,
        cluster: &str,
        name: &str,
        engine: &str,
        settings: &MemberSettings,
        tier: Option<i32>,
        tags: &Tags,
    ) -> Answer {
        if self.taken.contains(name) || self.clusters.values().any(|clu| clu.members.contains_key(name)) {
            return refused("DBInstanceAlreadyExists", format!("DB instance {name} already exists"));
        }
        self.check_member_group(settings)?;
        let clu = self.available(cluster)?;
        if clu.shown.settings.scaling.is_none() {
            return refused(
                "InvalidParameterCombination",
                "Set the Serverless v2 scaling configuration on the parent DB cluster before creating a Serverless v2 DB instance.",
            );
        }
        if clu.shown.settings.engine.as_deref() != Some(engine) {
            return refused("InvalidParameterCombination", format!("The engine of the DB cluster is not {engine}"));
        }
        let mut all = member_defaults();
        set(&mut all, fields(settings));
        let (own, clusters) = self.values_for(cluster, &all);
        let shown = Member {
            arn: format!("arn:aws:rds:{REGION}:{}:db:{name}", self.account),
            status: "creating".into(),
            class: MEMBER_CLASS.into(),
            promotion_tier: Some(tier.unwrap_or(1)),
            settings: all,
            parameter_apply_status: Some("in-sync".into()),
            tags: tags.clone(),
            ..Member::default()
        };
        let mut mem = Mem { running: own, cluster_running: clusters, ..Mem::standing(shown) };
        mem.listed_at = self.after(self.timing.listed);
        mem.plan(self.after(self.timing.create), MemberEffect::Status("available"));
        let clu = self.clu(cluster)?;
        let is_writer = clu.writer().is_none();
        let parameter_group_status = Some("in-sync".into());
        clu.shown.members.insert(name.into(), Membership { is_writer, parameter_group_status });
        clu.members.insert(name.into(), mem);
        self.members_made.push(name.into());
        Ok(())
    }

    fn check_member_group(&self, settings: &MemberSettings) -> Answer {
        if let Some(group) = settings
            .db_parameter_group_name
            .as_ref()
            .filter(|group| !group.starts_with("default.") && !self.parameter_groups.contains_key(*group))
        {
            return refused("DBParameterGroupNotFound", format!("DBParameterGroup not found: {group}"));
        }
        if settings.monitoring_interval.is_some_and(|seconds| seconds > 0) && settings.monitoring_role_arn.is_none() {
            return refused("InvalidParameterCombination", "A MonitoringRoleARN value is required");
        }
        Ok(())
    }

    /// The member, if AWS knows it.
    pub(super) fn mem(&mut self, cluster: &str, name: &str) -> Result<&mut Mem, Refused> {
        let missing = ("DBInstanceNotFound", format!("DBInstance {name} not found."));
        self.clusters.get_mut(cluster).and_then(|clu| clu.members.get_mut(name)).ok_or(missing)
    }

    fn serving(&mut self, cluster: &str, name: &str) -> Result<&mut Mem, Refused> {
        let mem = self.mem(cluster, name)?;
        if !["available", "incompatible-parameters"].contains(&mem.shown.status.as_str()) {
            return refused(
                "InvalidDBInstanceState",
                format!("Database instance is not in available state: it is {}", mem.shown.status),
            );
        }
        Ok(mem)
    }

    pub(super) fn modify_member(&mut self, cluster: &str, name: &str, change: Change<'_>) -> Answer {
        self.check_member_group(change.settings)?;
        let (now, timing, forgets) = (self.now, self.timing, self.forgets);
        let mem = self.serving(cluster, name)?;
        let asked = fields(change.settings);
        if asked.is_empty() && change.tier.is_none() && !change.serverless {
            return refused("InvalidParameterCombination", "No modifications were requested");
        }
        if forgets {
            return Ok(());
        }
        let at = |seconds: i64| now + SignedDuration::from_secs(seconds);
        let done = at(timing.lag + timing.modify);
        let current = fields(&mem.shown.settings);
        let news = asked.into_iter().filter(|(field, value)| current.get(field) != Some(value));
        let (window, news): (Map<_, _>, Map<_, _>) = news.partition(|(field, _)| field == "caCertificateIdentifier");
        let group = news.contains_key("dbParameterGroupName");
        mem.plan(at(timing.lag), MemberEffect::Status("modifying"));
        mem.plan(done, MemberEffect::Apply(news));
        if let Some(tier) = change.tier {
            mem.plan(done, MemberEffect::Tier(tier));
        }
        if group {
            mem.plan(done, MemberEffect::Parameters("pending-reboot"));
        }
        let mut waits = vec![MemberEffect::Apply(window.clone())];
        waits.extend(change.serverless.then_some(MemberEffect::Class));
        waits.push(MemberEffect::NothingPends);
        if change.at_once {
            waits.into_iter().for_each(|effect| mem.plan(done, effect));
        } else if change.serverless || !window.is_empty() {
            mem.shown.has_pending = true;
            mem.deferred.extend(waits);
        }
        mem.plan(done, MemberEffect::Status("available"));
        Ok(())
    }

    pub(super) fn reboot_member(&mut self, cluster: &str, name: &str) -> Answer {
        let (lag, done) = (self.after(self.timing.lag), self.after(self.timing.lag + self.timing.power));
        let mem = self.serving(cluster, name)?;
        mem.reboots += 1;
        mem.plan(lag, MemberEffect::Status("rebooting"));
        mem.plan(done, MemberEffect::LoadParameters);
        mem.plan(done, MemberEffect::Status("available"));
        Ok(())
    }

    pub(super) fn delete_member(&mut self, cluster: &str, name: &str) -> Answer {
        let gone = self.after(self.timing.delete);
        let promoted = self.after(self.timing.delete / 2);
        self.mem(cluster, name)?;
        let clu = self.clu(cluster)?;
        let left = clu.living().filter(|other| *other != name).count();
        let mem = &clu.members[name];
        if mem.shown.status == "deleting" {
            return refused("InvalidDBInstanceState", format!("Instance {name} is already being deleted."));
        }
        if ["stopped", "stopping", "starting"].contains(&clu.shown.status.as_str()) {
            return refused(
                "InvalidDBClusterStateFault",
                format!("Cannot delete DB instance {name} of a DB cluster that is {}", clu.shown.status),
            );
        }
        if left == 0 && clu.shown.replication_source.is_some() {
            return refused(
                "InvalidDBClusterStateFault",
                "Cannot delete the last instance of the read replica DB cluster.",
            );
        }
        if clu.writer() == Some(name) && left > 0 {
            clu.writers_lost += 1;
            let heir = clu.heir(name).expect("a reader is left");
            clu.plan(promoted, Effect::Writer(heir));
        }
        let mem = self.mem(cluster, name)?;
        mem.agenda.clear();
        mem.thaw("deleting");
        mem.plan(gone, MemberEffect::Gone);
        self.members_deleted.push(name.into());
        Ok(())
    }
}

impl Clu {
    /// Members that are not being deleted.
    pub fn living(&self) -> impl Iterator<Item = &str> {
        self.members.iter().filter(|(_, mem)| mem.shown.status != "deleting").map(|(name, _)| name.as_str())
    }

    /// The reader that writes when this member no longer does: the lowest tier first.
    pub(super) fn heir(&self, writer: &str) -> Option<String> {
        let tier = |name: &str| self.members[name].shown.promotion_tier;
        let readers = self.living().filter(|name| *name != writer);
        readers.min_by_key(|name| tier(name)).map(String::from)
    }
}

impl Mem {
    /// A member that somebody else made, available since long.
    pub fn standing(shown: Member) -> Self {
        Self {
            shown,
            running: Default::default(),
            cluster_running: Default::default(),
            reboots: 0,
            deferred: Vec::new(),
            listed_at: jiff::Timestamp::UNIX_EPOCH,
            agenda: Default::default(),
            frozen: false,
        }
    }
}
