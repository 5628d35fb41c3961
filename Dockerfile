# The image holds the binary, and no Postgres and no shell. It needs MINICRM_DATABASE_URL;
# deploy/ shows it with Docker Compose and in Kubernetes.
#
# With authentication it listens on whatever address it is told. The files of keys
# must be readable for user 65532 and nobody else (chown 65532, chmod 400), and so must
# that of a TLS key (MINICRM_TLS_KEY). Without TLS, publish the port to a proxy that speaks it.
#
#     docker build -t minicrm .
#     docker run --read-only -p 127.0.0.1:50051:50051 -v /etc/minicrm:/etc/minicrm:ro \
#         -e MINICRM_LISTEN=0.0.0.0:50051 -e MINICRM_JWT_KEY_FILES=/etc/minicrm/jwt-key.pem \
#         -e MINICRM_DATABASE_URL=postgres://user:password@host/minicrm minicrm
#
# Without authentication it listens on loopback only. A published port would not
# reach it: the container then shares the network of its caller, with `--network
# host` or as a sidecar in the caller's pod.
#
#     docker run --network host -e MINICRM_DATABASE_URL=postgres://user:password@127.0.0.1/minicrm minicrm

# The release that rust-toolchain.toml names, which is not copied: nothing is fetched here.
FROM rust:1.95.0-bookworm AS build
WORKDIR /build
# What Cargo.toml has under [features].
ARG FEATURES=otlp

# The dependencies alone, with empty sources of our own: this layer is built
# again only when Cargo.toml or Cargo.lock changes. What was built of ours is
# removed, because the real files may be older than it and would be passed over.
COPY Cargo.toml Cargo.lock ./
RUN mkdir src \
    && echo 'fn main() {}' > build.rs \
    && cp build.rs src/main.rs \
    && touch src/lib.rs \
    && cargo build --profile dist --locked --features "$FEATURES" \
    && cargo clean --profile dist --package minicrm

COPY build.rs ./
COPY proto proto
COPY migrations migrations
COPY src src
RUN cargo build --profile dist --locked --features "$FEATURES"

# The C library and the certificates of authorities, and no other programs. Of the
# same Debian as the stage above.
FROM gcr.io/distroless/cc-debian12:nonroot
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=unknown
LABEL org.opencontainers.image.title="minicrm" \
      org.opencontainers.image.description="Takes in customer enquiries over gRPC and hands each one to an operator" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.created="$CREATED"
COPY --from=build /build/target/dist/minicrm /usr/local/bin/minicrm
# The health check asks here, whether the port of calls has TLS or not.
ENV MINICRM_HEALTH_LISTEN=127.0.0.1:50052
# A number, so that an orchestrator can see that it is not root.
USER 65532:65532
EXPOSE 50051
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["/usr/local/bin/minicrm", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/minicrm"]
