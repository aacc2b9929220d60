# Scrip in a container. docs/running.md says how it is used.
FROM rust:1.95-slim-bookworm AS build
# SQLite, ring and the allocator are C. What Debian mends is wanted, so no version is pinned.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends build-essential \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY Cargo.toml Cargo.lock ./
COPY crates crates
RUN cargo build --release --locked --package scrip

FROM debian:bookworm-slim
# Whose certificates are trusted where webhooks go and payments are collected.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin scrip \
    && install -d -o scrip -g scrip -m 0700 /var/lib/scrip
COPY --from=build /source/target/release/scrip /usr/local/bin/scrip
USER 10001:10001
WORKDIR /var/lib/scrip
VOLUME /var/lib/scrip
# Outside of the container nobody reaches loopback. Which of SCRIP_INSECURE_HTTP and
# SCRIP_TLS_CERTIFICATE_FILE it shall be is not for an image to say: without either it does not start.
ENV SCRIP_DATA=/var/lib/scrip \
    SCRIP_LISTEN=0.0.0.0:8787 \
    SCRIP_LOG_FORMAT=json
EXPOSE 8787
# With TLS, SCRIP_URL names the certificate's host, and SSL_CERT_FILE whoever issued it.
HEALTHCHECK --interval=10s --timeout=6s --start-period=60s --retries=3 CMD ["scrip", "health"]
# SIGTERM answers what was accepted, and stops.
STOPSIGNAL SIGTERM
ENTRYPOINT ["scrip"]
CMD ["serve"]
