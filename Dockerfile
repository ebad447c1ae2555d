# trixie: with Python 3.12 the durable engine needs SQLite 3.42 or newer.
# Build: wheels only, so that neither compiler nor pip's cache reach the final stage.
FROM python:3.12-slim-trixie AS build
RUN apt-get update \
 && apt-get install --yes --no-install-recommends binutils \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /build
# requirements-reporting.lock adds what SENTRY_DSN and OTEL_EXPORTER_OTLP_ENDPOINT need.
ARG LOCK=requirements.lock
COPY ${LOCK} requirements.lock
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --only-binary :all: --no-deps \
      --require-hashes -r requirements.lock \
 && /venv/bin/pip uninstall --yes pip
# What is never used at run time; `make image-size` says what that gives.
COPY deploy/trim.py .
RUN python trim.py /venv
COPY migrations /app/migrations
COPY cogs /app/cogs
COPY bot /app/bot
# Compiled here: whoever runs it cannot write there, and every process would do it again.
RUN /venv/bin/python -m compileall -q --invalidation-mode unchecked-hash /app
# Nothing that is needed was removed, or there is no image.
COPY deploy/smoke.py .
RUN PYTHONPATH=/app /venv/bin/python smoke.py

FROM python:3.12-slim-trixie
RUN pip uninstall --yes --quiet --root-user-action=ignore pip \
 && useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin bot \
 && install -d -o bot -g bot -m 700 /data /kept
COPY --from=build /venv /venv
COPY --from=build /app /app
ENV PATH=/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    SQLITE_TMPDIR=/data
# (The folder is where SQLite copies the database while it wipes what was deleted: the volume
# has the room.)
# From here DATA_DIR=data, the default and what .env.example says, is the volume. Nothing else is
# ever written: the rest may be read-only.
WORKDIR /
USER bot
VOLUME /data
STOPSIGNAL SIGTERM
# Alive means: the bot's loop wrote its heartbeat within the last minute. This is
# `python -m bot healthcheck` for a fifth of its processor time.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
  CMD ["python", "-m", "bot.heartbeat"]
ENTRYPOINT ["python", "-m", "bot"]
