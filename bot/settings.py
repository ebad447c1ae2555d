"""Every setting, typed and checked at start with one clear message per problem."""

import os
import re
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.errors import ConfigurationError
from bot.pacing import LEAST_PER_MINUTE
from bot.throttle import DEFAULT_PER_MINUTE
from bot.zones import checked_zone


def _web_address(value: str) -> str:
    if not re.fullmatch(r"(https?|wss?)://[^/\s]+(/\S*)?", value):
        raise ValueError("must be an address such as https://api.example.org")
    return value.rstrip("/")


def _secret(value: SecretStr) -> SecretStr:
    """Take what was pasted with spaces around it; refuse what no HTTP header can carry."""
    text = value.get_secret_value().strip()
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("must be one word without spaces; copy it again")
    return SecretStr(text)


_MOST_PROCESSES = 256
# Discord's ids have 64 bits.
_MOST_ID = 2**63
Address = Annotated[str, AfterValidator(_web_address)]
Secret = Annotated[SecretStr, AfterValidator(_secret)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
CommaList = Annotated[tuple[str, ...], NoDecode]


def _split(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())


class Settings(BaseSettings):
    """The host's settings; environment variables of the same name in capitals, or `.env`."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="ignore",
        env_ignore_empty=True,
        env_file_encoding="utf-8",
        hide_input_in_errors=True,
    )

    # Required
    discord_token: Secret
    segmind_api_key: Secret

    # Where things are kept
    data_dir: Path = Path("data")
    database_url: str | None = Field(default=None, repr=False)  # may hold a password
    retention_days: int | None = Field(default=None, ge=1, le=3650)
    kept_dir: Path | None = None
    kept_max_bytes: int = Field(default=2_000_000_000, ge=0)

    # Quotas: a guild's default allowance, until moderators set their own
    daily_credits: int = Field(default=200, ge=0)
    monthly_credits: int = Field(default=2000, ge=0)
    jobs_in_flight_per_member: int = Field(default=3, ge=1)
    jobs_in_flight_per_guild: int = Field(default=20, ge=1)
    # Fewer than one in ten seconds and nobody could leaf through a page.
    member_commands_per_minute: int = Field(default=DEFAULT_PER_MINUTE, ge=6)
    time_zone: str = "UTC"
    credits_per_cent: Positive = 1.0
    prices_file: Path | None = None
    monthly_usd_cap: Decimal | None = Field(default=None, ge=0)
    direct_messages: bool = True
    user_installs: bool = False

    # The provider
    # Of one a minute nothing would be left for polls.
    segmind_requests_per_minute: int = Field(default=60, ge=LEAST_PER_MINUTE)
    segmind_concurrency: int = Field(default=10, ge=1)
    segmind_api_base: Address = "https://api.segmind.com"
    segmind_history_base: Address = "https://api.spotprod.segmind.com"
    segmind_upload_base: Address = "https://workflows-api.segmind.com"
    job_time_limit_s: Positive = 3600
    provider_patience_s: Positive = 7200
    media_hosts: CommaList = (
        "*.segmind.com",
        "*.amazonaws.com",
        "*.cloudfront.net",
    )
    media_allow_http: bool = False
    video_max_bytes: int = Field(default=200_000_000, gt=0)

    # Discord
    discord_api_base: Address | None = None
    discord_gateway_url: Address | None = None
    shard_ids: Annotated[tuple[int, ...], NoDecode] = ()
    shard_count: int | None = Field(default=None, ge=1)

    # The process
    process_count: int = Field(default=1, ge=1, le=_MOST_PROCESSES)
    process_index: int = Field(default=0, ge=0)
    # Names files and a folder that is emptied at start: never ".."
    executor_id: str = Field(
        default_factory=lambda known: f"bot-{known.get('process_index', 0) + 1}",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,59}$",
    )
    # Under two seconds no post is ever finished; nobody waits for ten minutes.
    stop_timeout_s: float = Field(default=8, ge=2, le=600, allow_inf_nan=False)
    log_format: Literal["human", "json"] = "human"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    # Without a pause between them the lines would be all that the bot does.
    loop_lag_log_s: float | None = Field(default=None, ge=1, allow_inf_nan=False)
    sentry_dsn: Secret | None = None
    otel_exporter_otlp_endpoint: Address | None = None
    otel_exporter_otlp_headers: SecretStr | None = None
    watch_port: int | None = Field(default=None, ge=1, le=65535)
    watch_host: str = "127.0.0.1"
    poll_speed: Positive = 1.0

    # Whom to tell when something is wrong
    host_channel_id: int | None = Field(default=None, gt=0, lt=_MOST_ID)
    host_user_id: int | None = Field(default=None, gt=0, lt=_MOST_ID)
    low_balance_usd: float = Field(default=5.0, ge=0, allow_inf_nan=False)

    @field_validator("media_hosts", mode="before")
    @classmethod
    def _hosts(cls, value: object) -> object:
        return _split(value) if isinstance(value, str) else value

    @field_validator("shard_ids", mode="before")
    @classmethod
    def _numbers(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        parts = _split(value)
        if not all(part.isascii() and part.isdigit() for part in parts):
            raise ValueError("must be numbers with commas between them, such as 0,1")
        return tuple(int(part) for part in parts)

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        return checked_zone(value)

    @model_validator(mode="after")
    def _shards_fit(self) -> "Settings":
        count = self.shard_count or 0
        if any(number >= count for number in self.shard_ids):
            raise ValueError(
                "SHARD_IDS needs SHARD_COUNT, the number of shards in all; "
                "ids go from 0 to SHARD_COUNT - 1"
            )
        return self

    @model_validator(mode="after")
    def _processes_fit(self) -> "Settings":
        if self.process_index >= self.process_count:
            raise ValueError(
                "PROCESS_INDEX needs PROCESS_COUNT, the number of processes in all; "
                "indexes go from 0 to PROCESS_COUNT - 1"
            )
        if self.process_count == 1:
            return self
        if self.shard_ids:
            raise ValueError(
                "SHARD_IDS and PROCESS_COUNT both say which shards run here: leave SHARD_IDS empty"
            )
        if self.shard_count is not None and self.shard_count < self.process_count:
            raise ValueError(
                "SHARD_COUNT must be at least PROCESS_COUNT, or some process has nothing to do"
            )
        if self.on_sqlite:
            raise ValueError(
                "PROCESS_COUNT above 1 needs PostgreSQL: set DATABASE_URL to "
                "postgresql://user:password@host/name, the same for every process"
            )
        return self

    def make_data_dir(self) -> None:
        """Make the folders unless they are there; ConfigurationError when one cannot be used."""
        _make_folder("DATA_DIR", self.data_dir)
        if self.kept_dir is not None:
            _make_folder("KEPT_DIR", self.kept_dir)

    @property
    def kept_folder(self) -> Path:
        """Where videos wait to be sent again."""
        return self.kept_dir or self.data_dir / "kept"

    @property
    def shards(self) -> tuple[tuple[int, ...] | None, int | None]:
        """The shards that this process runs, and how many there are; None: as Discord advises."""
        if self.process_count == 1:
            return self.shard_ids or None, self.shard_count
        # Not Discord's advice: it may change between the starts of two processes.
        count = self.shard_count or self.process_count
        return tuple(range(self.process_index, count, self.process_count)), count

    @property
    def is_one_of_several(self) -> bool:
        """Whether other processes may work on the same jobs."""
        return bool(self.shard_ids) or not self.on_sqlite

    @property
    def tells_host(self) -> bool:
        """Whether the host has said where to be told of faults."""
        return self.host_channel_id is not None or self.host_user_id is not None

    @property
    def registers_commands(self) -> bool:
        """Whether this process tells Discord the commands: the one with shard 0 alone."""
        shard_ids, _ = self.shards
        return shard_ids is None or 0 in shard_ids

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which days and months begin."""
        return ZoneInfo(self.time_zone)

    @property
    def on_sqlite(self) -> bool:
        """Whether everything is in files of this machine."""
        return self.database_url is None or self.database_url.startswith("sqlite")

    @property
    def database_address(self) -> str:
        """Where the bot's tables are: DATABASE_URL, or a SQLite file in DATA_DIR."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'bot.sqlite3'}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must be in nothing that the bot writes or sends, as it is and as it was written."""
        password = _login(self.database_url or "")[1]
        headers = _plain(self.otel_exporter_otlp_headers).split(",")
        # A value may be "Bearer" and the secret.
        keys = [unquote(header.partition("=")[2]).split() for header in headers]
        found = (
            _plain(self.discord_token),
            _plain(self.segmind_api_key),
            password,
            unquote(password),
            _login(_plain(self.sentry_dsn))[0],
            *(key[-1] for key in keys if key),
        )
        return tuple(secret for secret in found if secret)

    @property
    def engine_address(self) -> str:
        """Where the durable engine keeps its own, disposable tables."""
        if self.database_url and not self.on_sqlite:
            return self.database_url
        return f"sqlite:///{self.data_dir.resolve() / 'engine.sqlite3'}"

    @property
    def engine_file(self) -> Path | None:
        """The file of the engine's tables, which can be removed while no bot runs."""
        return Path(self.engine_address.removeprefix("sqlite:///")) if self.on_sqlite else None


def _plain(secret: SecretStr | None) -> str:
    return "" if secret is None else secret.get_secret_value()


def _login(address: str) -> tuple[str, str]:
    """Return the user and the password of an address, empty where there is none."""
    try:
        parts = urlsplit(address)
    except ValueError:  # what cannot be taken apart is refused by whoever opens it
        return "", ""
    return parts.username or "", parts.password or ""


def _make_folder(name: str, folder: Path) -> None:
    try:
        # For the owner alone, as `.env` should be: prompts and tokens are in it.
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ConfigurationError(
            f"{name}: {folder} cannot be written: {error.strerror}. Set it to a folder that the "
            "bot's user may write."
        ) from error


def env_path() -> Path | None:
    """Return where `.env` is, whether or not it exists; None when ENV_FILE is set to nothing."""
    name = os.environ.get("ENV_FILE", ".env")
    return Path(name) if name else None


def load_settings(env_file: str | None = None) -> Settings:
    """Read the environment and the `.env` file (or the one that ENV_FILE names).

    Raises:
        ConfigurationError: one sentence per setting that is missing or wrong; values of
            secrets are never repeated.
    """
    if env_file is None:
        env_file = os.environ.get("ENV_FILE", ".env")
        if env_file not in ("", ".env") and not Path(env_file).exists():
            raise ConfigurationError(f"ENV_FILE: there is no file {env_file}.")
    try:
        return Settings(_env_file=env_file or None)
    except ValidationError as error:
        problems = (
            _problem(item["loc"], item["type"], item["msg"])
            for item in error.errors()
            if item["type"] != "default_factory_not_called"  # follows from another problem
        )
        raise ConfigurationError(*problems) from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{env_file} is not UTF-8 text; save it as such.") from None


def _problem(location: tuple[int | str, ...], kind: str, message: str) -> str:
    if not location:  # about several settings at once: the message names them
        return f"{message.removeprefix('Value error, ')}."
    name = str(location[0]).upper()
    if kind == "missing":
        return f"{name} is missing: set it in .env or in the environment (see .env.example)."
    return f"{name}: {message.removeprefix('Value error, ')}."
