//! What AWS does by itself as time passes, and the calls that fail over, start, stop, give roles and open the Data API.

use jiff::Timestamp;

use awsdb::window;

use super::super::fields::{set, unset};
use super::{Answer, Clu, Clusters, Effect, MemberEffect, refused};

/// Between two changes to I/O-Optimized.
const STORAGE_TYPE_REST: i64 = 30 * 86400;
/// A stopped cluster is started by AWS after so long.
const STOPPED_FOR: i64 = 7 * 86400;

impl Clusters {
    /// Does everything that is due.
    pub(super) fn pass_time(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
        for snap in self.snapshots.values_mut().filter(|snap| snap.ready_at <= now && snap.shown.status == "creating") {
            snap.shown.status = "available".into();
        }
        self.open_windows();
        let names: Vec<String> = self.clusters.keys().cloned().collect();
        for name in names {
            while let Some(effect) = self.next_due(&name) {
                self.happen(&name, effect);
            }
            self.pass_time_of_members(&name);
            self.activate_secret(&name);
        }
    }

    fn next_due(&mut self, name: &str) -> Option<Effect> {
        let now = self.now;
        self.clusters.get_mut(name)?.agenda.due(now)
    }

    /// The secret of a password that AWS keeps is ready once the first member is there.
    fn activate_secret(&mut self, name: &str) {
        let now = self.now;
        let Some(clu) = self.clusters.get_mut(name) else { return };
        let serves = clu.members.values().any(|mem| mem.shown.status == "available");
        if let Some((_, status)) = clu.shown.master_secret.as_mut().filter(|_| serves && clu.secret_ready_at <= now) {
            *status = "active".into();
        }
    }

    fn happen(&mut self, name: &str, effect: Effect) {
        let again = self.after(STORAGE_TYPE_REST);
        let endpoint = |role: &str| Some(format!("{name}.{role}c1.us-east-1.rds.amazonaws.com"));
        let Some(clu) = self.clusters.get_mut(name) else { return };
        let shown = &mut clu.shown;
        match effect {
            Effect::Status(_) if clu.frozen => {}
            Effect::Status(status) => shown.status = status.into(),
            Effect::Endpoint => {
                (shown.endpoint, shown.reader_endpoint) = (endpoint("cluster-"), endpoint("cluster-ro-"))
            }
            Effect::Apply(fields) => {
                unset(&mut shown.pending, fields.keys().map(String::as_str));
                if fields.get("storageType").is_some_and(|kind| kind == "aurora-iopt1") {
                    shown.storage_type_change_from = Some(again);
                }
                set(&mut shown.settings, fields);
                shown.logs_pending = false;
                shown.security_groups_changing = false;
            }
            Effect::Moving(is_moving) => shown.is_moving = is_moving,
            Effect::Password(password) => {
                clu.password = password;
                shown.password_pending = false;
            }
            Effect::Managed(state) => shown.master_secret = super::modify::secret(name, state),
            Effect::Http(enabled) => shown.settings.enable_http_endpoint = Some(enabled),
            Effect::Role(feature, status) => {
                if let Some(role) = shown.roles.get_mut(&feature) {
                    role.1 = status.into();
                }
            }
            Effect::Writer(heir) => clu.hand_over(&heir),
            Effect::Members(status) => clu.all_members(status),
            Effect::Parameters(status) => clu.parameters(status),
            Effect::MemberGroup(group) => {
                for mem in clu.members.values_mut() {
                    mem.shown.settings.db_parameter_group_name = Some(group.clone());
                }
            }
            Effect::LoadParameters => {
                let names: Vec<String> = clu.members.keys().cloned().collect();
                names.iter().for_each(|member| self.load_parameters(name, member));
            }
            Effect::RestartsItself(at) => shown.automatic_restart = at,
            Effect::EndpointStatus(endpoint, status) => {
                if let Some(endpoint) = clu.endpoints.get_mut(&endpoint) {
                    endpoint.status = status.into();
                }
            }
            Effect::EndpointGone(endpoint) => drop(clu.endpoints.remove(&endpoint)),
            Effect::Gone => self.vanish(name),
        }
    }

    fn pass_time_of_members(&mut self, cluster: &str) {
        let now = self.now;
        let names: Vec<String> =
            self.clusters.get(cluster).into_iter().flat_map(|clu| clu.members.keys().cloned()).collect();
        for name in names {
            while let Some(effect) = self.mem(cluster, &name).ok().and_then(|mem| mem.agenda.due(now)) {
                self.happen_to_member(cluster, &name, effect);
            }
        }
    }

    fn happen_to_member(&mut self, cluster: &str, name: &str, effect: MemberEffect) {
        let Ok(mem) = self.mem(cluster, name) else { return };
        match effect {
            MemberEffect::Status(_) if mem.frozen => {}
            MemberEffect::Status(status) => mem.shown.status = status.into(),
            MemberEffect::Apply(fields) => set(&mut mem.shown.settings, fields),
            MemberEffect::Class => mem.shown.class = awsdb::aws::aurora::MEMBER_CLASS.into(),
            MemberEffect::Tier(tier) => mem.shown.promotion_tier = Some(tier),
            MemberEffect::Parameters(status) => mem.shown.parameter_apply_status = Some(status.into()),
            MemberEffect::LoadParameters => self.load_parameters(cluster, name),
            MemberEffect::NothingPends => mem.shown.has_pending = false,
            MemberEffect::Gone => self.lose_member(cluster, name),
        }
    }

