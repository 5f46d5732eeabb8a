# The service: one image for `web`, `worker`, `migrate`, `doctor`, `org` and whatever else `agentpay` does.
# `deploy/check-image` builds it, runs it and tries what is promised of it. Any Debian with Python 3.11 will do as BASE.
ARG BASE=python:3.11-slim

FROM ${BASE} AS packages
# `otel` = with what sends traces.
ARG LOCK=runtime
WORKDIR /build
COPY requirements/runtime.txt requirements/runtime.txt
COPY requirements/otel.txt requirements/otel.txt
# Both secrets are optional: a pip.conf for a mirror of the package index, and the certificate that it is believed by.
RUN --mount=type=secret,id=pip,target=/etc/pip.conf --mount=type=secret,id=ca,target=/run/secrets/ca \
    python3 -m venv /opt/agentpay \
 && /opt/agentpay/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --only-binary=:all: \
    --no-compile -r "requirements/${LOCK}.txt" \
 && /opt/agentpay/bin/python -m pip uninstall --yes --quiet pip setuptools \
 # The file system will be read-only: byte code is made now. `faker` comes along with Litestar, and nothing imports it.
 && /opt/agentpay/bin/python -m compileall -q -j 0 -x /faker/ /opt/agentpay/lib

FROM ${BASE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="AgentPay" \
      org.opencontainers.image.description="Conversational commerce beside Polar" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV PATH=/opt/agentpay/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN groupadd --gid 10001 agentpay \
 && useradd --uid 10001 --gid agentpay --no-create-home --home-dir /app --shell /usr/sbin/nologin agentpay
WORKDIR /app
COPY --from=packages /opt/agentpay /opt/agentpay
COPY alembic.ini ./
COPY migrations migrations
COPY agentpay agentpay
RUN python -m compileall -q -j 0 agentpay migrations
# By number: Kubernetes refuses `runAsNonRoot` for a name.
USER 10001:10001
EXPOSE 8000
# Alive, not ready: a database that is away must not make the orchestrator kill a process that will recover.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
ENTRYPOINT ["python", "-m", "agentpay"]
CMD ["web", "--host", "0.0.0.0", "--port", "8000"]
