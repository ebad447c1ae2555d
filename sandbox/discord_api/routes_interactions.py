"""HTTP routes of interactions: asking (members), answering and webhooks (the bot)."""

from aiohttp import web

from sandbox.discord_api.answering import Answering
from sandbox.discord_api.asking import Asking
from sandbox.discord_api.errors import unknown_webhook
from sandbox.discord_api.hub import Endpoint, Hub
from sandbox.discord_api.interactions import Interaction
from sandbox.discord_api.wire import answer


class InteractionRoutes:
    """Handlers."""

    def __init__(self, hub: Hub, asking: Asking, answering: Answering) -> None:
        self._hub = hub
        self._asking = asking
        self._answering = answering

    def endpoints(self) -> list[Endpoint]:
        """The routes."""
        hook = "/webhooks/{webhook_id}/{token}"
        message = hook + "/messages/{message_id}"
        return [
            Endpoint(method="POST", path="/interactions", handler=self.ask),
            Endpoint(
                method="POST",
                path="/interactions/{interaction_id}/{token}/callback",
                handler=self.callback,
                bucket=None,
                open=True,
            ),
            Endpoint(method="POST", path=hook, handler=self.post, bucket="webhook", open=True),
            Endpoint(method="GET", path=message, handler=self.get, bucket="webhook", open=True),
            Endpoint(method="PATCH", path=message, handler=self.patch, bucket="webhook", open=True),
            Endpoint(
                method="DELETE", path=message, handler=self.delete, bucket="webhook", open=True
            ),
        ]

    async def ask(self, request: web.Request) -> web.Response:
        """A member's client starts an interaction."""
        user = self._hub.caller(request)
        await self._asking.ask(user, await self._hub.body(request, None))
        return answer()

    async def callback(self, request: web.Request) -> web.Response:
        """The bot answers an interaction."""
        match = request.match_info
        interactions = self._hub.interactions
        interaction = interactions.answer(match["interaction_id"], match["token"])
        body = await self._hub.body(request, self._answering.channel(interaction))
        interactions.answer(interaction.id, interaction.token)  # it took time to read the body
        response = await self._answering.callback(interaction, body)
        wanted = request.query.get("with_response", "").lower() in ("true", "1")
        return answer(response if wanted else None)

    def _interaction(self, request: web.Request) -> Interaction:
        if request.match_info["webhook_id"] != self._hub.world.application.id:
            raise unknown_webhook()
        return self._hub.interactions.by_token(request.match_info["token"])

    async def post(self, request: web.Request) -> web.Response:
        """A follow-up message."""
        interaction = self._interaction(request)
        body = await self._hub.body(request, self._answering.channel(interaction))
        return answer(self._answering.json(await self._answering.follow_up(interaction, body)))

    async def get(self, request: web.Request) -> web.Response:
        """One of the interaction's messages."""
        interaction = self._interaction(request)
        message = self._answering.find(interaction, request.match_info["message_id"])
        return answer(self._answering.json(message))

    async def patch(self, request: web.Request) -> web.Response:
        """Edits one of the interaction's messages."""
        interaction = self._interaction(request)
        message = self._answering.find(interaction, request.match_info["message_id"])
        body = await self._hub.body(request, self._answering.channel(interaction))
        return answer(self._answering.json(await self._answering.change(message, body)))

    async def delete(self, request: web.Request) -> web.Response:
        """Deletes one of the interaction's messages."""
        interaction = self._interaction(request)
        self._answering.delete(self._answering.find(interaction, request.match_info["message_id"]))
        return answer()
