"""One settings file, driven by the environment; the defaults are the embedded demo.

Names are documented in `.env.example`. Insecure values refuse to start outside
demo and development: see rrr_dashboard/checks.py and `require_safe` below.
"""

from __future__ import annotations

import contextlib
import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from csp.constants import NONCE
from django.contrib.messages import constants as level

from kernel import logs
from kernel.files import is_shared
from kernel.postgresql.options import VALUES
from kernel.valkey import socket_path
from rrr_dashboard import metric_files, readers, secret_readers, server_readers
from rrr_dashboard.beat import SteadyEvery
from rrr_dashboard.demo.logins import LOGINS
from rrr_dashboard.env import Env, SettingError

BASE_DIR = Path(__file__).resolve().parent.parent
env = Env(BASE_DIR / ".env")

# --- where and what -------------------------------------------------------
RRR_ENV = env.choice(
    "RRR_ENV", "demo", ("demo", "development", "staging", "production")
)
SERIOUS = RRR_ENV in {"staging", "production"}
DEBUG = False
PORT = env.number("PORT", 8000, least=1, most=65_535)
BIND = env.read("BIND", "127.0.0.1", readers.own_address)
DEMO = env.flag("DEMO", default=RRR_ENV == "demo")
DEMO_PASSWORD = env.text("DEMO_PASSWORD")
DEMO_LOGINS = LOGINS if DEMO else ()  # shown on the login page of the demo
PUBLIC_ORIGIN = (
    env.read("PUBLIC_ORIGIN", "", readers.secure_public_origin)
    if SERIOUS
    else env.optional("PUBLIC_ORIGIN", readers.public_origin)
)
INTERNAL_URL = env.optional("INTERNAL_URL", readers.origin)
SECURE_ORIGIN = PUBLIC_ORIGIN.startswith("https://")
STATE_DIR = (BASE_DIR / env.text("STATE_DIR", "var")).resolve()
if is_shared(STATE_DIR):
    raise SettingError(
        f"STATE_DIR is {STATE_DIR}, which others write to as well; "
        "name a folder of this product alone, such as one below it."
    )
with contextlib.suppress(OSError):  # `serve` and `doctor` say what is wrong with it
    STATE_DIR.mkdir(parents=True, exist_ok=True)
with contextlib.suppress(OSError):  # before a library opens its counters in there
    metric_files.make_again()
LOG_KEY_FILE = BASE_DIR / env.text("LOG_KEY_FILE", str(STATE_DIR / "log.key"))
CHECKPOINT_DIR = BASE_DIR / env.text("CHECKPOINT_DIR", str(STATE_DIR / "checkpoints"))
RRR_COMMIT = env.optional("RRR_COMMIT", readers.commit)
RRR_VERSION = env.read("RRR_VERSION", "0.1.0", readers.version)
PUBLIC_READ = env.flag("PUBLIC_READ")
METRICS_TOKEN = env.optional("METRICS_TOKEN", secret_readers.secret(24))
OUTGOING_ALLOW = env.items("OUTGOING_ALLOW", "", readers.host_or_network)
WATCHDOG_URL = env.optional("WATCHDOG_URL", readers.web_address)
OTLP_ENDPOINT = env.optional("OTLP_ENDPOINT", readers.web_address)
FIELD_KEY = env.optional("FIELD_KEY", secret_readers.key)
TRUSTED_PROXY_COUNT = env.number("TRUSTED_PROXY_COUNT", 0, least=0, most=20)
ALERTMANAGER_TOKEN = env.optional("ALERTMANAGER_TOKEN", secret_readers.secret(24))
RATE_LIMIT_HOSTS = env.number("RATE_LIMIT_HOSTS", 1, least=1, most=1_000)
BACKUP_KEY = env.optional("BACKUP_KEY", secret_readers.backup_key)
BACKUP_URL = env.read("BACKUP_URL", str(STATE_DIR / "backups"), readers.backup_place)
if "://" not in BACKUP_URL:
    BACKUP_URL = str(BASE_DIR / BACKUP_URL)
# Of the bucket, where BACKUP_URL is one; unset, boto3 looks where it always does.
AWS_ACCESS_KEY_ID = env.text("AWS_ACCESS_KEY_ID")
AWS_SECRET_ACCESS_KEY = env.text("AWS_SECRET_ACCESS_KEY")
AWS_SESSION_TOKEN = env.text("AWS_SESSION_TOKEN")
AWS_REGION = env.text("AWS_REGION")
AWS_ENDPOINT_URL = env.optional("AWS_ENDPOINT_URL", readers.web_address)
BACKUP_FREQUENCY = env.period("BACKUP_FREQUENCY", "24h")
BACKUP_RETENTION = env.read("BACKUP_RETENTION", "24h,7d,4w,12m", readers.retention)
EXTERNAL_KEYS = {
    name: env.text(name)
    for name in (
        "POLYGON_API_KEY",
        "COINBASE_API_KEY",
        "COINBASE_API_SECRET",
        "PERPLEXITY_API_KEY",
        "ANTHROPIC_API_KEY",
        "QWEN_API_KEY",
    )
}

