"""agno AgentOS as its documentation sets it up: one agent, Claude, sessions and history in PostgreSQL."""

import os
import sys

import uvicorn
from agno.agent import Agent
from agno.db.postgres import AsyncPostgresDb
from agno.models.anthropic import Claude
from agno.os import AgentOS

port, database_url = int(sys.argv[1]), os.environ["DATABASE_URL"]
wick = Agent(
    id="wick",
    name="Wick",
    model=Claude(id="claude-haiku-5-5", client_params={"base_url": os.environ["ANTHROPIC_BASE_URL"]}),
    db=AsyncPostgresDb(db_url=database_url.replace("postgresql://", "postgresql+psycopg_async://")),
    instructions="You sell candles.",
    add_history_to_context=True,
    telemetry=False,
)
app = AgentOS(agents=[wick], telemetry=False).get_app()

uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", access_log=False, loop="uvloop", http="httptools")
