# The image holds the binary and no Postgres, so the container needs
# DATABASE_URL (plain TCP; TLS to Postgres is not there yet).
#
# With authentication it listens on whatever address it is told. The files of keys
# must be readable for user 65532, and so must those of TLS (MINICRM_TLS_CERT and
# MINICRM_TLS_KEY). Without TLS, publish the port to a proxy that speaks it. With it,
# the health check needs MINICRM_HEALTH_LISTEN.
#
#     docker build -t minicrm .
#     docker run -p 127.0.0.1:50051:50051 -v /etc/minicrm:/etc/minicrm:ro \
#         -e MINICRM_LISTEN=0.0.0.0:50051 -e MINICRM_JWT_KEY_FILES=/etc/minicrm/jwt-key.pem \
#         -e DATABASE_URL=postgres://user:password@host/minicrm minicrm
#
# Without authentication it listens on loopback only. A published port would not
# reach it: the container then shares the network of its caller, with `--network
# host` or as a sidecar in the caller's pod.
#
#     docker run --network host -e DATABASE_URL=postgres://user:password@127.0.0.1/minicrm minicrm

FROM rust:1-bookworm AS build
WORKDIR /build

# The dependencies alone, with empty sources of our own: this layer is built
# again only when Cargo.toml or Cargo.lock changes. What was built of ours is
# removed, because the real files may be older than it and would be passed over.
COPY Cargo.toml Cargo.lock ./
RUN mkdir src \
    && echo 'fn main() {}' > build.rs \
    && cp build.rs src/main.rs \
    && touch src/lib.rs \
    && cargo build --release --locked --features otlp \
    && cargo clean --release --package minicrm

COPY build.rs ./
COPY proto proto
COPY migrations migrations
COPY src src
RUN cargo build --release --locked --features otlp

FROM debian:bookworm-slim
COPY --from=build /build/target/release/minicrm /usr/local/bin/minicrm
# A number, so that an orchestrator can see that it is not root.
USER 65532:65532
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["/usr/local/bin/minicrm", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/minicrm"]