# --- secrets --------------------------------------------------------------
# Only `serve` and tests run without a `.env`; the fall-backs differ per machine
# path, are never valid in staging or production, and a system check says so.
_throwaway = hashlib.sha512(f"throw-away {BASE_DIR}".encode()).hexdigest()
SECRET_KEY = env.read(
    "SECRET_KEY", "" if SERIOUS else _throwaway[:64], secret_readers.secret(50)
)
SECRET_KEY_FALLBACKS = env.items("SECRET_KEY_FALLBACKS", "", secret_readers.secret(50))
JWT_SECRET = env.read(
    "JWT_SECRET", "" if SERIOUS else _throwaway[::-1], secret_readers.secret(64)
)
JWT_SECRET_PREVIOUS = env.optional("JWT_SECRET_PREVIOUS", secret_readers.secret(64))
_secrets = {
    "SECRET_KEY": [SECRET_KEY],
    "SECRET_KEY_FALLBACKS": SECRET_KEY_FALLBACKS,
    "JWT_SECRET": [JWT_SECRET],
    "JWT_SECRET_PREVIOUS": [JWT_SECRET_PREVIOUS],
    "METRICS_TOKEN": [METRICS_TOKEN],
    "ALERTMANAGER_TOKEN": [ALERTMANAGER_TOKEN],
    "FIELD_KEY": [FIELD_KEY],
}
for _name, _other in secret_readers.alike(_secrets):
    raise SettingError(f"{_other} equals {_name}: use two different secrets.")
ALLOWED_HOSTS = env.items(
    "ALLOWED_HOSTS",
    "" if SERIOUS else "127.0.0.1,localhost,[::1]",
    readers.exact_host if SERIOUS else readers.served_host,
)
CORS_ORIGINS = env.items(
    "CORS_ORIGINS", "", readers.secure_origin if SERIOUS else readers.origin
)


def require_safe() -> None:
    """Refuse a staging or production start that lacks what others may leave out, or
    whose settings contradict each other; what one setting may be, its reader says.
    Raises SettingError: which variable, what to set."""
    if not METRICS_TOKEN:
        raise SettingError(
            "METRICS_TOKEN is missing or weak; set at least 24 random bytes "
            f"({secret_readers.MAKE_SECRET})."
        )
    if not ALLOWED_HOSTS:
        raise SettingError(
            "ALLOWED_HOSTS is missing; name each host that people use, such as "
            "desk.example.com."
        )
    host = urlsplit(PUBLIC_ORIGIN).hostname
    if not {host, f"[{host}]"} & set(ALLOWED_HOSTS):
        raise SettingError(
            f"ALLOWED_HOSTS does not name {host}, the host of PUBLIC_ORIGIN: whoever "
            "follows a link of a mail would be refused. Add it."
        )
    if not TRUSTED_PROXY_COUNT:
        raise SettingError(
            "TRUSTED_PROXY_COUNT is 0, but PUBLIC_ORIGIN is https, which a proxy in "
            "front must end: set it to how many proxies are yours, mostly 1."
        )


if SERIOUS:
    require_safe()
if DEMO and RRR_ENV != "demo":
    raise SettingError(
        f"DEMO is on, but RRR_ENV is {RRR_ENV}: set DEMO=0, or RRR_ENV=demo for "
        "invented data with known logins."
    )

