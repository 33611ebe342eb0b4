# Two images of one file: the product (`app`) and the proxy before it (`proxy`).
# `make build-list` first: without build.json beside RRR_COMMIT nothing is proven.
# Tests and documents stay outside, but for the runbooks: .dockerignore.
FROM python:3.11.14-slim-bookworm AS packages
COPY requirements.txt ./
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.txt

FROM python:3.11.14-slim-bookworm AS app
RUN apt-get update \
    && apt-get install -y --no-install-recommends postgresql-client curl \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 rrr \
    && install -d -o rrr -g rrr -m 700 /state
COPY --from=packages /venv /venv
WORKDIR /app
COPY . .
# Who built this with a narrow umask would have an image that nobody can start.
RUN chmod -R a+rX .
ARG RRR_COMMIT=""
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 RRR_COMMIT=${RRR_COMMIT}
USER rrr

FROM python:3.11.14-slim-bookworm AS proxy
RUN apt-get update \
    && apt-get install -y --no-install-recommends nginx-light openssl curl \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10002 proxy-rrr \
    && install -d -o proxy-rrr -g proxy-rrr -m 700 /certificate
COPY deploy /app/deploy
RUN chmod -R a+rX /app
WORKDIR /app
USER proxy-rrr
