//! The flags of `awsdb run`, each also an environment variable `AWSDB_<FLAG>` (product.md section 7). What cannot be
//! right is refused here, with one sentence, before anything is called.

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::kind::Clocks;

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

/// How much is logged of the operator's own doings. Of its libraries only warnings are: their debug output holds
/// requests, and requests hold passwords.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl LogLevel {
    /// As log filters spell it.
    pub fn word(self) -> &'static str {
        match self {
            LogLevel::Error => "error",
            LogLevel::Warn => "warn",
            LogLevel::Info => "info",
            LogLevel::Debug => "debug",
            LogLevel::Trace => "trace",
        }
    }
}

/// So many deletions of databases within so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrakeLimit {
    /// Deletions; 0 holds every one.
    pub deletions: usize,
    /// Window.
    pub within: Duration,
}

impl FromStr for BrakeLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let shape = || "must be a number and a duration, e.g. 10/1h".to_string();
        let (deletions, within) = text.split_once('/').ok_or_else(shape)?;
        Ok(Self { deletions: deletions.parse().map_err(|_| shape())?, within: duration(within)? })
    }
}

/// Flags of `awsdb run`.
#[derive(Clone, Debug, Args)]
// The last one holds: a chart and a test add to flags that are there already.
#[command(args_override_self = true)]
pub struct RunFlags {
    /// Name of this installation, [a-z0-9-]{1,40}. It is part of the owner tag of every database: never change it, and
    /// give each cluster that shares an AWS account its own
    #[arg(long, env = "AWSDB_INSTALLATION", value_parser = installation)]
    pub installation: String,
    /// AWS region of objects that name none; without it AWS_REGION or AWS_DEFAULT_REGION
    #[arg(long, env = "AWSDB_REGION", value_parser = region)]
    pub region: Option<String>,
    /// Namespaces to look after, separated by commas or given one by one; without it all
    #[arg(long, env = "AWSDB_WATCH_NAMESPACES", value_delimiter = ',', value_name = "A,B", value_parser = namespace)]
    pub watch_namespaces: Vec<String>,
    /// Address of /metrics, /healthz and /readyz
    #[arg(long, env = "AWSDB_LISTEN", default_value = "0.0.0.0:8080", value_name = "ADDRESS")]
    pub listen: SocketAddr,
    /// How log lines look
    #[arg(long, env = "AWSDB_LOG_FORMAT", default_value = "human")]
    pub log_format: LogFormat,
    /// How much is logged
    #[arg(long, env = "AWSDB_LOG_LEVEL", default_value = "info")]
    pub log_level: LogLevel,
    /// How often a database in transition is looked at
    #[arg(long, env = "AWSDB_TRANSITION_POLL", default_value = "10s", value_name = "DURATION", value_parser = duration)]
    pub transition_poll: Duration,
    /// The drift window: how soon a change made outside is seen in a settled database
    #[arg(long, env = "AWSDB_SWEEP", default_value = "60s", value_name = "DURATION", value_parser = duration)]
    pub sweep: Duration,
    /// Time between the two looks that prove that a database is gone
    #[arg(long, env = "AWSDB_QUIET_PERIOD", default_value = "60s", value_name = "DURATION", value_parser = duration)]
    pub quiet_period: Duration,
    /// How soon a changed or deleted Secret or ConfigMap is seen. A DynamoDB table is looked at whenever its Secrets are, so
    /// for tables this shortens --sweep where it is the smaller of the two
    #[arg(long, env = "AWSDB_SECRET_POLL", default_value = "60s", value_name = "DURATION", value_parser = duration)]
    pub secret_poll: Duration,
    /// How often things in AWS that carry the owner tag and have no object are counted: one AWS call for a hundred tagged
    /// things of each region, whatever their installation
    #[arg(long, env = "AWSDB_ORPHAN_SWEEP", default_value = "10m", value_name = "DURATION", value_parser = duration)]
    pub orphan_sweep: Duration,
    /// How many objects of one kind are worked on at once
    #[arg(long, env = "AWSDB_CONCURRENCY", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub concurrency: u16,
    /// More deletions of databases than this wait for approval; 0 as the number holds every one
    #[arg(long, env = "AWSDB_DELETION_BRAKE", default_value = "10/1h", value_name = "NUMBER/DURATION")]
    pub deletion_brake: BrakeLimit,
    /// The whole AWS account belongs to this cluster: the tag awsdb.dev/allow is not asked for
    #[arg(
        long,
        env = "AWSDB_TRUST_ACCOUNT",
        num_args = 0..=1,
        require_equals = true,
        default_value_t = false,
        default_missing_value = "true",
        action = clap::ArgAction::Set,
        value_name = "true|false"
    )]
    pub trust_account: bool,
}

