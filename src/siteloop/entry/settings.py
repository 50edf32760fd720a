"""Django settings. Everything that differs between places comes from the environment (SITELOOP_*, design §7)."""

import os
import secrets
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from siteloop.entry import environment, rooms

ENV = environment.read()
ROOT = rooms.SOURCE.parents[1]


#: the web role serves every request in a thread of its own, so its connections come from a pool
POOLED = os.environ.get("SITELOOP_POOL", "") == "1"


def _secret(name: str) -> str:
    """A random key kept under the data folder, made on first use, readable by the owner only."""
    path = ENV.data / "secrets" / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "w") as file:
            file.write(secrets.token_urlsafe(48))
    return path.read_text()


def _database() -> dict[str, object]:
    """Django's database from the URL; `SITELOOP_DATABASE_URL` is set by the supervisor when the engine is embedded."""
    url = ENV.database_url or f"postgresql://postgres@/siteloop?host={ENV.data}/postgres"
    parts = conninfo_to_dict(url)
    # what else the address says (the database role, TLS) goes on to the driver
    named = ("dbname", "user", "password", "host", "port")
    options: dict[str, object] = {name: value for name, value in parts.items() if name not in named}
    if POOLED:
        options["pool"] = {"min_size": 2, "max_size": 20, "timeout": 10}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.get("dbname", "siteloop"),
        "USER": parts.get("user", "postgres"),
        "PASSWORD": parts.get("password", ""),
        "HOST": parts.get("host", ""),
        "PORT": parts.get("port", ""),
        "CONN_MAX_AGE": 0 if POOLED else 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
        "TEST": {"NAME": "test_siteloop"},
    }


SECRET_KEY = os.environ.get("SITELOOP_SECRET_KEY") or _secret("django")
PERSONAL_DATA_KEY = os.environ.get("SITELOOP_PERSONAL_DATA_KEY") or _secret("personal-data")
DEBUG = False
DEMO = ENV.demo
#: one password for all demo accounts, made for this installation and shown on the demo's sign-in page only
DEMO_PASSWORD = os.environ.get("SITELOOP_DEMO_PASSWORD") or (
    "Demo-" + _secret("demo")[:8] + "-9" if DEMO else ""
)
ALLOWED_HOSTS = os.environ.get("SITELOOP_HOSTS", "127.0.0.1,localhost,[::1],testserver").split(",")
CSRF_TRUSTED_ORIGINS = [o for o in os.environ.get("SITELOOP_ORIGINS", "").split(",") if o]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_htmx",
    "axes",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "procrastinate.contrib.django",
    "ninja",  # static files of the API docs
    *rooms.apps(),
    "siteloop.entry",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "siteloop.framework.security.SecurityHeaders",
    "siteloop.framework.rest.mounting.ApiPaths",
    "siteloop.framework.rest.problems.ProblemErrors",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "siteloop.framework.language.LanguageFromProfile",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "siteloop.foundation.authority.middleware.ViewerFromSession",
    "siteloop.foundation.packs.middleware.one_book",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "siteloop.entry.urls"
API_URLCONF = "siteloop.entry.api_urls"
WSGI_APPLICATION = "siteloop.entry.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # pages of allauth are replaced by ours, so ours are looked for first
        "DIRS": [rooms.SOURCE / "foundation" / "authority" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "siteloop.framework.shell.context",
            ],
            "builtins": ["siteloop.framework.templatetags.siteloop"],
        },
    }
]
DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "authority.Account"
#: (account, request) -> framework.viewer.Viewer
VIEWER_FOR = "siteloop.foundation.authority.kept_rights.viewer_of"
RIGHTS_KEPT_S = 2.0  # for requests that only read; see kept_rights
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "siteloop.foundation.authority.passwords.MixedCharacters"},
]
LOGIN_URL = "/sign-in"
HOME_URL = "/workbench/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/sign-in"
ACCOUNT_ADAPTER = "siteloop.foundation.authority.allauth_adapter.NoSelfRegistration"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
# a code that was just typed in when the next one came counts (RFC 6238 5.2: at most one step for the way)
MFA_TOTP_TOLERANCE = 1
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_CALLABLE = "siteloop.foundation.authority.lockout.locked_out"
AXES_RESET_ON_SUCCESS = True

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 8 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = os.environ.get("SITELOOP_TLS", "") == "1"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
LANGUAGE_COOKIE_NAME = "siteloop_language"
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = Path(os.environ.get("SITELOOP_STATIC", ENV.data / "static"))
NODE_MODULES = Path(os.environ.get("SITELOOP_NODE_MODULES", ROOT / "node_modules"))
VENDOR = ROOT / ".tools" / "vendor"  # written by framework.assets.prepare()
STATICFILES_DIRS = [("vendor", VENDOR)] if VENDOR.exists() else []
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_MAX_AGE = 300
FILES = ENV.data / "files"
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(FILES)},
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("SITELOOP_LOG", "WARNING")},
}

PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"

#: ways out for notices (foundation/notice/ports); every channel is closed until it is named here
NOTICE_OUT = {
    "recorded": ENV.demo or os.environ.get("SITELOOP_NOTICE_RECORDED", "") == "1",
    "folder": ENV.data / "outbox",
    "public_url": os.environ.get("SITELOOP_PUBLIC_URL", ""),
    "sms_url": os.environ.get("SITELOOP_SMS_URL", ""),
    "sms_body": os.environ.get("SITELOOP_SMS_BODY", ""),
    "sms_form": os.environ.get("SITELOOP_SMS_FORM", ""),
    "sms_authorization": os.environ.get("SITELOOP_SMS_AUTHORIZATION", ""),
    "sms_success": os.environ.get("SITELOOP_SMS_SUCCESS", ""),
    "dingtalk_webhook": os.environ.get("SITELOOP_DINGTALK_WEBHOOK", ""),
    "dingtalk_secret": os.environ.get("SITELOOP_DINGTALK_SECRET", ""),
    "wecom_webhook": os.environ.get("SITELOOP_WECOM_WEBHOOK", ""),
}