    /// What is pending is applied in the maintenance window.
    fn open_windows(&mut self) {
        let (now, timing) = (self.now, self.timing);
        for clu in self.clusters.values_mut() {
            let window = clu.shown.settings.preferred_maintenance_window.as_ref();
            let open = window.and_then(|text| window::is_open(text, now));
            let pending = awsdb::diff::fields(&clu.shown.pending);
            if open != Some(true) || clu.is_busy() || clu.shown.status != "available" {
                continue;
            }
            if !pending.is_empty() {
                super::modify::schedule(clu, now, timing, pending);
            }
            for mem in clu.members.values_mut() {
                for effect in std::mem::take(&mut mem.deferred) {
                    mem.plan(now, effect);
                }
            }
        }
    }

    pub(super) fn failover(&mut self, name: &str) -> Answer {
        let timing = self.timing;
        let (lag, half, done) =
            (self.after(timing.lag), self.after(timing.lag + timing.power / 2), self.after(timing.lag + timing.power));
        let clu = self.available(name)?;
        let writer = clu.writer().unwrap_or_default().to_string();
        let serves = |name: &String| clu.members[name].shown.status == "available";
        let Some(heir) = clu.heir(&writer).filter(serves) else {
            return refused("InvalidDBClusterStateFault", format!("Cluster {name} has no reader to fail over to."));
        };
        clu.failovers += 1;
        clu.plan(lag, Effect::Status("failing-over"));
        clu.plan(half, Effect::Writer(heir));
        clu.plan(done, Effect::Status("available"));
        if let Some(mem) = clu.members.get_mut(&writer) {
            mem.plan(half, MemberEffect::Status("rebooting"));
            mem.plan(done, MemberEffect::LoadParameters);
            mem.plan(done, MemberEffect::Status("available"));
        }
        Ok(())
    }

    pub(super) fn stop(&mut self, name: &str) -> Answer {
        let (now, done) = (self.now, self.after(self.timing.power));
        let (restart, again) = (self.after(STOPPED_FOR), self.after(STOPPED_FOR + self.timing.power));
        let clu = self.available(name)?;
        for (at, word) in [(now, "stopping"), (done, "stopped"), (restart, "starting"), (again, "available")] {
            clu.plan(at, Effect::Status(word));
            clu.plan(at, Effect::Members(word));
        }
        clu.plan(done, Effect::RestartsItself(Some(restart)));
        clu.plan(restart, Effect::RestartsItself(None));
        Ok(())
    }

    pub(super) fn start(&mut self, name: &str) -> Answer {
        let (now, done) = (self.now, self.after(self.timing.power));
        let clu = self.clu(name)?;
        if clu.shown.status != "stopped" {
            return refused("InvalidDBClusterStateFault", format!("Cluster {name} is not in the stopped state."));
        }
        // It restarts by our word now, not by itself; a start reads the parameters anew.
        clu.agenda
            .retain(|effect| !matches!(effect, Effect::RestartsItself(_) | Effect::Status(_) | Effect::Members(_)));
        clu.plan(now, Effect::Status("starting"));
        clu.plan(now, Effect::Members("starting"));
        clu.plan(done, Effect::LoadParameters);
        clu.plan(done, Effect::RestartsItself(None));
        clu.plan(done, Effect::Status("available"));
        clu.plan(done, Effect::Members("available"));
        Ok(())
    }

    pub(super) fn add_role(&mut self, name: &str, feature: &str, role: &str) -> Answer {
        let active = self.after(self.timing.aside);
        let clu = self.available(name)?;
        if clu.shown.roles.contains_key(feature) {
            return refused("DBClusterRoleAlreadyExists", format!("The role for {feature} is already associated."));
        }
        clu.shown.roles.insert(feature.into(), (role.into(), "PENDING".into()));
        clu.plan(active, Effect::Role(feature.into(), "ACTIVE"));
        Ok(())
    }

    pub(super) fn remove_role(&mut self, name: &str, feature: &str, role: &str) -> Answer {
        let clu = self.available(name)?;
        if clu.shown.roles.get(feature).is_none_or(|(arn, _)| arn != role) {
            return refused("DBClusterRoleNotFound", format!("The role for {feature} is not associated."));
        }
        clu.shown.roles.remove(feature);
        Ok(())
    }

    pub(super) fn http_endpoint(&mut self, arn: &str, enabled: bool) -> Answer {
        let done = self.after(self.timing.aside);
        let Some(clu) = self.clusters.values_mut().find(|clu| clu.shown.arn == arn) else {
            return refused("ResourceNotFoundFault", format!("The specified resource ID was not found: {arn}"));
        };
        if clu.shown.status != "available" {
            return refused("InvalidResourceStateFault", format!("The DB cluster is {}", clu.shown.status));
        }
        if !enabled && clu.shown.settings.enable_http_endpoint != Some(true) {
            return refused("InvalidParameterCombination", "The HTTP endpoint is not enabled.");
        }
        clu.plan(done, Effect::Http(enabled));
        Ok(())
    }
}

impl Clu {
    fn hand_over(&mut self, heir: &str) {
        for (name, membership) in &mut self.shown.members {
            membership.is_writer = name == heir;
        }
    }

    fn all_members(&mut self, status: &str) {
        for mem in self.members.values_mut().filter(|mem| !mem.frozen && mem.shown.status != "deleting") {
            mem.shown.status = status.into();
        }
    }

    fn parameters(&mut self, status: &str) {
        for membership in self.shown.members.values_mut() {
            membership.parameter_group_status = Some(status.into());
        }
    }
}
