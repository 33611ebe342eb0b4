# `make check`: what must hold before anybody reads a change. `check.sh quick` stops
# after the first half, which .pre-commit-config.yaml repeats (a test compares them).
PATH="$PWD/.venv/bin:$PATH"
say() { printf '\n== %s\n' "$1"; }
run() { say "$*"; "$@"; }
run ruff check .
run ruff format --check .
run mypy .
run lint-imports
[ "${1:-}" != quick ] || exit 0
STATE_DIR=$(mktemp -d); export STATE_DIR; trap 'rm -rf "$STATE_DIR"' EXIT
say "migrations"; RRR_ENV=development python manage.py makemigrations --check --dry-run
say "deployment check"
secret() { python -c 'import secrets; print(secrets.token_urlsafe(96))'; }
RRR_ENV=production SECRET_KEY=$(secret) JWT_SECRET=$(secret) METRICS_TOKEN=$(secret) \
	FIELD_KEY=$(python -c 'import base64, secrets; print(base64.b64encode(secrets.token_bytes(32)).decode())') \
	PUBLIC_ORIGIN=https://desk.example.test ALLOWED_HOSTS=desk.example.test \
	EMAIL_URL=smtp+tls://mail.example.test:587 DEMO=0 TRUSTED_PROXY_COUNT=1 \
	python manage.py check --deploy --fail-level WARNING
