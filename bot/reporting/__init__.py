"""What leaves the machine on the host's wish: errors to Sentry, traces by OpenTelemetry."""

from bot.reporting.opening import Reporting, open_reporting

__all__ = ["Reporting", "open_reporting"]
