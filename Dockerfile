# The service: one image for `web`, `worker`, `migrate`, `doctor` and `org`.
FROM python:3.11-slim AS packages
WORKDIR /build
COPY requirements/runtime.txt requirements/runtime.txt
RUN python -m venv /opt/agentpay \
 && /opt/agentpay/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --only-binary=:all: \
    -r requirements/runtime.txt \
 && /opt/agentpay/bin/python -m pip uninstall --yes --quiet pip

FROM python:3.11-slim
ENV PATH=/opt/agentpay/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN groupadd --system --gid 10001 agentpay \
 && useradd --system --uid 10001 --gid agentpay --home-dir /app --shell /usr/sbin/nologin agentpay
WORKDIR /app
COPY --from=packages /opt/agentpay /opt/agentpay
COPY alembic.ini ./
COPY migrations migrations
COPY agentpay agentpay
RUN python -m compileall -q -j 0 agentpay migrations
USER agentpay
EXPOSE 8000
# Alive, not ready: a database that is away must not make the orchestrator kill a process that will recover.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
ENTRYPOINT ["python", "-m", "agentpay"]
CMD ["web", "--host", "0.0.0.0", "--port", "8000"]
