//! `awsdb`: see [`awsdb::cli`].

fn main() -> std::process::ExitCode {
    awsdb::cli::main(std::env::args_os())
}
