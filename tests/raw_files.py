"""Looking for words in the bytes of files, however they are written there."""

import json
from pathlib import Path


def written(text: str) -> set[bytes]:
    """Return the ways in which a database, a log or JSON may hold a text."""
    escaped = json.dumps(text)[1:-1].encode()
    return {text.encode(), escaped, text.encode("utf-16-le"), text.encode("utf-16-be")}


def where_found(folder: Path, *texts: str) -> set[str]:
    """Return the names of the files below a folder that hold one of these texts."""
    wanted = set().union(*map(written, texts))
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {
        path.name
        for path in files
        for data in [path.read_bytes()]
        if any(w in data for w in wanted)
    }
