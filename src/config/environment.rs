//! What the environment says of settings, the same for all of them: a variable that is empty
//! is not set; some have another name, which is asked next; and what is secret may be in a
//! file, which `<NAME>_FILE` names, so that it is in no environment at all.
//!
//! Whatever does not show its value in `--help` (`hide_env_values`) is a secret.

use std::{env, ffi::OsString, fs, path::Path};

use clap::{
    Arg, Command, CommandFactory, Error, FromArgMatches, builder::Resettable, error::ErrorKind,
};

use super::Config;

/// Names that others have for our settings.
const OTHER_NAMES: [(&str, &str); 2] = [
    ("MINICRM_DATABASE_URL", "DATABASE_URL"),
    ("MINICRM_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"),
];

impl Config {
    /// The settings of this process. An error is for the terminal, like what `--help` says.
    pub fn load() -> Result<Self, Error> {
        let mut wrong = None;
        let mut command = heeded(Self::command(), &mut wrong);
        if let Some(wrong) = wrong {
            return Err(command.error(ErrorKind::ValueValidation, wrong));
        }
        Self::from_arg_matches(&command.try_get_matches()?)
    }
}

fn heeded(command: Command, wrong: &mut Option<String>) -> Command {
    let command = command.mut_args(|arg| {
        from_environment(arg.clone()).unwrap_or_else(|error| {
            wrong.get_or_insert(error);
            arg
        })
    });
    command.mut_subcommands(|command| heeded(command, wrong))
}

/// The setting with the variable that it is to be read from, or with what is in its file.
fn from_environment(arg: Arg) -> Result<Arg, String> {
    let Some(name) = arg.get_env().map(|name| name.display().to_string()) else {
        return Ok(arg);
    };
    let other = OTHER_NAMES.iter().find(|(known, _)| *known == name);
    for name in [Some(&*name), other.map(|(_, other)| *other)]
        .into_iter()
        .flatten()
    {
        let file_name = format!("{name}_FILE");
        let file = set(&file_name).filter(|_| arg.is_hide_env_values_set());
        match (set(name), file) {
            (Some(_), Some(_)) => return Err(format!("both {name} and {file_name} are set")),
            (Some(_), None) => return Ok(arg.env(name.to_owned())),
            (None, Some(file)) => {
                let text = fs::read_to_string(&file).map_err(|error| {
                    format!(
                        "{file_name}: cannot read {}: {error}",
                        Path::new(&file).display()
                    )
                })?;
                let text = text.trim_end_matches(['\r', '\n']).to_owned();
                let arg = arg.env(Resettable::Reset).hide_default_value(true);
                return Ok(if text.is_empty() {
                    arg
                } else {
                    arg.default_value(text)
                });
            }
            (None, None) => {}
        }
    }
    let is_empty = env::var_os(&name).is_some();
    Ok(if is_empty {
        arg.env(Resettable::Reset)
    } else {
        arg
    })
}

/// What the environment says, if it says anything.
fn set(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}
