# Build: wheels only, so that neither compiler nor pip's cache reach the final stage.
FROM python:3.12-slim AS build
WORKDIR /build
# requirements-reporting.lock adds what SENTRY_DSN and OTEL_EXPORTER_OTLP_ENDPOINT need.
ARG LOCK=requirements.lock
COPY ${LOCK} requirements.lock
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --only-binary :all: \
      --no-deps --require-hashes -r requirements.lock \
 && /venv/bin/pip uninstall --yes pip

FROM python:3.12-slim
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin bot \
 && install -d -o bot -g bot /data /kept
COPY --from=build /venv /venv
COPY migrations /app/migrations
COPY cogs /app/cogs
COPY bot /app/bot
ENV PATH=/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    SQLITE_TMPDIR=/data
# (The folder is where SQLite copies the database while it wipes what was deleted: the volume
# has the room.)
# From here DATA_DIR=data, the default and what .env.example says, is the volume.
WORKDIR /
USER bot
VOLUME /data
STOPSIGNAL SIGTERM
# Alive means: the bot's loop wrote its heartbeat within the last minute.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-m", "bot", "healthcheck"]
ENTRYPOINT ["python", "-m", "bot"]
