"""Uploads ahead of a message, as Discord's own client makes them: ask, PUT, then refer to them."""

from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from aiohttp import web

from sandbox.discord_api.errors import form_error, upload_too_large
from sandbox.discord_api.form import Form
from sandbox.discord_api.uploads import Body, Upload, safe_name, write_file
from sandbox.discord_api.wire import Json

LARGEST_BYTES = 500 * 1024 * 1024


class StagedUploads:
    """Files that were put here and wait for the message or command that names them."""

    def __init__(self, folder: Path) -> None:
        self.base_url = ""
        self._folder = folder
        self._expected: dict[str, str] = {}  # key -> file name
        self._ready: dict[str, Upload] = {}  # "key/file name" -> file

    def offer(self, payload: Json, *, limit_bytes: int) -> Json:
        """Addresses to put files to; `payload` lists `filename`, `file_size` and `id`.

        Raises:
            ApiError: 40005 when a file would be too large, 50035.
        """
        form = Form(payload)
        offers = []
        for file in form.forms("files", least=1, most=10, required=True):
            name = safe_name(file.text("filename", least=1, most=1024, required=True) or "")
            size = file.number("file_size", least=0, required=True) or 0
            if size > limit_bytes:
                raise upload_too_large()
            key = uuid4().hex
            self._expected[key] = name
            offers.append(
                {
                    "id": file.data.get("id"),
                    "upload_url": f"{self.base_url}/sandbox/upload/{key}",
                    "upload_filename": f"{key}/{name}",
                }
            )
        form.errors.raise_if_any()
        return {"attachments": offers}

    async def put(self, request: web.Request) -> web.Response:
        """Takes a file at an offered address."""
        key = request.match_info["key"]
        name = self._expected.pop(key, None)
        if name is None:
            return web.Response(status=403, text="This address was not offered.")
        upload = await write_file(
            request.content.iter_any(), name, self._folder, limit_bytes=LARGEST_BYTES
        )
        if upload is None:
            return web.Response(status=413, text="Too large.")
        self._ready[f"{key}/{name}"] = upload
        return web.Response()

    def claim(self, body: Body, *, limit_bytes: int) -> Body:
        """The body with the staged files that its `attachments` name by `uploaded_filename`.

        Raises:
            ApiError: 40005, or 50035 for a file that was never put here.
        """
        data = body.payload.get("data")
        place = data if isinstance(data, dict) else body.payload
        entries = place.get("attachments")
        found: list[Upload] = []
        for entry in entries if isinstance(entries, list) else []:
            name = entry.get("uploaded_filename") if isinstance(entry, dict) else None
            if name is None:
                continue
            upload = self._ready.pop(str(name), None)
            if upload is None:
                text = f"Uploaded file not found: {name}"
                raise form_error(("attachments",), "ATTACHMENT_NOT_FOUND", text)
            if upload.size_bytes > limit_bytes:
                raise upload_too_large()
            found.append(replace(upload, index=str(entry.get("id"))))
        return replace(body, uploads=(*body.uploads, *found)) if found else body
