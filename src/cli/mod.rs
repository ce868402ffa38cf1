//! The command line. Exit code 0: done; 1: it failed; 2: it was asked wrongly; 130: it was stopped and can be gone on with.
//! Every failure is one sentence on stderr.

pub mod crds;
mod dynamo;
mod logs;
mod orphans;
pub mod reference;
mod run;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

use crate::aws::inventory::Ages;
use crate::aws::{Aws, CloudError, Options};
use crate::config::RunFlags;

/// Declare AWS databases in Kubernetes and get a working connection Secret
#[derive(Debug, Parser)]
#[command(name = "awsdb", version)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the controller
    Run(Box<RunFlags>),
    /// Print the CustomResourceDefinitions
    Crds {
        /// Write one file for each into this directory instead
        #[arg(long)]
        dir: Option<PathBuf>,
    },
    /// Print the reference of all fields, in Markdown
    Reference {
        /// Write one file for each kind into this directory instead
        #[arg(long)]
        dir: Option<PathBuf>,
    },
    /// Move the items of a DynamoDB table into a file and back
    #[command(subcommand)]
    Dynamo(dynamo::Command),
    /// List what carries this installation's tags in AWS and has no object any more; nothing is changed
    Orphans(orphans::OrphanFlags),
}

/// Why a command did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It was asked wrongly: exit code 2.
    #[error("{0}")]
    Usage(String),
    /// It failed: exit code 1.
    #[error("{0}")]
    Failed(String),
    /// Somebody stopped it: exit code 130.
    #[error("{0}")]
    Stopped(String),
}

/// Runs the command that the arguments name.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let outcome = match Line::try_parse_from(arguments) {
        Ok(line) => line.command.run(),
        Err(help) if !help.use_stderr() || help.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            help.exit()
        }
        Err(wrong) => Err(Failure::Usage(sentence(&wrong))),
    };
    let Err(failure) = outcome else { return ExitCode::SUCCESS };
    eprintln!("awsdb: {failure}");
    match failure {
        Failure::Usage(_) => ExitCode::from(2),
        Failure::Failed(_) => ExitCode::FAILURE,
        Failure::Stopped(_) => ExitCode::from(dynamo::STOPPED),
    }
}

impl Command {
    fn run(self) -> Result<(), Failure> {
        match self {
            Command::Run(flags) => run::run(&flags),
            Command::Dynamo(command) => dynamo::run(&command),
            Command::Orphans(flags) => orphans::run(&flags),
            Command::Crds { dir } => hand_out(crds::files(&crate::kinds::crds())?, dir.as_deref()),
            Command::Reference { dir } => hand_out(reference::files(&crate::kinds::crds())?, dir.as_deref()),
        }
    }
}

/// Runs a command that waits for others.
fn on_threads(command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    on(tokio::runtime::Builder::new_multi_thread(), command)
}

/// Runs what waits nearly always: each further thread would have an arena of the allocator to itself, which keeps what its
/// busiest moment needed. What computed for long would show in the liveness probe.
fn on_one_thread(command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    on(tokio::runtime::Builder::new_current_thread(), command)
}

fn on(mut threads: tokio::runtime::Builder, command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    // The only provider in the tree, installed by name so that a second one could not make the choice ambiguous.
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    let runtime = threads.enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Failed(format!("no threads to run on: {error}")))?;
    let outcome = runtime.block_on(command);
    // What was broken off, and a read of standard input that waits for ever, is not waited for.
    runtime.shutdown_background();
    outcome
}

/// AWS for a command, by the SDK's own credentials.
async fn connect_to_aws(region: Option<String>) -> Result<Aws, Failure> {
    let options = Options {
        region,
        app_name: concat!("aws-database-operator-", env!("CARGO_PKG_VERSION")).into(),
        on_call: Arc::new(|_| ()),
        ages: Ages::default(),
    };
    Aws::connect(options).await.map_err(|error| Failure::Usage(error.to_string()))
}

/// AWS's words, for the one who called a command.
fn aws_says(error: &CloudError, fields: &str) -> String {
    if error.code == "NoCredentials" {
        return "no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY".into();
    }
    error.sentence(fields)
}

/// The first paragraph of clap's explanation as one line.
fn sentence(wrong: &clap::Error) -> String {
    let text = wrong.to_string();
    let first = text.split("\n\n").next().unwrap_or_default();
    first.trim_start_matches("error: ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Files into a directory, or all of them to stdout.
fn hand_out(files: Vec<(String, String)>, dir: Option<&Path>) -> Result<(), Failure> {
    let Some(dir) = dir else {
        use std::io::Write;
        let all: String = files.into_iter().map(|(_, text)| text).collect();
        // A reader that has seen enough, like `head`, is no failure.
        drop(std::io::stdout().write_all(all.as_bytes()));
        return Ok(());
    };
    let failed = |path: &Path, error: std::io::Error| Failure::Failed(format!("{}: {error}", path.display()));
    std::fs::create_dir_all(dir).map_err(|error| failed(dir, error))?;
    for (name, text) in files {
        let path = dir.join(name);
        std::fs::write(&path, text).map_err(|error| failed(&path, error))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Line::command().debug_assert();
    }

    #[test]
    fn every_flag_of_run_is_a_variable_too() {
        let line = Line::command();
        let run = line.find_subcommand("run").unwrap();
        for flag in run.get_arguments().filter(|flag| flag.get_id() != "help") {
            let variable = flag.get_env().unwrap().to_str().unwrap();
            let name = flag.get_long().unwrap();
            assert_eq!(variable, format!("AWSDB_{}", name.to_uppercase().replace('-', "_")));
        }
    }

    #[test]
    fn a_wrong_flag_is_one_sentence_that_names_it() {
        let wrong = Line::try_parse_from(["awsdb", "run", "--installation=x", "--region=mars"]).unwrap_err();
        let said = sentence(&wrong);
        assert!(said.contains("--region") && said.contains("eu-central-1") && !said.contains('\n'), "{said}");
        let missing = Line::try_parse_from(["awsdb", "run"]).unwrap_err();
        assert!(sentence(&missing).contains("--installation"));
    }
}