impl RunFlags {
    /// The clocks of the rounds.
    pub fn clocks(&self) -> Clocks {
        Clocks {
            transition_poll: self.transition_poll,
            sweep: self.sweep,
            secret_poll: self.secret_poll,
            quiet_period: self.quiet_period,
            settle: Duration::from_secs(60).min(self.transition_poll * 6),
        }
    }

    /// The region of objects that name none.
    ///
    /// # Errors
    /// When neither the flag nor the environment says one that can be right.
    pub fn region(&self, variable: impl Fn(&str) -> Option<String>) -> Result<String, String> {
        if let Some(region) = &self.region {
            return Ok(region.clone());
        }
        for name in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
            if let Some(text) = variable(name).filter(|text| !text.is_empty()) {
                return region(&text).map_err(|why| format!("{name}={text}: {why}"));
            }
        }
        Err("no AWS region: set --region or AWS_REGION".into())
    }

    /// The namespaces to look after; empty: all.
    pub fn namespaces(&self) -> Vec<String> {
        let mut names: Vec<String> = self.watch_namespaces.iter().filter(|name| !name.is_empty()).cloned().collect();
        names.sort();
        names.dedup();
        names
    }
}

pub(crate) fn installation(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if (1..=40).contains(&text.len()) && text.chars().all(fits) {
        return Ok(text.into());
    }
    Err("must be 1 to 40 lower-case letters, digits and hyphens".into())
}

pub(crate) fn region(text: &str) -> Result<String, String> {
    let letters = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    let parts: Vec<&str> = text.split('-').collect();
    let fits = match parts.as_slice() {
        [first, middle @ .., number] => {
            // Four letters: the European Sovereign Cloud, eusc-de-east-1.
            (2..=4).contains(&first.len())
                && letters(first)
                && !middle.is_empty()
                && middle.iter().all(letters)
                && number.len() == 1
                && number.bytes().all(|b| b.is_ascii_digit())
        }
        _ => false,
    };
    fits.then(|| text.into()).ok_or_else(|| "must be an AWS region, e.g. eu-central-1".into())
}

/// Empty texts pass and are dropped later: an empty variable means no list.
pub(crate) fn namespace(text: &str) -> Result<String, String> {
    let text = text.trim();
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if text.len() <= 63 && text.chars().all(fits) && !text.starts_with('-') && !text.ends_with('-') {
        return Ok(text.into());
    }
    Err(format!("{text} cannot be the name of a namespace"))
}

