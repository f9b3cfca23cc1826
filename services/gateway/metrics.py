"""`GET /metrics/`: the gateway's own measures and those of all services, as one text (contract O4); `own/`: its own."""

from typing import Final

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from libs.common.errors import NotFound
from services.gateway.exchange import Exchange
from services.gateway.exposition import merge
from services.gateway.peers import Peers

SCRAPE_SECONDS: Final = 2.0


class Metrics:
    """Scrapes the services when scraped itself; one that does not answer in time is left out."""

    def __init__(self, peers: Peers, *, enabled: bool) -> None:
        self._peers = peers
        self._enabled = enabled
        self._shared: set[str] = set()

    async def answer(self, exchange: Exchange) -> None:
        """Raises:
        NotFound: metrics are switched off.
        """
        if not self._enabled:
            raise NotFound
        everybody = await self._peers.ask_everybody("/metrics/", seconds=SCRAPE_SECONDS, and_workers=True)
        texts = {"gateway": generate_latest().decode()}
        for name, answers in everybody.items():
            for number, told in enumerate(answers):
                if told.status == 200:
                    texts[f"{name}-{number + 1}" if number else name] = told.body.decode()
        await exchange.answer(200, merge(texts, self._shared).encode(), CONTENT_TYPE_PLAIN_0_0_4.encode())

    async def answer_own(self, exchange: Exchange) -> None:
        """For who asks every process itself, and would count the services twice. The front passes it on to nobody.

        Raises:
            NotFound: metrics are switched off.
        """
        if not self._enabled:
            raise NotFound
        await exchange.answer(200, generate_latest(), CONTENT_TYPE_PLAIN_0_0_4.encode())
