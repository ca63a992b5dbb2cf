"""The floor under the list endpoint: a Litestar handler, a pool of the bare driver, and the same rows as JSON.

`python -m bench.bare_server PORT DSN` serves GET /v1/agents?limit=N without key, policy, envelope or limits.
"""

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import msgspec
import uvicorn
from litestar import Litestar, Response, get
from litestar.datastructures import State
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

AGENTS = """
SELECT a.id, a.slug, a.name, a.description, a.driver_prompt, a.tools, a.config, a.output_schema, a.delegates,
  a.version, a.status, a.visibility, a.tags, a.created_by_id, a.created_at, a.updated_at, p.slug AS persona
FROM agents a LEFT JOIN personas p ON p.id = a.persona_id
WHERE a.workspace_id = 1 ORDER BY a.slug LIMIT %s
"""
RULESETS = """
SELECT ar.agent_id, r.slug FROM agent_rulesets ar JOIN rulesets r ON r.id = ar.ruleset_id
WHERE ar.agent_id = ANY(%s) ORDER BY ar.agent_id, ar.priority
"""


def application(dsn: str) -> Litestar:
    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncGenerator[None]:
        async with AsyncConnectionPool(dsn, min_size=2, max_size=15, kwargs={"row_factory": dict_row}) as pool:
            app.state.pool = pool
            yield

    @get("/v1/agents")
    async def agents(state: State, limit: int = 100) -> Response[bytes]:
        async with state.pool.connection() as connection:
            rows = await (await connection.execute(AGENTS, [limit + 1])).fetchall()
            found = await (await connection.execute(RULESETS, [[row["id"] for row in rows]])).fetchall()
        rulesets: dict[int, list[str]] = {}
        for row in found:
            rulesets.setdefault(row["agent_id"], []).append(row["slug"])
        for row in rows:
            row["rulesets"] = rulesets.get(row["id"], [])
        return Response(msgspec.json.encode({"data": rows[:limit]}), media_type="application/json")

    return Litestar([agents], lifespan=[lifespan], openapi_config=None, logging_config=None)


def main() -> None:
    port, dsn = sys.argv[1:]
    uvicorn.run(application(dsn), host="127.0.0.1", port=int(port), log_config=None, access_log=False)


if __name__ == "__main__":
    main()