# --- apps -----------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_prometheus",
    "corsheaders",
    "csp",
    "axes",
    "rest_framework",
    "drf_spectacular",
    "kernel",
    "audit",
    "accounts",
    "operations",
    "trades",
    "portfolio",
    "readiness",
    "rrr_dashboard",
]
# Order: request id -> security headers, CSP and CORS -> size and framing -> counters
# -> limits -> session and auth -> view. Headers sit outermost: errors carry them.
# A message is shown in a tone of static/css/components/note.css.
MESSAGE_TAGS = {level.SUCCESS: "ok", level.WARNING: "warn", level.ERROR: "crit"}
MIDDLEWARE = [
    "kernel.middleware.request_id.RequestIdMiddleware",
    "rrr_dashboard.tracing.TracingMiddleware",
    "kernel.middleware.access_log.AccessLogMiddleware",
    "kernel.middleware.headers.HeadersMiddleware",
    "kernel.middleware.headers.ContentPolicyMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    # Around whatever answers for a view: the page of a 405 is as long as others.
    "kernel.middleware.compression.CompressionMiddleware",
    "kernel.middleware.htmx.HtmxProblemMiddleware",
    "kernel.middleware.wrong_method.WrongMethodMiddleware",
    "kernel.middleware.framing.FramingMiddleware",
    "operations.middleware.CountersMiddleware",
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "rrr_dashboard.middleware.TrailingSlashMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "accounts.middleware.LimitsMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "accounts.middleware.PersonMiddleware",
    "axes.middleware.AxesMiddleware",
    "kernel.middleware.conditional.ConditionalMiddleware",
    "operations.middleware.MetricsMiddleware",
]
ROOT_URLCONF = "rrr_dashboard.urls"
WSGI_APPLICATION = "rrr_dashboard.wsgi.application"
APPEND_SLASH = True
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "rrr_dashboard.shell.shell",
            ],
            "builtins": ["kernel.templatetags.desk"],
        },
    }
]

# --- database -------------------------------------------------------------
DATABASE_URL = env.text("DATABASE_URL")
DATABASE_PASSWORD = env.text("DATABASE_PASSWORD")
SQLITE_SYNCHRONOUS = env.choice("SQLITE_SYNCHRONOUS", "FULL", ("FULL", "NORMAL"))


def database(parts: SplitResult | None) -> dict[str, Any]:
    """Django's settings for a database's address; None is the embedded SQLite file."""
    if parts and parts.scheme != "sqlite":
        return {
            "ENGINE": "kernel.postgresql",
            "NAME": unquote(parts.path.lstrip("/")),
            "USER": unquote(parts.username or ""),
            "PASSWORD": DATABASE_PASSWORD or unquote(parts.password or ""),
            "HOST": unquote(parts.hostname or ""),
            "PORT": str(parts.port or ""),
            "CONN_MAX_AGE": 60,
            "CONN_HEALTH_CHECKS": True,
            # A web process has shorter limits: kernel/patience.py.
            "OPTIONS": {
                "connect_timeout": 3,
                "keepalives_idle": 10,
                "keepalives_interval": 5,
                "keepalives_count": 3,
                "tcp_user_timeout": 20_000,
                **server_readers.options(parts, VALUES),
            },
        }
    # sqlite:////absolute is the usual spelling, sqlite:///absolute ours of old.
    given = parts and Path("/" + unquote(parts.path).lstrip("/"))
    path = given or STATE_DIR / "rrr.sqlite3"
    # A vanished file must not be replaced by an empty one: after the first start
    # (STATE_DIR/initialised) SQLite may open an existing file only.
    mode = "rw" if (STATE_DIR / "initialised").exists() else "rwc"
    return {
        "ENGINE": "kernel.sqlite",
        "NAME": f"file:{path}?mode={mode}",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "uri": True,
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": (
                f"PRAGMA journal_mode=WAL; PRAGMA synchronous={SQLITE_SYNCHRONOUS};"
                "PRAGMA cache_size=-64000; PRAGMA foreign_keys=ON;"
            ),
        },
        "TEST": {"NAME": str(STATE_DIR / "test.sqlite3")},
    }


_address = (
    env.read("DATABASE_URL", "", server_readers.database) if DATABASE_URL else None
)
DATABASES = {"default": database(_address)}
if RATE_LIMIT_HOSTS > 1 and DATABASES["default"]["ENGINE"] == "kernel.sqlite":
    raise SettingError(
        "RATE_LIMIT_HOSTS names several hosts, but the database is SQLite: set "
        "DATABASE_URL to a PostgreSQL server that all of them reach."
    )
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# ATOMIC_REQUESTS stays off: with SQLite's IMMEDIATE it would serialise reads.

# --- Redis: written once, each library's dialect derived -------------------
EMBEDDED_REDIS = not env.text("REDIS_URL")
REDIS_URL = env.optional("REDIS_URL", server_readers.redis) or (
    f"unix://{socket_path(STATE_DIR)}?db=0"
)
if RATE_LIMIT_HOSTS > 1 and REDIS_URL.startswith("unix:"):
    raise SettingError(
        "RATE_LIMIT_HOSTS names several hosts, but the Redis is one of this host alone: "
        "set REDIS_URL to a server that all of them reach, such as redis://host:6379/0."
    )

CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {
            "CLIENT_CLASS": "kernel.redis.BreakerClient",
            "SERIALIZER": "kernel.redis.CacheSerializer",
            "CONNECTION_POOL_KWARGS": {
                "socket_timeout": 0.2,
                "socket_connect_timeout": 0.2,
            },
        },
        "KEY_PREFIX": "rrr",
    },
    # For django-ratelimit: neither failing nor open without Redis.
    "counters": {
        "BACKEND": "kernel.limits.counters.CounterCache",
        "LOCATION": str(STATE_DIR / "limits" / "counters"),
    },
}
OWN_BROKER = bool(env.text("CELERY_BROKER_URL"))
CELERY_BROKER_URL = server_readers.broker_dialect(
    env.optional("CELERY_BROKER_URL", server_readers.broker) or REDIS_URL
)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 3
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# A broker whose disk is full answers, and refuses: that too is waited for.
CELERY_BROKER_CHANNEL_ERROR_RETRY = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 900,
    "max_retries": 0,
    "socket_timeout": 5,
    "socket_connect_timeout": 0.2,
}
CELERY_BEAT_MAX_LOOP_INTERVAL = 5
# Nothing to remember: what is due is in the database, and a kept time of last run
# would be of another process' steady clock.
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"
CELERY_TASK_DEFAULT_QUEUE = "tick"
CELERY_TASK_ROUTES = {
    "operations.tasks.tick": {"queue": "tick"},
    "operations.tasks.run_probe": {"queue": "probes"},
    "operations.tasks.run_heavy": {"queue": "heavy"},
}
CELERY_BEAT_SCHEDULE = {
    "tick": {
        "task": "operations.tasks.tick",
        "schedule": SteadyEvery(timedelta(seconds=10)),
        "options": {"expires": 10, "queue": "tick"},
    }
}
CELERY_TIMEZONE = "UTC"

# --- people ---------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "accounts.authentication.PeopleBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"
    },
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/accounts/login/"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # a lock ends when it said
AXES_LOCKOUT_CALLABLE = "accounts.services.lockout.answer"
AXES_CLIENT_IP_CALLABLE = "kernel.web.client_network"
AXES_ENABLE_ADMIN = False
AXES_DISABLE_ACCESS_LOG = True  # the audit log tells of logins
RATELIMIT_USE_CACHE = "counters"
SESSION_ENGINE = "accounts.services.sessions"
ACCESS_TOKEN_MINUTES = 10
REFRESH_TOKEN_DAYS = 14

# --- cookies and headers ---------------------------------------------------
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_ORIGIN
# A browser takes a name with this prefix only over https and for this host alone.
_bound = "__Host-" if SECURE_ORIGIN else ""
SESSION_COOKIE_NAME = f"{_bound}sessionid"
CSRF_COOKIE_NAME = f"{_bound}csrftoken"
MESSAGES_COOKIE_NAME = f"{_bound}messages"
PREFERENCES_COOKIE_NAME = f"{_bound}rrr_prefs"
KNOWN_BROWSER_COOKIE_NAME = f"{_bound}rrr_known"
MESSAGE_STORAGE = "kernel.messages.BoundStorage"
if SECURE_ORIGIN:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CSRF_FAILURE_VIEW = "rrr_dashboard.views.csrf_failure"
CSRF_TRUSTED_ORIGINS = [PUBLIC_ORIGIN] if PUBLIC_ORIGIN else []
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_ORIGIN else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_ORIGIN
X_FRAME_OPTIONS = "DENY"
CORS_ALLOWED_ORIGINS = CORS_ORIGINS
CORS_URLS_REGEX = r"^/(api/|health|openapi\.json)"
CORS_ALLOW_CREDENTIALS = False
CORS_ALLOW_METHODS = ["GET", "HEAD", "OPTIONS", "PATCH", "POST"]
CORS_ALLOW_HEADERS = [
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "x-request-id",
]
CORS_EXPOSE_HEADERS = [
    "ETag",
    "Idempotency-Replayed",
    "Link",
    "Location",
    "Retry-After",
    "RateLimit",
    "RateLimit-Policy",
    "X-Request-ID",
]
STATIC_URL = env.read(
    "STATIC_URL",
    "/static/",
    readers.secure_static_place if SERIOUS else readers.static_place,
)
_static_origin = (
    "{0.scheme}://{0.netloc}".format(urlsplit(STATIC_URL))
    if STATIC_URL.startswith("http")
    else None
)
_static = [_static_origin] if _static_origin else []
CSP_REPORT_PATH = "/api/csp-report"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'", NONCE, *_static],
        "style-src": ["'self'", *_static],
        "img-src": ["'self'", *_static],
        "font-src": ["'self'", *_static],
        "connect-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["htmx"],
        "report-uri": [CSP_REPORT_PATH],
        # The endpoint of HeadersMiddleware. Over http Chromium takes no endpoint, and
        # would report nothing at all for a name that it has none of.
        **({"report-to": ["csp"]} if SECURE_ORIGIN else {}),
    }
}

