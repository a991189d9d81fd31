//! `planlint completions SHELL`: a script that completes commands and options.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, Stop, output};

/// Options of `planlint completions`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  planlint completions bash > ~/.local/share/bash-completion/completions/planlint
  planlint completions zsh > \"${fpath[1]}/_planlint\"
  planlint completions fish > ~/.config/fish/completions/planlint.fish
  planlint completions powershell >> $PROFILE
  planlint completions elvish >> ~/.config/elvish/rc.elv")]
pub(super) struct Options {
    /// The shell to write for
    #[arg(value_enum)]
    shell: Shell,
}

/// Runs the command.
pub(super) fn run(options: &Options) -> Result<u8, Stop> {
    // Into memory first: the generator panics where it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut Cli::command(), "planlint", &mut script);
    output::to_stdout(&|out| out.write_all(&script))?;
    Ok(0)
}