/// `10s`, `5m`, `1h30m`, `500ms`.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "must be a duration above zero, e.g. 10s, 5m or 1h".to_string();
    let (mut rest, mut sum) = (text, Duration::ZERO);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let number: u64 = rest[..digits].parse().map_err(|_| wrong())?;
        let after = &rest[digits..];
        let letters = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let unit = match &after[..letters] {
            "ms" => Duration::from_millis(1),
            "s" => Duration::from_secs(1),
            "m" => Duration::from_secs(60),
            "h" => Duration::from_secs(3600),
            _ => return Err(wrong()),
        };
        let part = u32::try_from(number).ok().and_then(|number| unit.checked_mul(number)).ok_or_else(wrong)?;
        sum = sum.checked_add(part).ok_or_else(wrong)?;
        rest = &after[letters..];
    }
    if sum.is_zero() { Err(wrong()) } else { Ok(sum) }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        flags: RunFlags,
    }

    fn parse(more: &[&str]) -> Result<RunFlags, String> {
        let line = ["awsdb", "--installation=prod", "--region=eu-central-1"].iter().chain(more);
        Line::try_parse_from(line).map(|line| line.flags).map_err(|error| error.to_string())
    }

    #[test]
    fn the_defaults_are_the_safe_ones() {
        let flags = parse(&[]).unwrap();
        assert_eq!(flags.clocks(), Clocks::default());
        assert_eq!(flags.deletion_brake, BrakeLimit { deletions: 10, within: Duration::from_secs(3600) });
        assert_eq!((flags.concurrency, flags.trust_account), (16, false));
        assert_eq!(flags.listen.to_string(), "0.0.0.0:8080");
        assert!(flags.namespaces().is_empty());
    }

    #[test]
    fn the_last_of_two_equal_flags_holds() {
        let flags = parse(&["--sweep=1s", "--sweep=2s", "--trust-account", "--trust-account=false"]).unwrap();
        assert_eq!((flags.sweep, flags.trust_account), (Duration::from_secs(2), false));
    }

    #[test]
    fn waits_can_be_shortened_together() {
        let flags = parse(&["--transition-poll=500ms", "--sweep=5m", "--secret-poll=1m30s"]).unwrap();
        let clocks = flags.clocks();
        assert_eq!(clocks.settle, Duration::from_secs(3));
        assert_eq!((clocks.sweep, clocks.check()), (Duration::from_secs(300), Duration::from_secs(90)));
    }

    #[test]
    fn everything_is_looked_at_anew_within_ten_minutes_or_ten_sweeps_if_that_is_less() {
        for (sweep, resync) in [("60s", 600), ("1s", 10), ("5m", 600), ("30m", 1800)] {
            let clocks = parse(&[&format!("--sweep={sweep}")]).unwrap().clocks();
            assert_eq!(clocks.resync().as_secs(), resync, "{sweep}");
        }
    }

    #[test]
    fn what_cannot_be_right_is_refused_with_the_flag_s_name() {
        for (flag, value) in [
            ("--installation", "Prod"),
            ("--installation", ""),
            ("--installation", "a-name-that-is-longer-than-forty-characters"),
            ("--region", "europe"),
            ("--region", "eu-central-one"),
            ("--region", "eu--1"),
            ("--sweep", "60"),
            ("--sweep", "0s"),
            ("--sweep", "1d"),
            ("--sweep", ""),
            ("--quiet-period", "99999999999999999999s"),
            ("--transition-poll", "5000000000h"),
            ("--concurrency", "0"),
            ("--deletion-brake", "10"),
            ("--deletion-brake", "-1/1h"),
            ("--log-level", "loud"),
            ("--listen", ":8080"),
            ("--watch-namespaces", "shop,Bad"),
            ("--trust-account", "maybe"),
        ] {
            let error = parse(&[&format!("{flag}={value}")]).unwrap_err();
            assert!(error.contains(flag), "{flag}={value}: {error}");
        }
    }

    #[test]
    fn every_region_shape_of_aws_is_taken() {
        for name in ["us-east-1", "us-gov-west-1", "us-iso-east-1", "ap-southeast-7", "eusc-de-east-1"] {
            assert!(region(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn without_the_flag_the_region_is_aws_s_own_variable() {
        let flags = RunFlags { region: None, ..parse(&[]).unwrap() };
        let with = |name: &'static str, value: &'static str| {
            flags.region(move |asked| (asked == name).then(|| value.to_string()))
        };
        assert_eq!(with("AWS_REGION", "eu-west-1").unwrap(), "eu-west-1");
        assert_eq!(with("AWS_DEFAULT_REGION", "eu-west-2").unwrap(), "eu-west-2");
        assert!(with("AWS_REGION", "mars").unwrap_err().contains("AWS_REGION=mars"));
        assert!(with("AWS_REGION", "").unwrap_err().contains("--region"));
    }

    #[test]
    fn namespaces_are_a_set_and_an_empty_list_is_all() {
        let flags = parse(&["--watch-namespaces=shop, billing,shop"]).unwrap();
        assert_eq!(flags.namespaces(), ["billing", "shop"]);
        assert!(parse(&["--watch-namespaces="]).unwrap().namespaces().is_empty());
    }

    #[test]
    fn trust_account_is_a_switch_and_a_value() {
        assert!(parse(&["--trust-account"]).unwrap().trust_account);
        assert!(!parse(&["--trust-account=false"]).unwrap().trust_account);
    }
}
