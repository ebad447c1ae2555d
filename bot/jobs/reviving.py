"""Lets the engine of a running bot have a job again, from another process. Runs nothing itself."""

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dbos import DBOSClient, DBOSPortableJSONSerializer, EnqueueOptions

from bot.errors import BotError
from bot.job import Job
from bot.jobs.workflows import APPLICATION, APPLICATION_VERSION, ENDED, QUEUE, WORKFLOW, partition
from bot.pseudonyms import Pseudonyms

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Revival:
    """What the engine's records said about a job, and what came of it.

    Attributes:
        found: `runs`: a process has begun it, and it goes on by itself there or, after a kill,
            at a start or by a takeover. `waits`: it is in the engine's queue. `revived`: it was
            not known any more, or its workflow had ended before it; now it is in the queue.
            `no_engine`: no bot has run here yet, or its records were removed: the next start
            takes every job up.
        executor_id: Which process has begun it; None for none.
    """

    found: Literal["runs", "waits", "revived", "no_engine"]
    executor_id: str | None = None


class EngineRecords:
    """The engine's records of jobs, beside the process that runs them."""

    def __init__(self, address: str, file: Path | None, pseudonyms: Pseudonyms) -> None:
        """Make them.

        Args:
            address: SQLAlchemy URL of the engine's own database.
            file: Its file; None on PostgreSQL.
            pseudonyms: The engine names nobody.
        """
        self._address = address
        self._file = file
        self._pseudonyms = pseudonyms

    async def revive(self, job: Job) -> Revival:
        """See to it that the job has a workflow that has not ended.

        That cannot send it twice: its first step sends a queued job only, by a guarded
        transition, and looks for one that was sent before.

        Raises:
            BotError: the records cannot be used just now.
        """
        try:
            return await asyncio.to_thread(self._revive, job)
        except Exception as error:  # DBOS has no one error for a database that it cannot use
            log.debug("the engine's records", exc_info=error)
            raise BotError(
                f"The engine's records cannot be used just now ({type(error).__name__}). Nothing "
                "is lost: a start of the bot takes up every job."
            ) from error

    def _revive(self, job: Job) -> Revival:
        if self._file is not None and not self._file.exists():
            return Revival(found="no_engine")
        client = DBOSClient(
            system_database_url=self._address,
            serializer=DBOSPortableJSONSerializer(),
            application_name=APPLICATION,
            retry_connection_errors=False,
        )
        try:
            return self._looked_up(client, job)
        finally:
            client.destroy()

    def _looked_up(self, client: DBOSClient, job: Job) -> Revival:
        name = str(job.id)
        known = client.list_workflows(workflow_ids=[name], load_input=False, load_output=False)
        for status in known:
            if status.status == "PENDING":
                return Revival(found="runs", executor_id=status.executor_id)
            if status.status not in ENDED:
                return Revival(found="waits")
            client.delete_workflow(name)
        options: EnqueueOptions = {
            "workflow_name": WORKFLOW,
            "queue_name": QUEUE,
            "workflow_id": name,
            "app_version": APPLICATION_VERSION,
            "queue_partition_key": partition(job, self._pseudonyms),
        }
        client.enqueue(options, name)
        return Revival(found="revived")
