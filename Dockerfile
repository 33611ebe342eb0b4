# The product's own image: the same commands as `manage.py serve` starts.
FROM python:3.11.14-slim-bookworm

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1
RUN apt-get update \
    && apt-get install -y --no-install-recommends postgresql-client curl \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 rrr
WORKDIR /app
COPY requirements.txt ./
RUN pip install --require-hashes -r requirements.txt
COPY . .
ARG RRR_COMMIT=""
ENV RRR_COMMIT=${RRR_COMMIT} STATE_DIR=/state BIND=0.0.0.0 PORT=8000
RUN mkdir /state && chown rrr:rrr /state && chmod 700 /state
USER rrr
EXPOSE 8000
CMD ["sh", "-c", "python manage.py migrate --noinput && python manage.py collectstatic --noinput && exec python -m granian --interface asginl --no-ws --host 0.0.0.0 --port 8000 --http 1 --workers 2 --backlog 4096 --backpressure 4096 --http1-header-read-timeout 10000 --respawn-failed-workers --respawn-interval 1 --workers-kill-timeout 5 rrr_dashboard.asgi:application"]