# --- static files ----------------------------------------------------------
STATIC_ROOT = STATE_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": STATE_DIR / "files"},
    },
    "staticfiles": {"BACKEND": "rrr_dashboard.staticfiles.StaticFiles"},
}
WHITENOISE_MANIFEST_STRICT = False
# Nobody else's pages read them; ours do where a CDN hands on what we answer: a browser
# takes a font of another origin only so.
WHITENOISE_ALLOW_ALL_ORIGINS = False
if _static_origin and PUBLIC_ORIGIN:

    def _for_our_pages(headers: Any, path: str, url: str) -> None:
        headers["Access-Control-Allow-Origin"] = PUBLIC_ORIGIN

    WHITENOISE_ADD_HEADERS_FUNCTION = _for_our_pages
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
# A draft has a field for each of its sections and contradictions; a body is bounded.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000

# --- language and time -----------------------------------------------------
LANGUAGE_CODE = "en-gb"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

# --- API --------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.TokenOrSession"],
    "DEFAULT_PERMISSION_CLASSES": ["kernel.api.AccessPermission"],
    "DEFAULT_RENDERER_CLASSES": ["kernel.api.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["kernel.api.StrictJSONParser"],
    "EXCEPTION_HANDLER": "kernel.problems.problem_handler",
    "DEFAULT_SCHEMA_CLASS": "rrr_dashboard.api.OperationSchema",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "COERCE_DECIMAL_TO_STRING": True,
    # ?format= would choose a renderer before anybody looks at the query.
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "RRR Dashboard API",
    "DESCRIPTION": "Portfolio, trades, performance, readiness, operations and audit.",
    "VERSION": RRR_VERSION,
    "SERVERS": [{"url": PUBLIC_ORIGIN or "/", "description": "this installation"}],
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/api",
    "COMPONENT_SPLIT_REQUEST": True,
    # What a PATCH of ours leaves out is missing, unless its input says otherwise.
    "COMPONENT_SPLIT_PATCH": False,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "PATH_CONVERTER_OVERRIDES": {"number": int},
    # Choices stay where they are used: shared enum components collide by name.
    "POSTPROCESSING_HOOKS": ["rrr_dashboard.describing.describe"],
}
SIMPLE_JWT = {
    "ALGORITHM": "HS512",
    "SIGNING_KEY": JWT_SECRET,
    "ISSUER": "rrr-dashboard",
    "AUDIENCE": "rrr-dashboard",
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=ACCESS_TOKEN_MINUTES),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=REFRESH_TOKEN_DAYS),
}

# --- mail -------------------------------------------------------------------
EMAIL_URL = env.text("EMAIL_URL")
DEFAULT_FROM_EMAIL = "rrr-dashboard@localhost"
EMAIL_TIMEOUT = 5
# Without a server mail is written to files: good enough to try things, not to be told.
MAIL_ARRIVES = bool(EMAIL_URL) or not SERIOUS
if EMAIL_URL:
    _mail = env.read(
        "EMAIL_URL",
        "",
        server_readers.secure_mail_server if SERIOUS else server_readers.mail_server,
    )
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST = _mail.hostname or "localhost"
    EMAIL_PORT = _mail.port or 25
    EMAIL_HOST_USER = unquote(_mail.username or "")
    EMAIL_HOST_PASSWORD = unquote(_mail.password or "")
    EMAIL_USE_TLS = _mail.scheme == "smtp+tls"
    EMAIL_USE_SSL = _mail.scheme == "smtps"
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = str(STATE_DIR / "mail")

LOGGING = logs.config()
PROMETHEUS_LATENCY_BUCKETS = (
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.2,
    0.5,
    1.0,
    2.0,
    float("inf"),
)
PROMETHEUS_EXPORT_MIGRATIONS = False
SILENCED_SYSTEM_CHECKS = [
    "security.W008",  # TLS ends at the proxy, which redirects
    "security.W021",  # HSTS preload is the domain owner's decision
]

# What was asked for and what was given, for checks and probes.
SETTING_NAMES = env.names
SETTINGS_GIVEN = env.values
# {name: text} of every setting, "" where nothing was given.
SETTINGS_READ = env.read_as
