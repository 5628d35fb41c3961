# The commands that people type. `just` lists them; each is what one could type without it.

_list:
    @{{ just_executable() }} --list --unsorted

# Runs the service with these arguments; without any it brings its own Postgres
run *ARGS:
    cargo run --release --locked -- {{ ARGS }}

# Format, lints and unit tests: what to run before a commit
check:
    cargo fmt --check
    cargo clippy --all-targets --all-features --locked -- -D warnings
    cargo test --locked --lib

# All tests, or those with one of these words in their names
test *WORDS:
    cargo test --locked -- {{ WORDS }}

# Everything that CI runs; installs what is missing, on Debian as root
ci:
    .ci/run

# Measures against pgbench; `just bench --help` explains the arguments
bench *ARGS:
    cargo bench --bench load -- {{ ARGS }}

# Writes the parts of the documents that are generated
docs:
    UPDATE_DOCS=1 cargo test --locked --test it docs

# Adds what is new in proto/ to proto/api.lock
lock:
    UPDATE_API_LOCK=1 cargo test --locked --test it api::

# Whether proto/ breaks clients of what is on this branch, by the rules of buf
breaking REF="main":
    buf lint
    buf breaking --against '.git#ref={{ REF }}'

# A folder for a migration, named by date, number and what it does
new-migration NAME:
    #!/usr/bin/env bash
    set -euo pipefail
    last=$(find migrations -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort | tail -n 1)
    number=$(printf '%06d' $((10#$(cut -d- -f4 <<<"${last%%_*}") + 1)))
    folder=migrations/$(date -u +%F)-${number}_{{ NAME }}
    mkdir "$folder"
    printf -- '-- What it makes, and why.\n' >"$folder/up.sql"
    printf -- '-- Takes it back.\n' >"$folder/down.sql"
    echo "$folder: now migrations/README.md, from step 2"
