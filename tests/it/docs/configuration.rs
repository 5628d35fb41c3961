//! `configuration.md`: what `--help` says.

use std::fmt::Write as _;

use clap::{Arg, ArgAction, Command, CommandFactory};
use minicrm::config::Config;

use super::assert_page;

const INTRODUCTION: &str = "\
# Configuration

What `minicrm --help` says, and which commands there are. [Configure](../operating/configure.md) says what matters in production.

- A flag wins over its variable. A variable that is empty is not set.
- What is secret may be in a file instead, which the variable with `_FILE` at its end names:
  `MINICRM_DATABASE_URL_FILE=/run/secrets/database-url`. Both at once are refused.
- Durations are like `90s`, `15m`, `12h`, `7d`.
- All settings may come before or after the command.
";

/// The text of a cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
        .replace("\n\n", "<br>")
        .replace('\n', " ")
}

fn help(arg: &Arg) -> String {
    let help = arg.get_long_help().or(arg.get_help()).unwrap().to_string();
    let mut text = cell(&help);
    let values = arg.get_possible_values();
    let told: Vec<_> = values
        .iter()
        .filter_map(|value| {
            let help = value.get_help()?.to_string();
            Some(format!("`{}`: {}", value.get_name(), cell(&help)))
        })
        .collect();
    if !told.is_empty() {
        write!(text, " ({})", told.join("; ")).unwrap();
    }
    text
}

fn flag(arg: &Arg) -> String {
    let takes = arg.get_action().takes_values();
    let value = arg.get_value_names().filter(|_| takes);
    let value = value.map_or(String::new(), |names| format!(" <{}>", names[0]));
    let name = arg
        .get_long()
        .map_or(String::new(), |name| format!("--{name}"));
    format!("{name}{value}")
}

fn variable(arg: &Arg) -> String {
    let Some(name) = arg.get_env() else {
        return String::new();
    };
    let name = name.display();
    if arg.is_hide_env_values_set() {
        format!("`{name}`, `{name}_FILE`")
    } else {
        format!("`{name}`")
    }
}

fn default(arg: &Arg) -> String {
    if matches!(arg.get_action(), ArgAction::SetTrue) {
        return String::new();
    }
    let values = arg.get_default_values().iter();
    let values: Vec<_> = values
        .map(|value| format!("`{}`", value.display()))
        .collect();
    values.join(", ")
}

/// The settings of a command, under their headings.
fn settings(command: &Command) -> String {
    let mut text = String::new();
    let mut heading = None;
    for arg in command.get_arguments() {
        if heading != Some(arg.get_help_heading()) {
            heading = Some(arg.get_help_heading());
            let name = arg.get_help_heading().unwrap();
            writeln!(
                text,
                "\n## {name}\n\n| flag | variable | default | |\n|---|---|---|---|"
            )
            .unwrap();
        }
        writeln!(
            text,
            "| `{}` | {} | {} | {} |",
            flag(arg),
            variable(arg),
            default(arg),
            help(arg)
        )
        .unwrap();
    }
    text
}

/// A command with its own settings, and those within it.
fn command(command: &Command, before: &str) -> String {
    let name = format!("{before} {}", command.get_name());
    let about = command.get_long_about().or(command.get_about()).unwrap();
    let mut text = format!("- `{}`: {about}\n", name.trim());
    for arg in command.get_arguments().filter(|arg| !arg.is_global_set()) {
        writeln!(text, "  - `{}`: {}", flag(arg), help(arg)).unwrap();
    }
    for inner in command.get_subcommands() {
        text.push_str(&self::command(inner, &name));
    }
    text
}

#[test]
fn configuration_is_what_help_says() {
    let config = Config::command();
    let mut text = format!("{INTRODUCTION}{}\n## Commands\n\n", settings(&config));
    for inner in config.get_subcommands() {
        text.push_str(&command(inner, "minicrm"));
    }
    assert_page("configuration.md", &text);
}
