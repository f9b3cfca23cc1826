import os, time, cProfile, pstats, glob
from services.dex.tests.story import *


async def raw(app, path, headers):
    out = []
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()] + [(b"host", b"x")],
        "server": ("x", 80),
        "client": ("1", 1),
        "state": {},
    }

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(m):
        out.append(m)

    await app(scope, receive, send)
    return out


def pg_cpu():
    total = 0
    for p in glob.glob("/proc/[0-9]*/stat"):
        try:
            s = open(p).read()
            name = s[s.index("(") + 1 : s.rindex(")")]
            if name.startswith("postgres"):
                f = s[s.rindex(")") + 2 :].split()
                total += int(f[11]) + int(f[12])
        except Exception:
            pass
    return total / os.sysconf("SC_CLK_TCK")


async def test_perf(story, app):
    ada = await story.player("ada")
    for n in range(60):
        await story.catch(ada, await story.animal(f"Vulpes v{n}"))
    if os.environ.get("NOTEL"):
        app._native_telemetry.enabled = lambda: False
    for path in ("my_entries/", "sync_entries/", ""):
        for _ in range(50):
            await raw(app, ENTRIES + path, ada.headers)
        N = 1000
        c0 = time.process_time()
        p0 = pg_cpu()
        t0 = time.time()
        for _ in range(N):
            out = await raw(app, ENTRIES + path, ada.headers)
        print(
            path,
            out[0]["status"],
            "python ms",
            (time.process_time() - c0) / N * 1000,
            "pg ms",
            (pg_cpu() - p0) / N * 1000,
            "wall",
            (time.time() - t0) / N * 1000,
        )
    pr = cProfile.Profile()
    pr.enable()
    for _ in range(300):
        await raw(app, ENTRIES + "my_entries/", ada.headers)
    pr.disable()
    pstats.Stats(pr).sort_stats("tottime").print_stats(40)
