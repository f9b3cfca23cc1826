"""A local stand-in for OpenAI's chat completions API: real HTTP on loopback, programmable, with a ledger of its bills.

In tests: `with ModelServer() as model: model.will(Say("Bison bison (American bison)"))`, `OPENAI_BASE_URL=model.url`.
By itself: `python -m tests.fakes.model_server --port 20080`; then `POST /_program` takes a JSON list of steps such as
`[{"say": "Bison bison"}, {"fail": 529}, {"hang": 60}]`, `GET /_ledger` gives the calls, `DELETE /_ledger` forgets.
"""

import argparse
import base64
import json
import threading
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

from tests.fakes.model_steps import Fail, Hang, Held, Raw, Say, Step, Trickle, completion, step_of


@dataclass
class Call:
    """One request as it came, and what it was billed."""

    model: str
    token_limit: dict[str, int]
    detail: str | None
    mime: str | None
    picture: bytes
    prompt: str
    authorization: str
    idempotency_key: str | None
    at: float = field(default_factory=time.time)
    status: int = 0
    billed: bool = False


class ModelServer:
    """Answers each call with the next programmed step; with none left, with `otherwise`.

    A repeated idempotency key that was answered before gets the same answer again, unbilled.
    """

    def __init__(self, port: int = 0, otherwise: Step | None = None) -> None:
        self.otherwise: Step = otherwise or Say("NO ANIMALS FOUND")
        self.for_model: dict[str, list[Step]] = {}
        """What calls for a model of this name get, in order; the last again and again."""
        self.calls: list[Call] = []
        self.stopped = threading.Event()
        self._steps: deque[Step] = deque()
        self._answered: dict[str, bytes] = {}
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", port), _Handler)
        self._http.daemon_threads = True
        self._http.model = self  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def url(self) -> str:
        """What `OPENAI_BASE_URL` is to be."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    @property
    def bills(self) -> list[Call]:
        """The calls that cost something."""
        return [call for call in self.calls if call.billed]

    def will(self, *steps: Step) -> None:
        """Adds to what the next calls get."""
        with self._lock:
            self._steps.extend(steps)

    def forget(self) -> None:
        """Empties program and ledger."""
        with self._lock:
            self._steps.clear()
            self.for_model.clear()
            self.calls.clear()
            self._answered.clear()

    def step_for(self, call: Call) -> tuple[Step, bytes | None]:
        """Notes a call; gives its step, and the earlier answer if this key had one."""
        with self._lock:
            self.calls.append(call)
            earlier = self._answered.get(call.idempotency_key or "")
            if earlier is not None:
                return self.otherwise, earlier
            if steps := self.for_model.get(call.model):
                return (steps.pop(0) if len(steps) > 1 else steps[0]), None
            return (self._steps.popleft() if self._steps else self.otherwise), None

    def bill(self, call: Call, answer: bytes) -> None:
        """A good answer is about to leave: it costs, whether or not it arrives."""
        with self._lock:
            call.billed = True
            if call.idempotency_key:
                self._answered[call.idempotency_key] = answer

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self._http.shutdown()
        self._http.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def model(self) -> ModelServer:
        found: ModelServer = self.server.model  # type: ignore[attr-defined]
        return found

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        match urlsplit(self.path).path:
            case "/v1/chat/completions":
                self._complete(json.loads(body))
            case "/_program":
                self.model.will(*(step_of(step) for step in json.loads(body)))
                self._send(204)
            case _:
                self._send(404, b'{"error": {"message": "unknown path"}}')

    def do_GET(self) -> None:
        if urlsplit(self.path).path != "/_ledger":
            self._send(404, b"{}")
            return
        calls = [{**asdict(call), "picture": len(call.picture), "authorization": "…"} for call in self.model.calls]
        self._send(200, json.dumps({"calls": calls, "billed": len(self.model.bills)}).encode())

    def do_DELETE(self) -> None:
        self.model.forget()
        self._send(204)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: the ledger tells."""

    def _complete(self, request: dict[str, Any]) -> None:
        call = _call_of(request, self.headers.get("Authorization", ""), self.headers.get("Idempotency-Key"))
        step, earlier = self.model.step_for(call)
        if earlier is not None:
            call.status = 200
            self._send(200, earlier)
            return
        if isinstance(step, Held):
            step.gate.wait(60)
            step = step.answer
        match step:
            case Say():
                answer = json.dumps(completion(request["model"], step)).encode()
                self.model.bill(call, answer)
                call.status = 200
                self._send(200, answer)
            case Fail():
                call.status = step.status
                error = {"message": "sk-secret in /etc/model failed", "type": step.code, "code": step.code}
                self._send(step.status, json.dumps({"error": error}).encode(), headers=step.headers)
            case Hang():
                self.model.stopped.wait(step.seconds)
                self.close_connection = True
            case Trickle():
                self._trickle(step)
            case Raw():
                call.status = 200
                self._send(200, step.body, content_type=step.content_type)

    def _trickle(self, step: Trickle) -> None:
        self._begin(200, 10_000, "application/json", {})
        try:
            while not self.model.stopped.wait(step.seconds):
                self.wfile.write(b" ")
                self.wfile.flush()
        except OSError:
            pass
        self.close_connection = True

    def _send(
        self,
        status: int,
        body: bytes = b"",
        content_type: str = "application/json",
        headers: dict[str, str] | None = None,
    ) -> None:
        try:
            self._begin(status, len(body), content_type, headers or {})
            self.wfile.write(body)
        except OSError:
            self.close_connection = True

    def _begin(self, status: int, length: int, content_type: str, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": content_type, "Content-Length": str(length), **headers}.items():
            self.send_header(name, value)
        self.end_headers()


def _call_of(request: dict[str, Any], authorization: str, key: str | None) -> Call:
    parts = request["messages"][0]["content"]
    image: dict[str, Any] = next((part["image_url"] for part in parts if part["type"] == "image_url"), {})
    head, _, data = image.get("url", "").partition(";base64,")
    return Call(
        model=request["model"],
        token_limit={name: value for name, value in request.items() if name.startswith("max_")},
        detail=image.get("detail"),
        mime=head.removeprefix("data:") or None,
        picture=base64.b64decode(data),
        prompt=" ".join(part["text"] for part in parts if part["type"] == "text"),
        authorization=authorization,
        idempotency_key=key,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--say", default="NO ANIMALS FOUND", help="the answer when nothing is programmed")
    arguments = parser.parse_args()
    with ModelServer(arguments.port, Say(arguments.say)) as server:
        print(server.url, flush=True)
        threading.Event().wait()
