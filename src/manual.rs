//! `grouploop completions` and `grouploop man`: what packages and people install beside the program, made from its own command line.

use crate::cli::Cli;
use crate::exit::Exit;
use crate::terminal::{complain, print, printable};
use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;

/// Prints the completions for a shell.
pub(crate) fn completions(shell: Shell) -> Exit {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "grouploop", &mut text);
    print(&String::from_utf8_lossy(&text), Exit::Success)
}

/// Prints the page of the program, or of a command of it.
pub(crate) fn page(command: Option<&str>) -> Exit {
    let mut program = Cli::command();
    program.build();
    let page = match command {
        None => program,
        Some(name) => {
            let found = program.find_subcommand(name).cloned();
            let Some(found) = found else {
                complain(&format!("there is no command `{}`; `grouploop --help` shows all", printable(name)));
                return Exit::Usage;
            };
            found
        }
    };
    let mut text = Vec::new();
    match Man::new(page).render(&mut text) {
        Ok(()) => print(&String::from_utf8_lossy(&text), Exit::Success),
        Err(error) => {
            complain(&format!("the page cannot be made: {error}"));
            Exit::Failed
        }
    }
}
