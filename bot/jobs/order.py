"""What a member orders, as Discord delivered it, and the job that it becomes: values."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.asking import MessagePlace
from bot.catalogue import JsonScalar, Model
from bot.errors import BotError
from bot.i18n import DEFAULT_LOCALE
from bot.job import NewJob
from bot.jobs.source_files import Remark, SourceFile
from bot.policy import MemberFacts, PlaceFacts
from bot.request import GenerationRequest

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Order:
    """A member's command, as Discord delivered it.

    Attributes:
        interaction_id: Becomes the job's id.
        options: Our option names to values; attachments are in `image` and `audio`.
        upload_limit_bytes: What may be attached in that channel.
        locale: Discord's, of the member.
        message: Where the picture is from, when it was found in somebody's message.
        parent_id: The job that this one is made from.
        bot_absent: Whether the bot is not in that channel.
        confirmed_credits: The price to which the member has said yes.
        remark: Hears, in sentences, what the member should know: what is used instead.
    """

    interaction_id: int
    interaction_token: str = field(repr=False)
    token_expires_at: datetime
    member: MemberFacts
    place: PlaceFacts
    upload_limit_bytes: int
    model: Model
    options: Mapping[str, JsonScalar]
    image: SourceFile | None = None
    audio: SourceFile | None = None
    locale: str = DEFAULT_LOCALE
    message: MessagePlace | None = None
    parent_id: int | None = None
    bot_absent: bool = False
    confirmed_credits: int = 0
    remark: Remark = field(default=log.info, compare=False, repr=False)

    @property
    def negative_prompt(self) -> str:
        """The member's own words; a model's default is not theirs."""
        return str(self.options.get("negative_prompt", ""))


class ConfirmFirstError(BotError):
    """The guild wants its members to say yes to such a price; nothing was reserved.

    Attributes:
        order: What was ordered.
        request: The same, priced.
        left_credits: What the member may spend afterwards.
    """

    def __init__(self, order: Order, request: GenerationRequest, left_credits: int) -> None:
        super().__init__(f"order {order.interaction_id} costs {request.price_credits} credits")
        self.order = order
        self.request = request
        self.left_credits = left_credits


def new_job(order: Order, request: GenerationRequest) -> NewJob:
    """Return the job that an order becomes, with its request as it is sent."""
    return NewJob(
        id=order.interaction_id,
        guild_id=order.place.guild_id,
        channel_id=order.place.channel_id,
        user_id=order.member.user_id,
        model=request.model,
        parameters=request.parameters,
        price_credits=request.price_credits,
        interaction_token=order.interaction_token,
        token_expires_at=order.token_expires_at,
        upload_limit_bytes=order.upload_limit_bytes,
        locale=order.locale,
        parent_id=order.parent_id,
        bot_absent=order.bot_absent,
    )
