"""The hot queries at one million messages: their plans, and what they cost.

    python3 run.py python -m benchmarks.queries [--messages 1000000] [--json FILE]

Fills an embedded PostgreSQL (fsync on) with 10,000 conversations of 100 messages each and one of 10,000, prints
`EXPLAIN (ANALYZE, BUFFERS)` of each query and the median of 50 runs over a warm connection. A query whose plan reads a
whole table is a bug: the last line says so and the command fails.
"""

import argparse
import json
import platform
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg

from agentpay.db import migrate
from agentpay.sandbox.postgres import EmbeddedPostgres

RUNS = 50
BIG_MESSAGES = 10_000
LARGE_TABLES = ("messages", "events", "conversations", "turns")

FILL = """
insert into organizations (id, name, polar_environment, polar_base_url)
  select gen_random_uuid(), 'shop ' || n, 'sandbox', 'x' from generate_series(1, 20) n;
insert into agents (id, organization_id, name, agent_type, status, personality, system_prompt, tools, rules, config)
  select gen_random_uuid(), id, 'Wick', 'sales', 'active', '{}', '', '{}', '{}', '{}' from organizations;
insert into conversations (id, organization_id, agent_id, channel, session_id, external_customer_id, status,
    last_sequence, last_offset, created_at)
  select md5('c' || n)::uuid, a.organization_id, a.id, 'web', 's_' || n,
    case when n %% 10 = 0 then 'customer-' || n end, case when n %% 3 = 0 then 'active' else 'closed' end,
    %(each)s, %(each)s * 2, now() - n * interval '1 minute'
  from generate_series(0, %(conversations)s) n
  join (select *, row_number() over () as place from agents) a on a.place = n %% 20 + 1;
insert into messages (id, organization_id, conversation_id, sequence, role, content, created_at)
  select gen_random_uuid(), c.organization_id, c.id, s, case when s %% 2 = 1 then 'user' else 'agent' end,
    'A message of some eighty characters, as visitors and agents write them to each other.', now()
  from conversations c
  cross join lateral generate_series(1, case when c.session_id = 's_0' then %(big)s else %(each)s end) s;
insert into events (conversation_id, "offset", type, subject_id)
  select conversation_id, sequence * 2, 'message.created', id from messages;
insert into turns (id, organization_id, conversation_id, status, after_sequence, up_to_sequence, reply_id, completed_at,
    agent_id)
  select gen_random_uuid(), m.organization_id, m.conversation_id, 'completed', m.sequence - 1, m.sequence,
    gen_random_uuid(), now(), null
  from messages m where m.role = 'user' and m.sequence %% 20 = 1;
insert into conversation_tokens (token_hash, organization_id, conversation_id, expires_at)
  select sha256(c.session_id::bytea), c.organization_id, c.id, now() + interval '30 days' from conversations c;
analyze;
"""

