//! The `minicrm` binary: reads the settings and does what they say.

use std::process::ExitCode;

use minicrm::{
    commands,
    config::{Command, Config},
    error::chain,
    platform::{panics, telemetry},
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let config = Config::load().unwrap_or_else(|error| error.exit());
    let telemetry =
        match telemetry::start(&config.log, config.log_format, config.telemetry.traces()) {
            Ok(telemetry) => telemetry,
            Err(error) => {
                eprintln!("minicrm: {error}");
                return ExitCode::FAILURE;
            }
        };
    panics::install();
    let command = config.command.clone().unwrap_or(Command::Serve);
    let outcome = match command {
        Command::Serve => Box::pin(commands::serve(config, &telemetry)).await,
        Command::Migrate { status: true, .. } => commands::migration_status(config).await,
        Command::Migrate { down, .. } => commands::migrate(config, down).await,
        Command::Verify { repair } => commands::verify(config, repair).await,
        Command::Users(action) => commands::users(config, action).await,
        Command::Healthcheck { service } => commands::healthcheck(config, service).await,
    };
    telemetry.end();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("minicrm: {}", chain(&*error));
            ExitCode::FAILURE
        }
    }
}
