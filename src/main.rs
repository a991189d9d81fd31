//! The binary: hands the command line to [`planlint::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    planlint::cli::main()
}