QUERIES: dict[str, str] = {
    "token → conversation": """select t.organization_id, t.conversation_id from conversation_tokens t
        join conversations c on c.id = t.conversation_id
        where t.token_hash = sha256('s_77'::bytea) and t.revoked_at is null and t.expires_at > clock_timestamp()""",
    "lock the conversation": """select * from conversations where id = %(id)s and organization_id = %(organization_id)s
        for update""",
    "open conversation of a session": """select * from conversations where organization_id = %(organization_id)s
        and channel = 'web' and session_id = 's_77' and status <> 'closed' and deleted_at is null""",
    "a customer's newest open conversation": """select * from conversations
        where organization_id = %(organization_id)s and channel = 'web' and external_customer_id = 'customer-80'
          and status <> 'closed' and deleted_at is null order by id desc limit 1""",
    "latest page of 10,000 messages": """select * from messages where conversation_id = %(big)s and deleted_at is null
        and sequence < 9000000 order by sequence desc limit 21""",
    "a page in the middle of 10,000": """select * from messages where conversation_id = %(big)s and deleted_at is null
        and sequence < 5000 order by sequence desc limit 21""",
    "the first page of 10,000": """select * from messages where conversation_id = %(big)s and deleted_at is null
        and sequence > 0 order by sequence limit 21""",
    "history of a turn": """select id, sequence, role, content, action, attachments, author_name from messages
        where conversation_id = %(id)s and deleted_at is null and sequence <= 90 order by sequence desc limit 40""",
    "events after a position": """select e."offset", e.type, e.data, to_jsonb(m) from events e
        left join messages m on m.id = e.subject_id
        where e.conversation_id = %(id)s and e."offset" > 180 order by e."offset" limit 200""",
    "running turn of a conversation": "select 1 from turns where conversation_id = %(id)s and status = 'running'",
    "newest turn of a conversation": "select max(up_to_sequence) from turns where conversation_id = %(id)s",
    "orphaned turns": """select t.id from turns t
        left join processes p on p.id = t.owner and p.lease_until > clock_timestamp()
        where t.status = 'running' and p.id is null order by t.created_at limit 20""",
    "a merchant's conversations, page": """select * from conversations where organization_id = %(organization_id)s
        and deleted_at is null order by id desc limit 21""",
    "due jobs": """select id from jobs where status in ('pending', 'running') and run_at <= clock_timestamp()
        and (status = 'pending' or lease_until < clock_timestamp()) order by run_at limit 8 for update skip locked""",
    "due deliveries": """select id from deliveries where status = 'received' and next_try_at <= clock_timestamp()
        and (lease_until is null or lease_until < clock_timestamp())
        order by next_try_at limit 20 for update skip locked""",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="agentpay-bench-"))
    home.chmod(0o711)
    server = EmbeddedPostgres(home)
    url = server.start()
    try:
        migrate.upgrade(url)
        with psycopg.connect(url, autocommit=True) as connection:
            report = run(connection, messages=options.messages)
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)
    if options.json:
        options.json.write_text(json.dumps(report, indent=1))
    if report["scans"]:
        sys.exit(f"These read a whole table: {', '.join(report['scans'])}")


def run(connection: psycopg.Connection[Any], *, messages: int) -> dict[str, Any]:
    versions = f"Python {platform.python_version()}, PostgreSQL {connection.info.server_version}"
    print(f"{platform.machine()}, {versions}, fsync on")
    fill(connection, messages=messages)
    ids = row(connection, "select id, organization_id from conversations where session_id = 's_77'")
    big = row(connection, "select id as big from conversations where session_id = 's_0'")
    figures: dict[str, float] = {}
    scans: list[str] = []
    for name, query in QUERIES.items():
        plan = explain(connection, query, ids | big)
        figures[name] = median_ms(connection, query, ids | big)
        print(f"\n== {name}: {figures[name]:.2f} ms (median of {RUNS})\n{plan}")
        if any(f"Seq Scan on {table}" in plan for table in LARGE_TABLES):
            scans.append(name)
    print("\n" + "\n".join(f"{figures[name]:8.2f} ms  {name}" for name in QUERIES))
    return {"messages": messages, "milliseconds": figures, "scans": scans}


def fill(connection: psycopg.Connection[Any], *, messages: int) -> None:
    began, each = time.perf_counter(), 100
    values = {"each": each, "conversations": (messages - BIG_MESSAGES) // each, "big": BIG_MESSAGES}
    for statement in filter(str.strip, FILL.split(";\n")):
        connection.execute(statement.encode(), values)
    counted = row(connection, "select count(*) as n from messages")["n"]
    print(f"{counted:,} messages in {time.perf_counter() - began:.0f} s")


def explain(connection: psycopg.Connection[Any], query: str, values: dict[str, Any]) -> str:
    rows = connection.execute(f"explain (analyze, buffers, costs off) {query}".encode(), values).fetchall()
    return "\n".join(line[0] for line in rows)


def median_ms(connection: psycopg.Connection[Any], query: str, values: dict[str, Any]) -> float:
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        connection.execute(query.encode(), values, prepare=True).fetchall()
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


def row(connection: psycopg.Connection[Any], query: str) -> dict[str, Any]:
    cursor = connection.cursor(row_factory=psycopg.rows.dict_row)
    found = cursor.execute(query.encode()).fetchone()
    assert found is not None
    return found


if __name__ == "__main__":
    main()
