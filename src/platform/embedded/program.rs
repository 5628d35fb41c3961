//! Runs the programs of Postgres.

use std::path::PathBuf;

use tokio::process::Command;

use super::error::Error;

/// Runs a program to its end, and returns its output, or all it has said if it failed.
pub async fn run(command: &mut Command) -> Result<String, Error> {
    let program = PathBuf::from(command.as_std().get_program());
    let output = command
        .output()
        .await
        .map_err(|reason| Error::io("run", &program, reason))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    let output = format!("{text}{}", String::from_utf8_lossy(&output.stderr))
        .trim()
        .to_owned();
    Err(Error::Failed {
        command: program.display().to_string(),
        output,
    })
}
