"""Reads the fields of a request body with Discord's limits, collecting Discord's complaints."""

from collections.abc import Collection
from typing import Any

from sandbox.discord_api.errors import FormErrors, Path
from sandbox.discord_api.wire import Json


class Form:
    """One object of a request body, and where it is in it.

    The readers return a harmless value after recording a fault, so that one pass finds all.
    """

    def __init__(self, data: Any, *, errors: FormErrors | None = None, path: Path = ()) -> None:
        self.errors = errors if errors is not None else FormErrors()
        self.path = path
        self.data: Json = data if isinstance(data, dict) else {}
        if not isinstance(data, dict):
            self.fail((), "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")

    def fail(self, key: str | Path, code: str, message: str) -> None:
        """Records a fault of a field."""
        tail = (key,) if isinstance(key, str) else key
        self.errors.add((*self.path, *tail), code, message)

    def child(self, *tail: str | int) -> "Form":
        """The form of a nested object."""
        node: Any = self.data
        for part in tail:
            node = node[part]
        return Form(node, errors=self.errors, path=(*self.path, *tail))

    def _present(self, key: str, required: bool) -> bool:
        if self.data.get(key) is not None:
            return True
        if required:
            self.fail(key, "BASE_TYPE_REQUIRED", "This field is required")
        return False

    def text(
        self, key: str, *, most: int, least: int = 0, required: bool = False, trim: bool = False
    ) -> str | None:
        """A string of `least` to `most` characters."""
        if not self._present(key, required):
            return None
        given = self.data[key]
        if not isinstance(given, str):
            self.fail(key, "STRING_TYPE_CONVERT", "Could not interpret value as string.")
            return None
        value = given.strip() if trim else given
        if least and not value:
            self.fail(key, "BASE_TYPE_REQUIRED", "This field is required")
        elif not least and len(value) > most:
            self.fail(key, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")
        elif not least <= len(value) <= most:
            self.fail(key, "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length.")
        return value

    def number(
        self,
        key: str,
        *,
        least: float | None = None,
        most: float | None = None,
        required: bool = False,
        whole: bool = True,
    ) -> float | None:
        """A number, an integer when `whole`."""
        if not self._present(key, required):
            return None
        value = self.data[key]
        kinds = int if whole else (int, float)
        if isinstance(value, str) and whole and value.isdecimal():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, kinds):
            self.fail(key, "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
            return None
        if least is not None and value < least:
            text = f"int value should be greater than or equal to {least}."
            self.fail(key, "NUMBER_TYPE_MIN", text)
        if most is not None and value > most:
            self.fail(key, "NUMBER_TYPE_MAX", f"int value should be less than or equal to {most}.")
        return value

    def flag(self, key: str, *, default: bool = False) -> bool:
        """A boolean."""
        if not self._present(key, required=False):
            return default
        if not isinstance(self.data[key], bool):
            self.fail(key, "BOOLEAN_TYPE_CONVERT", "Must be either true or false.")
            return default
        return bool(self.data[key])

    def choice(self, key: str, allowed: Collection[int], *, required: bool = False) -> int | None:
        """One of a few numbers."""
        if not self._present(key, required):
            return None
        value = self.data[key]
        if type(value) is not int or value not in allowed:
            known = ", ".join(str(number) for number in sorted(allowed))
            self.fail(key, "BASE_TYPE_CHOICES", f"Value must be one of {{{known}}}.")
            return None
        return value

    def items(self, key: str, *, most: int, least: int = 0, required: bool = False) -> list[Any]:
        """A list of `least` to `most` items."""
        if not self._present(key, required):
            return []
        value = self.data[key]
        if not isinstance(value, list):
            self.fail(key, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
            return []
        if not least <= len(value) <= most:
            self.fail(key, "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length.")
        return value

    def forms(self, key: str, *, most: int, least: int = 0, required: bool = False) -> "list[Form]":
        """A list of nested objects."""
        items = self.items(key, most=most, least=least, required=required)
        return [self.child(key, index) for index in range(len(items))]
